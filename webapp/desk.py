"""What the requests of one application share: the workspace, the query service, one lock."""

from __future__ import annotations

import threading
from typing import cast

from flask import current_app

from kb.services.browsing.library import Library
from kb.services.datasets import DatasetViews
from kb.services.drafting.jobs import Jobs
from kb.services.drafting.shelf import Shelf
from kb.services.grids.views import GridViews
from kb.services.life.contention import Contention
from kb.services.network.views import NetworkViews
from kb.services.plans.clocks import Clocks
from kb.services.risk.proposals import Proposals
from kb.services.risk.views import RiskViews
from kb.services.workspace import Workspace
from kb.store.workers import Service
from kb.store.writing import Writes
from webapp.live import STREAMS, Live
from webapp.places import Places
from webapp.terms import Terms


class Desk:
    """The parts of Xiezhi behind one Flask application."""

    def __init__(
        self,
        workspace: Workspace,
        sparql: Service | None,
        writes: Writes | None = None,
        streams: int = STREAMS,
    ) -> None:
        self.workspace = workspace
        self.sparql = sparql
        self.writes = writes
        self.live = Live(workspace.store, streams)
        self.datasets = DatasetViews(workspace)
        self.networks = NetworkViews(workspace)
        self.grids = GridViews(workspace)
        self.library = Library(workspace)
        self.shelf, self.jobs = Shelf(workspace.home), Jobs(workspace)
        self.risks = RiskViews(workspace)
        self.proposals = Proposals(workspace, self.risks)
        self.places = Places(workspace.store)
        self.terms = Terms(workspace.store)
        self.contention = Contention(workspace)
        self.clocks = Clocks(workspace)
        self.continuing = threading.Lock()
        """Held while an incident is read, amended and stored: two officers may answer at the same time."""


def desk() -> Desk:
    """Return the desk of the application that handles the current request."""
    return cast(Desk, current_app.extensions["xiezhi"])
