"""Intake: what a department may do with its datasets, put together.

A file becomes a delivery in three steps: a sandboxed worker reads and judges it
(:mod:`kb.sharing.process`), its results are kept aside until the last one is there
(:mod:`kb.sharing.spool`), then they enter the store (:mod:`kb.sharing.promotion`). Counts add up at every
step: records in = stored + quarantined.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text, XiezhiError
from kb.namespaces import CATALOGUE, ROOT, XSD, xz
from kb.sharing import deliveries, process, quarantine, spool
from kb.sharing.contracts import Contracts
from kb.sharing.datasets import GENERATED, Dataset, Datasets
from kb.sharing.deliveries import DELIVERY, Delivery
from kb.sharing.errors import DatasetFault, DeliveryBusy, DeliveryRefused
from kb.sharing.incoming import Incoming
from kb.sharing.lookups import Lookups
from kb.sharing.personal.master import HOW
from kb.sharing.personal.vault import Vault
from kb.sharing.problems import Rejected
from kb.sharing.process import Good, Job
from kb.sharing.promotion import ATOMIC, Promotion
from kb.sharing.quarantine import Quarantined
from kb.sharing.spool import Spool, Writing
from kb.store.protocol import Change, Store
from kb.validation.shapes import Shapes

Progress = Callable[[Text, int, int], None]
READING = Text("读取与校验（字节）", "reading and validating (bytes)")
DECLARATIONS = "dataset-declaration.ttl"
CHECKED = ROOT + "checked/"
"""What the IRIs of records begin with that are checked for no dataset; they are never stored."""
WORKERS = 2
"""Files that are read at the same time."""
PATIENCE = 5.0
"""Seconds that a file waits for its turn."""
SHOWN = 100
"""Bad records that an answer tells of; quarantine has all of them."""


@dataclass(slots=True)
class Outcome:
    """What became of a file: *records* = *stored* + *quarantined*.

    *problems* are the first bad records. *duplicate* says that the file was delivered before, and nothing was
    done now. *delivery* is ``None`` where nothing was to be stored.
    """

    records: int = 0
    stored: int = 0
    quarantined: int = 0
    problems: list[Rejected] = field(default_factory=list)
    delivery: Delivery | None = None
    duplicate: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the outcome for JSON."""
        return {
            "delivery": self.delivery.as_json() if self.delivery else None,
            "duplicate": self.duplicate,
            "recordsIn": self.records,
            "recordsStored": self.stored,
            "recordsQuarantined": self.quarantined,
            "problems": [one.as_json() for one in self.problems],
        }


