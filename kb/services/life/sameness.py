"""When two sights may be of one incident: near in time and place, of the same or a related type; in words.

How near is data: ``xz:DuplicateCriterion`` in ``ontology/incident-life.ttl`` and in packs, for all types or
for some, of which the nearest to the type counts. Reported incidents are compared so
(:mod:`kb.services.life.duplicates`), and signals before anybody reported them
(:mod:`kb.services.candidates`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyoxigraph import Literal, NamedNode
from rdflib.xsd_datetime import parse_xsd_duration

from kb.errors import Text
from kb.geo.distance import distance
from kb.namespaces import RDF_TYPE, RDFS, xz
from kb.services.workspace import Workspace
from kb.srl.syntax import Term

_ABOVE = NamedNode(RDFS + "subClassOf")
_TYPE = xz("IncidentType")
_ALL, _FAR = 100, 1000
"""Steps to what is for all types, and to what is for others."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """How near two sights must be: in time, in kilometres, and in steps between their types.

    *types* are those that it is for; none: all. *steps* counts up to a common wider type and down again;
    ``None``: one type must be the other or narrower, however much.
    """

    within: timedelta
    kilometres: float
    types: tuple[NamedNode, ...] = ()
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked at: types, area, coordinates (longitude, latitude) and when it was received."""

    identifier: str
    types: tuple[NamedNode, ...]
    place: Term | None
    point: tuple[float, float] | None
    received: datetime


