"""The journal first, then an engine: what every durable store does, wherever its quads are.

A commit is acknowledged when the journal is on disk. The engine applies it a few milliseconds later, on a
thread of its own (:mod:`kb.store.behind`); whoever reads what it touches waits for that. A crash between
the two leaves an entry that the next start applies.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Generic, Self, TypeVar

from pyoxigraph import NamedNode, Quad, Triple, Variable
from pyoxigraph import Store as Oxigraph

from kb.errors import StoreError, XiezhiError
from kb.store import admission, backup
from kb.store.behind import Behind
from kb.store.engine import SYSTEM, Engine
from kb.store.journal import Journal
from kb.store.lock import Lock
from kb.store.protocol import Change, Entry, Listener, Receipt, Result, Subject, Term
from kb.store.quads import Quads, explained

E = TypeVar("E", bound=Engine)


class JournalledStore(ABC, Generic[E]):
    """A :class:`kb.store.protocol.Store` of a journal in *folder* and an engine of the class *E*.

    *reserve* is in bytes: so much stays free on the disk of the journal.
    """

    def __init__(self, folder: Path, *, reserve: int) -> None:
        """Take the lock, open the journal, then the engine."""
        self.folder = folder
        self._reserve = reserve
        self._writing = threading.RLock()
        self._listeners: list[Listener] = []
        self._behind = Behind()
        self._failure = ""  # why a journalled load could not be applied
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            self._lock = Lock(folder / "lock")
            undo.callback(self._lock.release)
            self._journal = Journal(folder / "journal.sqlite")
            undo.callback(self._journal.close)
            self._opened: E | None = self._open()
            undo.pop_all()

    @abstractmethod
    def _open(self) -> E:
        """Return the engine, with all of the journal applied."""

    @abstractmethod
    def _frozen(self) -> AbstractContextManager[Quads]:
        """Hand over Oxigraph on this disk, with all of the journal applied, to be copied."""

    # --- writing ---------------------------------------------------------------------------

    def commit(
        self, change: Change, *, actor: str, action: str, reason: str = "", key: str | None = None
    ) -> Receipt:
        """Make *change* durable and readable, wholly or not at all; see the protocol.

        :raises StoreError: ``store.refused`` (a quad that no change may hold), ``store.journal``,
            ``store.read-only``: nothing was changed. ``store.stopped``: a change before this one is in
            the journal and could not be applied; until the store is opened again, which applies it,
            every commit is refused, and every read that needs it.
        """
        with self._writing:
            quads = self._quads

            def apply(entry: Entry) -> None:
                self._behind.put(change, lambda: quads.apply(change, entry))

            if key is not None and (first := self._journal.find(key)):
                return replace(first.receipt, duplicate=True)
            return self._write(change, apply, actor=actor, action=action, reason=reason, key=key)

    def load(
        self,
        quads: Iterable[Quad],
        *,
        actor: str,
        action: str,
        reason: str = "",
        progress: Callable[[int], None] | None = None,
        chunk: int = 100_000,
    ) -> int:
        """Add many quads, each *chunk* one journal entry; return how many; see the protocol."""
        count, rest = 0, iter(quads)
        while part := list(islice(rest, chunk)):
            with self._writing:
                self._settle()
                fill = partial(self._quads.fill, part)
                self._write(Change(part), fill, actor=actor, action=action, reason=reason)
            count += len(part)
            if progress is not None:
                progress(count)
        return count

    def replace_graph(
        self,
        graph: NamedNode,
        triples: Iterable[Triple],
        *,
        actor: str,
        action: str,
        reason: str = "",
        key: str | None = None,
    ) -> Receipt:
        """Make *graph* hold *triples* and nothing else; see the protocol."""
        new = {Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples}
        with self._writing:
            old = set(self.match(None, None, None, graph))
            change = Change(list(new - old), list(old - new))
            return self.commit(change, actor=actor, action=action, reason=reason, key=key)

    def subscribe(self, listener: Listener) -> None:
        """Call *listener* with every change from now on."""
        with self._writing:
            self._listeners.append(listener)

    # --- reading ---------------------------------------------------------------------------

    def match(
        self,
        s: Subject | None,
        p: NamedNode | None,
        o: Term | None,
        graph: NamedNode | None = None,
    ) -> Iterator[Quad]:
        """Return the quads that fit; ``None`` fits everything."""
        if not self._behind.settle_for(s, p, o, graph):
            self._recover()
        return self._quads.match(s, p, o, graph)

    def query(
        self,
        text: str,
        *,
        substitutions: Mapping[Variable, Term] | None = None,
        default_graph: Sequence[NamedNode] | None = None,
        named_graphs: Sequence[NamedNode] | None = None,
    ) -> Result:
        """Answer one of the application's own, fixed queries; see the protocol."""
        self._settle()
        return self._quads.query(text, substitutions, default_graph, named_graphs)

    def graphs(self) -> Iterator[NamedNode]:
        """Return the names of the graphs that hold at least one quad."""
        self._settle()
        yield from self._quads.graphs()

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Return the journal in order, from the entry after number *after*."""
        return self._journal.entries(after)

    @property
    def sequence(self) -> int:
        """The number of the last change that is readable; 0 before the first."""
        self._settle()
        return self._quads.marker.sequence

    @property
    def parts(self) -> tuple[Journal, E]:
        """The journal, and what it is applied to: for benchmarks that time them apart."""
        return self._journal, self._quads

    # --- keeping ---------------------------------------------------------------------------

    def verify(self) -> int:
        """Check every entry of the journal; return how many there are."""
        return self._journal.verify()

    def checkpoint(self, folder: Path) -> int:
        """Write a frozen copy of all graphs but ``graph/system`` into the new *folder*."""
        with explained(folder, "无法写入检查点", "the checkpoint cannot be written"), self._frozen() as quads:
            sequence = quads.marker.sequence  # read before the copy, which commits may overtake
            quads.copy(folder)
            Oxigraph(folder).remove_graph(SYSTEM)
        return sequence

    def backup(self, folder: Path) -> None:
        """Write a complete backup into the new *folder*; commits go on meanwhile."""
        with explained(folder, "无法写入备份", "the backup cannot be written"), self._frozen() as quads:
            backup.write(self._journal, quads, folder)

    def close(self) -> None:
        """Release the folder, once the results still in use are dropped; see the protocol."""
        with self._writing:
            if self._opened is not None:
                self._behind.close()
                self._opened.close()
                self._opened = None
                self._journal.close()
                self._lock.release()

    def __enter__(self) -> Self:
        """Return the store, to be closed at the end of the block."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the store."""
        self.close()

    # --- inside ----------------------------------------------------------------------------

    @property
    def _quads(self) -> E:
        if self._opened is None:
            raise StoreError.of("store.closed", "存储已关闭", "the store is closed", where=str(self.folder))
        return self._opened

    def _write(
        self,
        change: Change,
        apply: Callable[[Entry], None],
        *,
        actor: str,
        action: str,
        reason: str,
        key: str | None = None,
    ) -> Receipt:
        """Journal *change*, have it applied and tell the listeners."""
        self._check_writable()
        admission.check(change, actor, action, reason, key)
        self._quads.admit(change)
        try:
            entry = self._journal.append(change, actor=actor, action=action, reason=reason, key=key)
            apply(entry)
        except StoreError:
            raise  # the journal refused; nothing happened
        except BaseException as error:
            # A later commit would move the marker past an entry that may not have been applied.
            self._failure = repr(error)
            if isinstance(error, Exception):
                raise self._halted() from error
            raise  # Ctrl-C stays Ctrl-C
        for listener in self._listeners:
            listener(change)
        return entry.receipt

    def _settle(self) -> None:
        """Wait until everything that was committed is in the engine."""
        if not self._behind.settle():
            self._recover()

    def _recover(self) -> None:
        """Deal with a change that could not be applied. Here nothing is done: the store stays stopped.

        :raises StoreError: ``store.stopped``, unless the change is applied after all.
        """
        raise self._halted()

    def _renewed(self) -> None:
        """Go on after a failure, with an engine that has the whole journal."""
        self._behind, self._failure = Behind(), ""

    def _check_writable(self) -> None:
        if self._failure or self._behind.failure:
            self._recover()
        admission.require_space(self.folder, self._reserve)

    def _halted(self) -> XiezhiError:
        why = self._failure or self._behind.failure
        return StoreError.of(
            "store.stopped",
            f"更改已记入日志，但未能应用（{why}），存储停止写入",
            f"a change is in the journal but could not be applied ({why}); writing has stopped",
            where=str(self.folder),
            repair=("重新打开存储，更改会自动应用", "open the store again, which applies it"),
        )
