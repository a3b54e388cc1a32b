"""The HTTP API with a real client against a real server."""

from __future__ import annotations

import concurrent.futures
import json
import re
from typing import Any

import pytest
import rdflib

from kb.services.workspace import Workspace
from tests.webapp.conftest import REPORT, Client
from webapp import create_app
from webapp.problems import PROGRAMS

XZ = rdflib.Namespace("https://w3id.org/xiezhi/ns#")


def faults(reply: Any, status: int) -> dict[str, Any]:
    """Check that *reply* is a well-formed problem and return its faults by code."""
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem = reply.json
    assert problem["status"] == status
    assert problem["type"].startswith("https://")
    assert problem["title"]
    assert problem["detail"]
    for fault in problem["faults"]:
        assert fault["message"]["zh"]
        assert fault["message"]["en"]
    return {fault["code"]: fault for fault in problem["faults"]}


def test_a_report_is_answered_with_the_recommendation(recommendation: dict[str, Any]) -> None:
    assert recommendation["grade"]["value"]["label"] == {"zh": "较大", "en": "Larger"}
    assert recommendation["lead"][0]["label"]["zh"] == "济南市住房和城乡建设局"
    assert recommendation["modules"][0]["order"] == 1


def test_the_new_incident_has_an_address(client: Client) -> None:
    reply = client.post_json("/api/recommend", REPORT)
    assert reply.status == 201
    assert client.get(reply.headers["Location"]).json["incident"]["id"] == reply.json["incident"]["id"]


def test_labels_and_codes_in_english_mean_the_same(client: Client) -> None:
    reply = client.post_json(
        "/api/recommend", {"type": "Gas explosion", "grid": "Lixia District", "deaths": "4"}
    )
    assert reply.status == 201
    assert reply.json["incident"]["grid"]["code"] == "370102"


def test_the_same_idempotency_key_stores_nothing_twice(client: Client) -> None:
    first = client.post_json("/api/recommend", REPORT, {"Idempotency-Key": "abc"})
    second = client.post_json("/api/recommend", REPORT, {"Idempotency-Key": "abc"})
    assert (first.status, second.status) == (201, 200)
    assert first.json["incident"]["id"] == second.json["incident"]["id"]


def test_a_key_that_is_used_again_for_another_report_swallows_nothing(client: Client) -> None:
    first = client.post_json("/api/recommend", REPORT, {"Idempotency-Key": "def"})
    second = client.post_json("/api/recommend", {**REPORT, "deaths": 31}, {"Idempotency-Key": "def"})
    assert (first.status, second.status) == (201, 201)
    assert first.json["incident"]["id"] != second.json["incident"]["id"]


def test_ten_clients_that_retry_the_same_report_at_once_make_one_incident(client: Client) -> None:
    def send(_: int) -> str:
        return client.post_json("/api/recommend", REPORT, {"Idempotency-Key": "race"}).json["incident"]["id"]

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(send, range(10)))) == 1


def test_a_report_with_a_known_id_continues_the_incident(client: Client) -> None:
    first = client.post_json("/api/recommend", {"type": "燃气爆炸", "grid": "370102"}).json
    assert first["grade"]["status"] == "undetermined"
    again = client.post_json("/api/recommend", {**REPORT, "id": first["incident"]["id"], "deaths": 31})
    assert again.json["incident"]["id"] == first["incident"]["id"]
    assert again.json["grade"]["value"]["label"]["zh"] == "特别重大"


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        ({**REPORT, "death": 4}, "report.unknown-key", "death"),
        ({**REPORT, "type": "燃气暴炸"}, "report.unknown-type", "type"),
        ({**REPORT, "grid": "999999"}, "report.unknown-grid", "grid"),
        ({**REPORT, "deaths": -1}, "report.contract", "deaths"),
        ({**REPORT, "deaths": 1.5}, "report.contract", "deaths"),
        ({**REPORT, "deaths": "four"}, "report.value", "deaths"),
        ({**REPORT, "deaths": True}, "report.value", "deaths"),
        ({**REPORT, "deaths": []}, "report.value", "deaths"),
        ({**REPORT, "time": "yesterday"}, "report.value", "time"),
        ({**REPORT, "time": "2199-01-01T00:00:00Z"}, "report.contract", "time"),
        ({**REPORT, "id": "../../etc"}, "report.id", "id"),
        ({**REPORT, "type": {"a": 1}}, "report.value", "type"),
        ({"grid": "370102"}, "report.contract", "type"),
    ],
)
def test_what_breaks_the_contract_is_refused_with_its_place(
    client: Client, data: dict[str, Any], code: str, where: str
) -> None:
    assert faults(client.post_json("/api/recommend", data), 422)[code]["where"] == where


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"deaths": NaN}',
        b'{"deaths": 1, "deaths": 2}',
        b'{"type": "\\ud800", "grid": "370102"}',
        b"[" * 5000 + b"]" * 5000,
        b'{"deaths": ' + b"9" * 5000 + b"}",
        b'{"a\\u0000": 1}',
        b'{"grid": "<>\\u0000\\"", "type": "x"}',
        b'{"grid": "http://a b", "type": "x"}',
    ],
)
def test_what_is_no_report_is_refused_in_words(client: Client, body: bytes) -> None:
    assert faults(client.post_json("/api/recommend", body), 422)


