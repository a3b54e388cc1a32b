"""Quality of shared data, measured by the metrics of the ontology (:mod:`kb.catalogue.metrics`), kept as DQV.

A measurement is a node of its own in the catalogue graph::

    <measurement/…> a dqv:QualityMeasurement ;
        dqv:isMeasurementOf metric:validity ; dqv:computedOn <dataset/…> ;
        dqv:value 0.98 ; prov:generatedAtTime "…" ; prov:wasGeneratedBy <delivery> .

``prov:generatedAtTime`` is the time that the value speaks of. What was delivered and not yet measured is
measured by :meth:`Quality.catch_up`, which any process may call at any time: whatever was missed is made up
for, nothing is measured twice. A department has the means of its datasets, weighted by their stored records;
of what is measured daily, each counts the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock, get_ident

from pyoxigraph import Literal, NamedNode, Quad

from kb.catalogue import void
from kb.catalogue.metrics import DQV, Metric, Situation, measured, metrics
from kb.catalogue.shelf import Delivery, Entry, Shelf
from kb.catalogue.trend import Trends
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import StoreError
from kb.namespaces import CATALOGUE, PROV, RDF_TYPE, ROOT, XSD
from kb.ontology.names import Names
from kb.store.protocol import Change, Store

MEASUREMENT = NamedNode(DQV + "QualityMeasurement")
COMPUTED_ON, METRIC_OF = NamedNode(DQV + "computedOn"), NamedNode(DQV + "isMeasurementOf")
VALUE, TIME = NamedNode(DQV + "value"), NamedNode(PROV + "generatedAtTime")
GENERATED_BY = NamedNode(PROV + "wasGeneratedBy")
ACTOR = "xiezhi"
_log = logging.getLogger(__name__)
LONGEST = 366
"""Days that are made up for at most."""


class Quality:
    """Measures the datasets in *store*."""

    def __init__(self, store: Store, names: Names, shelf: Shelf, trends: Trends) -> None:
        self._store, self._names = store, names
        self._shelf, self._trends = shelf, trends
        self._measuring = Lock()
        self._measurer: int | None = None
        self._measured: date | None = None
        store.subscribe(self._changed)

    def refresh(self, now: datetime | None = None) -> None:
        """Catch up if the catalogue has changed or a day has passed since: cheap to call for every reader.

        Where the store cannot take the values, readers see those that there are.
        """
        now = now or datetime.now(UTC)
        if self._measured != now.astimezone(CHINA_STANDARD_TIME).date():
            try:
                self.catch_up(now)
            except StoreError as error:
                _log.warning("quality was not measured: %s", error)

    def catch_up(self, now: datetime | None = None) -> int:
        """Measure deliveries and days since this was last done; return how many values there are.

        :raises StoreError: where the store cannot take them.
        """
        now = now or datetime.now(UTC)
        with self._measuring:
            self._measurer = get_ident()
            # First: a delivery from here on undoes it.
            self._measured = now.astimezone(CHINA_STANDARD_TIME).date()
            try:
                return self._catch_up(now)
            except BaseException:
                self._measured = None
                raise
            finally:
                self._measurer = None

    def _catch_up(self, now: datetime) -> int:
        known, entries = metrics(self._store, self._names), self._shelf.shared()
        count = sum(self._of(entry, known, now) for entry in entries)
        for publisher in dict.fromkeys(entry.publisher for entry in entries):
            count += self._department([e for e in entries if e.publisher == publisher], known)
        return count

    def _changed(self, change: Change) -> None:
        # What is measured is itself a change of the catalogue, and no reason to measure again.
        if CATALOGUE in change.graphs and self._measurer != get_ident():
            self._measured = None

    def _of(self, entry: Entry, known: list[Metric], now: datetime) -> int:
        deliveries = self._shelf.deliveries(entry)
        if not deliveries:
            return 0
        done = {
            delivery.iri
            for delivery in deliveries
            for quad in self._store.match(None, GENERATED_BY, delivery.iri, CATALOGUE)
            if quad.subject != entry.iri  # which says from which delivery its records are
        }
        additions: list[Quad] = []
        removals: list[Quad] = []
        each, daily = [m for m in known if not m.daily], [m for m in known if m.daily]
        for delivery in deliveries:
            if delivery.iri not in done:
                # Of the newest delivery alone the records are still there to be counted.
                filled = self._filled(entry) if delivery is deliveries[0] else None
                situation = Situation(entry, delivery.time, delivery, None, filled)
                additions += _written(entry.iri, entry.path, each, situation)
        if deliveries[0].iri not in done:
            removals = list(void.recorded(self._store, void.node_of(entry)))
            triples = void.void(void.node_of(entry), void.census(self._store, entry.graph))
            additions += (Quad(t.subject, t.predicate, t.object, CATALOGUE) for t in triples)
        for at in self._days(entry, deliveries, daily, now):
            last = next((d.time for d in deliveries if d.good and d.time <= at), None)
            additions += _written(entry.iri, entry.path, daily, Situation(entry, at, None, last, None))
        return self._commit(entry.path, additions, removals)

    def _department(self, entries: list[Entry], known: list[Metric]) -> int:
        """Measure a department: the mean of its datasets, at each time at which one of them was measured."""
        department, path = entries[0].publisher, f"department/{entries[0].path.rpartition('/')[0]}"
        additions: list[Quad] = []
        for metric in known:
            last = max((point.time for point in self._trends.of(department, metric.name)), default=None)
            trends = {entry: self._trends.of(entry.iri, metric.name) for entry in entries}
            times = {point.time for points in trends.values() for point in points}
            for at in sorted(t for t in times if last is None or t > last):
                total = weights = 0.0
                for entry, points in trends.items():
                    # Of one day, all that was measured on it counts, though some of it later in the day.
                    until = _end_of_day(at) if metric.daily else at
                    value = next((p.value for p in reversed(points) if p.time <= until), None)
                    if value is not None:
                        weight = 1.0 if metric.daily else self._weight(entry, at)
                        total, weights = total + weight * value, weights + weight
                additions += measurement(department, path, metric, total / weights, at, None)
        return self._commit(path, additions, [])

    def _weight(self, entry: Entry, at: datetime) -> float:
        """Return how many records of *entry* were stored last at *at*; at least one."""
        return next((float(d.stored) for d in self._shelf.deliveries(entry) if d.good and d.time <= at), 1.0)

    def _days(
        self, entry: Entry, deliveries: list[Delivery], known: list[Metric], now: datetime
    ) -> Iterator[datetime]:
        """Yield a time of each day for which *known* were not measured: its end, and *now* for today."""
        good = [d.time for d in deliveries if d.good]
        if not good or entry.limit is None or not known:
            return
        have = {
            point.time.astimezone(CHINA_STANDARD_TIME).date()
            for metric in known
            for point in self._trends.of(entry.iri, metric.name)
        }
        today = now.astimezone(CHINA_STANDARD_TIME).date()
        day = max(min(good).astimezone(CHINA_STANDARD_TIME).date(), today - timedelta(days=LONGEST))
        while day <= today:
            if day not in have:
                yield min(now, datetime.combine(day, time.max, CHINA_STANDARD_TIME))
            day += timedelta(days=1)

    def _filled(self, entry: Entry) -> tuple[int, int] | None:
        """Return how many values the records of *entry* have, and how many fields they could have."""
        kind, fields = self._shelf.record_class(entry), self._shelf.fields(entry)
        if kind is None or not fields:
            return None
        found = void.filled(self._store, entry.graph, kind)
        return sum(found.get(field, 0) for field in fields), found.get(RDF_TYPE, 0) * len(fields)

    def _commit(self, path: str, additions: list[Quad], removals: list[Quad]) -> int:
        """Store measurements; return how many values there are."""
        new, old = set(additions), set(removals)
        if new != old:
            self._store.commit(
                Change(list(new - old), list(old - new)), actor=ACTOR, action="measure quality", reason=path
            )
        return sum(quad.predicate == VALUE for quad in additions)


def _written(subject: NamedNode, path: str, known: Iterable[Metric], situation: Situation) -> list[Quad]:
    """Return the measurements of *known* in *situation*, as far as there are values."""
    return [
        quad
        for metric in known
        if (value := measured(metric, situation)) is not None
        for quad in measurement(subject, path, metric, value, situation.at, situation.delivery)
    ]


def measurement(
    subject: NamedNode, path: str, metric: Metric, value: float, at: datetime, delivery: Delivery | None
) -> list[Quad]:
    """Return the quads of one measurement of *subject* at the time *at*."""
    moment = at.astimezone(UTC)
    stamp = moment.strftime("%Y%m%dT%H%M%S%fZ")
    node = NamedNode(f"{ROOT}measurement/{path}/{metric.name}/{stamp}")
    quads = [
        Quad(node, RDF_TYPE, MEASUREMENT, CATALOGUE),
        Quad(node, METRIC_OF, metric.iri, CATALOGUE),
        Quad(node, COMPUTED_ON, subject, CATALOGUE),
        Quad(node, VALUE, _literal(f"{value:.6f}", "decimal"), CATALOGUE),
        Quad(node, TIME, _literal(moment.isoformat(), "dateTime"), CATALOGUE),
    ]
    if delivery is not None:
        quads.append(Quad(node, GENERATED_BY, delivery.iri, CATALOGUE))
    return quads


def _end_of_day(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(CHINA_STANDARD_TIME).date(), time.max, CHINA_STANDARD_TIME)


def _literal(text: str, kind: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + kind))
