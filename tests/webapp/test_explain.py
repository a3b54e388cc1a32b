"""Why, why not, ask next and what if over HTTP and on the page; none of them stores anything."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from rdflib import Graph

from tests.webapp.conftest import Client
from tests.webapp.test_pages import HTMX, IRI, visible


@pytest.fixture
def api(recommendation: dict[str, Any]) -> str:
    return f"/api/incidents/{recommendation['incident']['id']}"


@pytest.fixture
def page(recommendation: dict[str, Any]) -> str:
    return f"/incident/{recommendation['incident']['id']}"


# ── API ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("format_", "media"),
    [
        ("json", "application/json"),
        ("jsonld", "application/ld+json"),
        ("svg", "image/svg+xml"),
        ("text", "text/plain"),
    ],
)
def test_why_has_the_same_formats_by_parameter_and_by_accept(
    client: Client, api: str, format_: str, media: str
) -> None:
    by_parameter = client.get(f"{api}/why?conclusion=grade&format={format_}")
    by_accept = client.get(f"{api}/why?conclusion=grade", accept=media)
    assert by_parameter.status == by_accept.status == 200
    assert by_parameter.headers["Content-Type"].startswith(media)
    assert by_parameter.body == by_accept.body
    assert "Accept" in by_accept.headers["Vary"]


def test_the_formats_are_what_they_say(client: Client, api: str) -> None:
    assert Graph().parse(data=client.get(f"{api}/why?conclusion=grade&format=jsonld").text, format="json-ld")
    picture = client.get(f"{api}/why?conclusion=grade&format=svg", **{"Accept-Language": "en"})
    title = ElementTree.fromstring(picture.body).find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == "Why: this incident · grade: Larger"
    assert client.get(f"{api}/why?conclusion=grade").json["withheld"] == 0


def test_an_unknown_format_is_refused(client: Client, api: str) -> None:
    assert client.get(f"{api}/why?conclusion=grade&format=xml").status == 400
    assert client.get(f"{api}/why?conclusion=grade", accept="text/csv").status == 406
    assert client.get(f"{api}/why-not?target=Major&format=svg").status == 400


def test_why_not_answers_and_names_the_near_ones(client: Client, api: str) -> None:
    answers = client.get(f"{api}/why-not?target={quote('重大')}&relation=grade").json["answers"]
    assert [answer["status"] for answer in answers] == ["missing"]
    assert {"deaths": 10} in [change["report"] for change in answers[0]["change"]["found"]]
    unknown = client.get(f"{api}/why-not?target={quote('医疗救助')}")
    assert (unknown.status, unknown.headers["Content-Type"]) == (404, "application/problem+json")
    assert "医疗救治" in unknown.json["faults"][0]["repair"]["zh"]
    assert client.get(f"{api}/why-not").status == 422
    triple = client.get(f"{api}/why-not?triple=this&triple=grade&triple=grade/major").json
    assert triple["answers"][0]["status"] == "missing"


def test_ask_next_lists_what_decides_most(client: Client, api: str, recommendation: dict[str, Any]) -> None:
    found = client.get(f"{api}/ask-next").json
    assert [q["key"] for q in found["questions"]][: len(recommendation["questions"])]
    assert client.get(f"{api}/ask-next?format=text").text.startswith("? ")


def test_what_if_answers_the_difference_and_stores_nothing(client: Client, api: str) -> None:
    before = client.get(api).json
    found = client.post_json(f"{api}/what-if", {"set": {"deaths": 10}, "unset": ["missing"]})
    assert found.status == 200
    assert any(entry["relation"]["label"]["en"] == "grade" for entry in found.json["relations"])
    after = client.get(api).json
    assert after == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"set": {"deaths": -1}}, 422),
        ({"set": {"deathz": 1}}, 422),
        ({"unset": ["deathz"]}, 422),
        ({"set": [1]}, 422),
        ({}, 422),
        ({"deaths": 3}, 422),
        (b"{", 422),
    ],
)
def test_a_bad_supposition_is_a_problem_like_a_bad_report(
    client: Client, api: str, body: Any, status: int
) -> None:
    reply = client.post_json(f"{api}/what-if", body)
    assert reply.status == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["faults"]


def test_what_if_takes_json_only(client: Client, api: str) -> None:
    assert client.post_form(f"{api}/what-if", {"deaths": "3"}).status == 415
    assert client.get(f"{api}/what-if").status == 405


@pytest.mark.parametrize("what", ["why?conclusion=x", "why-not?target=x", "ask-next"])
def test_an_incident_that_was_never_reported_is_not_found(client: Client, what: str) -> None:
    assert client.get(f"/api/incidents/nowhere/{what}").status == 404


def test_the_api_describes_them_all(client: Client) -> None:
    described = client.get("/api/openapi.json").json["paths"]
    assert {
        f"/api/incidents/{{id}}/{name}" for name in ("why", "why-not", "ask-next", "what-if")
    } <= described.keys()


# ── page ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "what", ["why?conclusion=grade", f"why-not?target={quote('重大')}", "what-if?deaths=10", "ask-next"]
)
def test_each_is_a_page_and_a_fragment_without_identifiers(
    client: Client, page: str, what: str, lang: str
) -> None:
    whole = client.get(f"{page}/{what}", **{"Accept-Language": lang})
    part = client.get(f"{page}/{what}", **{"Accept-Language": lang, **HTMX})
    assert whole.status == part.status == 200
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert len(visible(part.text).strip()) > 50
    assert not IRI.search(visible(whole.text))


def test_the_answer_offers_them(client: Client, page: str) -> None:
    text = client.get(page, **{"Accept-Language": "en"}).text
    for name in ("why-not", "what-if", "ask-next", "targets"):
        assert f"{page}/{name}" in text
    assert "Major" in client.get(f"{page}/targets", **{"Accept-Language": "en"}).text


def test_an_emptied_field_is_supposed_unknown(client: Client, page: str) -> None:
    text = visible(client.get(f"{page}/what-if?deaths=&missing=8", **{"Accept-Language": "en", **HTMX}).text)
    assert "deaths: 4 people → unknown" in text
    assert "missing:" not in text


def test_a_slip_is_told_where_the_answer_would_stand(client: Client, page: str) -> None:
    for what in ("why-not?target=Majr", "what-if?deaths=-1"):
        part = client.get(f"{page}/{what}", **HTMX)
        assert part.status == 422
        assert 'class="complaint"' in part.text
    assert client.get(f"{page}/why-not?target=Majr").status == 404
    assert client.get(f"{page}/what-if?deaths=-1").status == 422


def test_a_proof_may_be_seen_as_a_drawing(client: Client, page: str) -> None:
    assert f"{page}/why.svg" in client.get(f"{page}/why?conclusion=grade").text
    picture = client.get(f"{page}/why.svg?conclusion=grade")
    assert picture.headers["Content-Type"].startswith("image/svg+xml")
    assert b'role="img"' in picture.body
