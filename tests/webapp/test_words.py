"""Pasted words over HTTP and on the page: they fill a form, and nothing is stored before it is confirmed."""

from __future__ import annotations

import html
import re

import pytest

from kb.resources import folder
from tests.webapp.conftest import Client

EXAMPLES = folder("examples")

CALL = (
    "我在市中区经四路，下午3点多有个仓库着火了，2个人受伤，其中1人重伤，"
    "还有三个人困在里面，烧的是甲苯，我电话13812345678"
)
JAM = "2026-07-20 16:00\n济南市历下区一工厂发生火灾，造成3人死亡，未造成环境污染。"


def test_the_api_reads_words_and_stores_nothing(client: Client) -> None:
    before = client.get("/api/incidents").json
    data = client.post_json("/api/words", {"text": JAM}).json
    assert (data["report"]["deaths"], data["report"]["grid"]) == (3, "370102")
    for field in data["fields"]:
        for (start, end), words in zip(field["spans"][:1], field["words"][:1], strict=True):
            assert JAM[start:end] == words
        assert field["because"]["zh"]
        assert field["because"]["en"]
        assert field["confidence"] is None or 0 < field["confidence"] < 1
    assert client.get("/api/incidents").json == before


def test_what_was_read_can_be_sent_as_a_report(client: Client) -> None:
    report = client.post_json("/api/words", {"text": JAM}).json["report"]
    reply = client.post_json("/api/recommend", report)
    assert reply.status == 201, reply.text


def test_the_answer_has_just_the_keys_that_are_described(client: Client) -> None:
    schema = client.get("/api/openapi.json").json["components"]["schemas"]["WordsRead"]
    data = client.post_json("/api/words", {"text": CALL}).json
    assert set(schema["required"]) == set(data)
    assert all(set(schema["properties"]["fields"]["items"]["required"]) == set(one) for one in data["fields"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": ""}, 422),
        ({"text": "火" * 6001}, 422),
        ({"text": 7}, 400),
        ({}, 400),
        ({"text": "着火了", "reported": "yesterday"}, 422),
        ({"text": "\x00\x01\u202e"}, 422),
        ({"text": "<script>alert(1)</script>{{7*7}}'; DROP"}, 200),
    ],
)
def test_what_cannot_be_read_is_answered_in_words(
    client: Client, body: dict[str, object], status: int
) -> None:
    reply = client.post_json("/api/words", body)
    assert reply.status == status
    if status == 422:
        assert reply.json["faults"][0]["message"]["zh"]


def test_a_megabyte_is_turned_away_at_the_door(client: Client) -> None:
    assert client.post_json("/api/words", {"text": "火" * 1_000_000}).status == 413


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_fills_the_form_with_marks_at_each_field(client: Client, lang: str) -> None:
    hidden, headers = client.form(lang=lang)
    page = client.post_form("/words", {"csrf_token": hidden["csrf_token"], "text": CALL}, headers)
    assert page.status == 200, page.text
    assert value_of(page.text, "seriousInjuries") == "1"
    assert value_of(page.text, "trapped") == "3"
    assert value_of(page.text, "substance") == "甲苯"
    assert value_of(page.text, "grid") == "370103"
    assert "<q>三个人困在</q>" in page.text
    assert '<details class="more" open>' in page.text
    assert "138****5678" not in page.text.split("</form>")[0]
    assert ("请逐项核对" if lang == "zh" else "check each value") in page.text


def test_a_message_in_cap_fills_the_form_and_nothing_comes_into_force(client: Client) -> None:
    hidden, headers = client.form()
    text = (EXAMPLES / "warnings" / "rainstorm.xml").read_text(encoding="utf-8")
    page = client.post_form("/words", {"csrf_token": hidden["csrf_token"], "text": text}, headers)
    assert page.status == 200, page.text
    assert value_of(page.text, "type") == "Rainstorm"
    assert value_of(page.text, "grid") == "370200", "the smallest area that holds both districts"
    assert value_of(page.text, "time") == "2026-07-20 09:00"
    assert "<q>青岛市市南区、市北区</q>" in page.text
    assert "QD-MET-2026-0713" not in client.get("/warnings?all=1").text


