"""What the network of a city says, in JSON, SVG and GraphML; only from graphs that the reader may see."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import networkx
from pyoxigraph import NamedNode

from kb.city import terms
from kb.errors import InputError, NotFound, Text, both
from kb.network import analysis, collaboration, roster, shifts
from kb.network.bodies import Body
from kb.network.conflicts import MEANINGS
from kb.network.directives import Past
from kb.network.roster import Roster, Shift, read
from kb.services.audience import Visible, everything
from kb.services.network import drawing
from kb.services.network.known import CityNetwork, CityNetworks
from kb.services.network.told import Teller, group
from kb.services.workspace import Workspace

DAYS = timedelta(days=1)
"""Gaps of the roster are looked for in so long a time where nobody says how long."""
LONGEST = timedelta(days=92)
MOST = 10
"""So many bodies may be down at once."""


class NetworkViews:
    """Tells of the networks of the cities in *workspace*; remembers them until their knowledge changes."""

    def __init__(self, workspace: Workspace) -> None:
        self._store = workspace.store
        self._tell = Teller(workspace.describer)
        self._networks = CityNetworks(workspace.store)

    def cities(self, visible: Visible = everything) -> list[str]:
        """Return the codes of the cities of which the reader sees the network."""
        return self._networks.codes(visible)

    def city(self, asked: str, visible: Visible = everything) -> str:
        """Return *asked*, or the first city that the reader sees where nothing is asked.

        :raises NotFound: ``network.city``, where there is none.
        """
        found = [asked] if asked else self.cities(visible)
        if not found:
            raise NotFound.of("network.city", "没有载入任何城市", "no city is loaded")
        return found[0]

    def known(self, city: str, visible: Visible = everything) -> CityNetwork:
        """Return the network of *city* itself, for those who walk along it.

        :raises NotFound: ``network.city``.
        """
        return self._networks.of(city, visible)

    def past(self, visible: Visible = everything) -> tuple[Past, ...]:
        """Return who worked with whom in past incidents, as far as the reader may see."""
        return self._networks.past(visible)

    def places(self, city: str, visible: Visible = everything) -> list[dict[str, Any]]:
        """Return the areas of a city that have bodies, its own first."""
        found = self._networks.of(city, visible).bodies
        return [
            {**self._tell.thing(area), "code": _code(area), "bodies": len(found.of(area))}
            for area in sorted(found.areas, key=lambda area: (area != found.city, area.value))
        ]

    def names(
        self, city: str, area: str | None = None, visible: Visible = everything
    ) -> list[dict[str, Any]]:
        """Return the bodies of a city, or of one area of it."""
        found = self._networks.of(city, visible)
        where = found.area(area)
        return self._tell.bodies(found.bodies.values() if where is None else found.bodies.of(where))

    def network(self, city: str, area: str | None = None, visible: Visible = everything) -> dict[str, Any]:
        """Return the findings about the network of a city; with *area*, of the bodies of that division alone.

        The links themselves are told with *area*; of a whole city they are thousands, for which there is
        :meth:`graphml`.

        :raises NotFound: ``network.city``, ``network.area``.
        """
        known = self._networks.of(city, visible)
        drawn, found = known.analysed(self._networks.past(visible), known.area(area))
        tell = self._tell

        def body(iri: NamedNode) -> dict[str, Any]:
            return tell.body(known.bodies[iri])

        answer: dict[str, Any] = {
            "city": tell.thing(known.bodies.city),
            "area": None if area is None else tell.thing(terms.area(area)),
            "bodies": found.bodies,
            "links": found.links,
            "exact": found.exact,
            "bottlenecks": group(
                analysis.BOTTLENECKS,
                [{"body": body(iri), "share": round(share, 4)} for iri, share in found.bottlenecks],
            ),
            "cutPoints": group(analysis.CUT_POINTS, [body(iri) for iri in found.cut_points]),
            "bridges": group(
                analysis.BRIDGES,
                [{"from": body(one), "to": body(other), **drawn[one][other]} for one, other in found.bridges],
            ),
            "isolates": group(analysis.ISOLATES, [body(iri) for iri in found.isolates]),
            "communities": group(
                analysis.COMMUNITIES,
                [[body(iri) for iri in one] for one in found.communities if len(one) > 1],
            ),
            "parts": group(analysis.PARTS, [[body(iri) for iri in one] for one in found.parts[1:]]),
        }
        if area is not None:
            answer["edges"] = [
                {"from": one.value, "to": other.value, **reasons}
                for one, other, reasons in drawn.edges(data=True)
            ]
        return answer

    def link(self, city: str, one: str, other: str, visible: Visible = everything) -> dict[str, Any]:
        """Return why two bodies work together: each type of incident, with the duties of both.

        :raises NotFound: ``network.body``; ``network.path``, where nothing joins them.
        """
        known = self._networks.of(city, visible)
        first, second = known.bodies.find(one), known.bodies.find(other)
        joints = collaboration.evidence(known.bodies, known.duties, first, second)
        reasons = known.graph(self._networks.past(visible)).get_edge_data(first.iri, second.iri)
        path = known.outages(self._networks.past(visible)).path(first.iri, second.iri)
        return {
            "from": self._tell.body(first),
            "to": self._tell.body(second),
            "link": reasons,
            "path": self._tell.bodies(path),
            "joint": [
                {"type": self._tell.thing(one.type), "duties": [self._tell.duty(d) for d in one.duties]}
                for one in joints
            ],
        }

    def outage(self, city: str, down: Sequence[str], visible: Visible = everything) -> dict[str, Any]:
        """Return what follows when the bodies that *down* names are down.

        :raises NotFound: ``network.city``, ``network.body``.
        :raises InputError: ``network.none``, ``network.many``.
        """
        names = [name for name in dict.fromkeys(one.strip() for one in down) if name]
        if not names:
            raise InputError.of(
                "network.none", "没有说明哪个机构缺位", "say which body is down", where="body"
            )
        if len(names) > MOST:
            raise InputError.of(
                "network.many", f"一次至多 {MOST} 个机构", f"at most {MOST} bodies at once", where="body"
            )
        known, tell = self._networks.of(city, visible), self._tell
        out = [known.bodies.find(name).iri for name in names]
        found = known.outages(self._networks.past(visible)).when(out)
        return {
            "city": tell.thing(known.bodies.city),
            "down": tell.bodies(found.down),
            "handovers": [
                {
                    "body": tell.body(one.body),
                    "function": tell.thing(one.function),
                    "to": tell.substitute(one.to),
                    "lost": one.to is None,
                    "unperformed": one.unperformed,
                    "types": tell.things(
                        sorted(
                            known.duties.remit(known.bodies, one.body.area).types(one.function),
                            key=lambda type_: type_.value,
                        )
                    ),
                    "duties": [tell.duty(duty) for duty in one.duties],
                }
                for one in found.handovers
            ],
            "lostLeads": [
                {
                    "area": tell.thing(one.area),
                    "types": tell.things(one.types),
                    "ledBy": tell.bodies(one.led_by),
                    "duties": [tell.duty(duty) for duty in one.duties],
                    "to": [tell.substitute(to) for to in one.to],
                }
                for one in found.lost_leads
            ],
            "unperformed": [tell.duty(duty) for duty in found.unperformed],
            "routes": [
                {
                    "body": tell.body(one.body),
                    "to": None if one.to is None else tell.body(one.to),
                    "path": tell.bodies(one.path),
                }
                for one in found.routes
            ],
            "cutOff": [tell.bodies(part) for part in found.cut_off],
        }

    def conflicts(self, city: str, area: str | None = None, visible: Visible = everything) -> dict[str, Any]:
        """Return the duties that contradict or repeat one another in a city or in one area of it.

        :raises NotFound: ``network.city``, ``network.area``.
        """
        known, tell = self._networks.of(city, visible), self._tell
        found = known.conflicts(known.area(area))
        return {
            "city": tell.thing(known.bodies.city),
            "area": None if area is None else tell.thing(terms.area(area)),
            "kinds": {
                kind.value: {"label": both(meaning.label), "why": both(meaning.why)}
                for kind, meaning in MEANINGS.items()
            },
            "findings": [
                {
                    "kind": one.kind.value,
                    "types": tell.things(one.types),
                    "duties": [tell.duty(duty) for duty in one.duties],
                    "places": [
                        {"area": tell.thing(place.area), "bodies": tell.bodies(place.bodies)}
                        for place in one.places
                    ],
                }
                for one in found
            ],
        }

    def roster(
        self,
        city: str,
        at: datetime,
        until: datetime | None = None,
        down: Collection[str] = (),
        visible: Visible = everything,
    ) -> dict[str, Any]:
        """Return who is on duty *at* a moment, and the gaps and overlaps from then *until* another.

        :param down: only these bodies, by name, whether they have a roster or not; else all that have one.
        :raises NotFound: ``network.city``, ``network.body``.
        :raises InputError: ``roster.span``, where *until* is not after *at*, or more than 92 days.
        """
        end = at + DAYS if until is None else until
        if not at < end <= at + LONGEST:
            raise InputError.of(
                "roster.span",
                f"时段须在起点之后，至多 {LONGEST.days} 天",
                f"the span ends after it begins and lasts at most {LONGEST.days} days",
                where="until",
            )
        known, tell = self._networks.of(city, visible), self._tell
        every = read(self._store, visible)
        found = Roster(known.bodies, known.substitution, every)
        asked = [known.bodies.find(name) for name in down] or None
        within = {body.iri for body in asked} if asked else None

        def of(body: Body) -> bool:
            return within is None or body.iri in within

        return {
            "city": tell.thing(known.bodies.city),
            "at": at.isoformat(),
            "until": end.isoformat(),
            "sources": [name.value for name in _sources(every)],
            "posts": [tell.post(post) for post in found.at(at, asked)],
            "gaps": [tell.span(gap) for gap in shifts.gaps(found, at, end) if of(gap.body)],
            "overlaps": [tell.span(one) for one in shifts.overlaps(found, at, end) if of(one.body)],
        }

    def roster_sources(self, visible: Visible = everything) -> list[NamedNode]:
        """Return the graphs with shifts that the reader may see: who reads a restricted one is recorded."""
        return _sources(read(self._store, visible))

    def svg(self, city: str, area: str | None, lang: str, visible: Visible = everything) -> bytes:
        """Return the network of one area, the city's own where none is given, drawn in *lang*.

        :raises NotFound: ``network.city``, ``network.area``.
        """
        known = self._networks.of(city, visible)
        code = city if area is None else area
        drawn, found = known.analysed(self._networks.past(visible), known.area(code))
        label = self._tell.thing(terms.area(code))["label"]
        return drawing.draw(drawn, found, known.bodies, Text(label["zh"], label["en"]), lang)

    def graphml(self, city: str, area: str | None = None, visible: Visible = everything) -> bytes:
        """Return the network as GraphML: labels of nodes in both languages, reasons of edges.

        :raises NotFound: ``network.city``, ``network.area``.
        """
        known = self._networks.of(city, visible)
        here = known.graph(self._networks.past(visible), known.area(area))
        plain: networkx.Graph[str] = networkx.Graph()
        for iri in here:
            body = known.bodies[iri]
            functions = " ".join(function.value for function in body.functions)
            plain.add_node(
                iri.value, zh=body.label.zh, en=body.label.en, area=_code(body.area), functions=functions
            )
        plain.add_edges_from(
            (one.value, other.value, reasons) for one, other, reasons in here.edges(data=True)
        )
        return ("\n".join(networkx.generate_graphml(plain)) + "\n").encode()


def when(text: str, where: str) -> datetime:
    """Return the moment that *text* (ISO 8601) means; a plus sign that became a space in an address is one.

    :raises InputError: ``roster.time``, at *where*.
    """
    try:
        return roster.moment(re.sub(r" (?=\d\d:?\d\d$)", "+", text) if "T" in text else text)
    except ValueError as error:
        raise InputError.of(
            "roster.time",
            f"不是时间：{text[:40]}",
            f"not a time: {text[:40]}",
            where=where,
            repair=("如 2026-07-20T08:00:00+08:00", "such as 2026-07-20T08:00:00+08:00"),
        ) from error


def _sources(shifts: Iterable[Shift]) -> list[NamedNode]:
    return sorted({shift.source for shift in shifts}, key=str)


def _code(area: NamedNode) -> str:
    return area.value.rpartition("/")[2]
