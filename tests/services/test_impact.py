"""The impact of a draft on an archive: exactly what deriving each incident under both gives."""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kb.errors import InputError
from kb.inference.relational import keys
from kb.namespaces import XSD, xz
from kb.ontology.knowledge import Knowledge, shipped
from kb.services import incident
from kb.services.impact.comparing import compare
from kb.services.impact.stages import GROUPS, LATER
from kb.services.workspace import TrialWorkspace, Workspace

N = 240
SEEDS = (1, 2)
CITY = "370200"
SHOWN = LATER.union(*GROUPS)
Facts = dict[NamedNode, tuple[Triple, ...]]


@pytest.fixture(scope="module")
def reported(workspace: Workspace) -> Facts:
    """Incidents of all types, compound ones too, with values at, below and above the bounds there are."""
    chance = random.Random(11)
    fields = workspace.vocabulary.fields
    types = sorted(
        {m.iri.value for m in workspace.names.members(xz("IncidentType"))} - {xz("Incident").value}
    )
    types = chance.sample(types, 24)  # each kind of incident takes its time
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
DAY = "^^<http://www.w3.org/2001/XMLSchema#date>"
USE, DUTY = r"(a xz:ModuleUse ;[^.]*?)", r"(a xz:Duty ;[^.]*?)"
SUPPORT = r"(RULE rule:support \{[^}]*\} WHERE \{\s*\?incident xz:activatedUnder \?binding \.)"
HERE, UNTIL = "xz:jurisdiction division:", f'xz:validUntil "2025-02-03"{DAY}'
UNLESS = "NOT { ?incident xz:trapped ?t . FILTER (?t > 9) }"
EDITS: list[Edit] = [
    # Thresholds move, and uses of modules lose a condition, narrow to a district or end.
    ("ontology/**/*.ttl", r"(xz:measure xz:deaths ; xz:atLeast) 3 ", r"\1 2 "),
    ("ontology/**/*.ttl", r"(xz:measure xz:deathsOrMissing ; xz:atLeast) 10 ", r"\1 11 "),
    ("ontology/response.ttl", USE + r" xz:condition condition:[a-z0-9-]+ ;", r"\1"),
    ("ontology/packs/g*/*.ttl", USE + HERE + "100000", rf"\1{HERE}370202"),
    ("ontology/packs/f*/*.ttl", USE + r"(xz:validFrom)", rf"\1{UNTIL} ; \2"),
    # Duties go to another function and apply from another day; the city leads no more.
    ("ontology/response.ttl", DUTY + r"xz:function function:[a-z-]+", r"\1xz:function function:gas"),
    ("ontology/packs/*/*.ttl", DUTY + r'xz:validFrom "[0-9-]+"', r'\1xz:validFrom "2024-06-07"'),
    ("rules/departments/support.srl", r"(xz:activates \?module \.)", r"\1 ?incident xz:leadDuty ?l ."),
    ("rules/departments/lead.srl", r"tier:city", "tier:district"),
    # Rules read a fact that they did not, and one is in force from a day on.
    ("rules/modules/modules.srl", r"(xz:module \?module \.)", rf"\1 {UNLESS}"),
    ("rules/departments/support.srl", SUPPORT, r"\1 NOT { ?incident xz:fire true }"),
    ("rules/plan/level.ttl", r"(rule:binding-initial a [^;]*;)", rf'\1 xz:validFrom "2024-09-10"{DAY} ;'),
]


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


def at_random(seed: int, into: Path) -> Knowledge:
    """A copy of the knowledge in which many things, chosen at random, are other than they were."""
    chance, base = random.Random(seed), shipped()
    shutil.copytree(base.rules, into / "rules")
    functions = [
        xz("none"),
        *{t.object for _, ts in _parsed(base.ontology) for t in ts if t.predicate == xz("function")},
    ]
    for path, triples in _parsed(base.ontology):
        target = into / "ontology" / path.relative_to(base.ontology)
        target.parent.mkdir(parents=True, exist_ok=True)
        if "shapes" in path.parts or not any(t.predicate in CHANGING for t in triples):
            shutil.copyfile(path, target)
            continue
        changed = [_other(chance, t, functions) if chance.random() < 0.08 else t for t in triples]
        target.write_bytes(pyoxigraph.serialize(filter(None, changed), format=RdfFormat.TURTLE))  # type: ignore[arg-type]
    return Knowledge(into / "ontology", into / "rules")


