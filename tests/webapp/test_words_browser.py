"""Pasting a caller's words in a real browser, by keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webapp.test_browser import DESK, PHONE, browser, officer  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser
WORDS = "我在市中区经四路，下午3点多有个仓库着火了，2个人受伤，其中1人重伤，还有三个人困在里面，烧的是甲苯。"


def test_an_officer_pastes_words_checks_them_and_reports_by_keyboard(officer: Any) -> None:  # noqa: F811
    desk = officer("zh-CN")
    page = desk.open("/")
    expect(page.locator("#new-type")).to_be_focused()
    for _ in range(3):  # over the file and the button; Alt+W is the browser's own, which no driver presses
        page.keyboard.press("Shift+Tab")
    expect(page.locator("#words")).to_be_focused()
    page.keyboard.insert_text(WORDS)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#new-trapped")).to_have_value("3")
    expect(page.locator("#new-grid-told q")).to_have_text("市中区")
    expect(page.locator("#words")).to_have_value(WORDS)
    expect(page.locator("#new-type")).to_be_focused()
    desk.check()
    desk.picture("words-zh")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_be_visible()


def test_words_are_pasted_on_a_telephone_in_english_and_refused_when_empty(officer: Any) -> None:  # noqa: F811
    small = officer("en", PHONE)
    page = small.open("/")
    page.fill("#words", "  \n ")
    page.locator("#paste button").click()
    expect(page.locator("#words-complaint")).to_contain_text("no words")
    small.wrong.clear()  # a 422 is told on the console, too
    page.fill("#words", WORDS)
    page.locator("#paste button").click()
    expect(page.locator("#new-injured")).to_have_value("2")
    assert DESK["width"] > PHONE["width"]
