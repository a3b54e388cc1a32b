"""The journal as an auditor reads it: who did what, when and why, without what was changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kb.store.protocol import Entry, Store

LOOKED_AT = 100_000
"""Entries that one question looks at: some seconds."""
WINDOW = 2_000
"""Entries that are read at once, going back."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries.

    Of an *actor* (the beginning of the name), of an *action*, from *since* (ISO 8601, UTC) on and before
    *until*; that speak of *about* in their reason (whatever the case of its letters), or changed a graph
    whose IRI has *graph* in it or speak of that graph.
    """

    actor: str = ""
    action: str = ""
    since: str = ""
    until: str = ""
    about: str = ""
    graph: str = ""

    def fits(self, entry: Entry) -> bool:
        """Whether *entry* is wanted."""
        return (
            entry.actor.startswith(self.actor)
            and self.action in ("", entry.action)
            and entry.time >= self.since
            and (not self.until or entry.time < self.until)
            and self.about.casefold() in entry.reason.casefold()
            and (not self.graph or self.graph in entry.reason or self._changes(entry))
        )

    def _changes(self, entry: Entry) -> bool:
        """Whether *entry* changed the graph; the last question, for it unpacks what was changed."""
        return any(self.graph in str(name) for name in entry.change.graphs)


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first. *before*: the number before which to go on; ``None`` at the first entry."""

    entries: list[dict[str, Any]]
    before: int | None


def verified(store: Store) -> dict[str, Any]:
    """Check every entry of the chain; return how many there are and the hash of the last.

    :raises StoreError: ``store.chain-broken``, naming the first bad entry.
    """
    count = store.verify()
    last = next(iter(store.entries(count - 1)), None) if count else None
    return {"entries": count, "head": last.hash.hex() if last else ""}


def listed(store: Store, wanted: Wanted, *, after: int = 0, limit: int = 100) -> Iterator[dict[str, Any]]:
    """Yield the first *limit* wanted entries after number *after*, oldest first."""
    found = 0
    for entry in store.entries(after):
        if found == limit:
            return
        if wanted.fits(entry):
            found += 1
            yield _told(entry)


def newest(store: Store, wanted: Wanted, *, before: int | None = None, limit: int = 100) -> Page:
    """Return up to *limit* wanted entries before number *before*, or of all, newest first.

    At most :data:`LOOKED_AT` entries are looked at; the page says where to go on.
    """
    end = store.sequence + 1 if before is None else before
    last, found = max(1, end - LOOKED_AT), list[Entry]()
    while end > last and len(found) < limit:
        start = max(last, end - WINDOW)
        part = list(islice(store.entries(start - 1), end - start))
        fitting = [entry for entry in reversed(part) if wanted.fits(entry)][: limit - len(found)]
        found += fitting
        end = found[-1].sequence if len(found) == limit else start
    return Page([_told(entry) for entry in found], end if end > 1 else None)


def actions(store: Store) -> list[str]:
    """Return the actions of the newest entries, by name: what one may look for."""
    last = store.sequence
    return sorted({entry.action for entry in store.entries(max(0, last - WINDOW))})


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "time": entry.time,
        "actor": entry.actor,
        "action": entry.action,
        "reason": entry.reason,
        "hash": entry.hash.hex(),
    }
