"""A start brings the store up to date: only what changed, as whole graphs, and never half."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Triple

from kb.errors import KnowledgeFault
from kb.inference.engine import Engine
from kb.inference.program import read
from kb.namespaces import RDFS, SKOS, graph, xz
from kb.ontology import knowledge
from kb.resources import folder
from kb.services import loading
from kb.services.workspace import Workspace
from kb.store.embedded import open_store

Open = Callable[[], Workspace]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of ontology and rules that the workspaces of this test are made from, to be edited."""
    for name in ("ontology", "rules"):
        shutil.copytree(folder(name), tmp_path / "data" / name)
    places = {name: tmp_path / "data" / name for name in ("ontology", "rules")}
    monkeypatch.setattr(knowledge, "folder", lambda name: places.get(name) or folder(name))
    return tmp_path / "data"


def subtypes(workspace: Workspace) -> int:
    return sum(1 for _ in workspace.store.match(None, xz("subtypeOf"), None, loading.INFERRED))


def test_a_second_start_writes_nothing(empty: Open) -> None:
    with empty() as workspace:
        before = workspace.store.sequence
        release = workspace.release
    with empty() as workspace:
        assert workspace.store.sequence == before
        assert workspace.release == release


def test_a_changed_file_replaces_its_graph_and_no_other(empty: Open, data: Path) -> None:
    with empty() as workspace:
        before, release = workspace.store.sequence, workspace.release
    types = data / "ontology" / "packs" / "flood" / "types.ttl"
    types.write_text(types.read_text("utf-8").replace('"内涝"@zh', '"城市积水"@zh'), encoding="utf-8")
    with empty() as workspace:
        changed = {
            quad.graph_name
            for entry in workspace.store.entries(after=before)
            for quad in (*entry.change.additions, *entry.change.removals)
        }
        assert changed == {graph("knowledge/flood"), loading.STATE, graph("releases")}
        assert workspace.names.label(xz("Waterlogging")).zh == "城市积水"
        assert workspace.release != release


def test_a_pack_that_was_deleted_takes_its_triples_with_it(empty: Open, data: Path) -> None:
    with empty() as workspace:
        assert any(True for _ in workspace.store.match(None, None, None, graph("knowledge/social")))
        before = subtypes(workspace)
    shutil.rmtree(data / "ontology" / "packs" / "social")
    with empty() as workspace:
        assert not any(True for _ in workspace.store.match(None, None, None, graph("knowledge/social")))
        assert subtypes(workspace) < before


def test_mappings_to_other_vocabularies_are_loaded_apart_and_leave_with_their_files(
    empty: Open, data: Path
) -> None:
    close = NamedNode(SKOS + "closeMatch")
    with empty() as workspace:
        mapped = list(workspace.store.match(xz("FireAccident"), close, None))
        assert mapped
        assert {quad.graph_name for quad in mapped} == {graph("alignments")}
        assert not workspace.engine.source.shows(graph("alignments"))
    shutil.rmtree(data / "ontology" / "alignments")
    with empty() as workspace:
        assert not any(True for _ in workspace.store.match(None, None, None, graph("alignments")))


def test_a_type_that_was_added_is_inferred_about_at_the_next_start(empty: Open, data: Path) -> None:
    empty().close()
    (data / "ontology" / "packs" / "gas" / "station.ttl").write_text(
        "@prefix xz: <https://w3id.org/xiezhi/ns#> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        "xz:GasStationFire a xz:IncidentType ; rdfs:subClassOf xz:GasAccident .",
        encoding="utf-8",
    )
    with empty() as workspace:
        quads = workspace.store.match(xz("GasStationFire"), xz("subtypeOf"), None)
        assert {quad.object for quad in quads} >= {
            xz("GasAccident"),
            xz("ProductionAccident"),
            xz("Incident"),
        }


