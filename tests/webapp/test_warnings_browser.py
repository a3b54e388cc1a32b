"""Warnings and candidates in a real browser: issued, cancelled; judged, also on a telephone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from kb.clock import CHINA_STANDARD_TIME
from tests.webapp.test_browser import PHONE, browser, officer

pytestmark = pytest.mark.browser
__all__ = ["browser", "officer"]


def test_a_warning_is_issued_updated_and_cancelled_on_the_page(officer: Any) -> None:
    duty = officer("zh-CN")
    client = duty.server.client
    assert client.post_json("/api/recommend", {"type": "内涝", "grid": "370102"}).status == 201
    page = duty.open("/warnings")
    page.fill("[name=type]", "暴雨")
    page.select_option("[name=level]", label="橙色预警")
    page.fill("[name=areas]", "370102 370103")
    later = datetime.now(CHINA_STANDARD_TIME) + timedelta(hours=6)
    page.fill("[name=expires]", f"{later:%Y-%m-%dT%H:%M}")
    page.fill("[name=circles]", "36.65,117.05 2")
    page.click("form.wished button[type=submit]")
    expect(page.locator("h1")).to_contain_text("暴雨橙色预警")
    expect(page.locator("#supports-title + ul")).to_contain_text("内涝")
    duty.check()
    duty.picture("warning-zh")
    page.goto(duty.server.url + "/warnings")
    duty.check()
    duty.picture("warnings-zh")
    page.goto(duty.server.url + "/warnings?lang=en")
    page.click("table.data a")
    expect(page.locator("h1")).to_contain_text("Orange warning")
    page.click("summary:has-text('Cancel it')")
    page.fill("form[action$=cancel] [name=reason]", "the rain has ended")
    page.click("form[action$=cancel] button")
    expect(page.locator("h1")).to_contain_text("lifted")


def test_signals_are_judged_on_the_page_also_on_a_telephone(officer: Any) -> None:
    duty = officer("zh-CN", PHONE)
    at = datetime.now(UTC).isoformat()
    told = [
        {"type": "居民楼着火", "source": "119", "text": "三楼冒烟，有人呼救"},
        {"type": "火灾", "source": "12345", "text": "小区里有火光", "longitude": 117.0512},
        {"type": "火灾", "kind": "observation", "source": "烟感 SM-0421", "confidence": 0.8},
    ]
    place = {"grid": "370103", "longitude": 117.05, "latitude": 36.65, "time": at}
    sent = duty.server.client.post_json(
        "/api/candidates/signals", {"signals": [{**place, **one} for one in told]}
    )
    assert sent.status == 201, sent.text
    page = duty.open("/candidates")
    section = page.locator("section.candidate", has_text="三楼冒烟")
    expect(section).to_contain_text("火灾")
    expect(section.locator("li")).to_have_count(3)
    duty.check()
    page.set_viewport_size({"width": 1366, "height": 768})
    duty.picture("candidates-zh")
    section.locator("button", has_text="确认为事件").click()
    page.wait_for_selector(".answer")