def test_a_message_with_a_picture_inside_is_taken(client: Client) -> None:
    hidden, headers = client.form()
    text = (EXAMPLES / "warnings" / "rainstorm.xml").read_text(encoding="utf-8")
    picture = (
        "<resource><resourceDesc>r</resourceDesc><mimeType>image/png</mimeType>"
        f"<derefUri>{'A' * 400_000}</derefUri></resource>"
    )
    text = text.replace("<area>", picture + "<area>", 1)
    page = client.post_form("/words", {"csrf_token": hidden["csrf_token"], "text": text}, headers)
    assert page.status == 200, page.text[:2000]
    assert value_of(page.text, "grid") == "370200"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("cap:1.2", "cap:1.1"), "1.2"),
        (("<scope>Public</scope>", ""), "scope"),
        (("<event>暴雨</event>", "<event>甲乙丙</event>"), "370200"),
    ],
)
def test_a_message_that_breaks_the_standard_is_refused_where_it_was_pasted(
    client: Client, change: tuple[str, str], told: str
) -> None:
    hidden, headers = client.form()
    text = (EXAMPLES / "warnings" / "rainstorm.xml").read_text(encoding="utf-8").replace(*change)
    page = client.post_form("/words", {"csrf_token": hidden["csrf_token"], "text": text}, headers)
    assert (page.status, told in page.text) == (200 if told == "370200" else 422, True)


def test_words_that_are_code_are_shown_as_words(client: Client) -> None:
    hidden, headers = client.form()
    text = '<img src=x onerror=alert(1)>"造成<b>3</b>3人死亡'
    page = client.post_form("/words", {"csrf_token": hidden["csrf_token"], "text": text}, headers)
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text


def test_too_long_a_text_is_refused_on_the_page(client: Client) -> None:
    hidden, headers = client.form()
    page = client.post_form("/words", {"csrf_token": hidden["csrf_token"], "text": "a" * 6001}, headers)
    assert page.status == 422
    assert "6000 at most" in page.text
    without = client.post_form("/words", {"text": CALL}, headers)
    assert without.status == 400, "no forgery token"


def test_confirmed_words_are_kept_masked_in_the_timeline_and_the_rest_is_not(client: Client) -> None:
    hidden, headers = client.form()
    page = client.post_form("/words", {"csrf_token": hidden["csrf_token"], "text": CALL}, headers)
    form = page.text[page.text.index('id="report"') :].split("</form>")[0]
    carried = [html.unescape(one) for one in re.findall(r'name="read" value="([^"]*)"', form)]
    assert any(one.startswith("trapped=") for one in carried)
    nonce = re.search(r'name="nonce" value="([^"]*)"', form)
    assert nonce is not None
    body = {
        "csrf_token": hidden["csrf_token"], "nonce": nonce[1], "type": "仓库火灾", "grid": "370103",
        "trapped": "4", "address": "经四路，我电话13812345678", "read": "trapped=三个人困在，电话13812345678",
    }  # fmt: skip
    answer = client.post_form("/", body, headers)
    assert answer.status in (200, 303), answer.text
    identifier = client.get("/api/incidents").json["incidents"][0]["id"]
    [event] = client.get(f"/api/incidents/{identifier}/timeline").json["events"]
    kept = [one["value"]["label"]["zh"] for one in event["values"]]
    assert any("三个人困在，电话138****5678" in one for one in kept)
    assert not any("13812345678" in one for one in kept)
    assert "甲苯" not in str(event), "what was not confirmed is not kept"


def test_a_rejected_form_still_shows_the_words(client: Client) -> None:
    hidden, headers = client.form()
    body = {
        "csrf_token": hidden["csrf_token"],
        "nonce": "x",
        "type": "火",
        "grid": "nowhere",
        "read": "deaths=两死",
    }
    page = client.post_form("/", body, headers)
    assert page.status == 422
    assert "<q>两死</q>" in page.text
    assert 'name="read" value="deaths=两死"' in page.text


def value_of(page: str, key: str) -> str:
    found = re.search(rf'<(?:input|select) id="new-{key}"[^>]*?value="([^"]*)"', page)
    assert found is not None, key
    return html.unescape(found[1])
