"""Who is on duty at a moment, whose shift is next, and who comes in where nobody is.

Shifts are records of shared data (``xz:RosterEntry``, contract ``ontology/shapes/roster.ttl``). Names and
telephone numbers are masked there already, and stay so here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import Literal, NamedNode

from kb.clock import CHINA_STANDARD_TIME
from kb.namespaces import RDF_TYPE, graph, xz
from kb.network.bodies import Bodies, Body
from kb.network.substitution import Substitution, Way
from kb.store.protocol import Store, Term

SOURCES = graph("source/").value
"""How the names of the graphs begin that hold shared data."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's duty in a post of a body; *begin* belongs to it, *end* does not."""

    iri: NamedNode
    body: NamedNode
    post: str
    person: str
    """Masked, as in the graph."""
    phone: str
    begin: datetime
    end: datetime
    source: NamedNode
    """The graph that it stands in."""

    def covers(self, moment: datetime) -> bool:
        """Whether the person is on duty at *moment*."""
        return self.begin <= moment < self.end


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who may be called instead: another post of the body, or a body that comes in some *way*."""

    body: Body
    way: Way | None
    """``None``: another post of the same body."""
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """A post of a body at a moment; *name* is empty where the body has no roster at all."""

    body: Body
    name: str
    on_duty: tuple[Shift, ...]
    next: Shift | None
    stand_ins: tuple[StandIn, ...]
    """Nobody where somebody is on duty."""


class Roster:
    """The shifts of the bodies of one city."""

    def __init__(self, bodies: Bodies, substitution: Substitution, shifts: Iterable[Shift]) -> None:
        self._bodies, self._substitution = bodies, substitution
        self._shifts: dict[NamedNode, dict[str, list[Shift]]] = defaultdict(lambda: defaultdict(list))
        for shift in sorted(shifts, key=lambda one: (one.begin, one.end, one.iri.value)):
            if shift.body in bodies:
                self._shifts[shift.body][shift.post].append(shift)

    @property
    def bodies(self) -> list[Body]:
        """The bodies that have a roster."""
        return [body for iri, body in self._bodies.items() if iri in self._shifts]

    def shifts(self, body: Body) -> dict[str, list[Shift]]:
        """Return the shifts of *body* by post, the earliest first."""
        return dict(self._shifts[body.iri]) if body.iri in self._shifts else {}

    def on_duty(self, body: Body, at: datetime) -> tuple[Shift, ...]:
        """Return the shifts of *body* in any post that cover the moment *at*."""
        return tuple(s for shifts in self.shifts(body).values() for s in shifts if s.covers(at))

    def at(self, at: datetime, bodies: Iterable[Body] | None = None) -> list[Post]:
        """Return every post of *bodies*, or of those that have a roster, at the moment *at*."""
        return [
            post for body in (self.bodies if bodies is None else bodies) for post in self._posts(body, at)
        ]

    def _posts(self, body: Body, at: datetime) -> Iterator[Post]:
        for name, shifts in (self.shifts(body) or {"": []}).items():
            here = tuple(shift for shift in shifts if shift.covers(at))
            following = next((shift for shift in shifts if shift.begin > at), None)
            yield Post(body, name, here, following, () if here else tuple(self._stand_ins(body, at)))

    def _stand_ins(self, body: Body, at: datetime) -> Iterator[StandIn]:
        """Yield who may be called: other posts of the body, then substitutes that are on duty."""
        if others := self.on_duty(body, at):
            yield StandIn(body, None, others)
        found: dict[NamedNode, tuple[int, StandIn]] = {}
        for function in body.functions or (None,):
            for one in self._substitution.substitutes(self._bodies, body, function):
                if one.body.iri not in found and (shifts := self.on_duty(one.body, at)):
                    found[one.body.iri] = one.way.rank, StandIn(one.body, one.way, shifts)
        for _, stand_in in sorted(found.values(), key=lambda pair: pair[0]):
            yield stand_in


def read(store: Store, visible: Callable[[NamedNode], bool] = lambda _: True) -> list[Shift]:
    """Return the shifts in the shared data that is *visible*; what is not complete is left out."""
    return [
        shift
        for name in store.graphs()
        if name.value.startswith(SOURCES) and visible(name)
        for quad in store.match(None, RDF_TYPE, xz("RosterEntry"), name)
        if isinstance(quad.subject, NamedNode) and (shift := _shift(store, quad.subject, name)) is not None
    ]


def _shift(store: Store, iri: NamedNode, source: NamedNode) -> Shift | None:
    values: dict[NamedNode, Term] = {q.predicate: q.object for q in store.match(iri, None, None, source)}
    body, begin, end = values.get(xz("rosterOf")), values.get(xz("onDutyFrom")), values.get(xz("onDutyUntil"))
    if not isinstance(body, NamedNode) or not isinstance(begin, Literal) or not isinstance(end, Literal):
        return None
    post, person, phone = (
        term.value if isinstance(term := values.get(xz(name)), Literal) else ""
        for name in ("postTitle", "personName", "phone")
    )
    return Shift(iri, body, post, person, phone, moment(begin.value), moment(end.value), source)


def moment(text: str) -> datetime:
    """Return the moment that *text* (ISO 8601) means; without a zone, local time is meant.

    :raises ValueError: for what is none.
    """
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=CHINA_STANDARD_TIME)
