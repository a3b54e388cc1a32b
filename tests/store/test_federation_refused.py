"""Every way in which a query might reach somebody who is not on the list: refused, and nobody is asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from agencies import fault, federate
from rawserver import answer, raw_server

from kb.errors import QueryRefused
from kb.store.embedded import open_store
from kb.store.endpoints import endpoints
from kb.store.workers import Service

BLOCK = "{{ ?s ?p ?o }}"
REFUSED = [
    "SERVICE <{other}> " + BLOCK,
    "SERVICE SILENT <{other}> " + BLOCK,
    "SERVICE ?x " + BLOCK,
    "BIND(<{other}> AS ?x) SERVICE ?x " + BLOCK,
    "VALUES ?x {{ <{other}> }} SERVICE SILENT ?x " + BLOCK,
    "OPTIONAL {{ SERVICE <{other}> " + BLOCK + " }}",
    "FILTER EXISTS {{ SERVICE <{other}> " + BLOCK + " }}",
    "FILTER NOT EXISTS {{ SERVICE SILENT <{other}> " + BLOCK + " }}",
    "{{ SELECT * {{ SERVICE <{other}> " + BLOCK + " }} }}",
    "MINUS {{ SERVICE <{other}> " + BLOCK + " }}",
    "GRAPH ?g {{ SERVICE <{other}> " + BLOCK + " }}",
    "SERVICE <{water}> {{ SERVICE <{other}> " + BLOCK + " }}",
    "SERVICE <{water}> {{ ?s ?p ?o OPTIONAL {{ SERVICE <{water}> " + BLOCK + " }} }}",
    "SERVICE <{water}> " + BLOCK + " SERVICE <{other}> " + BLOCK,
    "SERVICE <{water}/> " + BLOCK,
    "SERVICE <{water}?x=1> " + BLOCK,
    "SERVICE <{water}#x> " + BLOCK,
    "SERVICE <{water}/../../evil> " + BLOCK,
    "SERVICE <http://127.0.0.1@{otherhost}/query> " + BLOCK,
    "SERVICE <http://{waterhost}@{otherhost}/query> " + BLOCK,
    "SERVICE <http://{waterhost}:80@{otherhost}/query> " + BLOCK,
    "SERVICE <http://user@{waterhost}/query> " + BLOCK,
    "SERVICE <http://{waterhost}\\u0040{otherhost}/query> " + BLOCK,
    "SERVICE <http://[::1]:{otherport}/query> " + BLOCK,
    "SERVICE <http://[::ffff:127.0.0.1]:{otherport}/query> " + BLOCK,
    "SERVICE <http://2130706433:{otherport}/query> " + BLOCK,
    "SERVICE <http://0x7f.1:{otherport}/query> " + BLOCK,
    "SERVICE <http://localhost:{otherport}/query> " + BLOCK,
    "SERVICE <http://xn--lcalhost-0vf:{otherport}/query> " + BLOCK,
    "SERVICE <http://lοcalhost:{otherport}/query> " + BLOCK,
    "SERVICE <HTTP://{waterhost}/query> " + BLOCK,
    "SERVICE <https://{waterhost}/query> " + BLOCK,
    "SERVICE <file:///etc/passwd> " + BLOCK,
    "SERVICE <query> " + BLOCK,
    "SERVICE <> " + BLOCK,
    "SERVICE a:query " + BLOCK,
    "SERVICE 'x' " + BLOCK,
    "SERVICE _:b " + BLOCK,
    "SERVICE <{water}> {{ ?s ?p '\\u0022' }}",
    "SERVICE <{water}> {{ ?s ?p ?o }} FILTER(?o = '\\U00000022 }} SERVICE <{other}> {{')",
    "?s ?p 1.SERVICE <{other}> " + BLOCK,
    "?s ?p true.SERVICE <{water}> " + BLOCK,
    "SERVICE-X <{other}> " + BLOCK,
    "SERVICE",
    "SERVICE SILENT",
    "SERVICE <{water}>",
    "SERVICE <{water}> ?s ?p ?o",
    "SERVICE <{water}> {{ {{ ?s ?p ?o ",
    "SERVICE <{water}> {{ ( ?s ?p ?o }} )",
    "SERVICE <{water}> {{ [ ?s ?p ?o }} ]",
    "SERVICE SILENT SILENT <{water}> " + BLOCK,
    " ".join(["SERVICE <{water}> " + BLOCK] * 5),
]


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("form", ["SELECT * {{ {} }}", "ASK {{ {} }}", "CONSTRUCT {{}} WHERE {{ {} }}"])
def test_what_is_not_on_the_list_is_refused_and_nobody_is_asked(what: str, form: str, tmp_path: Path) -> None:
    with raw_server(answer()) as water, raw_server(answer()) as other:
        listed = endpoints(tmp_path, [f"{water.url}/query"])
        filled = what.format(
            water=f"{water.url}/query",
            waterhost=f"127.0.0.1:{water.port}",
            other=f"{other.url}/query",
            otherhost=f"127.0.0.1:{other.port}",
            otherport=other.port,
        )
        query = f"BASE <{other.url}/> PREFIX a: <{other.url}/>\n" + form.format(filled)
        found = fault(lambda: federate(query, listed))
        assert found.code in ("query.service", "query.syntax")
        assert found.repair is not None
        time.sleep(0.01)
        assert water.connections == other.connections == 0


def test_the_service_refuses_before_anything_else_and_names_the_list(service: Service, power: str) -> None:
    with raw_server(answer()) as other:
        query = f"SELECT * {{ ?s ?p ?o SERVICE SILENT <{other.url}/query> {{ ?s ?p ?o }} }}"
        found = fault(lambda: service.select(query))
        assert found.code == "query.service"
        assert "Grid company" in found.repair.en
        assert power in found.repair.en
        assert "电网公司" in found.repair.zh
        assert other.connections == 0


def test_without_a_list_service_is_refused_as_before(tmp_path: Path, water: str) -> None:
    with (
        open_store(tmp_path / "store") as store,
        Service(store, tmp_path / "checkpoints", workers=1) as alone,
    ):
        found = fault(lambda: alone.select(f"SELECT * {{ SERVICE <{water}> {{ ?s ?p ?o }} }}"))
    assert found.code == "query.service"


@pytest.mark.parametrize(
    "text",
    [
        "LOAD <{water}>",
        "SELECT * {{ SERVICE <{water}> {{ ?s ?p ?o }} }} ; DROP ALL",
        "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{water}> {{ ?s ?p ?o }} }}",
    ],
)
def test_load_and_updates_stay_refused(service: Service, water: str, text: str) -> None:
    with pytest.raises(QueryRefused):
        service.select(text.format(water=water))


def test_a_query_that_the_gate_or_the_formats_refuse_asks_nobody(tmp_path: Path) -> None:
    with raw_server(answer()) as agency, open_store(tmp_path / "store") as store:
        listed = endpoints(tmp_path, [agency.url])
        with Service(store, tmp_path / "checkpoints", workers=1, endpoints=listed) as opened:
            query = f"SELECT * {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} }}"
            assert fault(lambda: opened.select(query + " #" + "x" * 70_000)).code == "query.too-large"
            assert fault(lambda: opened.select(query, "image/png")).code == "query.not-acceptable"
        assert agency.connections == 0
