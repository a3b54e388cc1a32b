"""Each pack stands alone with what it requires: its own cases hold without the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode

from kb.namespaces import OWL, RDF_TYPE, RDFS, ROOT, SKOS, xz
from kb.ontology.knowledge import shipped
from kb.resources import folder
from kb.services import cases
from kb.services.workspace import TrialWorkspace, Workspace

PACKS = sorted(path.parent.name for path in Path(folder("ontology")).glob("packs/*/pack.ttl"))
ALT_LABEL, NOTATION = NamedNode(SKOS + "altLabel"), NamedNode(SKOS + "notation")
LABEL, VERSION = NamedNode(RDFS + "label"), NamedNode(OWL + "versionInfo")


def required(workspace: Workspace, pack: str) -> set[str]:
    """Return *pack* with what it requires, and what that requires."""
    found, waiting = {pack}, [pack]
    while waiting:
        node = NamedNode(f"{ROOT}kb/pack/{waiting.pop()}")
        for quad in workspace.store.match(node, xz("requires"), None):
            name = str(quad.object.value).rsplit("/", 1)[-1]  # type: ignore[union-attr]
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def test_every_pack_of_the_issue_is_there() -> None:
    assert {
        "production", "fire", "gas", "hazmat", "structure", "equipment", "traffic", "metro", "geological",
        "flood", "weather", "quake", "environment", "power", "health", "food", "crowd", "social",
    } <= set(PACKS)  # fmt: skip


@pytest.mark.parametrize("pack", PACKS)
def test_the_cases_of_a_pack_hold_with_nothing_but_the_pack_and_what_it_requires(
    pack: str, workspace: Workspace
) -> None:
    packs = required(workspace, pack)
    trial = TrialWorkspace(workspace, shipped(), packs=packs)
    results = cases.run(trial, Path(folder("ontology")) / "packs" / pack)
    failed = [result.fault.render("en") for result in results if result.differences]
    assert not failed, f"{sorted(packs)}:\n" + "\n".join(failed)


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_ships_cases_for_each_of_its_types(pack: str, workspace: Workspace) -> None:
    """Each type is named in a case of its pack, or inherits everything from one that is."""
    trial = TrialWorkspace(workspace, shipped(), packs=required(workspace, pack))
    here = Path(folder("ontology")) / "packs" / pack
    found = list(cases.find(here))
    assert len(found) >= 5
    graph = NamedNode(f"{ROOT}graph/knowledge/{pack}")
    types = {q.subject for q in trial.store.match(None, RDF_TYPE, xz("IncidentType"), graph)}
    named = set()
    for case in found:
        given = case.given["type"]
        for name in given if isinstance(given, list) else [given]:
            named.update(trial.names.find(name, xz("IncidentType")))
    assert types <= named, sorted(str(t) for t in types - named)


def test_every_wording_of_every_type_means_that_type(workspace: Workspace) -> None:
    kind, tried = xz("IncidentType"), 0
    for quad in workspace.store.match(None, RDF_TYPE, kind):
        for predicate in (LABEL, ALT_LABEL, NOTATION):
            for label in workspace.store.match(quad.subject, predicate, None):
                tried += 1
                word = label.object.value  # type: ignore[union-attr]
                assert workspace.names.find(str(word), kind) == [quad.subject], word
    assert tried > 1000


def test_every_type_of_a_pack_has_a_code_in_a_scheme_with_a_version(workspace: Workspace) -> None:
    source, store = workspace.engine.source, workspace.store
    schemes = set(source.holders(NamedNode(RDFS + "Datatype"), RDF_TYPE))
    for pack in PACKS:
        for quad in store.match(
            None, RDF_TYPE, xz("IncidentType"), NamedNode(f"{ROOT}graph/knowledge/{pack}")
        ):
            codes = [q.object for q in store.match(quad.subject, NOTATION, None)]
            assert codes, quad.subject
            for code in codes:
                assert isinstance(code, Literal)
                assert code.datatype in schemes
                assert source.values(code.datatype, VERSION), code
