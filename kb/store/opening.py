"""Which store a home folder has: embedded, or remote where the environment says so."""

from __future__ import annotations

import os
from pathlib import Path

from kb.store.embedded import EmbeddedStore, open_store
from kb.store.remote import RemoteStore, open_remote

ADDRESS, TOKEN = "XIEZHI_STORE", "XIEZHI_STORE_TOKEN"
"""The environment variables that name a remote store and hold its bearer token."""


def open_configured(home: Path) -> EmbeddedStore | RemoteStore:
    """Open the store of the folder *home*.

    With ``XIEZHI_STORE`` the quads are at that address (:class:`kb.store.server.Server`), else in *home*.

    :raises StoreError, InputError: as :func:`kb.store.embedded.open_store` and
        :func:`kb.store.remote.open_remote`.
    """
    address = os.environ.get(ADDRESS, "").strip()
    if not address:
        return open_store(home)
    return open_remote(home, address, os.environ.get(TOKEN) or None)
