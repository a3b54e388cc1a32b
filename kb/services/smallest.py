"""The smallest change of reported facts that would bring a conclusion about, tried out by deriving.

What failed says which facts to move and what they were compared with
(:mod:`kb.inference.explanation.levers`). Changes of one fact are tried before changes of two and three, small
deviations before large ones, what is unknown before what was reported; another type, place or date only when
nothing else helps. A change counts only when the report with it keeps its contract and the conclusion is
really derived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush
from itertools import product
from typing import Any, TypeAlias

from pyoxigraph import Literal, NamedNode, Triple

from kb.inference.explanation.levers import Lever, Plan, Plans, effort
from kb.namespaces import RDF_TYPE, XSD, xz
from kb.report.reading import TYPE_KEY
from kb.report.values import Value, plain
from kb.report.vocabulary import Field
from kb.services.incident import OCCURRED_ON
from kb.services.trials import Trial
from kb.services.views import View
from kb.services.workspace import Workspace

MAX_DERIVATIONS = 240
MAX_MORE = 80
"""So many derivations may look for other changes of the same size, once one was found."""
MAX_VALUES = 12
"""So many numbers are tried for one fact."""
MAX_FOUND = 4
"""So many changes of the smallest size are told."""
UNKNOWN, REPORTED = 1.0, 1.5
"""What it asks to report an unknown fact, and to correct one that was reported."""
PLACE, OCCURRED_AT = xz("place"), xz("occurredAt")
MOVED = {RDF_TYPE: 8.0, PLACE: 9.0, OCCURRED_ON: 10.0}
"""What an incident is, and where and when it happened: to say otherwise is the last resort."""
Supposed: TypeAlias = Value | list[str] | None
"""A value to try: ``None`` takes the fact away, a list holds the types of a compound incident."""
_Change: TypeAlias = tuple[int, dict[str, Supposed]]
"""How far off the values are, and the changes by key of a report."""
INTEGERS = {XSD + name for name in ("integer", "nonNegativeInteger", "positiveInteger")}


@dataclass(frozen=True, slots=True)
class Found:
    """The changes that work, all of the smallest size, and how they were looked for.

    *changes* are by key of a report; ``None`` takes a fact away. *complete* is false where a bound ended the
    search, so that a smaller change may exist.
    """

    changes: tuple[dict[str, Supposed], ...]
    tried: int
    complete: bool


def effort_of(workspace: Workspace) -> Callable[[NamedNode, bool], float | None]:
    """Return a function that says how much it asks to report a property, or to change it if it is present."""
    reportable = {field.property for field in workspace.vocabulary.fields.values()} - {OCCURRED_AT}

    def asks(predicate: NamedNode, present: bool) -> float | None:
        if predicate in MOVED:
            return MOVED[predicate]
        if predicate in reportable:
            return REPORTED if present else UNKNOWN
        return None

    return asks


def search(view: View, trial: Trial, plans: Plans, wanted: Triple, *, budget: int = MAX_DERIVATIONS) -> Found:
    """Return the smallest changes among those that *plans* suggest with which *wanted* is derived.

    :param budget: the most derivations to make.
    """
    searcher = _Searcher(view, trial, wanted, budget)
    near = [plan for plan in plans if not any(lever.property in MOVED for lever in plan)]
    far = [plan for plan in plans if plan not in near]
    singles = _singles(plans)
    for choices in (
        [*near, *(plan for plan in singles if plan[0].property not in MOVED)],
        [*far, *(plan for plan in singles if plan[0].property in MOVED)],
    ):
        for size in (1, 2, 3):
            ordered = sorted((plan for plan in choices if len(plan) == size), key=effort)
            if searcher.cut:
                break
            if found := searcher.try_all(ordered):
                return Found(tuple(found), searcher.tried, complete=True)  # all smaller ones were tried
    return Found((), searcher.tried, not searcher.cut)


def _singles(plans: Iterable[Plan]) -> list[Plan]:
    """Return every lever of *plans* alone: one may do what was thought to need two."""
    levers: dict[NamedNode, Lever] = {}
    for plan in plans:
        for lever in plan:
            other = levers.get(lever.property)
            values = lever.values if other is None else lever.values | other.values
            remove = lever.remove or (other is not None and other.remove)
            levers[lever.property] = Lever(lever.property, values, remove, lever.effort)
    return [(lever,) for lever in levers.values()]


class _Searcher:
    def __init__(self, view: View, trial: Trial, wanted: Triple, budget: int) -> None:
        self._view = view
        self._trial = trial
        self._wanted = wanted
        self._budget = budget
        self._start = trial.tried
        self._seen: set[tuple[tuple[str, Any], ...]] = set()
        self.cut = False

    @property
    def tried(self) -> int:
        """How many derivations were made."""
        return self._trial.tried - self._start

    def try_all(self, plans: Sequence[Plan]) -> list[dict[str, Supposed]]:
        """Return the changes among *plans* that work; of each combination of facts the smallest.

        The plans take turns, so that none uses up the budget with values that are far off.
        """
        found: list[dict[str, Supposed]] = []
        queue: list[tuple[float, int, dict[str, Supposed], Iterator[_Change]]] = []
        for place, plan in enumerate(plans):
            _push(queue, effort(plan), place, self._changes(plan))
        last = self.tried + self._budget
        while queue and len(found) < MAX_FOUND and not self.cut and self.tried < last:
            _, place, values, changes = heappop(queue)
            if any(values.keys() == other.keys() for other in found):
                continue
            if self._works(values):
                found.append(values)
                last = self.tried + MAX_MORE
            else:
                _push(queue, effort(plans[place]), place, changes)
        return found

    def _works(self, changes: dict[str, Supposed]) -> bool:
        key = tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in sorted(changes.items()))
        if key in self._seen:
            return False
        self._seen.add(key)
        if self.tried >= self._budget:
            self.cut = True
            return False
        after = self._trial.attempt(changes)
        return after is not None and self._wanted in after.derivation

    def _changes(self, plan: Plan) -> Iterator[_Change]:
        """Yield what *plan* may mean: every combination of values, those that deviate least first."""
        keys, choices = [], []
        for lever in plan:
            key, values = self._values(lever)
            keys.append(key)
            choices.append(list(enumerate(values)))
        for combination in sorted(product(*choices), key=lambda pairs: sum(place for place, _ in pairs)):
            far = sum(place for place, _ in combination)
            yield far, {key: value for key, (_, value) in zip(keys, combination, strict=True)}

    def _values(self, lever: Lever) -> tuple[str, list[Supposed]]:
        """Return the key of a report that a lever moves, and the values to try."""
        if lever.property == RDF_TYPE:
            return TYPE_KEY, self._types([term.value for term in _iris(lever)])
        if lever.property == OCCURRED_ON:
            dates = (t.value for t in lever.values if isinstance(t, Literal))
            return "time", [f"{date}T12:00:00+08:00" for date in sorted(dates)]
        field = self._view.workspace.vocabulary.of_property(lever.property)
        assert field is not None
        present = self._trial.data.get(field.key)
        values = [value for value in self._plausible(field, lever, present) if value != present]
        if lever.remove and present is not None and lever.property not in MOVED:
            return field.key, [*values, None]
        return field.key, list(values)

    def _types(self, suggested: list[str]) -> list[Supposed]:
        """Return what else the incident may be; one that has several types may have one more as well."""
        present = self._trial.data.get(TYPE_KEY)
        if not isinstance(present, list):
            return [*suggested]
        return [*([*present, type_] for type_ in suggested if type_ not in present), *suggested]

    def _plausible(self, field: Field, lever: Lever, present: Any) -> Iterable[Value | None]:
        range_ = field.range.value
        if range_ == XSD + "boolean":
            return (True, False)
        if not range_.startswith(XSD):
            named = [term.value for term in _iris(lever)]
            if named or field.property == PLACE:
                return named
            return dict.fromkeys(member.iri.value for member in self._view.names.members(field.range))
        if range_ in INTEGERS or range_ == XSD + "decimal":
            return self._numbers(lever, range_ in INTEGERS, present)
        return [str(plain(term)) for term in lever.values if isinstance(term, Literal)]

    def _numbers(self, lever: Lever, whole: bool, present: Any) -> list[Value | None]:
        """Return what was compared with, just beside it, and less what other facts add to it."""
        bounds = {Decimal(v) for t in lever.values if (v := _number(t)) is not None} or {Decimal(0)}
        others = {Decimal(v) for v in self._trial.data.values() if type(v) in (int, Decimal)}
        step = Decimal(1) if whole else Decimal("0.1")
        numbers = set(bounds)
        for bound in bounds:
            numbers |= {bound + step, bound - step}
            numbers |= {bound - other for other in others}
        start = Decimal(present) if type(present) in (int, Decimal) else Decimal(0)
        kept = [n for n in numbers if n >= 0 and (n == n.to_integral_value() or not whole)]
        kept.sort(key=lambda n: (abs(n - start), n))
        return [int(n) if n == n.to_integral_value() else n for n in kept[:MAX_VALUES]]


def _push(queue: list[Any], weight: float, place: int, changes: Iterator[_Change]) -> None:
    """Put the next change of a plan into the queue: small deviations and easy plans come first."""
    following = next(changes, None)
    if following is not None:
        heappush(queue, (following[0] + weight, place, following[1], changes))


def _iris(lever: Lever) -> list[NamedNode]:
    return sorted((term for term in lever.values if isinstance(term, NamedNode)), key=str)


def _number(term: object) -> int | Decimal | None:
    if not isinstance(term, Literal) or not term.datatype.value.startswith(XSD):
        return None
    value = plain(term)
    return value if type(value) in (int, Decimal) else None  # type: ignore[return-value]
