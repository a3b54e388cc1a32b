"""The audit trail: who read restricted data, took data away, or was refused.

Entries are pure journal entries (an empty change), so they stand in the same hash chain as everything that
was written. Refusals of strangers are counted and told once a minute and address: who knocks a thousand times
a second shall not fill the disk.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from kb.access.accounts import Accounts
from kb.store.protocol import Change, Store

READ, EXPORT, REFUSED, LOGIN, ADMINISTER = "read restricted", "export", "refused", "log in", "administer"
FEDERATE = "ask others"
"""What an entry's action may be, beside the actions of changes."""
INTERVAL = 60.0
"""Seconds within which refusals of one stranger make one entry."""
_STRANGERS = 10_000
_LONGEST = 70_000  # characters of a reason: a whole query fits


class Trail:
    """Writes entries of access into the journal of *store*. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._refused: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def record(self, actor: str, action: str, reason: str) -> None:
        """Write that *actor* did *action*; *reason* says on what, and why.

        :raises StoreError: then whatever was to be done must not be done: what is not recorded did not
        happen.
        """
        self._store.commit(Change(), actor=actor, action=action, reason=_clean(reason))

    def adopt(self, accounts: Accounts) -> None:
        """Take into the journal what was changed in *accounts*, by the command line for one."""
        with self._lock:
            for number, what in accounts.events():
                self._store.commit(
                    Change(),
                    actor="accounts",
                    action=ADMINISTER,
                    reason=what,
                    key=f"account event {number} {what}",
                )
                accounts.forget_event(number)

    def refused(self, actor: str, reason: str, *, stranger: bool = False) -> None:
        """Write that *actor* was refused; of a *stranger*, at most once a minute."""
        if stranger:
            with self._lock:
                since, count = self._refused.get(actor, (0.0, 0))
                now = time.monotonic()
                if count and now - since < INTERVAL:
                    self._refused[actor] = since, count + 1
                    return
                self._refused[actor] = now, 1
                self._refused.move_to_end(actor)
                while len(self._refused) > _STRANGERS:
                    self._refused.popitem(last=False)
            if count > 1:
                reason += f" (and {count - 1} more since the last entry)"
        self.record(actor, REFUSED, reason)


def _clean(text: str) -> str:
    """Half a character, as JSON may spell it, cannot be journalled."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()