def test_nothing_of_a_rejected_report_is_stored(client: Client) -> None:
    before = client.get("/api/incidents").json
    client.post_json("/api/recommend", {**REPORT, "deaths": -1, "id": "rejected-1"})
    assert client.get("/api/incidents").json == before
    assert client.get("/api/incidents/rejected-1").status == 404


def test_a_report_over_64_kib_is_too_large(client: Client) -> None:
    faults(client.post_json("/api/recommend", {**REPORT, "address": "x" * 70_000}), 413)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_only_json_is_taken_so_that_no_foreign_form_can_report(client: Client, kind: str) -> None:
    reply = client.ask("POST", "/api/recommend", json.dumps(REPORT), {"Content-Type": kind} if kind else {})
    faults(reply, 415)


def test_an_unknown_incident_is_not_found(client: Client) -> None:
    assert "incident.unknown" in faults(client.get("/api/incidents/nobody-knows"), 404)
    for media in ("text/turtle", "application/ld+json"):
        assert "incident.unknown" in faults(client.get("/api/incidents/nobody-knows", media), 404)


@pytest.mark.parametrize("identifier", ["%3Cscript%3E", "a%20b", "..%2f..", "%00", "x" * 65, "%E5%8D%8F"])
def test_a_hostile_identifier_is_not_found(client: Client, identifier: str) -> None:
    faults(client.get(f"/api/incidents/{identifier}"), 404)


def test_an_unknown_path_and_a_wrong_method_are_problems_too(client: Client) -> None:
    faults(client.get("/api/nothing"), 404)
    reply = client.ask("DELETE", "/api/recommend")
    faults(reply, 405)
    assert "POST" in reply.headers["Allow"]


@pytest.mark.parametrize(
    ("media", "format_"),
    [("application/ld+json", "json-ld"), ("text/turtle", "turtle"), ("application/n-triples", "nt")],
)
def test_an_incident_is_linked_data_too(
    client: Client, recommendation: dict[str, Any], media: str, format_: str
) -> None:
    reply = client.get(f"/api/incidents/{recommendation['incident']['id']}", media)
    assert reply.headers["Content-Type"].startswith(media)
    graph = rdflib.Graph().parse(data=reply.body, format=format_)
    incident = rdflib.URIRef(recommendation["incident"]["iri"])
    assert graph.value(incident, XZ.grade) == rdflib.URIRef(recommendation["grade"]["value"]["iri"])
    assert (incident, XZ.deaths, rdflib.Literal(4)) in graph


def test_a_format_that_nobody_offers_is_not_acceptable(
    client: Client, recommendation: dict[str, Any]
) -> None:
    faults(client.get(f"/api/incidents/{recommendation['incident']['id']}", "image/png"), 406)


@pytest.mark.parametrize("conclusion", ["grade", "leadDepartment", "济南市住房和城乡建设局"])
def test_why_proves_a_conclusion_down_to_the_report(
    client: Client, recommendation: dict[str, Any], conclusion: str
) -> None:
    from urllib.parse import quote

    reply = client.get(
        f"/api/incidents/{recommendation['incident']['id']}/why?conclusion={quote(conclusion)}"
    )
    assert reply.status == 200
    kinds: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        kinds.append(node["kind"])
        for premise in node["premises"]:
            walk(premise)

    for node in reply.json["conclusions"]:
        walk(node)
    assert {"derived", "fact"} <= set(kinds)


