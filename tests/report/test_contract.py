"""The contract of a report: what its shapes demand, checked alike by the fast engine and by the reference."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyshacl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Triple
from rdflib import RDF, SH, Graph

from kb.errors import ReportRejected
from kb.namespaces import RDF_TYPE, ROOT, XSD, xz
from kb.resources import folder
from kb.services.workspace import Workspace
from tests.report.conftest import Refuse

SHAPES = Path(str(folder("ontology"))) / "shapes" / "incident-report.ttl"
INCIDENT = NamedNode(ROOT + "incident/test")
COUNTS = [
    *("deaths", "missing", "seriousInjuries", "poisoned", "minorInjuries", "injured", "trapped", "evacuated"),
    *("crowdSize", "householdsWithoutGas"),
]
RAIN = ["rainfall1h", "rainfall3h", "rainfall6h", "rainfall12h"]
AMOUNTS = ["directLoss", *RAIN, "longitude", "latitude"]
FLAGS = ["fire", "explosion", "leak", "terrorSuspected", "crossBoundary"]


def literal(value: object, datatype: str) -> Literal:
    return Literal(str(value), datatype=NamedNode(XSD + datatype))


MOMENTS = [
    literal(text, "dateTime")
    for text in (
        *("2026-03-01T12:00:00+00:00", "2026-03-01T20:00:00+08:00", "2026-03-01T12:00:01Z"),
        *("2010-01-01T00:00:00+08:00", "2030-01-01T00:00:00+08:00"),
    )
]
whole = st.integers(-3, 60).map(lambda n: literal(n, "integer")) | st.just(literal(10**8, "integer"))
fraction = st.decimals(-400, 5000, places=1).map(lambda n: literal(n, "decimal"))
flag = st.sampled_from([literal("true", "boolean"), literal("false", "boolean")])
text = st.sampled_from([Literal("泉城路"), Literal("x" * 2001), Literal("7"), Literal("true")])
moment = st.sampled_from(MOMENTS)
node = st.sampled_from([NamedNode(ROOT + "division/370102"), NamedNode(ROOT + "kb/warning/red")])
stray = st.one_of(whole, fraction, flag, text, moment, node)
COMPARED = {
    **dict.fromkeys(["occurredAt", "receivedAt"], moment),
    **dict.fromkeys(["injured", "seriousInjuries", "minorInjuries"], whole | fraction),
}
"""Properties that ``sh:lessThanOrEquals`` compares get values that can be compared. What cannot be is a
violation by the Recommendation (section 4.5.4); pySHACL 0.40 orders it by its datatype and finds none."""
RIGHT: dict[str, Any] = {
    **dict.fromkeys(COUNTS, st.integers(0, 60).map(lambda n: literal(n, "integer"))),
    **dict.fromkeys(AMOUNTS, st.integers(0, 90).map(lambda n: literal(n, "integer")) | fraction),
    **dict.fromkeys(FLAGS, flag),
    **dict.fromkeys(["address", "substance"], st.just(Literal("泉城路"))),
    "warningSignal": node,
}


@st.composite
def reports(draw: st.DrawFn) -> list[Triple]:
    """A report as facts: mostly right, with a few values that are wrong, missing or too many."""
    facts = {
        (RDF_TYPE, xz("Incident")),
        (RDF_TYPE, xz("FireAccident")),
        (xz("place"), NamedNode(ROOT + "division/370102")),
        (xz("occurredAt"), draw(moment)),
        (xz("receivedAt"), MOMENTS[0]),
    }
    for name, value in draw(st.fixed_dictionaries({}, optional=RIGHT)).items():
        facts.add((xz(name), value))
    names = [*RIGHT, "place", "occurredAt", "receivedAt"]
    for name in draw(st.lists(st.sampled_from(names), max_size=2)):
        facts.add((xz(name), draw(COMPARED.get(name, stray))))
    for fact in draw(st.lists(st.sampled_from(sorted(facts, key=str)), max_size=1)):
        if fact != (RDF_TYPE, xz("Incident")):  # without it the shape has no target
            facts.discard(fact)
    return [Triple(INCIDENT, predicate, value) for predicate, value in sorted(facts, key=str)]


@pytest.fixture(scope="session")
def shapes() -> Graph:
    return Graph().parse(SHAPES, format="turtle")


def reference(shapes: Graph, facts: Iterable[Triple]) -> set[str]:
    """Return the ends of the properties that pySHACL finds wrong."""
    data = Graph().parse(data="".join(f"{fact} .\n" for fact in facts), format="nt")
    conforms, results, _ = pyshacl.validate(data, shacl_graph=shapes)
    assert isinstance(results, Graph)
    found = {
        str(results.value(result, SH.resultPath)).replace("#", "/").rpartition("/")[2]
        for result in results.subjects(RDF.type, SH.ValidationResult)
    }
    assert conforms is not bool(found)
    return found


def fast(workspace: Workspace, facts: Iterable[Triple]) -> set[str]:
    """Return the ends of the properties that our contract finds wrong."""
    property_of = {f.key: f.property.value.rpartition("#")[2] for f in workspace.vocabulary.fields.values()}
    try:
        workspace.contract.require(facts)
    except ReportRejected as error:
        return {
            property_of.get(fault.where, fault.where).strip("<>").replace("#", "/").rpartition("/")[2]
            for fault in error.faults
        }
    return set()


@settings(deadline=None, max_examples=120)
@given(facts=reports())
def test_the_fast_engine_and_the_reference_find_the_same_wrong(
    workspace: Workspace, shapes: Graph, facts: list[Triple]
) -> None:
    assert fast(workspace, facts) == reference(shapes, facts)


@settings(deadline=None, max_examples=60)
@given(facts=reports())
def test_a_fault_has_a_place_and_a_sentence_in_each_language(
    workspace: Workspace, facts: list[Triple]
) -> None:
    try:
        workspace.contract.require(facts)
        faults = []
    except ReportRejected as error:
        faults = error.faults
    for fault in faults:
        assert fault.where
        assert any("\u4e00" <= letter <= "\u9fff" for letter in fault.message.zh)
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in fault.message.en.partition("(")[0])


def test_what_cannot_be_compared_is_wrong(workspace: Workspace) -> None:
    facts = [
        Triple(INCIDENT, RDF_TYPE, xz("Incident")),
        Triple(INCIDENT, RDF_TYPE, xz("FireAccident")),
        Triple(INCIDENT, xz("place"), NamedNode(ROOT + "division/370102")),
        Triple(INCIDENT, xz("occurredAt"), MOMENTS[0]),
        Triple(INCIDENT, xz("receivedAt"), literal(2026, "integer")),
    ]
    assert fast(workspace, facts) == {"occurredAt", "receivedAt"}


def test_every_key_of_a_report_has_a_shape(workspace: Workspace, shapes: Graph) -> None:
    paths = {str(path) for path in shapes.objects(None, SH.path)}
    assert {str(field.property.value) for field in workspace.vocabulary.fields.values()} <= paths


def test_every_shape_says_in_both_languages_what_is_wrong(shapes: Graph) -> None:
    properties = set(shapes.objects(None, SH.property))
    assert len(properties) >= 30
    for shape in properties:
        languages = [message.language for message in shapes.objects(shape, SH.message)]  # type: ignore[union-attr]
        assert sorted(languages) == ["en", "zh"], shape


def test_what_is_missing_is_told_of_each_required_key(workspace: Workspace) -> None:
    facts = [Triple(INCIDENT, RDF_TYPE, xz("Incident"))]
    assert fast(workspace, facts) == {"type", "place", "occurredAt", "receivedAt"}


def test_two_violations_of_one_key_are_told_once_each(refuse: Refuse) -> None:
    faults = refuse(seriousInjuries=-1, injured=-2)
    assert [fault.where for fault in faults].count("injured") == 1
    assert {fault.where for fault in faults} == {"seriousInjuries", "injured"}
