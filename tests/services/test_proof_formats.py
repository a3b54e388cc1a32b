"""A proof as linked data, as a drawing and as text: whole, well-formed, in both languages."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat
from rdflib import PROV, RDF, Graph, URIRef

from kb.namespaces import ROOT
from kb.services import drawing, explaining, incident, proof_rdf, svg, telling
from kb.services.workspace import Workspace

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def proof(workspace: Workspace) -> dict[str, Any]:
    report = {"type": "燃气爆炸", "grid": "370102001002", "deaths": 3, "seriousInjuries": 4}
    answer = incident.report(workspace, report, actor="test")
    return explaining.why(workspace, answer.id, "leadDepartment")


@pytest.fixture(scope="module")
def linked(proof: dict[str, Any]) -> Graph:
    return Graph().parse(data=proof_rdf.to_jsonld(proof), format="json-ld")


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for premise in node["premises"] for inner in nodes(premise))]


# ── linked data ──────────────────────────────────────────────────────────────────────────────────


def test_both_rdf_libraries_read_the_same(proof: dict[str, Any], linked: Graph) -> None:
    assert len(linked) == len(set(pyoxigraph.parse(proof_rdf.to_jsonld(proof), format=RdfFormat.JSON_LD)))


def test_every_derived_statement_was_generated_by_an_application_of_its_rule(
    proof: dict[str, Any], linked: Graph
) -> None:
    derived = {n["id"]: n for c in proof["conclusions"] for n in nodes(c) if n["kind"] == "derived"}
    activities = set(linked.subjects(RDF.type, PROV.Activity))
    assert len(activities) == len(derived)
    plans = set()
    for activity in activities:
        (entity,) = linked.subjects(PROV.wasGeneratedBy, activity)
        assert {RDF.Statement, PROV.Entity} <= set(linked.objects(entity, RDF.type))
        (association,) = linked.objects(activity, PROV.qualifiedAssociation)
        plans |= set(linked.objects(association, PROV.hadPlan))
        assert list(linked.objects(activity, PROV.used))
    assert plans == {URIRef(node["rule"]["iri"]) for node in derived.values()}


def test_what_was_used_is_described_and_facts_name_their_graphs(linked: Graph) -> None:
    for used in linked.objects(None, PROV.used):
        assert (used, RDF.type, PROV.Entity) in linked
        generated = list(linked.objects(used, PROV.wasGeneratedBy))
        sources = list(linked.objects(used, PROV.wasDerivedFrom))
        if (used, RDF.type, RDF.Statement) in linked:
            assert bool(generated) != bool(sources)
    graphs = set(linked.objects(None, PROV.wasDerivedFrom))
    assert URIRef(f"{ROOT}graph/ontology") in graphs


def test_the_conclusion_is_a_statement_of_three_terms(proof: dict[str, Any], linked: Graph) -> None:
    departments = set(linked.objects(None, RDF.object))
    assert any("dept" in str(term) for term in departments)
    statements = set(linked.subjects(RDF.type, RDF.Statement))
    for statement in statements:
        for part in (RDF.subject, RDF.predicate, RDF.object):
            assert len(list(linked.objects(statement, part))) == 1


# ── drawing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_drawing_has_a_box_for_every_node_and_says_what_it_is(proof: dict[str, Any], lang: str) -> None:
    picture = ElementTree.fromstring(drawing.draw(proof, lang))
    expected = [node for conclusion in proof["conclusions"] for node in nodes(conclusion)]
    assert picture.get("role") == "img"
    title = picture.find(f"{SVG}title")
    assert title is not None
    assert title.text
    assert picture.get("aria-labelledby") == title.get("id")
    assert len(picture.findall(f"{SVG}g")) == len(expected)
    assert len(picture.findall(f"{SVG}path")) == len(expected) - len(proof["conclusions"])
    drawn = "".join(text.text or "" for text in picture.iter(f"{SVG}text")).replace(" ", "")
    for node in expected:
        assert node["statement"][lang].replace(" ", "") in drawn


def test_boxes_neither_overlap_nor_leave_the_picture(proof: dict[str, Any]) -> None:
    picture = ElementTree.fromstring(drawing.draw(proof, "zh"))
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    boxes = [
        tuple(float(rect.get(name, 0)) for name in ("x", "y", "width", "height"))
        for rect in picture.iter(f"{SVG}rect")
    ]
    for x, y, wide, high in boxes:
        assert x >= 0
        assert y >= 0
        assert x + wide <= width
        assert y + high <= height
    columns: dict[float, list[tuple[float, float]]] = {}
    for x, y, _, high in boxes:
        columns.setdefault(x, []).append((y, y + high))
    for spans in columns.values():
        spans.sort()
        assert all(first[1] <= second[0] for first, second in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("生产安全事故分级", ["生产安全", "事故分级"]),
        ("a few words here", ["a few", "words", "here"]),
        ("antidisestablish", ["antidis", "establi", "sh"]),
        ("", []),
    ],
)
def test_text_is_wrapped_to_the_width_of_a_box(text: str, lines: list[str]) -> None:
    assert svg.wrap(text, 4 * svg.SIZE + 2) == lines


def test_the_drawing_needs_nothing_from_elsewhere(proof: dict[str, Any]) -> None:
    text = drawing.draw(proof, "zh").decode()
    for outside in ("href", "url(", "<style", "<script", "style="):
        assert outside not in text


# ── text ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_text_ends_where_it_is_told_to(proof: dict[str, Any]) -> None:
    whole, short = telling.proof(proof, "zh"), telling.proof(proof, "zh", 1)
    assert len(short.splitlines()) < len(whole.splitlines())
    assert "事件报告" in whole
