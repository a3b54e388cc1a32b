"""What may be done with personal fields: seal, tell, erase them, keep them no longer than allowed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyoxigraph import NamedNode, Quad

from kb.access.principal import Principal
from kb.access.trail import Trail
from kb.errors import Forbidden, NotFound, StoreError
from kb.namespaces import graph
from kb.sharing.contracts import Contract
from kb.sharing.datasets import Dataset, Datasets
from kb.sharing.personal import PersonalFault, ciphertext, retention
from kb.sharing.personal.master import HOW, Master
from kb.sharing.personal.ring import DataKey, Ring
from kb.sharing.personal.sealing import Sealing, cover
from kb.store.protocol import Change, Store, Term

MAY = "personal"
"""The action of roles that may see personal fields."""
READ = "read personal"
ERASE, EXPIRE, ROTATE = "erase personal", "expire personal", "rotate key"
SHORTEST, LONGEST = 4, 500
"""Characters of a reason."""
_log = logging.getLogger(__name__)
PERSONAL, SOURCE = graph("personal/").value, graph("source/").value


@dataclass(frozen=True, slots=True)
class Field:
    """A personal field of a record: what everybody sees of it, and, for who was told, the *values*."""

    property: NamedNode
    masked: tuple[Term, ...]
    values: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """How many *records* of the dataset at *path* have personal fields, and until when the oldest is kept."""

    path: str
    records: int
    until: datetime | None


class Vault:
    """The personal fields in *store*; thread-safe, one a store.

    *lock* is held while fields are sealed, erased or sealed anew; whoever stores a delivery holds it, too.
    """

    def __init__(self, store: Store, home: Path, master: Master | None) -> None:
        """Open the file of data keys in *home*; without *master* nothing is sealed or told."""
        self._store, self._master = store, master
        self._ring = Ring(home)
        self._datasets = Datasets(store)
        self._trail = Trail(store)
        self.lock = threading.RLock()
        store.subscribe(self._forget)

    @property
    def ready(self) -> bool:
        """Whether there is a master key, and it is the one that all data keys are wrapped with."""
        return self._master is not None and self._ring.masters() <= {self._master.id}

    def sealing(self, dataset: Dataset, contract: Contract) -> Sealing:
        """Return what seals a delivery of *dataset*; what is kept too long is erased on the occasion.

        :raises PersonalFault: ``personal.no-key``.
        """
        self.expire()
        return Sealing(self._store, self._ring, self._key, dataset, contract)

    def cover(self, text: bytes) -> bytes:
        """Return records of a delivery encrypted, to wait on disk until they are stored.

        :raises PersonalFault: ``personal.no-key``.
        """
        return cover(self._key, text)

    # --- reading ---------------------------------------------------------------------------

    def masked(self, record: NamedNode, reader: Principal) -> list[Field]:
        """Return the personal fields of *record* as everybody sees them who may read its dataset.

        :raises NotFound: ``personal.none``: it has none, or *reader* may not read the dataset.
        """
        sealed = self._sealed(record)
        quads = [quad for quad in sealed if reader.sees(_source(quad)) or reader.sees(_graph(quad))]
        if not quads:
            raise _none(record)
        return [
            Field(one, tuple(shown.object for shown in self._store.match(record, one, None, _source(quad))))
            for one, quad in {quad.predicate: quad for quad in quads}.items()
        ]

    def read(self, record: NamedNode, reader: Principal, reason: str) -> list[Field]:
        """Return the personal fields of *record*, opened, once it is in the journal who reads them and why.

        :raises Forbidden: ``access.action``, ``access.graph``.
        :raises PersonalFault: ``personal.reason`` without a reason; where a field does not open.
        :raises NotFound: ``personal.none``.
        """
        reader.require(MAY)
        reason = " ".join(reason.split())
        if not SHORTEST <= len(reason) <= LONGEST:
            raise PersonalFault.of(
                "personal.reason",
                f"请写明查看理由（{SHORTEST} 至 {LONGEST} 字）",
                f"say why you need it ({SHORTEST} to {LONGEST} characters)",
                where="reason",
            )
        quads = self._sealed(record)
        for quad in quads:
            if not reader.sees(_graph(quad)):
                raise Forbidden.of(
                    "access.graph", "没有权限查看这个数据集的个人信息", "you may not see its personal data"
                )
        if not quads:
            raise _none(record)
        key = self._key
        names = ", ".join(sorted({quad.predicate.value for quad in quads}))
        self._trail.record(reader.name, READ, f"{record.value} ({names}): {reason}")
        found: dict[NamedNode, list[Term]] = {}
        for quad in quads:
            found.setdefault(quad.predicate, []).append(self._open(quad, key))
        return [
            Field(one, tuple(q.object for q in self._masked(record, one, quads)), tuple(values))
            for one, values in found.items()
        ]

    def held(self) -> list[Held]:
        """Return which datasets have personal fields, of how many records, and until when."""
        limits = {one.personal.value: one.retention for one in self._datasets.all()}
        return [
            Held(
                name.removeprefix(PERSONAL),
                records,
                retention.end(oldest, limit) if (limit := limits.get(name)) else None,
            )
            for name, records, oldest in self._ring.held()
        ]

    # --- erasing ---------------------------------------------------------------------------

    def erase(self, records: Iterable[NamedNode], *, actor: str, reason: str, action: str = ERASE) -> int:
        """Erase the personal fields of *records*, masked ones too, for good; return of how many records.

        The records themselves stay. The journal says that it was done, by whom and why.
        """
        with self.lock:
            sealed = [quad for record in dict.fromkeys(records) for quad in self._sealed(record)]
            masked = [shown for quad in sealed for shown in self._masked_of(quad)]
            if sealed:
                self._store.commit(Change((), [*sealed, *masked]), actor=actor, action=action, reason=reason)
            return len({quad.subject for quad in sealed})

    def expire(self, now: float | None = None) -> int:
        """Erase what is older than the retention of its dataset; return of how many records.

        :param now: POSIX seconds; by default the time of the clock.
        """
        moment, count = time.time() if now is None else now, 0
        with self.lock:
            for dataset in self._datasets.all():
                if dataset.retention is None:
                    continue
                old = [
                    record
                    for record, delivered in self._ring.delivered(dataset.personal.value)
                    if retention.end(delivered, dataset.retention).timestamp() < moment
                ]
                why = f"{dataset.path}: {dataset.retention}"
                count += self.erase(map(NamedNode, old), actor="retention", reason=why, action=EXPIRE)
        return count

    def tidy(self) -> int:
        """Erase keys that no ciphertext refers to, which a crash may have left; return how many."""
        with self.lock:
            used = {ciphertext.key_id(quad) for quad in self._all()}
            left = [one for one in self._ring.ids() if one not in used]
            self._ring.forget(left)
        return len(left)

    def rotate(self, new: Master, *, actor: str) -> int:
        """Seal everything anew under the master key *new*, in one commit; return how many records.

        :raises PersonalFault: where a field does not open; nothing was changed then.
        """
        key = self._key
        with self.lock:
            old, keys, added = list(self._all()), {}, []
            for quad in old:
                before = self._ring.get(ciphertext.key_id(quad), key)
                if before.id not in keys:
                    keys[before.id] = DataKey.new(before.graph, before.subject, before.delivered)
                fresh = keys[before.id]
                value = ciphertext.unseal(quad, before.secret)
                plain = Quad(quad.subject, quad.predicate, value, quad.graph_name)
                added.append(ciphertext.seal(plain, fresh.id, fresh.secret))
            self._ring.add(keys.values(), new)
            said = f"from {key.id} to {new.id}"
            self._store.commit(Change(added, old), actor=actor, action=ROTATE, reason=said)
            self._master = new
        return len(keys)

    # --- inside ----------------------------------------------------------------------------

    @property
    def _key(self) -> Master:
        if self._master is None:
            zh, en = "没有配置个人信息的加密密钥", "no key for personal fields is configured"
            raise PersonalFault.of("personal.no-key", zh, en, repair=HOW)
        return self._master

    def _open(self, quad: Quad, master: Master) -> Term:
        return ciphertext.unseal(quad, self._ring.get(ciphertext.key_id(quad), master).secret)

    def _sealed(self, record: NamedNode) -> list[Quad]:
        return [quad for quad in self._store.match(record, None, None) if _is_personal(quad)]

    def _all(self) -> Iterable[Quad]:
        for name in self._store.graphs():
            if name.value.startswith(PERSONAL):
                yield from self._store.match(None, None, None, name)

    def _masked(self, record: NamedNode, name: NamedNode, sealed: Sequence[Quad]) -> list[Quad]:
        sources = {_source(quad) for quad in sealed if quad.predicate == name}
        return [quad for source in sources for quad in self._store.match(record, name, None, source)]

    def _masked_of(self, quad: Quad) -> Iterable[Quad]:
        assert isinstance(quad.subject, NamedNode)
        return self._store.match(quad.subject, quad.predicate, None, _source(quad))

    def _forget(self, change: Change) -> None:
        """Erase the keys of ciphertext that *change* removed: it is in the store no more, so nowhere."""
        if any(str(name).startswith(f"<{PERSONAL}") for name in change.graphs):
            kept = {ciphertext.key_id(quad) for quad in change.additions if _is_personal(quad)}
            gone = {ciphertext.key_id(quad) for quad in change.removals if _is_personal(quad)}
            try:
                self._ring.forget(gone - kept)
            except StoreError as error:  # the change stands; the next start erases them (tidy)
                _log.error("keys of erased fields are still there: %s", error)


def _is_personal(quad: Quad) -> bool:
    return str(quad.graph_name).startswith(f"<{PERSONAL}")


def _graph(quad: Quad) -> NamedNode:
    assert isinstance(quad.graph_name, NamedNode)
    return quad.graph_name


def _source(quad: Quad) -> NamedNode:
    """Return the graph of the record itself."""
    return NamedNode(SOURCE + _graph(quad).value.removeprefix(PERSONAL))


def _none(record: NamedNode) -> NotFound:
    name = record.value[:200]
    return NotFound.of("personal.none", f"没有个人信息：{name}", f"there is no personal field of {name}")
