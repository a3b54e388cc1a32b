"""Which store a home folder has: embedded, or above a SPARQL server elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from kb.store.embedded import EmbeddedStore, open_store
from kb.store.remote import RemoteStore, open_remote

ADDRESS, TOKEN = "XIEZHI_STORE", "XIEZHI_STORE_TOKEN"
"""The environment variables that name a remote store, for the command line, and hold its bearer token."""


def open_configured(home: Path, address: str | None = None) -> EmbeddedStore | RemoteStore:
    """Open the store of the folder *home*; its quads are in the server at *address*, else in *home*.

    A folder may go from one to the other: whichever is opened catches up with the journal.

    :param address: see :class:`kb.store.server.Server`. A bearer token stands in ``XIEZHI_STORE_TOKEN``:
        no list of processes shows it there.
    :raises StoreError, InputError: as :func:`kb.store.embedded.open_store` and
        :func:`kb.store.remote.open_remote`.
    """
    if not address or not address.strip():
        return open_store(home)
    return open_remote(home, address.strip(), os.environ.get(TOKEN) or None)
