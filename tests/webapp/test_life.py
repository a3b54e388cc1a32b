"""The course of an incident over HTTP and on its page: centres see one timeline, each with its own rights."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest

from kb.access.accounts import Accounts
from tests.webapp.conftest import CITY, Client, Server

NUMBERS = itertools.count()
HTMX = {"HX-Request": "true"}
ROLES = ("monitor", "duty-officer", "commander", "steward")


@pytest.fixture(scope="module")
def city(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with a user of each centre, who act by tokens."""
    home = tmp_path_factory.mktemp("life") / "home"
    accounts = Accounts(home)
    for role in ROLES:
        accounts.add(role, None, [role], known=ROLES)
    return start(home, CITY)


@pytest.fixture(scope="module")
def badges(city: Server) -> dict[str, dict[str, str]]:
    """The header by which each user is known."""
    actions = ["report", "explain", "confirm-response", "hand-over", "end-response", "review-incident"]
    accounts = Accounts(city.home)
    return {role: {"Authorization": f"Bearer {accounts.issue(role, actions, days=1)[0]}"} for role in ROLES}


def report(client: Client, badge: dict[str, str], **facts: Any) -> str:
    data = {"type": "燃气爆炸", "grid": "370105", "deaths": 4, "id": f"life-{next(NUMBERS)}", **facts}
    reply = client.post_json("/api/recommend", data, badge)
    assert reply.status in (200, 201), reply.text
    return str(data["id"])


def step(client: Client, badge: dict[str, str], identifier: str, name: str, **data: Any) -> Any:
    return client.post_json(f"/api/incidents/{identifier}/steps/{name}", data, badge)


def test_two_centres_work_on_one_incident_and_see_each_others_actions(
    city: Server, badges: dict[str, dict[str, str]]
) -> None:
    client, monitor, officer = city.client, badges["monitor"], badges["duty-officer"]
    identifier = report(client, monitor)
    seen = client.get(f"/api/incidents/{identifier}/timeline", **officer).json
    assert (seen["centre"]["label"]["en"], seen["handOverTo"]["label"]["en"]) == (
        "Monitoring centre",
        "Command centre",
    )
    refused = step(client, officer, identifier, "hand-over", reason="give it to us", to="command")
    assert refused.status == 409, refused.text
    assert step(client, monitor, identifier, "hand-over", reason="response starts").status == 200
    assert step(client, officer, identifier, "note", reason="called the gas company").status == 200
    seen = client.get(f"/api/incidents/{identifier}/timeline", **monitor).json
    assert seen["handOverTo"] is None
    assert [event["step"]["name"] for event in seen["events"]] == ["report", "hand-over", "note"]
    assert "duty-officer" in seen["events"][2]["actor"]
    assert {one["name"] for one in seen["steps"]} == {"note"}


def test_a_stranger_and_who_has_no_right_are_refused(city: Server, badges: dict[str, dict[str, str]]) -> None:
    identifier = report(city.client, badges["monitor"])
    assert city.client.get(f"/api/incidents/{identifier}/timeline").status == 401
    assert step(city.client, {}, identifier, "note", reason="hello").status == 401
    assert step(city.client, badges["steward"], identifier, "note", reason="hello").status == 403
    assert step(city.client, badges["monitor"], identifier, "dismiss", reason="mine").status == 403


def test_an_older_revision_is_a_conflict_and_an_impossible_step_is_one_too(
    city: Server, badges: dict[str, dict[str, str]]
) -> None:
    officer = badges["duty-officer"]
    identifier = report(city.client, officer)
    assert step(city.client, officer, identifier, "note", reason="one", expected=1).status == 200
    late = step(city.client, officer, identifier, "note", reason="two", expected=1)
    assert (late.status, late.json["faults"][0]["code"]) == (409, "flow.changed")
    wrong = step(city.client, badges["commander"], identifier, "end", reason="over")
    assert (wrong.status, wrong.json["faults"][0]["code"]) == (409, "flow.step")


@pytest.mark.parametrize(
    "data",
    [
        *({"reason": 5}, {"colour": "red"}, {"expected": "1"}),
        *({"choose": ["x"]}, {"wentWell": "x"}, {"to": "x" * 301}),
    ],
)
def test_a_wish_of_another_form_is_refused(
    city: Server, badges: dict[str, dict[str, str]], data: dict[str, Any]
) -> None:
    identifier = report(city.client, badges["commander"])
    reply = step(city.client, badges["commander"], identifier, "note", **data)
    assert (reply.status, reply.json["faults"][0]["code"]) == (422, "step.form")


