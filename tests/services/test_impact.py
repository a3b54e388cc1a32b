"""The impact of a draft on an archive: exactly what deriving each incident under both bodies of knowledge gives."""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyoxigraph import NamedNode, Triple

from kb.errors import InputError
from kb.inference.relational import keys
from kb.namespaces import XSD, xz
from kb.ontology.knowledge import Knowledge, shipped
from kb.services import incident, synthetic
from kb.services.impact.comparing import compare
from kb.services.impact.stages import GROUPS, LATER
from kb.services.workspace import TrialWorkspace, Workspace

N = 1200
CITY = "370200"
SHOWN = LATER.union(*GROUPS)
Facts = dict[NamedNode, tuple[Triple, ...]]


@pytest.fixture(scope="module")
def reported(workspace: Workspace) -> Facts:
    """Incidents of all types, compound ones too, with values at, below and above the bounds there are."""
    chance = random.Random(11)  # noqa: S311 - not for secrets
    fields = workspace.vocabulary.fields
    types = sorted(
        {m.iri.value for m in workspace.names.members(xz("IncidentType"))} - {xz("Incident").value}
    )
    grids = [
        str(q.object.value) for q in workspace.store.match(None, xz("code"), None) if _is_grid(workspace, q)
    ]  # type: ignore[union-attr]
    bounds = sorted({int(float(o.value)) for p in ("atLeast", "below", "moreThan", "atMost")
                     for o in _objects(workspace, xz(p))})  # fmt: skip
    found: Facts = {}
    for number in range(N):
        several = chance.sample(types, 2) if chance.random() < 0.1 else chance.choice(types)
        data: dict[str, Any] = {"type": several, "grid": chance.choice(grids)}
        for key, field in fields.items():
            if key in data or chance.random() < 0.5:
                continue
            value = _value(chance, workspace, field.range, bounds)
            if value is not None:
                data[key] = value
        when = datetime(2023, 6, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(24 * 1100))
        data["time"] = when.isoformat()
        read = workspace.reader.read(data, incident_id=f"impact-{number:05d}", received=when)
        found[read.incident] = read.facts
    return found


def _value(chance: random.Random, workspace: Workspace, kind: NamedNode, bounds: list[int]) -> Any:
    name = kind.value.removeprefix(XSD)
    if name == "boolean":
        return chance.random() < 0.5
    if name in ("integer", "nonNegativeInteger", "decimal"):
        small = [b for b in bounds if b <= 10**9]
        number = max(0, chance.choice(small) + chance.choice((-1, 0, 0, 1)))
        return number if name != "decimal" or chance.random() < 0.7 else number + 0.5
    if name in ("dateTime", "date", "string"):
        return None
    members = sorted({m.iri.value for m in workspace.names.members(kind)})
    return chance.choice(members) if members and len(members) < 100 else None


def _is_grid(workspace: Workspace, quad: Any) -> bool:
    return (len(quad.object.value) > 12) and any(
        True for _ in workspace.store.match(quad.subject, None, xz("UnitGrid"))
    )


def _objects(workspace: Workspace, predicate: NamedNode) -> list[Any]:
    return [q.object for q in workspace.store.match(None, predicate, None)]


