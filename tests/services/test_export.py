"""An incident leaves as RDF that other tools read, the same in every format."""

from __future__ import annotations

import pytest
from rdflib import Graph, Namespace, URIRef
from rdflib.compare import isomorphic

from kb.errors import NotFound
from kb.namespaces import ROOT, graph
from kb.services import export, incident
from kb.services.workspace import Workspace

XZ = Namespace(ROOT + "ns#")
FORMATS = {"application/ld+json": "json-ld", "text/turtle": "turtle", "application/n-triples": "nt"}
REPORT = {
    "type": "燃气爆炸",
    "grid": "370102001002",
    "deaths": 3,
    "address": "“泉城路”\\ 180 号\n",
    "fire": True,
}


@pytest.fixture(scope="module")
def reported(workspace: Workspace) -> str:
    return incident.report(workspace, REPORT, actor="test").id


def parsed(workspace: Workspace, identifier: str, media_type: str) -> Graph:
    content = export.serialize(workspace, identifier, media_type)
    return Graph().parse(data=content, format=FORMATS[media_type])


def test_the_formats_are_those_that_are_promised() -> None:
    assert set(export.FORMATS) == set(FORMATS)


@pytest.mark.parametrize("media_type", FORMATS)
def test_rdflib_reads_every_format(workspace: Workspace, reported: str, media_type: str) -> None:
    found = parsed(workspace, reported, media_type)
    subject = URIRef(f"{ROOT}incident/{reported}")
    assert int(found.value(subject, XZ.deaths)) == 3  # type: ignore[arg-type]
    assert str(found.value(subject, XZ.grade)).endswith("/grade/larger")
    assert str(found.value(subject, XZ.address)) == "“泉城路”\\ 180 号"


def test_every_format_says_the_same_and_all_that_is_stored(workspace: Workspace, reported: str) -> None:
    graphs = [parsed(workspace, reported, media_type) for media_type in FORMATS]
    assert all(isomorphic(graphs[0], other) for other in graphs[1:])
    names = (graph(f"incident/{reported}"), graph(f"response/{reported}"))
    assert len(graphs[0]) == sum(1 for name in names for _ in workspace.store.match(None, None, None, name))


def test_turtle_is_for_people_too(workspace: Workspace, reported: str) -> None:
    text = export.serialize(workspace, reported, "text/turtle").decode()
    assert "xz:grade <https://w3id.org/xiezhi/kb/grade/larger>" in text or "xz:grade kb:grade" in text


def test_an_incident_that_was_never_reported_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        export.serialize(workspace, "never", "text/turtle")
