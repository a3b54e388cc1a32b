"""Plans and action cards over HTTP."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from kb.services.workspace import Workspace
from webapp import create_app


def client(workspace: Workspace) -> FlaskClient:
    return create_app(workspace, testing=True).test_client()


def post(asked: FlaskClient, path: str, data: dict[str, Any] | None = None) -> Any:
    return asked.post(path, json=data or {})


def test_a_plan_is_drafted_and_read_and_an_impossible_step_is_a_conflict(workspace: Workspace) -> None:
    asked = client(workspace)
    assert any(one["slug"] == "heating" for one in asked.get("/api/plans").json["plans"])
    assert post(asked, "/api/plans/heating/draft").status_code == 200
    assert asked.get("/api/plans/heating").json["editions"][0]["state"]["name"] == "draft"
    refused = post(asked, "/api/plans/heating/approve")
    assert refused.status_code == 409
    assert refused.json["faults"][0]["code"] == "flow.step"
    assert post(asked, "/api/plans/heating/submit").status_code == 200
    assert post(asked, "/api/plans/heating/approve").status_code == 403, "who drafted it approves nothing"
    assert post(asked, "/api/plans/heating/submit", {"revision": 1}).status_code == 409
    assert post(asked, "/api/plans/heating/submit", {"colour": "red"}).status_code == 422
    assert asked.get("/api/plans/no-such-plan").status_code == 404


def test_what_an_edition_keeps_and_how_it_differs_from_today_is_told(workspace: Workspace) -> None:
    asked = client(workspace)
    assert post(asked, "/api/plans/tsunami/draft").status_code == 200
    told = asked.get("/api/plans/tsunami/provisions?edition=1").json
    assert told["count"] == sum(len(group["provisions"]) for group in told["kinds"]) > 100
    changes = asked.get("/api/plans/tsunami/difference?from=1").json
    assert (changes["before"], changes["after"], changes["same"]) == (1, None, told["count"])
    assert asked.get("/api/plans/tsunami/provisions?edition=99").status_code == 404
    assert asked.get("/api/plans/tsunami/provisions?edition=x").status_code == 400


def test_plans_and_cards_come_as_pdf(workspace: Workspace) -> None:
    asked = client(workspace)
    report = {"type": "燃气爆炸", "grid": "370202", "deaths": 1, "id": "card-http"}
    assert post(asked, "/api/recommend", report).status_code in (200, 201)
    card = asked.get("/api/incidents/card-http/card?department=市南区公安分局")
    assert card.mimetype == "application/pdf"
    assert card.data.startswith(b"%PDF")
    assert asked.get("/api/incidents/card-http/card?department=x").status_code == 404
    plan = asked.get("/api/plans/heating", headers={"Accept": "application/pdf"})
    assert plan.data.startswith(b"%PDF")


def test_resources_are_taken_and_given_back_and_odd_wishes_refused(workspace: Workspace) -> None:
    asked = client(workspace)
    report = {"type": "建筑火灾", "grid": "370202", "fire": True, "id": "take-http"}
    assert post(asked, "/api/recommend", report).status_code in (200, 201)
    path = "/api/incidents/take-http/resources"
    assert post(asked, f"{path}/reserve").json["reserved"] == [], "nothing is shared, nothing is taken"
    assert post(asked, f"{path}/reserve", {"stock": "urn:x", "quantity": 1}).status_code == 422
    assert post(asked, f"{path}/release", {"numbers": [7]}).status_code == 404
    assert post(asked, f"{path}/release", {"numbers": "7"}).status_code == 422
    assert post(asked, f"{path}/dance").status_code == 404
    assert post(asked, "/api/incidents/no-such/resources/reserve").status_code == 404


def test_modules_are_composed_and_clocks_told(workspace: Workspace) -> None:
    asked = client(workspace)
    told = asked.get("/api/plans/compose?module=医疗救治&module=先期处置&module=信息报告与会商").json
    assert told["sound"]
    assert [one["label"]["zh"] for one in told["order"]] == ["信息报告与会商", "先期处置", "医疗救治"]
    assert asked.get("/api/plans/compose").status_code == 400
    assert isinstance(asked.get("/api/plans/due").json["due"], list)
