"""A city above a SPARQL server: loaded, asked and opened again, with the answers of an embedded store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sparql_server import SparqlServer

from kb.services import incident
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace

CITY = "370100"
NOW = datetime(2026, 6, 13, 6, 42, tzinfo=UTC)
CASES = [
    {"id": "remote-gas", "type": "燃气爆炸", "grid": "370102", "deaths": 4, "seriousInjuries": 12},
    {"id": "remote-rain", "type": ["燃气爆炸", "暴雨"], "grid": "370102", "trapped": 30},
]


def answers(workspace: Workspace) -> list[dict[str, Any]]:
    found = [incident.report(workspace, case, actor="a", now=NOW) for case in CASES]
    return [recommend(workspace, answer) for answer in found]


@pytest.mark.slow  # webapp/test_remote_store.py runs the application above such a store every time
def test_a_city_above_a_remote_store_gets_the_same_recommendations_and_keeps_them(
    workspace: Workspace, sparql_server: SparqlServer, tmp_path: Path
) -> None:
    with Workspace(tmp_path / "home", cities=[CITY], store=sparql_server.url) as remote:
        given = answers(remote)
    assert given == answers(workspace)
    with Workspace(tmp_path / "home", cities=[CITY], store=sparql_server.url) as again:
        recalled = [recommend(again, incident.recall(again, case["id"])) for case in CASES]
        assert again.store.verify() == again.store.sequence
    assert recalled == given
