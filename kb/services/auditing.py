"""The journal as an auditor reads it: who did what, when and why, without what was changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kb.store.protocol import Entry, Store


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries.

    Of an *actor* (the beginning of the name), of an *action*, from *since* (ISO 8601) on.
    """

    actor: str = ""
    action: str = ""
    since: str = ""

    def fits(self, entry: Entry) -> bool:
        """Whether *entry* is wanted."""
        return (
            entry.actor.startswith(self.actor)
            and self.action in ("", entry.action)
            and entry.time >= self.since
        )


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
            yield {
                "sequence": entry.sequence,
                "time": entry.time,
                "actor": entry.actor,
                "action": entry.action,
                "reason": entry.reason,
                "hash": entry.hash.hex(),
            }
