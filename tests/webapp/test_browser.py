"""The officer's journey in a real browser, and the pictures of the README (:mod:`tests.webapp.browsing`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from kb.resources import folder
from tests.webapp.browsing import CUT, DESK, PHONE, Officer
from tests.webapp.conftest import Server, browser

__all__ = ["CUT", "DESK", "PHONE", "Officer", "browser"]  # others import them from here

pytestmark = pytest.mark.browser
EARLIER = [
    {"type": "内涝", "grid": "370112", "rainfall3h": 62, "warningSignal": "橙色预警", "evacuated": 120},
    {"type": "居民楼着火", "grid": "370103", "deaths": 1, "seriousInjuries": 2, "fire": True},
    {"type": "危险化学品泄漏", "grid": "370105", "deaths": 11, "poisoned": 23, "leak": True},
    {"type": "恐怖袭击", "grid": "370104"},
    {"type": "建筑物坍塌", "grid": "370113", "trapped": 9, "deaths": 32},
]
"""What else happened today: the queue of a duty room is not empty."""
COMPOUND = {"type": ["燃气爆炸", "暴雨"], "grid": "370102", "deaths": 4, "warningSignal": "红色预警"}


@pytest.fixture
def officer(browser: Browser, server: Server) -> Iterator[Any]:
    """Make officers: ``officer("zh-CN", DESK)``; at the end nothing may have gone wrong."""
    made: list[Officer] = []

    def make(lang: str, size: ViewportSize = DESK, **options: Any) -> Officer:
        made.append(Officer(browser, server, lang, size, **options))
        return made[-1]

    yield make
    try:
        for each in made:
            each.check()
    finally:
        for each in made:
            each.context.close()


def report_in_five_fields(page: Page, type_: str) -> None:
    page.fill("[name=type]", type_)
    page.fill("[name=grid]", "370102")
    page.fill("[name=deaths]", "4")
    page.fill("[name=seriousInjuries]", "12")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer")


def test_an_officer_reports_in_chinese_asks_why_and_answers_a_question(officer: Any) -> None:
    duty = officer("zh-CN")
    for earlier in EARLIER:
        assert duty.server.client.post_json("/api/recommend", earlier).status == 201
    page = duty.open("/")
    duty.check()

    # The place is named while its code is typed.
    page.locator("[name=grid]").press_sequentially("370102")
    expect(page.locator("#place")).to_have_text("济南市历下区")
    assert page.locator("#new-places option").count() > 1
    page.fill("[name=type]", "煤气爆炸")
    page.fill("[name=deaths]", "4")
    page.fill("[name=seriousInjuries]", "12")
    duty.picture("report-zh")
    page.keyboard.press("Enter")

    # The answer is there, on the same screen, and its address can be handed on.
    page.wait_for_selector(".answer")
    assert "/incident/" in page.url
    assert page.locator("h1").evaluate("e => e === document.activeElement")
    expect(page.locator(".cell.grade")).to_contain_text("较大")
    expect(page.locator(".cell.level")).to_contain_text("Ⅲ级响应")
    expect(page.locator(".cell.lead")).to_contain_text("济南市住房和城乡建设局")
    for selector in (".strip", ".modules li >> nth=0", ".reporting li >> nth=0", ".band >> nth=0"):
        box = page.locator(selector).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < DESK["height"], f"{selector} is below the first screen"
    expect(page.locator(".deadline .left").first).to_have_text("还剩 29 分钟")

    # Why: the proof opens in place, and closes again.
    why = page.locator(".cell.lead .why")
    why.click()
    expect(page.locator(".strip > .proof .sentence").first).to_contain_text("燃气主管")
    page.locator(".strip > .proof details").first.click()
    duty.check()
    why.click()
    expect(page.locator(".strip > .proof")).to_be_hidden()
    page.locator(".modules .why").first.click()
    expect(page.locator(".modules .proof .sentence").first).to_be_visible()
    page.locator(".modules .why").first.click()

    # A question: one more fact, the same incident.
    address = page.url
    question = page.locator(".band li", has_text="中毒多少人？")
    question.locator("summary").click()
    question.locator("input[type=number]").fill("45")
    question.locator("button").click()
    expect(page.locator(".cell.grade")).to_contain_text("重大")
    assert page.url == address
    expect(page.locator(".facts")).to_contain_text("中毒人数 45 人")
    duty.picture("answer-zh")


def test_the_same_answer_in_english_has_no_chinese_but_the_name(officer: Any) -> None:
    duty = officer("en-US")
    page = duty.open("/")
    report_in_five_fields(page, "Gas explosion")
    expect(page.locator(".cell.grade")).to_contain_text("Larger")
    page.locator(".cell.grade .why").first.click()
    expect(page.locator(".strip > .proof .sentence").first).to_be_visible()
    text = page.locator("main").inner_text()
    assert not [letter for letter in text if "\u3400" <= letter <= "\u9fff"]
    page.locator(".cell.grade .why").first.click()
    duty.picture("answer-en")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_a_compound_incident_fits_closed_and_opened(officer: Any, lang: str, size: ViewportSize) -> None:
    duty = officer(lang, size)
    told = duty.server.client.post_json("/api/recommend", COMPOUND)
    page = duty.open(f"/incident/{told.json['incident']['id']}")
    duty.check()
    for part in (".groups", ".measures", ".transitions", ".exposed", ".contention"):
        assert page.locator(f"{part}[open]").count() == 0
        page.locator(f"{part} > summary").click()
    page.locator(".modules .others > summary").click()
    page.locator(".groups .why").first.click()
    expect(page.locator(".groups .proof .sentence").first).to_be_visible()
    if lang == "en-US":
        assert not [letter for letter in page.locator("main").inner_text() if "\u3400" <= letter <= "\u9fff"]


def test_a_phone_shows_it_all_in_one_column(officer: Any) -> None:
    duty = officer("zh-CN", PHONE)
    page = duty.open("/")
    duty.check()
    report_in_five_fields(page, "燃气爆炸")
    duty.picture("phone-zh")
    page.locator(".correct > summary").click()
    duty.check()
    page.locator(".support > ul .why").last.click()
    page.wait_for_selector(".support .proof .sentence")


@pytest.mark.parametrize(
    "path", ["/", "/api", "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D%20LIMIT%203"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_fits_and_is_quiet(officer: Any, path: str, scheme: str, size: ViewportSize) -> None:
    duty = officer("zh-CN", size, color_scheme=scheme)
    duty.open(path)
    duty.check()


def test_a_correction_opens_with_what_is_known(officer: Any) -> None:
    page = officer("zh-CN").open("/")
    report_in_five_fields(page, "燃气爆炸")
    page.locator(".correct > summary").click()
    expect(page.locator("#old-deaths")).to_have_value("4")
    page.fill("#old-deaths", "")
    page.locator(".correct button").click()
    expect(page.locator(".facts")).not_to_contain_text("死亡人数")


def test_a_file_in_cap_fills_the_form(officer: Any) -> None:
    page = officer("zh-CN").open("/")
    page.set_input_files("[name=message]", folder("examples") / "warnings" / "rainstorm.xml")
    page.get_by_role("button", name="读取").click()
    expect(page.locator("[name=type]").first).to_have_value("暴雨")
    expect(page.locator("[name=grid]").first).to_have_value("370200")


def test_the_queue_says_how_long_ago_each_incident_was_reported(officer: Any) -> None:
    page = officer("en-US").open("/")
    report_in_five_fields(page, "Gas explosion")
    page.goto(page.url.split("/incident/")[0])
    expect(page.locator(".incidents .elapsed").first).to_have_text(re.compile(r"^\d+ (second|minute)s? ago$"))


def test_what_is_printed_is_the_answer_without_what_one_clicks(officer: Any) -> None:
    page = officer("zh-CN").open("/")
    report_in_five_fields(page, "燃气爆炸")
    expect(page.locator("[data-print]")).to_be_visible()
    page.emulate_media(media="print")
    for kept in (".strip", ".modules", ".reporting", ".support"):
        expect(page.locator(kept).first).to_be_visible()
    assert page.locator(".why, button, form, nav").filter(visible=True).count() == 0


def test_without_scripts_a_report_and_its_why_still_work(officer: Any) -> None:
    page = officer("zh-CN", java_script_enabled=False).open("/")
    report_in_five_fields(page, "燃气爆炸")
    page.locator(".cell.grade .why").first.click()
    expect(page.locator(".sheet .sentence").first).to_be_visible()
    page.get_by_text("返回事件").click()
    page.locator(".ask summary").first.click()
    page.locator(".ask input[type=number]").first.fill("5")
    page.locator(".ask button").first.click()
    expect(page.locator(".facts")).to_contain_text("5")


def test_when_the_server_fails_the_page_says_that_nothing_was_sent(officer: Any) -> None:
    duty = officer("zh-CN")
    page = duty.open("/")
    posts = "**/"
    page.route(posts, lambda way: way.fulfill(status=500) if way.request.method == "POST" else way.fallback())
    page.fill("[name=type]", "燃气爆炸")
    page.fill("[name=grid]", "370102")
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_be_visible()
    page.wait_for_timeout(300)
    expect(page.locator("#trouble")).to_be_visible()
    duty.wrong.clear()  # the browser logs the failed request
    page.unroute(posts)
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer")
    expect(page.locator("#trouble")).to_be_hidden()


def test_when_the_server_is_silent_the_page_says_that_nothing_was_sent(officer: Any) -> None:
    duty = officer("zh-CN")
    page = duty.open("/")
    duty.context.set_offline(True)
    page.fill("[name=type]", "燃气爆炸")
    page.fill("[name=grid]", "370102")
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_be_visible()
    page.locator("[name=grid]").press("Backspace")  # asks for suggestions, which are not there either
    expect(page.locator("#silent")).to_be_visible()
    expect(page.locator("#trouble")).to_be_visible()
    duty.wrong.clear()  # the browser logs the failed requests
    duty.context.set_offline(False)
    page.fill("[name=grid]", "370102")
    expect(page.locator("#silent")).to_be_hidden()
    expect(page.locator("#trouble")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer")
    expect(page.locator("#trouble")).to_be_hidden()
    duty.wrong.clear()