def test_why_of_what_was_not_concluded_is_not_found(client: Client, recommendation: dict[str, Any]) -> None:
    path = f"/api/incidents/{recommendation['incident']['id']}/why"
    faults(client.get(f"{path}?conclusion=nonsense"), 404)
    faults(client.get(path), 404)


def test_the_list_names_the_newest_first(client: Client) -> None:
    newest = client.post_json("/api/recommend", REPORT).json
    listed = client.get("/api/incidents?limit=2").json["incidents"]
    assert len(listed) == 2
    assert listed[0]["id"] == newest["incident"]["id"]
    assert listed[0]["grade"]["label"]["en"] == "Larger"


@pytest.mark.parametrize("limit", ["0", "-1", "501", "999999999999"])
def test_a_list_has_bounds(client: Client, limit: str) -> None:
    faults(client.get(f"/api/incidents?limit={limit}"), 400)


def test_the_vocabulary_lists_every_key_with_labels(client: Client) -> None:
    vocabulary = client.get("/api/vocabulary").json
    keys = {field["key"]: field for field in vocabulary["fields"]}
    assert {"grid", "time", "deaths", "missing", "fire"} <= set(keys)
    assert all(field["label"]["zh"] and field["label"]["en"] for field in keys.values())
    assert {"name": "煤气爆炸", "type": "燃气爆炸"} in vocabulary["types"]["zh"]


def test_the_openapi_description_names_every_route_that_programs_call(workspace: Workspace) -> None:
    app = create_app(workspace)
    described = app.test_client().get("/api/openapi.json").get_json()
    assert described["openapi"].startswith("3.1")
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+(?:\(.*?\))?:)?(\w+)>", r"{\1}", rule.rule).replace("{identifier}", "{id}")
        if not path.startswith(PROGRAMS) or path in UNDESCRIBED:
            continue
        methods = {method.lower() for method in rule.methods or () if method not in ("HEAD", "OPTIONS")}
        assert path in described["paths"], path
        assert methods <= described["paths"][path].keys(), path


UNDESCRIBED = {"/graphs/{path}"}
"""A graph by its own address is described with the others, at /graphs."""


def required(schemas: dict[str, Any], name: str) -> set[str]:
    """Return the keys that the schema *name* demands beyond those of a thing."""
    schema = schemas[name]
    return set(schema.get("required", [])) | {
        key for part in schema.get("allOf", []) for key in part.get("required", [])
    }


def test_the_openapi_description_demands_just_what_a_recommendation_has(client: Client) -> None:
    schemas = client.get("/api/openapi.json").json["components"]["schemas"]
    report = {"type": ["燃气爆炸", "暴雨"], "grid": "370102", "deaths": 4, "warningSignal": "红色"}
    data = client.post_json("/api/recommend", report).json
    assert required(schemas, "Recommendation") == set(data)
    assert set(schemas["Recommendation"]["properties"]["response"]["required"]) == set(data["response"])
    things = {"iri", "label", "because"}
    for name, thing in {
        "Regrading": data["regrading"],
        "Contention": data["contention"][0],
        "Group": data["groups"][0],
        "Module": data["modules"][0],
        "Menu": data["measures"][0],
        "Transition": data["transitions"]["awaited"][0],
    }.items():
        assert required(schemas, name) == set(thing) - things, name


def test_the_list_of_incidents_names_all_types_of_a_compound_one(client: Client) -> None:
    client.post_json("/api/recommend", {"type": ["暴雨", "燃气爆炸"], "grid": "370102"})
    newest = client.get("/api/incidents?limit=1").json["incidents"][0]
    assert [type_["label"]["zh"] for type_ in newest["types"]] == ["暴雨", "燃气爆炸"]
    assert newest["type"] == newest["types"][0]


def test_the_readable_page_of_the_api_lists_the_same(client: Client) -> None:
    page = client.get("/api", "text/html", **{"Accept-Language": "zh"})
    assert page.status == 200
    assert "/api/recommend" in page.text
    assert "存储一份事件报告" in page.text