class Intake:
    """The intake of one store; thread-safe. Open one a store: it finishes what the last one left."""

    def __init__(self, store: Store, home: Path, shapes: Path, *, vault: Vault | None = None) -> None:
        """Take the store, the folder for deliveries under way, and the folder of the contracts.

        *vault* keeps personal fields; without its key, no dataset that has some is taken in.
        """
        self._store, self._home, self._vault = store, home, vault
        self._shapes = shapes
        self.contracts = Contracts(shapes)
        self.datasets = Datasets(store)
        self._places = threading.BoundedSemaphore(WORKERS)
        self._storing = vault.lock if vault else threading.RLock()
        self._lookups = Lookups(store)

    def recover(self) -> int:
        """Finish what was accepted and not stored to the end; return how many deliveries that were.

        A delivery with personal fields waits while there is no key.
        """
        spool.clean(self._home)
        found = [one for one in spool.accepted(self._home) if self._can_seal(self._dataset(one))]
        for one in found:
            self._promote(one)
        return len(found)

    def declare(self, text: bytes, *, actor: str) -> list[Dataset]:
        """Enter declarations in Turtle; see :meth:`kb.sharing.datasets.Datasets.declare`."""
        rules = Shapes.from_files(self._shapes / DECLARATIONS)
        return self.datasets.declare(text, self.contracts, rules, actor=actor)

    def check(self, contract: str, file: Incoming) -> Outcome:
        """Say which records of *file* keep a contract, whatever dataset they may be for; store nothing.

        Names mean what they mean in any city that is loaded.

        :raises NotFound: ``contract.unknown``.
        :raises DeliveryRefused, DeliveryBusy: as :meth:`submit`.
        """
        found = self.contracts.get(contract)
        with self._place():
            return self._judge(file, Job(found, CHECKED, self._lookups.of(found.table, None)), None)

    def judge(self, dataset: Dataset, file: Incoming, *, progress: Progress | None = None) -> Outcome:
        """Say what :meth:`submit` would do with *file*; store nothing.

        :raises DeliveryRefused, DeliveryBusy: as there.
        """
        with self._place():
            return self._judge(file, self._job(dataset), progress)

    def submit(
        self,
        dataset: Dataset,
        file: Incoming,
        *,
        actor: str,
        increment: bool | None = None,
        again: bool = False,
        mends: NamedNode | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Take in *file* for *dataset*.

        :param increment: add to what there is, or take its place; ``None``: as the dataset is declared.
        :param mends: the quarantined record in whose place the one record of *file* comes.
        :param again: judge a file anew that was delivered before: what its names mean may have changed.
        :raises DeliveryRefused: where the file as a whole cannot be taken; nothing was stored but an entry
            in the journal.
        :raises DeliveryBusy: while other files are read.
        """
        if not self._can_seal(dataset):
            raise _no_key(dataset)
        mode = dataset.increments if increment is None else increment
        before = None if again else self._before(dataset, file.digest, mode)
        if before is not None:
            return Outcome(before.records, before.stored, before.quarantined, [], before, True)
        with self._place():
            try:
                outcome, accepted = self._accept(dataset, file, actor, mode, mends, progress)
            except DeliveryRefused as error:
                codes = ", ".join(fault.code for fault in error.faults)
                reason = f"{dataset.path} {file.name} {file.digest[:16]}: {codes}"
                self._store.commit(Change(), actor=actor, action="refuse delivery", reason=reason)
                raise
            outcome.delivery = self._promote(accepted, progress)
            return outcome

    def deliveries(self, dataset: Dataset) -> list[Delivery]:
        """Return the deliveries of *dataset*, newest first."""
        return deliveries.of(self._store, dataset)[::-1]

    def quarantined(
        self, dataset: Dataset, offset: int = 0, limit: int | None = None
    ) -> Iterator[Quarantined]:
        """Yield what is in quarantine of *dataset*, from *offset* on, at most *limit* records."""
        return quarantine.listed(self._store, dataset, offset, limit)

    def in_quarantine(self, dataset: Dataset) -> int:
        """Return how many records are in quarantine of *dataset*."""
        return quarantine.count(self._store, dataset)

    def holds(self, dataset: Dataset, subject: str) -> bool:
        """Whether the record *subject*, an IRI, is stored."""
        return any(True for _ in self._store.match(NamedNode(subject), None, None, dataset.graph))

    def dismiss(self, dataset: Dataset, found: Quarantined, reason: str, *, actor: str) -> None:
        """Note that nobody will mend the quarantined record *found*, and why; nothing of it is lost."""
        told = f"{dataset.path} {found.rejected.position}: {reason}"
        change = Change(quarantine.dismissal(dataset, found.iri, reason, actor))
        self._store.commit(change, actor=actor, action="dismiss record", reason=told)

    def count(self, dataset: Dataset) -> int:
        """Return how many quads the good records of *dataset* are."""
        return sum(1 for _ in self._store.match(None, None, None, dataset.graph))

    def withdraw(self, dataset: Dataset, *, actor: str, reason: str) -> int:
        """Take all records of *dataset* out of the store, those in quarantine too; return how many quads.

        The declaration and the deliveries stay in the catalogue, the last one marked as withdrawn.
        """
        with self._storing:
            gone = 0
            for name in (dataset.graph, dataset.quarantine, dataset.personal):
                quads = self._store.match(None, None, None, name)
                while part := list(islice(quads, ATOMIC)):
                    gone += len(part)
                    self._store.commit(
                        Change((), part), actor=actor, action="withdraw dataset", reason=reason
                    )
            old = list(self._store.match(dataset.iri, GENERATED, None, CATALOGUE))
            moment = Literal(_said(_now()), datatype=NamedNode(XSD + "dateTime"))
            new = [
                Quad(quad.object, xz("withdrawnAt"), moment, CATALOGUE)
                for quad in old
                if isinstance(quad.object, NamedNode)
            ]
            self._store.commit(Change(new, old), actor=actor, action="withdraw dataset", reason=reason)
        return gone

    # --- steps -----------------------------------------------------------------------------

    def _accept(
        self,
        dataset: Dataset,
        file: Incoming,
        actor: str,
        increment: bool,
        mends: NamedNode | None,
        progress: Progress | None,
    ) -> tuple[Outcome, Spool]:
        """Read and judge *file* to its end, and keep what came of it on disk."""
        started, job = _now(), self._job(dataset)
        identifier = f"{started.strftime('%Y%m%dT%H%M%S%f')}-{file.digest[:12]}"
        writing = Writing(self._home, identifier)
        try:
            outcome = self._judge(file, job, progress, writing)
            if not outcome.records:
                raise _no_records()
            delivery = Delivery(
                NamedNode(f"{DELIVERY}{dataset.path}/{identifier}"),
                dataset.iri,
                actor,
                file.name,
                file.digest,
                job.contract.digest,
                _said(started),
                _said(_now()),
                outcome.records,
                outcome.stored,
                outcome.quarantined,
                increment,
                mends=mends,
            )
            return outcome, writing.accept({"path": dataset.path, "delivery": delivery.as_json()})
        except BaseException:
            writing.discard()
            raise

    def _judge(
        self, file: Incoming, job: Job, progress: Progress | None, writing: Writing | None = None
    ) -> Outcome:
        outcome = Outcome()
        for part in process.read(file.path, file.format, job):
            outcome.records += part.records
            if isinstance(part, Good):
                outcome.stored += part.records
                if writing is not None:
                    sealing = self._vault if job.contract.personal else None
                    writing.good(part.text if sealing is None else sealing.cover(part.text))
            else:
                outcome.quarantined += part.records
                outcome.problems += part.rejected[: SHOWN - len(outcome.problems)]
                if writing is not None:
                    writing.bad(part.rejected)
            if progress is not None:
                progress(READING, min(part.at, file.size), file.size)
        return outcome

    def _promote(self, accepted: Spool, progress: Progress | None = None) -> Delivery:
        with self._storing:
            dataset = self._dataset(accepted)
            delivery = Delivery.of_json(accepted.description["delivery"])
            before = deliveries.current(self._store, dataset)
            if (
                before is not None
                and not delivery.increment
                and before.iri != delivery.iri
                and delivery.stored
            ):
                delivery = replace(delivery, supersedes=before.iri)
            job = Job(self.contracts.get(dataset.contract), dataset.base, {})
            sealing = (
                self._vault.sealing(dataset, job.contract) if self._vault and job.contract.personal else None
            )
            Promotion(self._store, dataset, delivery, accepted, job, sealing, progress).run()
            return delivery

    def _dataset(self, accepted: Spool) -> Dataset:
        return self.datasets.find(accepted.description["path"])

    def _can_seal(self, dataset: Dataset) -> bool:
        return (self._vault is not None and self._vault.ready) or not self.contracts.get(
            dataset.contract
        ).personal

    def _before(self, dataset: Dataset, digest: str, increment: bool) -> Delivery | None:
        """Return the delivery that this file would only repeat.

        Of a dataset that is replaced as a whole, only the last one counts: going back to an older file is a
        change. Of one that grows, any one counts.
        """
        found = deliveries.of(self._store, dataset)
        last = max((i for i, one in enumerate(found) if one.withdrawn), default=-1)
        live = found[last + 1 :] if increment else found[last + 1 :][-1:]
        wanted = digest, self.contracts.get(dataset.contract).digest, increment
        same = (one for one in reversed(live) if (one.digest, one.contract_digest, one.increment) == wanted)
        return next(same, None)

    def _job(self, dataset: Dataset) -> Job:
        contract = self.contracts.get(dataset.contract)
        return Job(contract, dataset.base, self._lookups.of(contract.table, dataset.city))

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=PATIENCE):
            raise DeliveryBusy.of(
                "delivery.busy",
                "正在处理的文件太多",
                "too many files are being read",
                repair=("稍后再试", "try again in a moment"),
            )
        try:
            yield
        finally:
            self._places.release()


def _now() -> datetime:
    return datetime.now(CHINA_STANDARD_TIME)


def _said(moment: datetime) -> str:
    """Return *moment* as an ``xsd:dateTime`` in its canonical form, as the store gives it back."""
    text = moment.isoformat()
    second, _, rest = text.partition(".")
    fraction, zone = rest[:6].rstrip("0"), rest[6:]
    return text if not rest else f"{second}.{fraction}{zone}" if fraction else second + zone


def _no_key(dataset: Dataset) -> XiezhiError:
    return DatasetFault.of(
        "dataset.keeper",
        "本数据集含个人信息，但没有配置加密密钥，或与以往的不同",
        "the dataset has personal fields, and no key for them is configured, or another one than before",
        where=dataset.path,
        repair=HOW,
    )


def _no_records() -> XiezhiError:
    return DeliveryRefused.of(
        "delivery.empty",
        "文件中没有记录",
        "the file has no record",
        repair=(
            "要清空数据集，用 xiezhi dataset withdraw",
            "to empty the dataset, use xiezhi dataset withdraw",
        ),
    )
