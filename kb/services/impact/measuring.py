"""The impact of a telling draft on synthetic incidents: `xiezhi bench impact`.

The draft lowers a bound that many criteria use to half, and starts one more module for every incident; both
are chosen from the knowledge. What it is compared with does what anybody would do first: run the rules on
which the same relations rest on all incidents, under both versions. It runs in a process of its own, as
memory does not shrink.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kb.errors import Text
from kb.inference.relational.connection import Connection
from kb.inference.relational.executor import RelationalExecutor
from kb.namespaces import RDF_TYPE, ROOT, xz
from kb.ontology import knowledge
from kb.ontology.knowledge import Knowledge, shipped
from kb.services import synthetic
from kb.services.impact.comparing import compare
from kb.services.impact.stages import GROUPS, LATER
from kb.services.workspace import TrialWorkspace, Workspace
from kb.srl.slicing import relevant


@dataclass(frozen=True, slots=True)
class Figures:
    """One run: seconds, processor seconds, memory (MB), and seconds of the plain way where it was run."""

    incidents: int
    changed: int
    seconds: float
    processor_s: float
    memory_mb: float
    checked: int
    plain_s: float | None = None

    def render(self, lang: str) -> str:
        """Return the figures as a line in *lang*."""
        line = Text(
            f"{self.incidents:,} 起：{self.changed:,} 起改变；"
            f"{self.seconds:.1f} 秒（处理器 {self.processor_s:.1f} 秒），"
            f"内存 {self.memory_mb:,.0f} MB，逐起核对 {self.checked} 起",
            f"{self.incidents:,} incidents, {self.changed:,} change: {self.seconds:.1f} s "
            f"({self.processor_s:.1f} s of processor), {self.memory_mb:,.0f} MB, "
            f"{self.checked} checked one by one",
        ).in_(lang)
        if self.plain_s is not None:
            times = self.plain_s / self.seconds
            line += Text(
                f"；全部事件各推理两遍 {self.plain_s:.1f} 秒，为其 {times:.1f} 倍",
                f"; all incidents derived twice: {self.plain_s:.1f} s, {times:.1f} times as long",
            ).in_(lang)
        return line


def draft(into: Path) -> None:
    """Write a telling draft of the shipped knowledge below *into*."""
    base = shipped()
    parsed = {path: _read(path) for path in sorted(base.ontology.rglob("*.ttl"))}
    every = [triple for triples in parsed.values() for triple in triples]
    condition = _condition(every)
    edits = {path: _halved(triples, condition) for path, triples in parsed.items()}
    changed = {path: triples for path, triples in edits.items() if triples != parsed[path]}
    path = next(path for path, triples in parsed.items() if _uses(triples))
    changed[path] = [*changed.get(path, parsed[path]), *_another_use(every)]
    for path, triples in changed.items():
        target = into / "ontology" / path.relative_to(base.ontology)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(pyoxigraph.serialize(triples, format=RdfFormat.TURTLE))  # type: ignore[arg-type]


def apart(home: Path, city: str, size: int, *, plain: bool) -> Figures:
    """Measure in a process of its own, on the store at *home*."""
    command = [
        sys.executable,
        "-m",
        "kb.services.impact.measuring",
        str(home),
        city,
        str(size),
        str(int(plain)),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    return Figures(**json.loads(done.stdout.strip().splitlines()[-1]))


def measure(workspace: Workspace, city: str, size: int, *, plain: bool) -> Figures:
    """Return the figures for *size* synthetic incidents of *city*; with *plain*, of the plain way too."""
    with tempfile.TemporaryDirectory(prefix="xiezhi-impact-") as name:
        here = Path(name)
        archive = here / "incidents.parquet"
        synthetic.incidents(workspace, city, size, archive)
        draft(here / "draft")
        with knowledge.over(here / "draft") as base:
            before = time.process_time()
            found = compare(workspace, base, archive)
            spent = time.process_time() - before
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            seconds = _plainly(workspace, base, archive, here) if plain else None
    return Figures(size, found.changed, found.seconds, spent, memory, found.checked, seconds)


def _plainly(workspace: Workspace, base: Knowledge, archive: Path, here: Path) -> float:
    """Return how long it takes to derive all incidents of *archive* under both versions."""
    seconds = 0.0
    for number, side in enumerate((workspace, TrialWorkspace(workspace, base))):
        background = here / f"base-{number}.parquet"
        synthetic.background(side, background)
        rules = relevant(side.engine.program.response, LATER.union(*GROUPS))
        start = time.perf_counter()
        with Connection() as connection:
            found = RelationalExecutor(rules, connection).derive(
                connection.read(background), connection.read(archive)
            )
            len(found)
        seconds += time.perf_counter() - start
    return seconds


# ── the draft ────────────────────────────────────────────────────────────────────────────────


def _read(path: Path) -> list[Triple]:
    quads = pyoxigraph.parse(path=str(path), format=RdfFormat.TURTLE)
    return [Triple(quad.subject, quad.predicate, quad.object) for quad in quads]


def _condition(every: Iterable[Triple]) -> NamedNode:
    """Return the condition with a bound above one that most criteria have."""
    every = list(every)
    criteria = {t.subject for t in every if t.predicate == xz("regime")}
    bounded = {
        t.subject
        for t in every
        if t.predicate == xz("atLeast") and isinstance(t.object, Literal) and float(t.object.value) > 1
    }
    used = Counter(
        t.object
        for t in every
        if t.predicate == xz("condition") and t.subject in criteria and t.object in bounded
    )
    chosen = max(used, key=lambda term: (used[term], str(term)))
    assert isinstance(chosen, NamedNode)
    return chosen


def _halved(triples: Iterable[Triple], condition: NamedNode) -> list[Triple]:
    return [
        Triple(
            t.subject, t.predicate, Literal(str(int(float(t.object.value) / 2)), datatype=t.object.datatype)
        )
        if t.subject == condition and t.predicate == xz("atLeast") and isinstance(t.object, Literal)
        else t
        for t in triples
    ]


def _uses(triples: Iterable[Triple]) -> list[Triple]:
    """Return the statements that something applies to every incident as a use of a module."""
    uses = {t.subject for t in triples if t.predicate == RDF_TYPE and t.object == xz("ModuleUse")}
    return [
        t
        for t in triples
        if t.subject in uses and t.predicate == xz("appliesTo") and t.object == xz("Incident")
    ]


def _another_use(every: list[Triple]) -> list[Triple]:
    """Return a use, for every incident, of a module that is not yet used for every one."""
    general = {t.subject for t in _uses(every)}
    like = min(general - {t.subject for t in every if t.predicate == xz("condition")}, key=str)
    used = {t.object for t in every if t.predicate == xz("module") and t.subject in general}
    modules = {t.subject for t in every if t.predicate == RDF_TYPE and t.object == xz("PlanModule")}
    served = {t.subject for t in every if t.predicate == xz("responsibleFunction")}
    module = min((modules - used) & served or modules - used, key=str)
    node = NamedNode(f"{ROOT}kb/use/impact-bench")
    return [
        Triple(node, t.predicate, module if t.predicate == xz("module") else t.object)
        for t in every
        if t.subject == like
    ]


if __name__ == "__main__":
    place, code, count, both_ways = sys.argv[1:5]
    with Workspace(Path(place), cities=[code]) as opened:
        figures = measure(opened, code, int(count), plain=bool(int(both_ways)))
    print(json.dumps(asdict(figures)))  # noqa: T201
