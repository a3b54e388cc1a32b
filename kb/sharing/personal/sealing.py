"""The personal fields of one delivery on their way into the store: masked for all, sealed for few."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pyoxigraph import Literal, NamedNode, Quad

from kb.sharing.contracts import Contract
from kb.sharing.datasets import Dataset
from kb.sharing.personal import PersonalFault, ciphertext
from kb.sharing.personal.masking import masking
from kb.sharing.personal.master import Master
from kb.sharing.personal.ring import DataKey, Ring
from kb.store.protocol import Store, Term

SPOOL = b"spool"
"""What records are bound to that wait on disk between reading and storing."""


def cover(master: Master, text: bytes) -> bytes:
    """Return *text* encrypted, to be kept until it is stored."""
    return master.wrap(text, SPOOL)


class Sealing:
    """Seals records of *dataset*; one delivery uses it, from one thread."""

    def __init__(
        self, store: Store, ring: Ring, master: Master, dataset: Dataset, contract: Contract
    ) -> None:
        self._ring, self._master, self._dataset = ring, master, dataset
        self._maskings = {path: masking(store, kind) for path, kind in contract.maskings.items()}
        self._now = time.time()
        self._new: list[DataKey] = []
        self._again: list[str] = []

    def uncovered(self, text: bytes) -> bytes:
        """Return what :func:`cover` covered.

        :raises PersonalFault: ``personal.unreadable``.
        """
        return self._master.unwrap(text, SPOOL)

    def shown(self, quads: Sequence[Quad]) -> list[Quad]:
        """Return *quads*, of one record, as they stand in its source graph: personal values masked."""
        return [shown for quad in quads if (shown := self._shown(quad)) is not None]

    def sealed(self, subject: str, quads: Sequence[Quad], kept: list[Quad]) -> list[Quad]:
        """Return what the personal graph shall hold of a record: *kept* itself, which it holds, if no other.

        The data keys are kept only by :meth:`keep`, which must come before the store holds the ciphertext.
        """
        graph = self._dataset.personal
        wanted = {(q.predicate, q.object) for q in quads if q.predicate.value in self._maskings}
        if wanted and wanted == self._opened(kept):
            self._again += {ciphertext.key_id(quad) for quad in kept}
            return kept
        if not wanted:
            return []
        key = DataKey.new(graph.value, subject, self._now)
        self._new.append(key)
        record = NamedNode(subject)
        return [ciphertext.seal(Quad(record, p, value, graph), key.id, key.secret) for p, value in wanted]

    def keep(self) -> None:
        """Make the keys of what was sealed so far durable."""
        self._ring.add(self._new, self._master)
        self._ring.renew(self._again, self._now)
        self._new, self._again = [], []

    def _shown(self, quad: Quad) -> Quad | None:
        kind = self._maskings.get(quad.predicate.value)
        if kind is None:
            return quad
        text = kind.of(quad.object.value) if isinstance(quad.object, Literal) else None
        return None if text is None else Quad(quad.subject, quad.predicate, Literal(text), quad.graph_name)

    def _opened(self, kept: Sequence[Quad]) -> set[tuple[NamedNode, Term]]:
        """Return what *kept* says; what does not open counts as nothing and is sealed anew."""
        try:
            keys = {one: self._ring.get(one, self._master) for one in {ciphertext.key_id(q) for q in kept}}
            return {(q.predicate, ciphertext.unseal(q, keys[ciphertext.key_id(q)].secret)) for q in kept}
        except PersonalFault:
            return set()