CHANGING = {xz(p) for p in ("atLeast", "below", "moreThan", "condition", "function", "validFrom", "appliesTo",
                            "exemptFrom", "setsGrade", "responsibleFunction")}  # fmt: skip


def _parsed(folder: Path) -> list[tuple[Path, list[Triple]]]:
    found = []
    for path in sorted(folder.rglob("*.ttl")):
        quads = pyoxigraph.parse(path=str(path), format=RdfFormat.TURTLE)
        found.append((path, [Triple(q.subject, q.predicate, q.object) for q in quads]))
    return found


def _other(chance: random.Random, t: Triple, functions: list[Any]) -> Triple | None:
    """A statement with another value, or none in its place."""
    if t.predicate not in CHANGING:
        return t
    if t.predicate in (xz("atLeast"), xz("below"), xz("moreThan")):
        number = Literal(
            str(max(1, int(float(t.object.value)) + chance.choice((-1, 1)))), datatype=t.object.datatype
        )  # type: ignore[union-attr]
        return Triple(t.subject, t.predicate, number)
    if t.predicate == xz("validFrom"):
        day = f"202{chance.randint(3, 5)}-0{chance.randint(1, 9)}-15"
        return Triple(t.subject, t.predicate, Literal(day, datatype=NamedNode(XSD + "date")))
    if t.predicate in (xz("function"), xz("responsibleFunction")):
        return Triple(t.subject, t.predicate, chance.choice(functions))
    return None


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
            {(t.predicate, t.object) for t in incident.derive(side, node, facts) if t.predicate in SHOWN}
            for side in (workspace, trial)
        )  # fmt: skip
        gained.update(new - old)
        lost.update(old - new)
        changed += old != new
    return gained, lost, changed


def require_exact(workspace: Workspace, knowledge: Knowledge, reported: Facts, archive: Path) -> None:
    gained, lost, changed = one_by_one(workspace, knowledge, reported)
    assert changed
    found = compare(workspace, knowledge, archive, sample=2 * N)
    assert (found.incidents, found.checked, found.changed) == (N, N, changed)
    assert {(c.relation, c.value): c.gained for c in found.changes if c.gained} == dict(gained)
    assert {(c.relation, c.value): c.lost for c in found.changes if c.lost} == dict(lost)


def test_the_impact_is_what_deriving_each_incident_gives(
    workspace: Workspace, reported: Facts, archive: Path, drafted: Callable[[list[Edit]], Knowledge]
) -> None:
    require_exact(workspace, drafted(EDITS), reported, archive)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_so_it_is_for_random_drafts(
    workspace: Workspace, reported: Facts, archive: Path, tmp_path: Path, seed: int
) -> None:
    require_exact(workspace, at_random(seed, tmp_path), reported, archive)


def test_the_same_knowledge_changes_nothing(workspace: Workspace, archive: Path) -> None:
    found = compare(workspace, shipped(), archive)
    assert (found.incidents, found.changed, found.changes, found.types) == (N, 0, (), ())
    assert found.checked == 100


def test_a_rule_that_tells_all_incidents_apart_is_refused_by_name(
    workspace: Workspace, archive: Path, drafted: Callable[[list[Edit]], Knowledge]
) -> None:
    edit = (
        "rules/modules/modules.srl",
        r"(xz:module \?module \.)",
        r'\1 FILTER (CONTAINS(STR(?incident), "7"))',
    )
    with pytest.raises(InputError) as caught:
        compare(workspace, drafted([edit]), archive)
    assert caught.value.faults[0].code == "impact.unforeseen"
    assert "rule/module" in caught.value.faults[0].message.en


def test_what_is_no_archive_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "no.parquet"
    pq.write_table(pa.table({"subject": ["<urn:a>"]}), path)
    with pytest.raises(InputError, match=r"impact\.archive"):
        compare(workspace, shipped(), path)


def test_an_archive_without_incidents_has_no_impact(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    pq.write_table(keys.facts([]), path)
    found = compare(workspace, shipped(), path)
    assert (found.incidents, found.changed, found.changes) == (0, 0, ())