@pytest.fixture(scope="module")
def archive(reported: Facts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("impact") / "archive.parquet"
    pq.write_table(keys.facts(t for facts in reported.values() for t in facts), path)
    return path


Edit = tuple[str, str, str]
"""In files that match a pattern: what is replaced by what (regular expressions)."""

DRAFTS: dict[str, list[Edit]] = {
    "a threshold is lowered and another one raised": [
        ("ontology/**/*.ttl", r"(xz:measure xz:deaths ; xz:atLeast) 3 ", r"\1 2 "),
        ("ontology/**/*.ttl", r"(xz:measure xz:deathsOrMissing ; xz:atLeast) 10 ", r"\1 11 "),
    ],
    "uses of modules lose their condition, apply to one district only, or end": [
        ("ontology/response.ttl", r"(a xz:ModuleUse ;[^.]*?) xz:condition condition:[a-z0-9-]+ ;", r"\1"),
        ("ontology/packs/g*/provisions.ttl", r"(a xz:ModuleUse ;[^.]*?xz:jurisdiction) division:100000", r"\1 division:370202"),
        ("ontology/packs/f*/provisions.ttl", r"(a xz:ModuleUse ;[^.]*?)(xz:validFrom)", r'\1xz:validUntil "2025-02-03"^^xsd:date ; \2'),
    ],
    "duties go to another function and apply from another day": [
        ("ontology/response.ttl", r"(a xz:Duty ;[^.]*?xz:function) function:[a-z-]+", r"\1 function:gas"),
        ("ontology/packs/*/provisions.ttl", r"(a xz:Duty ;[^.]*?xz:validFrom) \"[0-9-]+\"", r'\1 "2024-06-07"'),
    ],
    "rules read a fact that they did not, and one is in force from a day on": [
        ("rules/modules/modules.srl", r"(xz:module \?module) \.", r"\1 .\n NOT { ?incident xz:trapped ?t . FILTER (?t > 9) }"),
        ("rules/departments/support.srl", r"(RULE rule:support \{[^}]*\} WHERE \{\s*\?incident xz:activatedUnder \?binding \.)", r"\1 NOT { ?incident xz:fire true }"),
        ("rules/plan/level.ttl", r"(rule:binding-initial a [^;]*;)", r'\1 xz:validFrom "2024-09-10"^^<http://www.w3.org/2001/XMLSchema#date> ;'),
    ],
    "what departments involve follows from two facts together": [
        ("rules/departments/support.srl", r"(xz:activates \?module \.)", r"\1 ?incident xz:leadDuty ?leading ."),
        ("rules/departments/lead.srl", r"tier:city", "tier:district"),
    ],
}  # fmt: skip


@pytest.fixture
def drafted(tmp_path: Path) -> Callable[[list[Edit]], Knowledge]:
    """A function that makes a copy of the knowledge with edits."""

    def make(edits: list[Edit]) -> Knowledge:
        base = shipped()
        shutil.copytree(base.ontology, tmp_path / "ontology")
        shutil.copytree(base.rules, tmp_path / "rules")
        for pattern, old, new in edits:
            changed = 0
            for file in tmp_path.glob(pattern):
                text, count = re.subn(old, new, file.read_text(encoding="utf-8"), flags=re.DOTALL)
                file.write_text(text, encoding="utf-8")
                changed += count
            assert changed, f"{old} is nowhere in {pattern}"
        return Knowledge(tmp_path / "ontology", tmp_path / "rules")

    return make


def one_by_one(
    workspace: Workspace, knowledge: Knowledge, reported: Facts
) -> tuple[Counter[Any], Counter[Any], int]:
    """Return what incidents gain and lose, and how many change, by deriving each under both."""
    trial = TrialWorkspace(workspace, knowledge)
    gained: Counter[Any] = Counter()
    lost: Counter[Any] = Counter()
    changed = 0
    for node, facts in reported.items():
        old, new = (
            {(t.predicate, t.object) for t in incident.derive(side, node, facts) if t.predicate in SHOWN and t.subject == node}
            for side in (workspace, trial)
        )  # fmt: skip
        gained.update(new - old)
        lost.update(old - new)
        changed += old != new
    return gained, lost, changed


@pytest.mark.parametrize("edits", DRAFTS.values(), ids=DRAFTS.keys())
def test_the_impact_is_what_deriving_each_incident_gives(
    workspace: Workspace,
    reported: Facts,
    archive: Path,
    drafted: Callable[[list[Edit]], Knowledge],
    edits: list[Edit],
) -> None:
    knowledge = drafted(edits)
    gained, lost, changed = one_by_one(workspace, knowledge, reported)
    assert changed
    found = compare(workspace, knowledge, archive, sample=2 * N)
    assert (found.incidents, found.checked, found.changed) == (N, N, changed)
    assert {(c.relation, c.value): c.gained for c in found.changes if c.gained} == dict(gained)
    assert {(c.relation, c.value): c.lost for c in found.changes if c.lost} == dict(lost)


def test_the_same_knowledge_changes_nothing(workspace: Workspace, archive: Path) -> None:
    found = compare(workspace, shipped(), archive)
    assert (found.incidents, found.changed, found.changes, found.types) == (N, 0, (), ())
    assert found.checked == 100


_ = (InputError, synthetic)