def test_a_change_inside_a_list_is_a_change(empty: Open, data: Path) -> None:
    """Lists are blank nodes, named anew at each reading."""
    empty().close()
    core = data / "ontology" / "core.ttl"
    text = core.read_text("utf-8")
    listed = (
        "owl:members ( xz:NaturalDisaster xz:AccidentDisaster xz:PublicHealthEvent xz:SocialSecurityEvent )"
    )
    assert listed in text
    core.write_text(text.replace(listed, listed.replace(" xz:SocialSecurityEvent", "")), encoding="utf-8")
    first = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#first")
    with empty() as workspace:
        assert not any(True for _ in workspace.store.match(None, first, xz("SocialSecurityEvent")))


def test_a_file_that_is_no_turtle_stops_the_start_and_changes_nothing(empty: Open, data: Path) -> None:
    with empty() as workspace:
        before = workspace.store.sequence
    path = data / "ontology" / "packs" / "gas" / "types.ttl"
    good = path.read_text("utf-8")
    path.write_text(good + "\nxz:Broken a ;", encoding="utf-8")
    with pytest.raises(KnowledgeFault, match=r"types\.ttl:\d+"):
        empty()
    path.write_text(good, encoding="utf-8")
    with empty() as workspace:
        assert workspace.store.sequence == before


def test_background_inference_is_the_same_when_repeated(empty: Open) -> None:
    with empty() as workspace:
        first = set(workspace.store.match(None, None, None, loading.INFERRED))
        assert len(first) > 50
        loading.infer_background(workspace.store, workspace.engine)
        assert set(workspace.store.match(None, None, None, loading.INFERRED)) == first
        assert set(workspace.engine.background()) == {quad.triple for quad in first}


def test_the_subtypes_that_were_inferred_are_the_transitive_closure(empty: Open) -> None:
    with empty() as workspace:
        above: dict[object, set[object]] = {}
        for quad in workspace.store.match(None, NamedNode(RDFS + "subClassOf"), None):
            above.setdefault(quad.subject, set()).add(quad.object)
        types = {q.subject for q in workspace.store.match(None, None, xz("IncidentType"))}

        def wider(type_: object) -> set[object]:
            return {w for up in above.get(type_, set()) & types for w in (up, *wider(up))}

        inferred = {(q.subject, q.object) for q in workspace.store.match(None, xz("subtypeOf"), None)}
        assert inferred == {(type_, up) for type_ in types for up in wider(type_)}


def test_a_start_that_was_interrupted_before_the_background_rules_ran_is_completed(tmp_path: Path) -> None:
    """Without them no incident has a wider kind, and next to nothing applies to it."""
    home = tmp_path / "home"
    with open_store(home) as store:
        loading.load_knowledge(store, folder("ontology"), folder("rules"))
        loading.load_divisions(store, folder("examples"))
    with Workspace(home, cities=()) as workspace:
        assert subtypes(workspace) > 50


def test_a_background_rule_that_was_changed_is_run_at_the_next_start(empty: Open, data: Path) -> None:
    with empty() as workspace:
        assert subtypes(workspace) > 50
    rule = data / "rules" / "background" / "subtype.srl"
    text = rule.read_text("utf-8")
    start = text.index("RULE rule:subtype-of-subtype")
    rule.write_text(text[:start], encoding="utf-8")
    description = rule.with_suffix(".ttl")
    description.touch()
    with empty() as workspace:
        direct = {
            Triple(q.subject, xz("subtypeOf"), q.object)
            for q in workspace.store.match(None, NamedNode(RDFS + "subClassOf"), None)
        }
        inferred = {q.triple for q in workspace.store.match(None, xz("subtypeOf"), None, loading.INFERRED)}
        assert inferred <= direct


def test_other_incidents_and_unchecked_data_are_not_in_the_base_graph(empty: Open) -> None:
    with empty() as workspace:
        engine = Engine(workspace.store, read(folder("rules")))
        for name in ("incident/x", "response/x", "directive/x", "quarantine/x", "rules", "shapes", "audit"):
            triple = Triple(NamedNode("urn:s"), NamedNode("urn:p"), NamedNode("urn:o"))
            workspace.store.replace_graph(graph(name), [triple], actor="test", action="test")
            assert engine.source.values(triple.subject, triple.predicate) == (), name
        workspace.store.replace_graph(graph("city/x"), [triple], actor="test", action="test")
        assert engine.source.values(triple.subject, triple.predicate) == (triple.object,)
