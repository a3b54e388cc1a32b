"""An accepted delivery into the store: once or many times, with the same result.

**What holds.** A delivery up to :data:`ATOMIC` quads, quarantine and catalogue entry included, is one
commit: readers see all of it or nothing. A larger one takes several, each a journal entry of whole records,
the catalogue entry last; after a crash in between, the spool (:mod:`kb.sharing.spool`) is still there, and
promoting it again finishes the work. That is so because every step looks at what the store holds *now*:
records that are as the delivery has them are left alone, others are replaced, and what the delivery does
not have is removed (if it takes the place of all).

An unchanged record costs a comparison and writes nothing, so the monthly list of 100,000 records of which
50 changed is one small commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from pyoxigraph import NamedNode, Quad

from kb.errors import Text
from kb.namespaces import CATALOGUE
from kb.sharing import deliveries, process, quarantine
from kb.sharing.datasets import GENERATED, Dataset
from kb.sharing.deliveries import ENDED, Delivery
from kb.sharing.personal.sealing import Sealing
from kb.sharing.process import Job
from kb.sharing.spool import Spool
from kb.store.protocol import Change, Store

ATOMIC = 50_000
"""So many quads are changed in one commit; a commit that also removes quads takes 20 µs for each."""
BULK = 100_000
"""So many quads that are only added go into one journal entry; each stops the server for a second."""
STORING = Text("入库", "storing")
ACTION = "deliver"
"""What the journal calls it."""

Progress = Callable[[Text, int, int], None]


@dataclass
class Promotion:
    """One delivery on its way into the store."""

    store: Store
    dataset: Dataset
    delivery: Delivery
    spool: Spool
    job: Job
    sealing: Sealing | None = None
    """For a contract with personal fields."""
    progress: Progress | None = None
    _additions: list[Quad] = field(default_factory=list)
    _removals: list[Quad] = field(default_factory=list)
    _done: int = 0

    def __post_init__(self) -> None:
        """Make the name of the graph once, not once a record."""
        self._graph = self.dataset.graph
        self._reason = f"{self.dataset.path} {self.delivery.file_name} {self.delivery.digest[:16]}"

    def run(self) -> None:
        """Bring the store to where the delivery wants it, then delete the spool."""
        if next(self.store.match(self.delivery.iri, ENDED, None, CATALOGUE), None) is None:
            if self.delivery.increment:
                self._change(self._groups(), frozenset())
            elif self.delivery.stored:
                self._replace()
            self._finish()
        self.spool.remove()

    # --- good records ----------------------------------------------------------------------

    def _replace(self) -> None:
        """Let the delivery take the place of all records."""
        graph = self.dataset.graph
        if self._empty(graph) and self._empty(self.dataset.personal):
            self._change(self._groups(), frozenset())
            return
        new = {subject: _digest(self._shown(quads)) for subject, quads in self._groups()}
        same: set[str] = set()
        for subject, old in _by_subject(self.store.match(None, None, None, graph)):
            if subject not in new:
                self._removals += old
                self._removals += self._personal(subject)
                self._flush()
            elif _digest(old) == new[subject]:
                same.add(subject)
        self._change(self._groups(), frozenset(same))

    def _change(self, groups: Iterable[tuple[str, list[Quad]]], same: frozenset[str]) -> None:
        """Make the records *groups* be in the store; of *same* it is known that they are."""
        fresh = self._empty(self.dataset.graph) and not self._additions and not self._removals
        if fresh and self.delivery.stored * 10 > ATOMIC and not self.job.contract.personal:
            self._load()
            return
        for subject, quads in groups:
            self._tell()
            if self.sealing is not None:
                self._seal(self.sealing, subject, quads)
            if subject in same:
                continue
            old = [] if fresh else list(self.store.match(NamedNode(subject), None, None, self._graph))
            wanted = self._shown(quads)
            if _digest(old) != _digest(wanted):
                kept = set(old)
                wanted += self._origin(subject)
                self._removals += kept.difference(wanted)
                self._additions += [quad for quad in wanted if quad not in kept]
            self._flush()

    def _load(self) -> None:
        """Add records where there were none: nothing to compare, nothing to remove."""

        def quads() -> Iterator[Quad]:
            for chunk in self.spool.good():
                found = process.quads(chunk, self._graph, self.job)
                yield from found
                subjects = dict.fromkeys(quad.subject for quad in found)
                if self.delivery.increment:
                    yield from (Quad(s, GENERATED, self.delivery.iri, self._graph) for s in subjects)
                self._tell(len(subjects))

        self._bulk(quads())

    def _groups(self) -> Iterator[tuple[str, list[Quad]]]:
        for chunk in self.spool.good():
            text = chunk if self.sealing is None else self.sealing.uncovered(chunk)
            yield from _by_subject(process.quads(text, self._graph, self.job))

    def _origin(self, subject: str) -> list[Quad]:
        """Where a dataset grows by deliveries, each record says which one it came in."""
        if not self.delivery.increment:
            return []
        return [Quad(NamedNode(subject), GENERATED, self.delivery.iri, self._graph)]

    def _shown(self, quads: list[Quad]) -> list[Quad]:
        """Return what of a record lies open: personal values are masked."""
        return quads if self.sealing is None else self.sealing.shown(quads)

    def _seal(self, sealing: Sealing, subject: str, quads: list[Quad]) -> None:
        kept = self._personal(subject)
        sealed = sealing.sealed(subject, quads, kept)
        if sealed is not kept:
            self._removals += kept
            self._additions += sealed

    def _personal(self, subject: str) -> list[Quad]:
        return list(self.store.match(NamedNode(subject), None, None, self.dataset.personal))

    def _empty(self, graph: NamedNode) -> bool:
        return next(self.store.match(None, None, None, graph), None) is None

    # --- the rest --------------------------------------------------------------------------

    def _finish(self) -> None:
        """Quarantine, catalogue, and whatever was not flushed: the last commit."""
        dataset, delivery = self.dataset, self.delivery
        for quad in self._superseded():
            self._removals.append(quad)
            self._flush()
        if delivery.quarantined * 12 > ATOMIC:
            self._commit()
            self._bulk(self._bad())
        else:
            self._additions += self._bad()
        new, old = deliveries.now_current(self.store, dataset, delivery) if delivery.stored else ([], [])
        self._additions += [*delivery.quads(), *new]
        self._removals += [quad for quad in old if quad not in new]
        self._commit(f"delivery:{delivery.iri.value}")

    def _bad(self) -> Iterator[Quad]:
        for number, rejected in enumerate(self.spool.bad(), 1):
            yield from quarantine.quads(self.dataset, self.delivery.iri, number, rejected)

    def _superseded(self) -> Iterator[Quad]:
        """Yield what leaves quarantine: all of it, or the records that the delivery brings anew."""
        if self.delivery.mends is not None:  # that record alone: another may say the same of the same code
            yield from quarantine.of_entry(self.store, self.dataset, self.delivery.mends)
            return
        own = f"<{quarantine.prefix(self.dataset, self.delivery.iri)}"
        if not self.delivery.increment:
            quads = self.store.match(None, None, None, self.dataset.quarantine)
            yield from (quad for quad in quads if not str(quad.subject).startswith(own))
        elif known := quarantine.entries_of(self.store, self.dataset):
            subjects = [subject for subject, _ in self._groups()]
            subjects += [one.subject for one in self.spool.bad()]
            for subject in dict.fromkeys(subjects):
                for entry in known.get(subject, ()):
                    if not str(entry).startswith(own):
                        yield from quarantine.of_entry(self.store, self.dataset, entry)

    def _flush(self) -> None:
        """Commit what has gathered once it is more than one commit should hold."""
        if len(self._additions) + len(self._removals) > ATOMIC:
            self._commit()

    def _commit(self, key: str | None = None) -> None:
        if self.sealing is not None:
            self.sealing.keep()
        change = Change(self._additions, self._removals)
        actor, reason = self.delivery.actor, self._reason
        self.store.commit(change, actor=actor, action=ACTION, reason=reason, key=key)
        self._additions, self._removals = [], []

    def _bulk(self, quads: Iterable[Quad]) -> None:
        actor, reason = self.delivery.actor, self._reason
        self.store.load(quads, actor=actor, action=ACTION, reason=reason, chunk=BULK)

    def _tell(self, records: int = 1) -> None:
        self._done += records
        if self.progress is not None and (records > 1 or self._done % 2_000 == 0):
            self.progress(STORING, min(self._done, self.delivery.stored), self.delivery.stored)


def _by_subject(quads: Iterable[Quad]) -> Iterator[tuple[str, list[Quad]]]:
    """Yield the quads of each subject; those of one subject stand together."""
    for subject, group in groupby(quads, key=lambda quad: quad.subject):
        assert isinstance(subject, NamedNode)
        yield subject.value, list(group)


def _digest(quads: Iterable[Quad]) -> bytes:
    """Return the same bytes for the same statements, whichever delivery they came in."""
    lines = sorted(f"{q.predicate} {q.object}" for q in quads if q.predicate != GENERATED)
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).digest()