def test_changes_duplicates_and_contention_are_told_and_a_merger_takes_them_away(
    city: Server, badges: dict[str, dict[str, str]]
) -> None:
    client, officer = city.client, badges["duty-officer"]
    one, two = report(client, officer, grid="370112"), report(client, officer, grid="370112", trapped=3)
    report(client, officer, grid="370112", id=one, deaths=12)
    changed = client.get(f"/api/incidents/{one}/changes", **officer).json
    assert changed["changes"][0]["text"]["en"] == "deaths: 4 people → 12 people"
    assert client.get(f"/api/incidents/{one}/changes?since=x", **officer).status == 400
    (pair,) = client.get(f"/api/duplicates?incident={one}", **officer).json["pairs"]
    assert pair["other"]["id"] == two
    found = client.get(f"/api/contention?incident={two}&proof=true", **officer).json["pairs"]
    (contended,) = (p for p in found if {p["first"]["id"], p["then"]["id"]} == {one, two})
    assert contended["first"]["id"] == one
    assert contended["proof"]["premises"]
    plan = client.get(f"/api/incidents/{two}/merger?into={one}", **officer).json
    assert [conflict["key"] for conflict in plan["conflicts"]] == ["deaths"]
    refused = step(client, officer, two, "merge", reason="the same", into=one)
    assert (refused.status, refused.json["faults"][0]["code"]) == (422, "merge.conflict")
    done = step(client, officer, two, "merge", reason="the same", into=one, choose={"deaths": "kept"})
    assert done.json["state"]["name"] == "merged"
    listed = {
        line["id"]: line for line in client.get("/api/incidents?limit=500", **officer).json["incidents"]
    }
    assert (listed[two]["state"]["open"], listed[two]["mergedInto"]) == (False, one)
    again = client.post_json("/api/recommend", {"id": two, "type": "燃气爆炸", "grid": "370112"}, officer)
    assert again.status == 409


def page(client: Client, path: str, lang: str = "en") -> str:
    return client.get(path, **{"Accept-Language": lang}).text


def opened(client: Client, **facts: Any) -> str:
    """An incident that whoever sits at the machine reported over the API."""
    return report(client, {}, **{"grid": "370116", **facts})


def forms(client: Client, identifier: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the hidden fields of the forms of steps, and headers with their session."""
    reply = client.get(f"/incident/{identifier}", **{"Accept-Language": "en"})
    part = reply.text.split('id="life"')[1]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', part))
    cookie = reply.headers["Set-Cookie"].split(";")[0]
    return hidden, {"Cookie": cookie, "Accept-Language": "en"}


def test_the_page_shows_the_course_and_a_form_for_each_step(client: Client) -> None:
    identifier = opened(client)
    text = page(client, f"/incident/{identifier}")
    for words in ("Course of events", "report it: Larger", "escalate it", "hand it over", "merge it"):
        assert words in text, words
    assert "应移交" not in page(client, f"/incident/{identifier}", "zh")
    assert "接报：较大" in page(client, f"/incident/{identifier}", "zh")


def test_a_step_from_the_page_is_taken_and_without_a_reason_it_is_said_there(client: Client) -> None:
    identifier = opened(client)
    hidden, session = forms(client, identifier)
    address = f"/incident/{identifier}/steps/note"
    refused = client.post_form(address, {**hidden, "reason": " "}, {**session, **HTMX})
    assert refused.status == 422
    assert "a reason is needed" in refused.text
    done = client.post_form(address, {**hidden, "reason": "wind turns north"}, {**session, **HTMX})
    assert done.status == 200
    assert "wind turns north" in done.text
    plain = client.post_form(address, {**hidden, "expected": "2", "reason": "rain"}, session)
    assert (plain.status, plain.headers["Location"]) == (303, f"/incident/{identifier}")
    late = client.post_form(address, {**hidden, "reason": "snow"}, {**session, **HTMX})
    assert "somebody else acted first" in late.text


def test_after_a_continued_report_the_page_says_what_changed_and_why(client: Client) -> None:
    identifier = opened(client)
    opened(client, id=identifier, deaths=12)
    assert "Changed by the last report:" in page(client, f"/incident/{identifier}")
    changed = client.get(f"/incident/{identifier}/changes", **HTMX, **{"Accept-Language": "zh"}).text
    assert "← 死亡人数" in changed
    assert "<html" in page(client, f"/incident/{identifier}/changes")


def test_figures_that_differ_are_chosen_on_the_page(client: Client) -> None:
    kept, gone = opened(client, grid="370117"), opened(client, grid="370117", deaths=5)
    assert "May be the same incident as:" in page(client, f"/incident/{gone}")
    hidden, session = forms(client, gone)
    address, facts = f"/incident/{gone}/steps/merge", {**hidden, "into": kept, "reason": "the same"}
    asked = client.post_form(address, facts, {**session, **HTMX})
    assert asked.status == 422
    assert 'name="choose-deaths" value="merged"' in asked.text
    done = client.post_form(address, {**facts, "choose-deaths": "merged"}, {**session, **HTMX})
    assert done.status == 200, done.text
    assert f"→ {kept}" in done.text
    assert gone not in client.get("/queue", **HTMX).text


def test_who_goes_first_stands_on_the_page_of_an_incident_and_on_one_for_all(client: Client) -> None:
    one, two = opened(client, grid="370124", deaths=12), opened(client, grid="370124", trapped=1)
    line = client.get(f"/incident/{two}/contention", **HTMX, **{"Accept-Language": "en"}).text
    assert "higher than the other" in line
    assert one in page(client, "/contention")
    timeline = client.get(f"/incident/{one}/timeline", **HTMX).text
    assert "<html" not in timeline
