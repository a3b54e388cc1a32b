"""How long a thing may stay in a state, by the level of the response: ``xz:FlowClock`` in the ontology."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from pyoxigraph import Literal, NamedNode
from rdflib.xsd_datetime import Duration, parse_xsd_duration

from kb.errors import KnowledgeFault
from kb.flow.calendar import Calendar
from kb.namespaces import ONTOLOGY, RDF_TYPE, xz
from kb.store.protocol import Store, Term


class Clocks:
    """The clocks of the flows in *store*, read once.

    :raises KnowledgeFault: ``flow.clock``: a clock whose length is no duration of hours and days.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._clocks: dict[tuple[NamedNode, Term | None], tuple[timedelta, Calendar]] = {}
        for quad in store.match(None, RDF_TYPE, xz("FlowClock"), ONTOLOGY):
            assert isinstance(quad.subject, NamedNode)
            state, level = self._one(quad.subject, "whileIn"), self._one(quad.subject, "onLevel")
            assert isinstance(state, NamedNode)
            self._clocks[state, level] = self._within(quad.subject), self._calendar(quad.subject)

    def due(self, state: NamedNode | None, level: Term | None, since: datetime | None) -> datetime | None:
        """Return until when a thing that entered *state* at *since* must have left it; ``None``: whenever.

        :param level: the level of the response; ``None`` where there is none.
        """
        clock = None if state is None else self._clocks.get((state, level))
        if clock is None or since is None:
            return None
        within, calendar = clock
        return calendar.later(since, within)

    def _within(self, clock: NamedNode) -> timedelta:
        text = self._one(clock, "dueWithin")
        length = parse_xsd_duration(text.value) if isinstance(text, Literal) else None
        if not isinstance(length, timedelta) or isinstance(length, Duration):
            raise KnowledgeFault.of(
                "flow.clock",
                "办理时限须是若干天、小时、分钟",
                "a clock must be days, hours and minutes",
                where=clock.value,
                repair=('如 "PT30M"^^xsd:duration', 'such as "PT30M"^^xsd:duration'),
            )
        return length

    def _calendar(self, clock: NamedNode) -> Calendar:
        calendar = self._one(clock, "byCalendar")
        if not isinstance(calendar, NamedNode):
            return Calendar()
        opens, closes, country = (self._one(calendar, p) for p in ("opensAt", "closesAt", "holidaysOf"))
        return Calendar(
            time.fromisoformat(opens.value) if isinstance(opens, Literal) else None,
            time.fromisoformat(closes.value) if isinstance(closes, Literal) else None,
            country.value if isinstance(country, Literal) else None,
        )

    def _one(self, subject: NamedNode, name: str) -> Term | None:
        return next((q.object for q in self._store.match(subject, xz(name), None, ONTOLOGY)), None)
