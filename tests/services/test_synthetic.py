"""Synthetic incidents: the same facts as a report would give, the same each time, and only what rules see."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyoxigraph import Literal, NamedNode, Triple

from kb.errors import NotFound
from kb.inference.relational.keys import key, term
from kb.namespaces import RDF_TYPE, ROOT, xz
from kb.services import incident, latency, synthetic
from kb.services.workspace import Workspace

CITY = "370200"
GIVEN_BY_SYSTEM = {xz("receivedAt"), xz("occurredAt"), xz("occurredOn")}


@pytest.fixture(scope="module")
def thousand(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic") / "thousand.parquet"
    assert synthetic.incidents(workspace, CITY, 1000, path) == len(rows(path))
    return path


@pytest.fixture(scope="module")
def base(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    incident.report(workspace, {"type": "火灾", "grid": "370202", "id": "beside-the-base"}, actor="test")
    path = tmp_path_factory.mktemp("synthetic") / "base.parquet"
    assert synthetic.background(workspace, path) == len(rows(path))
    return path


def rows(path: Path) -> list[tuple[str, str, str]]:
    return duckdb.from_parquet(str(path)).fetchall()


def facts_of(path: Path) -> dict[NamedNode, set[Triple]]:
    found: dict[NamedNode, set[Triple]] = defaultdict(set)
    for row in rows(path):
        subject, predicate, object_ = map(term, row)
        found[subject].add(Triple(subject, predicate, object_))  # type: ignore[arg-type, index]
    return found


def report_of(workspace: Workspace, facts: set[Triple]) -> dict[str, Any]:
    """Return the JSON that says the same as *facts*."""
    report: dict[str, Any] = {}
    for triple in facts:
        if triple.predicate == RDF_TYPE:
            if triple.object != xz("Incident"):
                report["type"] = workspace.names.label(triple.object).zh
        elif triple.predicate not in GIVEN_BY_SYSTEM:
            field = workspace.vocabulary.of_property(triple.predicate)
            assert field is not None
            if isinstance(triple.object, Literal):
                report[field.key] = triple.object.value
            else:
                codes = workspace.store.match(triple.object, xz("code"), None)  # type: ignore[arg-type]
                report[field.key] = next(code.object.value for code in codes)  # type: ignore[union-attr]
    return report


def test_an_incident_has_the_facts_of_its_report(workspace: Workspace, thousand: Path) -> None:
    for iri, facts in list(facts_of(thousand).items())[:100]:
        received = next(t.object for t in facts if t.predicate == xz("receivedAt"))
        assert isinstance(received, Literal)
        read = workspace.reader.read(
            report_of(workspace, facts),
            incident_id=iri.value.removeprefix(ROOT + "incident/"),
            received=datetime.fromisoformat(received.value),
        )
        assert set(read.facts) == facts
        workspace.contract.require(read.facts)


def test_incidents_are_drawn_as_latency_draws_its_reports() -> None:
    chance, seen, asked = random.Random(1), defaultdict(list), 4000
    for _ in range(asked):
        for name, value in latency.draw(chance, ["370202"], ["火灾"]).items():
            seen[name].append(value)
    assert set(seen) == {"type", "grid"} | {measure.key for measure in synthetic.MEASURES}
    for measure in synthetic.MEASURES:
        values = seen[measure.key]
        assert len(values) / asked == pytest.approx(measure.share, abs=0.04)
        if measure.most is None:
            assert set(values) == {True, False}
        else:
            assert max(values) == pytest.approx(measure.most, rel=0.01)


def test_shares_and_ranges_hold(workspace: Workspace, thousand: Path) -> None:
    found, fields = facts_of(thousand), workspace.vocabulary.fields
    assert len(found) == 1000
    for measure in synthetic.MEASURES:
        property_ = fields[measure.key].property
        values = [t.object for facts in found.values() for t in facts if t.predicate == property_]
        assert len(values) / 1000 == pytest.approx(measure.share, abs=0.06)
        if measure.most is not None:
            numbers = [int(value.value) for value in values if isinstance(value, Literal)]
            assert min(numbers) >= 0
            assert max(numbers) <= measure.most


def test_the_same_seed_gives_the_same_incidents(workspace: Workspace, thousand: Path, tmp_path: Path) -> None:
    synthetic.incidents(workspace, CITY, 100, tmp_path / "hundred.parquet")
    hundred = facts_of(tmp_path / "hundred.parquet")
    assert hundred.items() <= facts_of(thousand).items()
    synthetic.incidents(workspace, CITY, 100, tmp_path / "others.parquet", seed=1)
    assert not hundred.items() & facts_of(tmp_path / "others.parquet").items()


def test_a_city_that_is_not_loaded_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="110000"):
        synthetic.incidents(workspace, "110000", 10, tmp_path / "none.parquet")
    assert not (tmp_path / "none.parquet").exists()


def test_the_base_graph_is_what_rules_see(workspace: Workspace, base: Path) -> None:
    found = rows(base)
    assert len(found) == len(set(found))
    source, identify = workspace.engine.source, workspace.engine.source.dictionary.id
    for row in random.Random(1).sample(found, 2000):
        if not row[0].startswith("_:"):
            subject, predicate, object_ = map(term, row)
            assert source.contains(identify(subject), identify(predicate), identify(object_))
    assert not any("beside-the-base" in subject for subject, _, _ in found)
    inferred = {row for row in found if row[1] == key(xz("subtypeOf"))}
    assert (key(xz("GasExplosion")), key(xz("subtypeOf")), key(xz("Incident"))) in inferred
