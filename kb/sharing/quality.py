"""Quality of shared data, measured by metrics that are data (``ontology/quality.ttl``), kept as DQV.

A metric is one figure divided by another; this module counts the figures. A measurement is a node of its
own::

    <measurement/…> a dqv:QualityMeasurement ; dqv:isMeasurementOf metric:validity ; dqv:computedOn
    <dataset> ;
        dqv:value 0.98 ; prov:generatedAtTime "…" ; prov:wasGeneratedBy <delivery> .

``prov:generatedAtTime`` is the time that the value speaks of. What was delivered and not yet measured is
measured by :func:`catch_up`, which any process may call at any time: whatever was missed is made up for,
nothing is measured twice. A department has the means of its datasets, weighted by their stored records; of
what is measured daily, each counts the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock

from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import Text
from kb.namespaces import PROV, RDF_TYPE, RDFS_LABEL, ROOT, SKOS, XSD, xz
from kb.ontology.names import Names
from kb.sharing import statistics
from kb.sharing.datasets import CATALOGUE
from kb.sharing.freshness import freshness, seconds_of
from kb.sharing.shelf import Delivery, Entry, Shelf
from kb.sharing.trend import LOCAL, Trends
from kb.store.protocol import Change, Store

DQV = "http://www.w3.org/ns/dqv#"
MEASUREMENT = NamedNode(DQV + "QualityMeasurement")
COMPUTED_ON, METRIC_OF = NamedNode(DQV + "computedOn"), NamedNode(DQV + "isMeasurementOf")
VALUE, TIME = NamedNode(DQV + "value"), NamedNode(PROV + "generatedAtTime")
GENERATED_BY = NamedNode(PROV + "wasGeneratedBy")
ACTOR = "xiezhi"
LONGEST = 366
"""Days that are made up for at most."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as the ontology defines it; *daily*: measured every day, else at each delivery."""

    iri: NamedNode
    name: str
    label: Text
    definition: Text
    dimension: Text
    numerator: str
    denominator: str
    daily: bool
    rank: int


@dataclass(frozen=True, slots=True)
class Situation:
    """What figures are counted of: a dataset at one time, and what its last delivery then was."""

    entry: Entry
    at: datetime
    delivery: Delivery | None
    last_good: datetime | None
    filled: tuple[int, int] | None
    """The values present and the values declared, if they can still be counted."""


def _age(situation: Situation) -> float | None:
    limit, last = situation.entry.limit, situation.last_good
    if limit is None or last is None:
        return None
    age = freshness(last, limit, situation.at).age
    return None if age is None else max(age, seconds_of(limit, last))


FIGURES: Mapping[str, Callable[[Situation], float | None]] = {
    "values-present": lambda s: s.filled[0] if s.filled else None,
    "values-declared": lambda s: s.filled[1] if s.filled else None,
    "records-stored": lambda s: s.delivery.stored if s.delivery else None,
    "records-quarantined": lambda s: s.delivery.quarantined if s.delivery else None,
    "records-in": lambda s: s.delivery.records if s.delivery else None,
    "freshness-limit": lambda s: seconds_of(s.entry.limit, s.last_good) if s.entry.limit else None,
    "age": _age,
}
"""How each ``xz:Figure`` is counted, by its local name; ``None``: unknown."""


def metrics(store: Store, names: Names) -> list[Metric]:
    """Return the metrics that the ontology defines and whose figures can be counted, in their order."""
    found = []
    for quad in store.match(None, RDF_TYPE, NamedNode(DQV + "Metric")):
        iri = quad.subject
        parts = [_local(store, iri, name) for name in ("numerator", "denominator")]
        if not isinstance(iri, NamedNode) or not all(part in FIGURES for part in parts):
            continue
        dimension = next(store.match(iri, NamedNode(DQV + "inDimension"), None), None)
        rank = next(store.match(iri, xz("rank"), None), None)
        nothing = Text("", "")
        found.append(
            Metric(
                iri,
                iri.value.rsplit("/", 1)[-1],
                names.texts(iri, RDFS_LABEL) or nothing,
                names.texts(iri, NamedNode(SKOS + "definition")) or nothing,
                names.label(dimension.object) if dimension else nothing,
                parts[0],
                parts[1],
                any(q.object == _literal("true", "boolean") for q in store.match(iri, xz("daily"), None)),
                int(rank.object.value) if rank and isinstance(rank.object, Literal) else 9,
            )
        )
    return sorted(found, key=lambda metric: (metric.rank, metric.name))


def measured(metric: Metric, situation: Situation) -> float | None:
    """Return the value of *metric*, from 0 to 1; ``None`` where a figure is unknown or divides by zero."""
    top, bottom = FIGURES[metric.numerator](situation), FIGURES[metric.denominator](situation)
    if top is None or not bottom:
        return None
    return min(1.0, max(0.0, top / bottom))


class Quality:
    """Measures the datasets in *store*."""

    def __init__(self, store: Store, names: Names, shelf: Shelf, trends: Trends) -> None:
        self._store, self._names = store, names
        self._shelf, self._trends = shelf, trends
        self._measuring = Lock()
        self._measured: date | None = None
        store.subscribe(self._changed)

    def refresh(self, now: datetime | None = None) -> None:
        """Catch up if the catalogue has changed or a day has passed since: cheap to call for every reader."""
        now = now or datetime.now(UTC)
        today = now.astimezone(LOCAL).date()
        if self._measured != today:
            self.catch_up(now)
            self._measured = today

    def _changed(self, change: Change) -> None:
        if CATALOGUE in change.graphs:
            self._measured = None

    def catch_up(self, now: datetime | None = None) -> int:
        """Measure deliveries and days since this was last done; return how many values there are.

        :raises StoreError: where the store cannot take them.
        """
        now = now or datetime.now(UTC)
        with self._measuring:
            known, entries = metrics(self._store, self._names), self._shelf.shared()
            count = sum(self._of(entry, known, now) for entry in entries)
            for publisher in dict.fromkeys(entry.publisher for entry in entries):
                count += self._department([e for e in entries if e.publisher == publisher], known)
            return count

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
            removals = list(statistics.recorded(self._store, void_of(entry), CATALOGUE))
            triples = statistics.void(void_of(entry), statistics.census(self._store, entry.graph))
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
            point.time.astimezone(LOCAL).date()
            for metric in known
            for point in self._trends.of(entry.iri, metric.name)
        }
        today = now.astimezone(LOCAL).date()
        day = max(min(good).astimezone(LOCAL).date(), today - timedelta(days=LONGEST))
        while day <= today:
            if day not in have:
                yield min(now, datetime.combine(day, time.max, LOCAL))
            day += timedelta(days=1)

    def _filled(self, entry: Entry) -> tuple[int, int] | None:
        """Return how many values the records of *entry* have, and how many fields they could have."""
        kind, fields = self._shelf.record_class(entry), self._shelf.fields(entry)
        if kind is None or not fields:
            return None
        found = statistics.filled(self._store, entry.graph, kind)
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


def void_of(entry: Entry) -> NamedNode:
    """Return the node that holds the statistics of *entry*: declaring it anew does not touch them."""
    return NamedNode(f"{ROOT}statistics/{entry.path}")


def _end_of_day(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(LOCAL).date(), time.max, LOCAL)


def _local(store: Store, subject: object, name: str) -> str:
    quad = next(store.match(subject, xz(name), None), None)  # type: ignore[arg-type]
    return quad.object.value.rsplit("/", 1)[-1] if quad and isinstance(quad.object, NamedNode) else ""


def _literal(text: str, kind: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + kind))
