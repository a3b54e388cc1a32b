"""The flows of a store at hand: machines and clocks, made anew when the ontology changes, and one ledger."""

from __future__ import annotations

import threading

from kb.flow.clocks import Clocks
from kb.flow.definition import read
from kb.flow.ledger import Ledger
from kb.flow.machine import FlowMachine
from kb.namespaces import ONTOLOGY
from kb.store.protocol import Change, Store


class Flows:
    """Machines by the name of their flow, the clocks of flows, and the ledger whose locks all share."""

    def __init__(self, store: Store) -> None:
        self.ledger = Ledger(store)
        self._store = store
        self._lock = threading.Lock()
        self._machines: dict[str, FlowMachine] = {}
        self._clocks: Clocks | None = None
        store.subscribe(self._changed)

    def machine(self, name: str) -> FlowMachine:
        """Return the machine of the flow *name*.

        :raises KnowledgeFault: ``flow.incomplete``.
        """
        with self._lock:
            if name not in self._machines:
                self._machines[name] = FlowMachine(read(self._store, name))
            return self._machines[name]

    @property
    def clocks(self) -> Clocks:
        """How long things may stay in their states."""
        with self._lock:
            if self._clocks is None:
                self._clocks = Clocks(self._store)
            return self._clocks

    def _changed(self, change: Change) -> None:
        if ONTOLOGY in change.graphs:
            with self._lock:
                self._machines, self._clocks = {}, None
