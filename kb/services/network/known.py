"""What is read of a city's network once, and kept until knowledge changes or the day ends."""

from __future__ import annotations

import re
from datetime import date

import networkx
from pyoxigraph import NamedNode

from kb.city import terms
from kb.clock import today
from kb.errors import NotFound
from kb.namespaces import graph, xz
from kb.network import analysis, bodies, collaboration
from kb.network.analysis import Analysis
from kb.network.collaboration import Graph
from kb.network.conflicts import Finding, conflicts
from kb.network.directives import Directives, Past
from kb.network.duties import Duties
from kb.network.outage import Outages
from kb.network.substitution import Substitution
from kb.services.audience import Visible
from kb.store.protocol import Change, Store

DEPARTMENT = xz("Department")
KEPT = 4
"""So many graphs of a city are kept: readers who see other directives have another one."""
CODE = re.compile(r"\d{2,15}", re.ASCII)
"""What the code of a division looks like."""
_READ = tuple(f"<{graph(part).value}" for part in ("ontology", "knowledge/", "city/"))
"""How the graphs begin, as text, that a city's network is read from."""


class CityNetwork:
    """The bodies and duties of *city* on *day*, and what was found out about them."""

    def __init__(self, store: Store, city: str, day: date) -> None:
        self.day = day
        self.bodies, self.duties = bodies.read(store, city), Duties(store, day)
        self.substitution = Substitution(store)
        self._departments = {iri for iri, body in self.bodies.items() if body.is_a(DEPARTMENT)}
        self._graphs: dict[tuple[Past, ...], Graph] = {}
        self._analyses: dict[tuple[tuple[Past, ...], NamedNode | None], Analysis] = {}
        self._conflicts: dict[NamedNode | None, list[Finding]] = {}

    def area(self, code: str | None) -> NamedNode | None:
        """Return the area with the code *code*; ``None``: the whole city.

        :raises NotFound: ``network.area``, where it has no bodies.
        """
        if code is None:
            return None
        area = terms.area(code if CODE.fullmatch(code) else "0")
        collaboration.within(networkx.Graph(), self.bodies, area)
        return area

    def graph(self, past: tuple[Past, ...], area: NamedNode | None = None) -> Graph:
        """Return the collaboration graph with the past directives *past*, or the part of one area."""
        found = self._graphs.get(past)
        if found is None:
            if len(self._graphs) >= KEPT:
                self._graphs, self._analyses = {}, {}
            found = self._graphs[past] = collaboration.build(self.bodies, self.duties, past)
        return found if area is None else collaboration.within(found, self.bodies, area)

    def analysed(self, past: tuple[Past, ...], area: NamedNode | None = None) -> tuple[Graph, Analysis]:
        """Return the graph and the findings about it."""
        here, found = self.graph(past, area), self._analyses.get((past, area))
        if found is None:
            found = self._analyses[past, area] = analysis.analyse(here, self._departments)
        return here, found

    def conflicts(self, area: NamedNode | None) -> list[Finding]:
        """Return the duties that contradict or repeat one another."""
        found = self._conflicts.get(area)
        if found is None:
            found = self._conflicts[area] = conflicts(self.bodies, self.duties, area)
        return found

    def outages(self, past: tuple[Past, ...]) -> Outages:
        """Return who answers questions about outages."""
        return Outages(self.bodies, self.duties, self.graph(past), self.substitution)


class CityNetworks:
    """The networks of the cities in *store*. Thread-safe: two who ask at once may read one twice."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, CityNetwork] = {}
        self._directives = Directives(store)
        store.subscribe(self._forget)

    def codes(self, visible: Visible) -> list[str]:
        """Return the codes of the cities that are *visible*."""
        return [code for code in bodies.loaded(self._store) if visible(graph(f"city/{code}"))]

    def of(self, city: str, visible: Visible) -> CityNetwork:
        """Return the network of *city*.

        :raises NotFound: ``network.city``, where none is loaded or the reader may not see it.
        """
        if not CODE.fullmatch(city) or not visible(graph(f"city/{city}")):
            raise NotFound.of("network.city", f"没有载入城市 {city[:20]}", f"no city {city[:20]} is loaded")
        kept, day = self._known, today()  # what is ready only after a change goes with the old ones
        found = kept.get(city)
        if found is None or found.day != day:
            found = kept[city] = CityNetwork(self._store, city, day)
        return found

    def past(self, visible: Visible) -> tuple[Past, ...]:
        """Return who worked together before, as the directives tell that are *visible*."""
        return self._directives.past(visible)

    def _forget(self, change: Change) -> None:
        if any(str(name).startswith(_READ) for name in change.graphs):
            self._known = {}