class Sameness:
    """Compares sights by the criteria that *workspace* has."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._criteria = list(_criteria(workspace))
        self._above: dict[NamedNode, dict[NamedNode, int]] = {}
        self._around: dict[Term, tuple[Term, ...]] = {}
        self._chosen: dict[tuple[tuple[NamedNode, ...], ...], Criterion | None] = {}

    @property
    def longest(self) -> timedelta:
        """The longest time between two sights of one incident, by any criterion."""
        return max((one.within for one in self._criteria), default=timedelta())

    def reasons(self, one: Sight, two: Sight) -> list[Text] | None:
        """Say why the two may be the same; ``None``: they are not near enough."""
        apart = abs(one.received - two.received)
        if apart > self.longest:
            return None
        criterion = self.criterion(one.types, two.types)
        if criterion is None or apart > criterion.within:
            return None
        place = self._place(criterion, one, two)
        type_ = None if place is None else self._types(criterion, one, two)
        if type_ is None or place is None:
            return None
        minutes = int(apart.total_seconds() // 60)
        return [type_, place, Text(f"接报相隔 {minutes} 分钟", f"received {minutes} min apart")]

    def criterion(self, ours: tuple[NamedNode, ...], theirs: tuple[NamedNode, ...]) -> Criterion | None:
        """Return the criterion for two sights: of those that are for a type of both, the nearest to them.

        What is for all types counts where there is no such.
        """
        key = ours, theirs
        if key not in self._chosen:
            ranked = [(self._steps(one, ours) + self._steps(one, theirs), one) for one in self._criteria]
            steps, near = min(ranked, key=lambda pair: pair[0], default=(_FAR, None))
            self._chosen[key] = near if steps < _FAR else None
        return self._chosen[key]

    def _steps(self, criterion: Criterion, types: tuple[NamedNode, ...]) -> int:
        """Return how many steps above *types* the criterion is; :data:`_FAR` where it is for others."""
        if not criterion.types:
            return _ALL
        return min((self.above(t).get(wide, _FAR) for wide in criterion.types for t in types), default=_FAR)

    def above(self, type_: NamedNode) -> dict[NamedNode, int]:
        """Return the types that *type_* is a kind of, itself first, with the steps up to each."""
        if type_ not in self._above:
            found, waiting = {type_: 0}, [type_]
            for here in waiting:
                for quad in self._workspace.store.match(here, _ABOVE, None):
                    wide = quad.object
                    if isinstance(wide, NamedNode) and wide not in found and self._is_type(wide):
                        found[wide] = found[here] + 1
                        waiting.append(wide)
            self._above[type_] = found
        return self._above[type_]

    def types(self) -> list[NamedNode]:
        """Return every type of incident."""
        found = (quad.subject for quad in self._workspace.store.match(None, RDF_TYPE, _TYPE))
        return [one for one in found if isinstance(one, NamedNode)]

    def _is_type(self, term: NamedNode) -> bool:
        return any(True for _ in self._workspace.store.match(term, RDF_TYPE, _TYPE))

    def _types(self, criterion: Criterion, one: Sight, two: Sight) -> Text | None:
        describe = self._workspace.describer.text
        for first in one.types:
            for second in two.types:
                if first == second:
                    label = describe(first)
                    return Text(f"类型相同：{label.zh}", f"of the same type: {label.en}")
                for narrow, wide in ((first, second), (second, first)):
                    if wide in self.above(narrow):
                        a, b = describe(narrow), describe(wide)
                        return Text(f"{a.zh}是一种{b.zh}", f"{a.en} is a kind of {b.en}")
                common = self._common(criterion, first, second)
                if common is not None:
                    a, b, c = describe(first), describe(second), describe(common)
                    return Text(f"{a.zh}与{b.zh}同属{c.zh}", f"{a.en} and {b.en} are both kinds of {c.en}")
        return None

    def _common(self, criterion: Criterion, first: NamedNode, second: NamedNode) -> NamedNode | None:
        """Return the wider type that both are, if no more steps lie between them than may."""
        if criterion.steps is None:
            return None
        ours, theirs = self.above(first), self.above(second)
        near = {one: ours[one] + theirs[one] for one in ours if one in theirs}
        best = min(near, key=lambda one: (near[one], one.value), default=None)
        return best if best is not None and near[best] <= criterion.steps else None

    def _place(self, criterion: Criterion, one: Sight, two: Sight) -> Text | None:
        """Where both have coordinates these decide; else the areas do."""
        if one.point is not None and two.point is not None:
            if abs(one.point[1] - two.point[1]) * 110 > criterion.kilometres:
                return None  # too far north or south already
            km = distance(one.point, two.point)
            near = km < criterion.kilometres
            return Text(f"相距 {km:.1f} 公里", f"{km:.1f} km apart") if near else None
        describe = self._workspace.describer.text
        if one.place is not None and one.place == two.place:
            label = describe(one.place)
            return Text(f"同在{label.zh}", f"both in {label.en}")
        for inner, outer in ((one.place, two.place), (two.place, one.place)):
            if inner is not None and outer is not None and outer in self.around(inner):
                a, b = describe(inner), describe(outer)
                return Text(f"{a.zh}在{b.zh}之内", f"{a.en} is within {b.en}")
        return None

    def around(self, area: Term) -> Sequence[Term]:
        """Return the areas that *area* is part of, the smallest first."""
        if area not in self._around:
            found: list[Term] = []
            here = area
            while wider := next(iter(self._workspace.engine.source.values(here, xz("partOf"))), None):
                found.append(wider)
                here = wider
            self._around[area] = tuple(found)
        return self._around[area]


def _criteria(workspace: Workspace) -> Iterator[Criterion]:
    for quad in workspace.store.match(None, RDF_TYPE, xz("DuplicateCriterion")):
        if not isinstance(quad.subject, NamedNode) or not isinstance(quad.graph_name, NamedNode):
            continue
        if not workspace.engine.reads(quad.graph_name):
            continue  # not knowledge
        values: dict[str, str] = {}
        types = []
        for one in workspace.store.match(quad.subject, None, None, quad.graph_name):
            if isinstance(one.object, Literal):
                values[one.predicate.value.rpartition("#")[2]] = one.object.value
            elif one.predicate == xz("forType") and isinstance(one.object, NamedNode):
                types.append(one.object)
        within = parse_xsd_duration(values["receivedWithin"])
        assert isinstance(within, timedelta)
        steps = values.get("typeSteps")
        yield Criterion(
            within,
            float(values["withinKilometres"]),
            tuple(sorted(types, key=lambda one: one.value)),
            None if steps is None else int(steps),
        )
