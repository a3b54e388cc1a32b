"""Planted duplicates: signals of which it is known which are of one incident, and how well they are found.

The plant, in a city with grids: true incidents at random grids and moments of one day, of types of the packs;
each is told by one to four signals. A signal is late by minutes (exponential, mean 12), off by metres
(normal, 150 m each way), names the type itself (60 %), a wider (25 %) or a sibling type (15 %), and has
coordinates (70 %) or its grid alone. Beside a third of the incidents stands another one that is easily
mistaken: of the same type, within the hour, two to six kilometres away; or at the same place of another type;
or of the same type at the same place eighteen hours apart. Pairs of signals are counted: of those put
together, how many belong together (precision), and of those that belong together, how many were put together
(recall).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import cos, radians
from time import perf_counter
from typing import TypeVar

from pyoxigraph import NamedNode

from kb.errors import Text
from kb.geo.city import grid_index
from kb.geo.index import GridIndex
from kb.services.candidates.clustering import clusters
from kb.services.candidates.signals import REPORT, Signal, middle
from kb.services.life.sameness import Sameness
from kb.services.workspace import Workspace

T = TypeVar("T")
DAY = datetime(2026, 7, 20, tzinfo=UTC)
KINDS = 7
"""So many types of incident are planted, one of each of so many branches of the hierarchy."""
_KILOMETRE = 1 / 111.2
"""Degrees of latitude of a kilometre."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A signal and the number of the incident that it tells of."""

    signal: Signal
    incident: int


