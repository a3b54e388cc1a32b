"""Our own shapes: both engines find the same in good and in bad reports, and in good and in bad knowledge."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from kb.namespaces import RDF_TYPE, RDFS_LABEL, ROOT, SH, XSD, xz
from kb.ontology.files import scan
from kb.resources import folder
from kb.validation.shapes import Shapes
from tests.validation import explaining, oracle
from tests.validation.explaining import unexplained

FILES = sorted((folder("ontology") / "shapes").glob("*.ttl"))
INCIDENT = NamedNode(ROOT + "incident/test")


@cache
def triples(file: Path) -> tuple[Triple, ...]:
    return tuple(quad.triple for quad in parse(path=file, format=RdfFormat.TURTLE))


def same(file: Path, data: Iterable[Triple]) -> int:
    """Insist that both engines find the same in *data*; return how much."""
    data = list(data)
    mine, other = oracle.ours(triples(file), data), oracle.reference(triples(file), data)
    assert not isinstance(mine, str), mine
    if mine != other:
        assert unexplained(explaining.Shapes(triples(file)), data, mine, other) == []
    return sum(mine.values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shape_of_ours_says_in_both_languages_what_is_wrong(file: Path) -> None:
    """By a message, or by a plain sentence for its component."""
    shapes = Shapes.from_files(file)
    properties = {t.object for t in triples(file) if t.predicate.value == SH + "property"}
    assert len(shapes) >= len(properties) >= 5
    for shape in properties:
        if isinstance(shape, NamedNode):
            message = shapes.texts(shape, SH + "message")
            assert message is None or message.zh != message.en


VALUES: list[Any] = [
    *(
        Literal(str(n), datatype=NamedNode(XSD + t))
        for n in (-1, 0, 5, 10**9)
        for t in ("integer", "decimal")
    ),
    *(Literal(text) for text in ("", "泉城路", "x" * 2001)),
    Literal("2026-03-01T12:00:00+08:00", datatype=NamedNode(XSD + "dateTime")),
    *(Literal(flag, datatype=NamedNode(XSD + "boolean")) for flag in ("true", "false")),
    *(NamedNode(ROOT + name) for name in ("division/370102", "kb/warning/red")),
]
REPORT = next(file for file in FILES if file.stem == "incident-report")
PATHS = sorted(
    {
        t.object.value
        for t in triples(REPORT)
        if t.predicate.value == SH + "path" and isinstance(t.object, NamedNode)
    }
)


@settings(deadline=None, max_examples=25)
@given(
    facts=st.dictionaries(st.sampled_from(PATHS), st.lists(st.sampled_from(VALUES), min_size=1, max_size=2)),
    extra=st.booleans(),
)
def test_both_engines_find_the_same_in_reports(facts: dict[str, list[Any]], extra: bool) -> None:
    data = [Triple(INCIDENT, RDF_TYPE, xz("Incident"))]
    for path, values in facts.items():
        data += [Triple(INCIDENT, NamedNode(path), value) for value in values]
    if extra:
        data.append(Triple(INCIDENT, xz("nobodyKnows"), Literal("7")))
    same(REPORT, dict.fromkeys(data))


@cache
def ontology() -> tuple[Triple, ...]:
    files = scan(folder("ontology"), folder("rules"))
    return tuple(
        dict.fromkeys(
            quad.triple for file in files if "shapes" not in file.path.parts for quad in file.quads()
        )
    )


KNOWLEDGE = next(file for file in FILES if file.stem == "knowledge")


def test_nothing_is_wrong_with_the_knowledge_and_both_engines_find_the_same_where_it_is_spoilt() -> None:
    whole = ontology()
    assert len(whole) > 30_000
    assert oracle.ours(triples(KNOWLEDGE), whole) == {}
    spoilt = [t for n, t in enumerate(whole) if n % 7 == 0 or t.predicate == RDF_TYPE]
    spoilt += [Triple(t.subject, RDFS_LABEL, Literal("x", language="fr")) for t in whole[::501]]
    assert same(KNOWLEDGE, dict.fromkeys(spoilt)) > 100
