"""The duty officer's page without JavaScript: whatever the browser lacks, a report gets through."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.webapp.conftest import REPORT, Client

HTMX = {"HX-Request": "true"}
IRI = re.compile(r"https?://(?!127\.0\.0\.1)")


def visible(html: str) -> str:
    """Return the text of a page, without its tags."""
    return re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html, flags=re.S)


def report(client: Client, facts: dict[str, str], lang: str = "en", **headers: str) -> Any:
    hidden, session = client.form(lang=lang)
    return client.post_form("/", {**hidden, **facts}, {**session, **headers})


def test_a_report_in_two_fields_leads_to_its_answer(client: Client) -> None:
    reply = report(client, {"type": "燃气爆炸", "grid": "370102", "time": "", "deaths": ""})
    assert reply.status == 303
    page = client.get(reply.headers["Location"], **{"Accept-Language": "en"})
    assert "Jinan Municipal Housing" in page.text
    assert "open" in visible(page.text)


def test_with_htmx_the_answer_comes_at_once(client: Client) -> None:
    reply = report(client, {"type": "Gas explosion", "grid": "370102", "deaths": "4"}, **HTMX)
    assert reply.status == 200
    assert reply.headers["HX-Push-Url"].startswith("/incident/")
    assert "<html" not in reply.text
    assert "Larger" in reply.text


def test_an_empty_field_is_unknown_and_not_zero(client: Client) -> None:
    reply = report(client, {"type": "燃气爆炸", "grid": "370102", "deaths": "", "fire": "", "missing": ""})
    incident = client.get("/api" + reply.headers["Location"].replace("incident/", "incidents/")).json
    assert incident["incident"]["facts"] == []
    assert "missing" in {question["key"] for question in incident["questions"]} or incident["questions"]


def test_a_double_click_is_one_report(client: Client) -> None:
    hidden, session = client.form()
    facts = {**hidden, "type": "燃气爆炸", "grid": "370102", "deaths": "4"}
    first, second = (client.post_form("/", facts, session) for _ in range(2))
    changed = client.post_form("/", {**facts, "deaths": "5"}, session)
    assert first.headers["Location"] == second.headers["Location"] != changed.headers["Location"]


def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(client: Client) -> None:
    reply = report(
        client, {"type": "燃气暴炸", "grid": "历下", "deaths": "-3", "address": "解放路1号"}, lang="zh"
    )
    assert reply.status == 422
    assert "燃气爆炸" in reply.text.split('name="type"')[1].split("</p>")[0].split("complaint")[-1]
    assert "370102 济南市历下区" in reply.text
    assert 'value="解放路1号"' in reply.text


def test_a_broken_number_is_named_in_the_language_of_the_officer(client: Client) -> None:
    facts = {"type": "Gas explosion", "grid": "370102", "deaths": "-3"}
    assert "whole number, zero or more" in report(client, facts, lang="en").text
    assert "非负整数" in report(client, facts, lang="zh").text


def test_an_answered_question_continues_the_incident(client: Client) -> None:
    address = report(client, {"type": "燃气爆炸", "grid": "370102", "deaths": "4"}).headers["Location"]
    hidden, session = client.form(address)
    reply = client.post_form(address, {"csrf_token": hidden["csrf_token"], "missing": "40"}, session)
    assert (reply.status, reply.headers["Location"]) == (303, address)
    page = client.get(address, **{"Accept-Language": "en"}).text
    assert "If the missing died" in page
    assert "deaths" in page


def test_two_officers_who_answer_at_the_same_time_lose_nothing(client: Client) -> None:
    address = report(client, {"type": "燃气爆炸", "grid": "370102", "deaths": "4"}).headers["Location"]
    hidden, session = client.form(address)
    answers = [
        {"missing": "1"},
        {"poisoned": "2"},
        {"trapped": "3"},
        {"fire": "true"},
        {"substance": "天然气"},
    ]

    def answer(fact: dict[str, str]) -> int:
        return client.post_form(address, {"csrf_token": hidden["csrf_token"], **fact}, session).status

    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(answer, answers)) == {303}
    facts = client.get("/api" + address.replace("incident/", "incidents/")).json["incident"]["facts"]
    assert {fact["key"] for fact in facts} == {"deaths", *(key for fact in answers for key in fact)}


def test_a_wrong_answer_to_a_question_changes_nothing(client: Client) -> None:
    address = report(client, {"type": "燃气爆炸", "grid": "370102", "deaths": "4"}).headers["Location"]
    hidden, session = client.form(address)
    answer = {"csrf_token": hidden["csrf_token"], "poisoned": "-1"}
    reply = client.post_form(address, answer, {**session, **HTMX})
    assert reply.status == 422
    assert "poisoned must be one whole number" in reply.text
    facts = client.get("/api" + address.replace("incident/", "incidents/")).json["incident"]["facts"]
    assert [fact["key"] for fact in facts] == ["deaths"]


def test_a_correction_replaces_the_whole_report(client: Client) -> None:
    address = report(client, {"type": "燃气爆炸", "grid": "370102", "deaths": "4"}).headers["Location"]
    hidden, session = client.form(address)
    corrected = {**hidden, "type": "Building fire", "grid": "370103", "time": "2026-03-01 08:30"}
    assert client.post_form(address, corrected, session).status == 303
    incident = client.get("/api" + address.replace("incident/", "incidents/")).json
    assert incident["type"]["label"]["en"] == "Building fire"
    assert incident["incident"]["facts"] == []
    assert incident["incident"]["time"] == "2026-03-01T08:30:00+08:00"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_identifier_shows_on_the_answer(client: Client, recommendation: dict[str, Any], lang: str) -> None:
    page = client.get(f"/incident/{recommendation['incident']['id']}", **{"Accept-Language": lang})
    assert not IRI.search(visible(page.text))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_why_of_the_answer_opens_without_an_identifier(
    client: Client, recommendation: dict[str, Any], lang: str
) -> None:
    page = client.get(f"/incident/{recommendation['incident']['id']}", **{"Accept-Language": lang}).text
    addresses = [address.replace("&amp;", "&") for address in re.findall(r'class="why" href="([^"]+)"', page)]
    assert len(addresses) > 30
    for address in addresses:
        proof = client.get(address, **{"Accept-Language": lang, **HTMX})
        assert proof.status == 200, address
        assert 'class="sentence"' in proof.text
        assert not IRI.search(visible(proof.text)), address


def test_why_works_as_a_page_of_its_own(client: Client, recommendation: dict[str, Any]) -> None:
    query = urlencode({"conclusion": recommendation["grade"]["value"]["iri"]})
    page = client.get(
        f"/incident/{recommendation['incident']['id']}/why?{query}", **{"Accept-Language": "en"}
    )
    assert "<html" in page.text
    assert "Back to the incident" in page.text


def test_unknown_incidents_and_conclusions_are_told_in_words(
    client: Client, recommendation: dict[str, Any]
) -> None:
    for path in (
        "/incident/none",
        f"/incident/{recommendation['incident']['id']}/why?conclusion=x",
        "/nothing",
    ):
        page = client.get(path, **{"Accept-Language": "zh"})
        assert page.status == 404
        assert "未找到" in page.text


def test_the_language_is_asked_of_the_browser_and_remembered_when_chosen(client: Client) -> None:
    assert 'lang="zh-CN"' in client.get("/").text
    assert 'lang="en"' in client.get("/", **{"Accept-Language": "en-GB,en;q=0.8"}).text
    assert 'lang="zh-CN"' in client.get("/", **{"Accept-Language": "zh-TW"}).text
    chosen = client.get("/?lang=en", **{"Accept-Language": "zh"})
    assert 'lang="en"' in chosen.text
    cookie = chosen.headers["Set-Cookie"].split(";")[0]
    assert 'lang="en"' in client.get("/", **{"Accept-Language": "zh", "Cookie": cookie}).text
    assert 'lang="zh-CN"' in client.get("/?lang=<script>", Cookie="lang=xx").text


def test_places_are_suggested_by_code_by_name_and_by_parts_of_names(client: Client) -> None:
    def suggest(text: str, lang: str = "zh") -> str:
        return client.get("/places?" + urlencode({"grid": text}), **{"Accept-Language": lang}).text

    assert 'value="370102">济南市历下区<' in suggest("370102")
    assert suggest("历下").index('"370102"') < suggest("历下").index('"370102001"')
    assert "解放桥社区" in suggest("历下解放桥")
    assert 'value="370102001002001"' in suggest("370102001002")
    assert "Lixia District, Jinan City" in suggest("lixia", "en")
    assert "解放桥社区单元网格001</output>" in suggest("370102001002001")
    for hostile in ("", "  ", "<b>", "(((((", "%00", "x" * 500, "a" * 30 + "!"):
        assert "<option" not in suggest(hostile)


def test_the_form_knows_every_type_by_its_synonyms_and_every_fact(client: Client) -> None:
    page = client.get("/", **{"Accept-Language": "zh"}).text
    assert '<option value="煤气爆炸">燃气爆炸</option>' in page
    for field in client.get("/api/vocabulary").json["fields"]:
        assert f'name="{field["key"]}"' in page, field["key"]


def test_what_was_typed_cannot_become_markup(client: Client) -> None:
    attack = '"><script>alert(1)</script>'
    reply = report(client, {"type": attack, "grid": attack, "address": attack})
    assert reply.status == 422
    assert "<script>alert" not in reply.text
    stored = report(client, {"type": "燃气爆炸", "grid": "370102", "address": attack, "substance": "{{7*7}}"})
    page = client.get(stored.headers["Location"]).text
    assert "<script>alert" not in page
    assert "{{7*7}}" in page


def test_the_queue_names_the_newest_incident(client: Client) -> None:
    incident = client.post_json("/api/recommend", REPORT).json["incident"]["id"]
    assert f"/incident/{incident}" in client.get("/queue").text.split("</li>")[0]


# ── compound incidents, and what comes later ─────────────────────────────────────────────────

COMPOUND = {"type": "燃气爆炸", "also": "暴雨", "grid": "370102", "deaths": "4", "warningSignal": "红色"}


def test_a_second_type_in_the_form_makes_a_compound_incident(client: Client) -> None:
    address = report(client, COMPOUND).headers["Location"]
    page = client.get(address, **{"Accept-Language": "en"}).text
    assert "Gas explosion + Rainstorm" in visible(page)
    assert "Called upon by several parts at once:" in page
    assert "Flood plan" in page
    assert "Gas explosion + Rainstorm" in visible(client.get("/queue", **{"Accept-Language": "en"}).text)


def test_one_more_fact_leaves_a_compound_incident_compound(client: Client) -> None:
    address = report(client, COMPOUND).headers["Location"]
    hidden, session = client.form(address)
    client.post_form(address, {"csrf_token": hidden["csrf_token"], "missing": "3"}, session)
    told = client.get("/api" + address.replace("incident/", "incidents/")).json
    assert [type_["label"]["zh"] for type_ in told["types"]] == ["燃气爆炸", "暴雨"]


def test_a_correction_shows_the_other_type_and_may_take_it_away(client: Client) -> None:
    address = report(client, COMPOUND).headers["Location"]
    hidden, session = client.form(address, lang="zh")
    page = client.get(address, **{"Accept-Language": "zh"}).text
    assert re.search(r'id="old-also-1" name="also"[^>]*value="暴雨"', page)
    single = {k: v for k, v in COMPOUND.items() if k != "also"}
    client.post_form(address, {**hidden, "mode": "replace", **single}, session)
    told = client.get("/api" + address.replace("incident/", "incidents/")).json
    assert [type_["label"]["zh"] for type_ in told["types"]] == ["燃气爆炸"]


def test_a_misspelt_second_type_is_named_and_not_lost(client: Client) -> None:
    reply = report(client, {**COMPOUND, "also": "爆雨"}, lang="zh")
    assert reply.status == 422
    assert "爆雨" in visible(reply.text)
    assert re.search(r'name="also"[^>]*value="爆雨"', reply.text)


def test_what_if_supposes_another_second_type_or_none(client: Client) -> None:
    address = report(client, COMPOUND).headers["Location"]
    lang = {"Accept-Language": "en", **HTMX}
    same = urlencode({"type": "Gas explosion", "also": "Rainstorm", "deaths": "4"})
    assert "Nothing in the answer would change." in visible(
        client.get(f"{address}/what-if?{same}", **lang).text
    )
    alone = urlencode({"type": "Gas explosion", "also": "", "deaths": "4"})
    text = visible(client.get(f"{address}/what-if?{alone}", **lang).text)
    assert "type of incident: Gas explosion, Rainstorm → Gas explosion" in text


def test_groups_measures_and_transitions_wait_below_the_answer(client: Client) -> None:
    address = report(client, COMPOUND).headers["Location"]
    page = client.get(address, **{"Accept-Language": "en"}).text
    assert page.index('class="columns"') < page.index('class="further"')
    for title in (
        "Working groups",
        "Targets to check",
        "Measures that may be taken",
        "When to escalate, hand over and end",
        "What each needs and achieves",
    ):
        closed = re.search(rf"<details class=\"[^\"]*\">\s*<summary>{title}", page)
        assert closed, title
    assert "Re-grading:" in page
    assert "Due now" not in page


def test_what_is_due_now_stands_above(client: Client) -> None:
    address = report(client, {**COMPOUND, "capacityExceeded": "true"}).headers["Location"]
    page = client.get(address, **{"Accept-Language": "en"}).text
    assert page.index("Due now") < page.index('class="columns"')
    assert "Beyond capacity" in page[page.index("Due now") : page.index('class="columns"')]
