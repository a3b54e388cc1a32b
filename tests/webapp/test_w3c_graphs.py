"""The W3C tests of the Graph Store Protocol, against a running server; none goes another way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.webapp.conftest import Client, Server
from tests.webapp.w3c_http import Case, Request, cases

CASES = cases("graph-store-protocol/manifest-direct.ttl", "graph-store-protocol/manifest-indirect.ttl")


@pytest.fixture
def client(endpoint: Server) -> Client:
    return endpoint.client


@pytest.mark.skipif(not CASES, reason="../shared/data/tests/sparql is not here")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_server_keeps_the_graph_store_protocol(
    client: Client, writer: dict[str, str], case: Case
) -> None:
    known: dict[str, str] = {}

    def address(request: Request) -> str:
        path = request.path.replace("/gsp", "/graphs", 1)
        for name, value in known.items():
            path = path.replace(name, value)
        return path

    paths = {address(request) for request in case.requests if "$" not in request.path} - {"/graphs"}
    for path in paths:  # each test begins without the graphs that it is about
        client.ask("DELETE", path, headers=writer)
    for request in case.requests:
        sent = replace(request, path=address(request))
        reply = client.ask(sent.method, sent.path, sent.body, {**sent.headers, **writer})
        sent.check(reply)
        if request.location is not None:
            known[request.location] = reply.headers["Location"]
    for path in {*paths, *(f"/graphs?graph={iri}" for iri in known.values())}:
        client.ask("DELETE", path, headers=writer)
