"""Directives over HTTP: confirmed once, taken step by step, refused where somebody else acted first."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.access.accounts import Accounts
from kb.services import incident
from kb.services.workspace import Workspace
from tests.homes import copied
from webapp import create_app

NUMBERS = itertools.count(1)
FACTS = {"type": "燃气爆炸", "grid": "370202", "deaths": 1, "seriousInjuries": 2}
SCOPES = (
    "query",
    "explain",
    "confirm-response",
    "draft-directive",
    "review-directive",
    "release-ordinary",
    "release-authority",
    "supervise-directive",
    "handle-directive",
)


class People:
    """A client for somebody who has a role, in a department if one is named."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._app = create_app(workspace, testing=True)
        self._tokens: dict[str, str] = {}

    def as_(self, role: str, department: str | None = None, name: str = "") -> Someone:
        accounts, roles = Accounts(self.workspace.home), set(self.workspace.policies.current.roles)
        user = name or f"{role}-{len(department or '')}-{(department or 'all').rpartition('/')[2]}"
        if user not in self._tokens:
            accounts.add(user, None, [role], department=department, known=roles)
            self._tokens[user], _ = accounts.issue(user, list(SCOPES), days=1)
        return Someone(self._app.test_client(), self._tokens[user])


class Someone:
    """Sends requests with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._token = client, token

    def get(self, path: str) -> Any:
        return self._client.get(path, headers=self._headers({}))

    def post(self, path: str, data: Any = None, **headers: str) -> TestResponse:
        return self._client.post(path, json=data or {}, headers=self._headers(headers))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} | {k.replace("_", "-"): v for k, v in more.items()}


@pytest.fixture(scope="module")
def people(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    home = copied(prepared, tmp_path_factory.mktemp("directives") / "home")
    with Workspace(home, cities=()) as workspace:
        yield People(workspace)


@pytest.fixture
def reported(people: People) -> str:
    data = {**FACTS, "id": f"api-{next(NUMBERS)}"}
    return incident.report(people.workspace, data, actor="test").id


@pytest.fixture
def confirmed(people: People, reported: str) -> str:
    assert people.as_("duty-officer").post(f"/api/incidents/{reported}/confirm").status_code == 201
    return reported


def department_of(people: People, identifier: str, number: int = 1) -> Someone:
    found = people.as_("duty-officer").get(f"/api/incidents/{identifier}/directives/{number}").get_json()
    return people.as_("department-officer", found["addressee"]["iri"])


def test_confirming_gives_each_department_a_directive_and_a_second_time_nothing(
    people: People, reported: str
) -> None:
    officer, path = people.as_("duty-officer"), f"/api/incidents/{reported}/confirm"
    done = officer.post(path)
    assert done.status_code == 201
    assert done.get_json()["issued"]
    again = officer.post(path)
    assert again.status_code == 200
    assert again.get_json()["repeated"]
    found = officer.get(f"/api/incidents/{reported}/directives").get_json()
    assert [one["number"] for one in found["directives"]] == done.get_json()["new"]
    assert {one["state"]["name"] for one in found["directives"]} == {"issued"}
    assert found["counts"] == {"open": len(found["directives"]), "overdue": 0, "ended": 0}


def test_who_may_not_confirm_or_see_is_refused(people: People, reported: str) -> None:
    somebody = people.as_("department-officer", "https://w3id.org/xiezhi/kb/org/370200/health")
    assert somebody.post(f"/api/incidents/{reported}/confirm").status_code == 403
    nobody = people._app.test_client()
    assert nobody.get("/api/directives").status_code == 401
    assert nobody.post(f"/api/incidents/{reported}/confirm", json={}).status_code == 401


def test_a_change_to_what_is_recommended_needs_a_reason(people: People, reported: str) -> None:
    officer = people.as_("duty-officer")
    path = f"/api/incidents/{reported}/confirm"
    asked = {"department": "青岛市卫生健康委员会", "to": None, "reason": ""}
    refused = officer.post(path, {"overrides": [asked]})
    assert refused.status_code == 422
    assert officer.get(f"/api/incidents/{reported}/directives").get_json()["directives"] == []


def test_the_very_same_step_sent_twice_is_one_event(people: People, confirmed: str) -> None:
    department, path = department_of(people, confirmed), f"/api/incidents/{confirmed}/directives/1"
    revision = department.get(path).get_json()["revision"]
    first = department.post(f"{path}/acknowledge", {"revision": revision})
    again = department.post(f"{path}/acknowledge", {"revision": revision})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json()["event"] == again.get_json()["event"]
    assert (first.get_json()["repeated"], again.get_json()["repeated"]) == (False, True)
    assert first.get_json()["directive"]["state"]["name"] == "acknowledged"


def test_a_state_cannot_be_skipped(people: People, confirmed: str) -> None:
    department = department_of(people, confirmed)
    refused = department.post(f"/api/incidents/{confirmed}/directives/1/report", {"reason": "已完成"})
    assert refused.status_code == 409
    assert refused.get_json()["title"] == "Not possible now / 现在不能这样做"
    assert refused.get_json()["faults"][0]["code"] == "flow.step"


def test_nobody_approves_what_he_drafted_himself_not_even_with_another_token(
    people: People, confirmed: str
) -> None:
    officer, path = people.as_("commander", name="drafter"), f"/api/incidents/{confirmed}/directives"
    drafted = officer.post(path, {"to": "青岛市卫生健康委员会", "task": "派出两个救护队"})
    assert drafted.status_code == 201, drafted.get_json()
    number = drafted.get_json()["directive"]["number"]
    refused = officer.post(f"{path}/{number}/review")
    assert refused.status_code == 403
    assert refused.get_json()["faults"][0]["code"] == "flow.four-eyes"
    text, _ = Accounts(people.workspace.home).issue("drafter", list(SCOPES), days=1)
    assert Someone(people._app.test_client(), text).post(f"{path}/{number}/review").status_code == 403
    assert people.as_("commander", name="other").post(f"{path}/{number}/review").status_code == 200


def test_who_saw_an_older_state_is_told_that_somebody_acted_first(people: People, confirmed: str) -> None:
    department, path = department_of(people, confirmed), f"/api/incidents/{confirmed}/directives/1"
    revision = department.get(path).get_json()["revision"]
    assert department.post(f"{path}/acknowledge", {"revision": revision}).status_code == 200
    late = people.as_("duty-officer").post(f"{path}/urge", {"revision": revision})
    assert late.status_code == 409
    assert late.get_json()["title"] == "Somebody else was faster / 别人已先行处理"
    assert late.get_json()["faults"][0]["code"] == "flow.changed"


def test_a_draft_with_the_same_key_is_made_once(people: People, confirmed: str) -> None:
    officer, path = people.as_("duty-officer"), f"/api/incidents/{confirmed}/directives"
    asked = {"to": "青岛市卫生健康委员会", "task": "核实伤员人数"}
    first = officer.post(path, asked, Idempotency_Key="k1")
    again = officer.post(path, asked, Idempotency_Key="k1")
    other = officer.post(path, {**asked, "task": "另一任务"}, Idempotency_Key="k1")
    assert [reply.status_code for reply in (first, again, other)] == [201, 200, 201]
    numbers = [reply.get_json()["directive"]["number"] for reply in (first, again, other)]
    assert numbers[0] == numbers[1] != numbers[2]


def test_a_returned_directive_names_who_could_take_it_and_becomes_a_case(
    people: People, confirmed: str
) -> None:
    department, path = department_of(people, confirmed), f"/api/incidents/{confirmed}/directives/1"
    assert department.post(f"{path}/refuse").status_code == 422  # without a reason
    assert department.post(f"{path}/refuse", {"reason": "不属本部门"}).status_code == 200
    found = department.get(path).get_json()
    assert found["returned"]
    assert found["timeline"][-1]["reason"] == "不属本部门"
    reply = people.as_("duty-officer").get("/api/directives/returns")
    assert reply.content_type.startswith("application/yaml")
    assert any("不属本部门" in case["title"] for case in yaml.safe_load(reply.text))
    measured = people.as_("duty-officer").get("/api/directives/measures").get_json()
    assert measured["all"]["directives"] > 0


def test_the_inbox_is_that_of_the_own_department(people: People, confirmed: str) -> None:
    department = department_of(people, confirmed)
    found = department.get("/api/directives").get_json()
    assert {one["addressee"]["iri"] for one in found["directives"]} == {found["department"]["iri"]}
    assert department.get("/api/directives?overdue=1").get_json()["directives"] == []
    everything = people.as_("duty-officer").get("/api/directives").get_json()
    assert everything["department"] is None
    assert len(everything["directives"]) > len(found["directives"])
    assert people.as_("duty-officer").get("/api/directives?department=无此部门").status_code == 422


def test_what_is_no_small_json_object_is_refused(people: People, confirmed: str) -> None:
    officer, path = people.as_("duty-officer"), f"/api/incidents/{confirmed}/directives/1/cancel"
    assert officer.post(path, {"reason": "长" * 2001}).status_code == 422
    assert officer.post(path, {"reason": 5}).status_code == 422
    assert officer.post(path, {"why": "x"}).status_code == 422
    assert officer.post(path, {"reason": "x" * 70_000}).status_code == 413
    form = officer._client.post(path, data={"reason": "x"}, headers=officer._headers({}))
    assert form.status_code == 415
    assert (
        officer.post(f"/api/incidents/{confirmed}/directives/99/cancel", {"reason": "x"}).status_code == 404
    )
    assert officer.post(f"/api/incidents/{confirmed}/directives/1/fly").status_code == 404


def test_a_directive_has_just_the_keys_that_are_described(people: People, confirmed: str) -> None:
    officer = people.as_("duty-officer")
    schemas = officer.get("/api/openapi.json").get_json()["components"]["schemas"]
    [found, *_] = officer.get(f"/api/incidents/{confirmed}/directives").get_json()["directives"]
    assert set(found) == set(schemas["Directive"]["required"])
    assert json.dumps(officer.get(f"/api/incidents/{confirmed}/directives/1").get_json())


@pytest.mark.parametrize(("lang", "word"), [("zh", "签收"), ("en", "acknowledge it")])
def test_the_flow_is_drawn_in_both_languages(people: People, lang: str, word: str) -> None:
    officer = people.as_("duty-officer")
    drawn = officer.get(f"/api/directives/diagram?lang={lang}")
    assert word in drawn.text
    assert officer.get("/api/directives/diagram?flow=nothing").status_code == 404
