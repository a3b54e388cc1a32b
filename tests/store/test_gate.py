"""The gate turns away what must not run, and nothing else."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from kb.errors import QueryRefused
from kb.store import gate
from kb.store.gate import Form


def refusal(text: str) -> str:
    with pytest.raises(QueryRefused) as error:
        gate.check(text)
    (fault,) = error.value.faults
    assert fault.message.zh
    assert fault.repair is not None
    return fault.code


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * { ?s ?p ?o }", Form.SELECT),
        ("# DROP ALL\nask { ?service ?load ?from }", Form.ASK),
        ("PREFIX load: <http://x/> CONSTRUCT WHERE { ?s load:insert load:SERVICE }", Form.CONSTRUCT),
        ("BASE <http://delete/> DESCRIBE <insert>", Form.DESCRIBE),
        ('SELECT * { ?s ?p "SERVICE <x> { }" }', Form.SELECT),
        ("SELECT * { ?s ?p '''INSERT \" ' '' DELETE''' }", Form.SELECT),
        ('SELECT * { ?s ?p """LOAD \\""" CLEAR""" }', Form.SELECT),
        ('SELECT * { ?s ?p "a\\"SERVICE"@en-load }', Form.SELECT),
        ("SELECT * { _:drop ?p ex:a.b\\-drop . FILTER(?a < ?b && ?c > 1.5) }", Form.SELECT),
        ("SELECT (REPLACE(?o, 'a', 'b') AS ?x) { ?s ?p ?o MINUS { ?s a ?t } }", Form.SELECT),
        ("SELECT * { ?s ?p ?o FILTER(?o IN (" + ", ".join(map(str, range(3000))) + ")) }", Form.SELECT),
        ("SELECT * { VALUES ?s {" + " <urn:x>" * 3000 + " } ?s ?p ?o }", Form.SELECT),
        ("SELECT * {" + " ?a ex:b ?c ." * 99 + " }", Form.SELECT),
        ("SELECT * " + "{" * 60 + "}" * 60, Form.SELECT),
    ],
)
def test_an_honest_query_passes(text: str, form: Form) -> None:
    assert gate.check(text).form is form


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT * { SERVICE <http://x/> { ?s ?p ?o } }", "query.service"),
        ("SELECT * {service<http://x/>{}}", "query.service"),
        ("SELECT * { ?s ?p 'a' . sErViCe SILENT ?x { } }", "query.service"),
        ("ASK { FILTER EXISTS { SERVICE <http://x/> { } } }", "query.service"),
        ("ASK { FILTER(?a<?b) SERVICE <http://x/> { } FILTER(?a>?b) }", "query.service"),
        ('ASK { ?s ?p "\\\\" SERVICE <http://x/> { } }', "query.service"),
        ("ASK { ?s ?p true.SERVICE <http://x/> { } }", "query.service"),
        ("ASK { ?s ?p '# ' SERVICE <http://x/> { } }", "query.service"),
        ("INSERT DATA { <a> <b> <c> }", "query.update"),
        ("DELETE WHERE { ?s ?p ?o }", "query.update"),
        ("load <http://x/>", "query.update"),
        ("CLEAR ALL", "query.update"),
        ("DROP GRAPH <g>", "query.update"),
        ("CREATE GRAPH <g>", "query.update"),
        ("ADD <a> TO <b>", "query.update"),
        ("MOVE <a> TO <b>", "query.update"),
        ("COPY <secret> TO <public>", "query.update"),
        ("WITH <g> DELETE { } WHERE { }", "query.update"),
        ("SELECT * { } ; DROP ALL", "query.update"),
        ("", "query.no-form"),
        ("hello", "query.no-form"),
        ("SELECT * { ?s ?p '\ud800' }", "query.not-unicode"),
        ("SELECT * { ?s ?p '" + "x" * gate.SIZE + "' }", "query.too-large"),
        ("SELECT * { ?s ?p '" + "协" * (gate.SIZE // 3) + "' }", "query.too-large"),
        ("SELECT * " + "{" * 5000 + "}" * 5000, "query.too-deep"),
        ("SELECT * { FILTER(" + "(" * 64 + "1" + ")" * 64 + ") }", "query.too-deep"),
        ("SELECT * {" + " FILTER EXISTS {" * 837 + "}" * 838, "query.too-deep"),
        ("SELECT * {" + " ?a ex:b ?c ." * 1000 + " }", "query.too-many-patterns"),
        ("SELECT * { ?a ex:b ?c" + "; ex:d 1" * 200 + " }", "query.too-many-patterns"),
        ("SELECT * { ?a ex:b 1" + ", 2" * 200 + " }", "query.too-many-patterns"),
        ("SELECT * {" + "{?s ?p ?o}" * 200 + "}", "query.too-many-patterns"),
    ],
)
def test_what_must_not_run_is_refused_with_its_reason(text: str, code: str) -> None:
    assert refusal(text) == code


@pytest.mark.parametrize("start", ["", "SELECT {", '"""', "'''", "<", '"'])
def test_reading_takes_linear_time_whatever_the_text(start: str) -> None:
    for piece in [
        '"""',
        "'''",
        '"',
        "'",
        "<",
        "<a",
        "a.",
        "\\",
        '"""\\"',
        '"""\\"""',
        "@",
        "#",
        "ex:\\",
        "é",
        "(",
    ]:
        text = (start + piece * gate.SIZE)[: gate.SIZE // 2]
        begin = time.perf_counter()
        with suppress(QueryRefused):
            gate.check(text)
        assert time.perf_counter() - begin < 1, piece


def test_a_query_that_says_from_names_its_dataset() -> None:
    assert gate.check("SELECT * FROM <http://x/> { ?s ?p ?o }").names_dataset
    assert gate.check("ASK FROM NAMED <file:///etc/passwd> { }").names_dataset
    assert not gate.check('SELECT * { ?s ?from "FROM <x>" }').names_dataset


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("LOAD <http://127.0.0.1/>", "query.load"),
        ("load silent <file:///etc/passwd> into graph <urn:g>", "query.load"),
        ("INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", "query.service"),
        ("INSERT DATA { " + "<urn:a> <urn:b> 1 . " * (gate.TRIPLES + 1) + "}", "query.too-large"),
        ("INSERT DATA { " + "<a:a> <a:b> 1." * 4_500 + "}", None),
        ("INSERT DATA { <urn:a> <urn:b> 'LOAD <http://x>' }", None),
    ],
)
def test_an_update_reaches_no_other_server_and_has_a_size(text: str, code: str | None) -> None:
    if code is None:
        gate.check_update(text)
        return
    with pytest.raises(QueryRefused) as error:
        gate.check_update(text)
    assert error.value.faults[0].code == code
