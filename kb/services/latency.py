"""How long it takes from a report to its durable response: `xiezhi bench latency`.

Each round reports a different incident at a random unit grid: read, check, derive, commit to the journal
with fsync, apply to the store on disk. One thread; the time is that of a whole
:func:`kb.services.incident.report`, up to the acknowledgement that the response is durable. ``journal``
is the part of ``commit`` that the disk takes to sync. ``apply``, what Oxigraph takes, here or in a server,
comes after the acknowledgement (:mod:`kb.store.behind`); a round ends with it, and the rate is of rounds.
"""

from __future__ import annotations

import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.errors import Text
from kb.namespaces import RDF_TYPE, graph, xz
from kb.services import incident
from kb.services.loading import Progress
from kb.services.workspace import Workspace
from kb.store.journalled import JournalledStore

WARM_UP = 50
SEED = 20260801


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely a report has *key*, and the largest number that it then gives; ``None``: true or false."""

    key: str
    share: float
    most: int | None = None


MEASURES = (
    Chance("deaths", 0.6, 40),
    Chance("seriousInjuries", 0.6, 120),
    Chance("missing", 0.6, 10),
    Chance("trapped", 0.6, 30),
    Chance("directLoss", 0.5, 200_000_000),
    Chance("fire", 0.4),
    Chance("leak", 0.4),
    Chance("explosion", 0.4),
)
"""What reports may know, here and in :mod:`kb.services.synthetic`."""


@dataclass(slots=True)
class Figures:
    """Milliseconds of each part, and what the city is made of."""

    city: str
    quads: int = 0
    grids: int = 0
    departments: int = 0
    total: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)
    memory_mb: float = 0.0
    derived: float = 0.0

    def render(self, lang: str) -> str:
        """Return the figures as lines in *lang*."""
        p50, p99 = quantile(self.total, 0.5), quantile(self.total, 0.99)
        rate = 1000 / statistics.fmean(self.rounds)
        parts = "  ".join(
            f"{name} {quantile(times, 0.5):.2f} / {quantile(times, 0.99):.2f}"
            for name, times in self.parts.items()
        )
        return Text(
            f"{self.city}：{self.quads:,} 条四元组，{self.grids:,} 个单元网格，{self.departments:,} 个部门\n"
            f"  从报告到响应落盘（毫秒，{len(self.total)} 次）：p50 {p50:.2f}　p99 {p99:.2f}　"
            f"每秒 {rate:.0f} 起　内存 {self.memory_mb:.0f} MB　每起推出 {self.derived:.0f} 条\n"
            f"  其中（p50 / p99）：{parts}",
            f"{self.city}: {self.quads:,} quads, {self.grids:,} unit grids, "
            f"{self.departments:,} departments\n"
            f"  report to durable response (ms, {len(self.total)} runs): p50 {p50:.2f}  p99 {p99:.2f}  "
            f"{rate:.0f} incidents/s  memory {self.memory_mb:.0f} MB  {self.derived:.0f} facts derived each\n"
            f"  of which (p50 / p99): {parts}",
        ).in_(lang)


def measure(city: str, incidents: int, progress: Progress | None = None, store: str | None = None) -> Figures:
    """Load *city* into a fresh store in a temporary folder and report *incidents* incidents there.

    :param store: the address of an empty SPARQL server that is to hold the quads.
    """
    with (
        tempfile.TemporaryDirectory(prefix="xiezhi-bench-") as folder,
        Workspace(Path(folder), cities=[city], progress=progress, store=store) as workspace,
    ):
        figures = _city(workspace, city)
        drawn = reports(workspace, city)
        for data in islice(drawn, WARM_UP):
            incident.report(workspace, data, actor="bench")
        derived = 0
        with _Timed(workspace, figures):
            for data in islice(drawn, incidents):
                start = time.perf_counter()
                answer = incident.report(workspace, data, actor="bench")
                figures.total.append((time.perf_counter() - start) * 1000)
                _ = workspace.store.sequence  # waits until Oxigraph has it, too
                figures.rounds.append((time.perf_counter() - start) * 1000)
                derived += len(answer.derivation)
        figures.derived = derived / incidents
        figures.memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return figures


def quantile(times: Sequence[float], share: float) -> float:
    """Return the time that *share* of the runs did not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def reports(workspace: Workspace, city: str) -> Iterator[dict[str, Any]]:
    """Yield without end reports of incidents of any type in unit grids of *city*, the same at each run."""
    chance = random.Random(SEED)  # noqa: S311 - the same incidents at each run, no secret
    codes = _grid_codes(workspace, city)
    types = [
        workspace.names.label(m.iri).zh
        for m in workspace.names.members(xz("IncidentType"))
        if m.name == m.iri.value and workspace.engine.source.values(m.iri, xz("subtypeOf"))
    ]
    while True:
        yield draw(chance, codes, types)


def draw(chance: random.Random, codes: Sequence[str], types: Sequence[str]) -> dict[str, Any]:
    """Return a report of one of *types* in one of the grids *codes*, with what chance lets it know."""
    report: dict[str, Any] = {"type": chance.choice(types), "grid": chance.choice(codes)}
    for measure in MEASURES:
        if chance.random() < measure.share:
            known = chance.random() < 0.5 if measure.most is None else chance.randint(0, measure.most)
            report[measure.key] = known
    return report


def _city(workspace: Workspace, city: str) -> Figures:
    store, name = workspace.store, graph(f"city/{city}")
    quads = sum(1 for _ in store.match(None, None, None))
    grids = sum(1 for _ in store.match(None, RDF_TYPE, xz("UnitGrid"), name))
    departments = sum(1 for _ in store.match(None, RDF_TYPE, xz("Department"), name))
    return Figures(city, quads, grids, departments)


def _grid_codes(workspace: Workspace, city: str) -> list[str]:
    name = graph(f"city/{city}")
    return [
        quad.object.value
        for grid in workspace.store.match(None, RDF_TYPE, xz("UnitGrid"), name)
        if isinstance(grid.subject, NamedNode)
        for quad in workspace.store.match(grid.subject, xz("code"), None, name)
        if isinstance(quad.object, Literal)
    ]


class _Timed:
    """Times the parts of a report by wrapping them for the length of a ``with``."""

    def __init__(self, workspace: Workspace, figures: Figures) -> None:
        self._targets: list[tuple[object, str, str]] = [
            (workspace.reader, "read", "read"),
            (workspace.contract, "require", "contract"),
            (workspace.engine, "derive", "derive"),
            (workspace.store, "commit", "commit"),
        ]
        if isinstance(workspace.store, JournalledStore):
            journal, quads = workspace.store.parts
            self._targets += [(journal, "_write", "journal"), (quads, "apply", "apply")]
        self._figures = figures

    def __enter__(self) -> None:
        for owner, method, name in self._targets:
            times = self._figures.parts.setdefault(name, [])
            setattr(owner, method, self._wrap(getattr(owner, method), times))

    def __exit__(self, *_: object) -> None:
        for owner, method, _name in self._targets:
            delattr(owner, method)

    @staticmethod
    def _wrap(function: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            result = function(*args, **kwargs)
            times.append((time.perf_counter() - start) * 1000)
            return result

        return run