@dataclass(frozen=True, slots=True)
class Score:
    """How many pairs belong together (*true*), were put together (*put*), and are both (*right*)."""

    true: int
    put: int
    right: int
    seconds: float = 0.0

    @property
    def precision(self) -> float:
        """Of the pairs put together, the share that belongs together."""
        return self.right / self.put if self.put else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that belong together, the share that was put together."""
        return self.right / self.true if self.true else 1.0


class Planter:
    """Plants incidents in *city* of *workspace*; the same *seed* plants the same."""

    def __init__(self, workspace: Workspace, city: str, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._index: GridIndex = grid_index(workspace.store, city)
        self._sameness = Sameness(workspace)
        self._types = self._planted_types()
        self.signals: list[Planted] = []
        self.incidents = 0

    def plant(self) -> None:
        """Plant one incident, and beside a third of them another one that is easily mistaken for it."""
        rng = self._random
        type_, at = rng.choice(self._types), DAY + timedelta(minutes=rng.uniform(0, 24 * 60))
        longitude, latitude = map(float, rng.choice(self._index.centres))
        point = longitude, latitude
        self._tell(type_, at, point)
        if rng.random() >= 1 / 3:
            return
        soon = at + timedelta(minutes=rng.uniform(0, 60))
        match rng.randrange(3):
            case 0:
                self._tell(type_, soon, (point[0], point[1] + rng.uniform(2, 6) * _KILOMETRE))
            case 1:
                self._tell(rng.choice([one for one in self._types if one != type_]), soon, point)
            case _:
                self._tell(type_, at + timedelta(hours=18), point)

    def _tell(self, type_: NamedNode, at: datetime, point: tuple[float, float]) -> None:
        self.incidents += 1
        for _ in range(self._random.choice((1, 2, 2, 3, 4))):
            self.signals.append(Planted(self._signal(type_, at, point), self.incidents))

    def _signal(self, type_: NamedNode, at: datetime, point: tuple[float, float]) -> Signal:
        rng = self._random
        north, east = rng.gauss(0, 0.15) * _KILOMETRE, rng.gauss(0, 0.15) * _KILOMETRE
        here = point[0] + east / cos(radians(point[1])), point[1] + north
        name = f"planted-{len(self.signals)}"
        late = timedelta(minutes=rng.expovariate(1 / 12))
        place = self._index.at(*here) or self._index.at(*point)
        known = here if rng.random() < 0.7 or place is None else None
        return Signal(name, REPORT, name, at + late, self._said(type_), place, known)

    def _said(self, type_: NamedNode) -> NamedNode:
        """Return what a caller calls an incident of *type_*."""
        draw = self._random.random()
        wider = self._wider(type_)
        if draw < 0.6 or wider is None:
            return type_
        return wider if draw < 0.85 else self._random.choice(self._below(wider, type_) or [type_])

    def _wider(self, type_: NamedNode) -> NamedNode | None:
        found = [one for one, steps in self._sameness.above(type_).items() if steps == 1]
        return min(found, key=lambda one: one.value, default=None)

    def _below(self, wider: NamedNode, besides: NamedNode) -> list[NamedNode]:
        """Return the types right below *wider*, without *besides*."""
        every = (one for one in self._sameness.types() if self._sameness.above(one).get(wider) == 1)
        return sorted((one for one in every if one != besides), key=lambda one: one.value)

    def _planted_types(self) -> list[NamedNode]:
        """Return types that have a wider type which has one too: of different branches, chosen by chance."""
        found: dict[NamedNode, NamedNode] = {}
        types = sorted(self._sameness.types(), key=lambda one: one.value)
        self._random.shuffle(types)
        for one in types:
            above = self._sameness.above(one)
            branch = next((wide for wide, steps in above.items() if steps == 1), None)
            if branch is not None and max(above.values()) >= 2:
                found.setdefault(branch, one)
        return list(found.values())[:KINDS]


def measure(workspace: Workspace, planted: Sequence[Planted]) -> dict[str, Score]:
    """Return how well duplicates are found, by us and by the plain way: same grid, hour and type."""
    signals = [one.signal for one in planted]
    started = perf_counter()
    joined = clusters(signals, Sameness(workspace), lambda one: one.point or middle(workspace, one.place))
    seconds = perf_counter() - started
    truth = _pairs(planted, lambda one: one.incident, lambda one: one.signal.id)
    ours = {pair for cluster in joined for pair in _together(one.signal.id for one in cluster)}
    plain = _pairs(signals, lambda one: (one.place, f"{one.at:%Y%m%d%H}", one.type), lambda one: one.id)
    return {
        "ours": Score(len(truth), len(ours), len(ours & truth), seconds),
        "plain": Score(len(truth), len(plain), len(plain & truth)),
    }


def render(scores: dict[str, Score], signals: int, incidents: int, lang: str) -> str:
    """Return the figures in words."""
    names = {
        "ours": Text("本系统（阈值按类型）", "ours (place, time, hierarchy of types; thresholds by type)"),
        "plain": Text("朴素方法（同网格、同一小时、同类型）", "plain way (same grid, same hour, same type)"),
    }
    ours = scores["ours"]
    head = Text(
        f"埋设 {incidents} 起事件、{signals} 条线索，{ours.true} 对同属一起；{ours.seconds:.2f} 秒",
        f"{signals} signals of {incidents} planted incidents, {ours.true} pairs of one; {ours.seconds:.2f} s",
    )
    lines = [head.in_(lang)]
    for key, score in scores.items():
        told = Text(
            f"精确率 {score.precision:.1%}，召回率 {score.recall:.1%}（合并 {score.put} 对）",
            f"precision {score.precision:.1%}, recall {score.recall:.1%} ({score.put} pairs put together)",
        )
        lines.append(f"  {names[key].in_(lang)}: {told.in_(lang)}")
    return "\n".join(lines)


def _pairs(
    things: Iterable[T], group: Callable[[T], Hashable], name: Callable[[T], str]
) -> set[frozenset[str]]:
    groups: dict[Hashable, list[str]] = {}
    for one in things:
        groups.setdefault(group(one), []).append(name(one))
    return {pair for names in groups.values() for pair in _together(names)}


def _together(names: Iterable[str]) -> Iterable[frozenset[str]]:
    return (frozenset(pair) for pair in combinations(names, 2))
