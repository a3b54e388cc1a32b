"""Releases and replays over HTTP: to be read by anybody who sees everything, changed by nobody."""

from __future__ import annotations

from datetime import timedelta

from kb.clock import today
from tests.webapp.conftest import Client

TODAY = today()


def test_the_release_in_force_is_listed_with_its_steps(client: Client) -> None:
    (only,) = client.get("/api/releases").json["releases"]
    assert only["standing"] == {"zh": "生效", "en": "effective"}
    assert [event["action"] for event in only["events"]] == ["ship"]


def test_a_replay_of_today_is_the_recommendation_of_today(client: Client) -> None:
    reported = client.post_json("/api/recommend", {"id": "replayed", "type": "燃气爆炸", "grid": "370102"})
    assert reported.status in (200, 201)
    found = client.get(f"/api/incidents/replayed/replay?at={today().isoformat()}").json
    assert found["difference"]["relations"] == []
    assert found["then"]["lead"] == found["now"]["lead"]


def test_a_day_before_the_report_and_a_day_that_is_none_are_refused_in_words(client: Client) -> None:
    client.post_json("/api/recommend", {"id": "replayed", "type": "燃气爆炸", "grid": "370102"})
    early = client.get(f"/api/incidents/replayed/replay?at={TODAY - timedelta(days=2)}")
    assert early.status == 404
    assert "had not been reported" in early.json["faults"][0]["message"]["en"]
    none = client.get("/api/incidents/replayed/replay?at=yesterday")
    assert none.status in (400, 422)
    assert none.json["faults"][0]["where"] == "at"
