"""Directives in a real browser: the officer confirms, the department acts, the loop closes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.webapp.browsing import PHONE, People, enrol, logged_in
from tests.webapp.conftest import CITY, Server

pytestmark = pytest.mark.browser
HOUSING = "济南市住房和城乡建设局"
PEOPLE: People = {
    "wang": (["duty-officer"], None),
    "zhao": (["chief-commander"], None),
    "li": (["department-officer"], "https://w3id.org/xiezhi/city/370100/dept/370100/housing"),
}


@pytest.fixture(scope="module")
def city(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with an officer of the command centre, a commander and an officer of a department."""
    home = tmp_path_factory.mktemp("directive-pages") / "home"
    enrol(home, PEOPLE)
    return start(home, CITY)


@pytest.fixture
def people(chromium: Browser, city: Server) -> Iterator[Any]:
    """Log people in: ``people("wang", "zh-CN")``; at the end nothing may have gone wrong."""
    with logged_in(chromium, city) as log_in:
        yield log_in


def report(page: Page, type_: str = "燃气爆炸") -> str:
    """Report an incident on the page and return its identifier."""
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/")
    page.fill("[name=type]", type_)
    page.fill("[name=grid]", "370102")
    page.fill("[name=deaths]", "4")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer")
    return page.url.rsplit("/", 1)[1].partition("?")[0]


def refuse(page: Page, reason: str) -> None:
    fold = page.locator(".steps details", has=page.locator("summary", has_text="退回"))
    fold.locator("summary").click()
    fold.locator("[name=reason]").fill(reason)
    fold.locator("button").click()
    expect(page.locator(".standing")).to_contain_text("已退回")


def test_a_directive_goes_round_its_loop_from_confirmation_to_close(people: Any) -> None:
    duty, chief, department = people("wang", "zh-CN"), people("zhao", "zh-CN"), people("li", "zh-CN")
    identifier = report(duty.page)

    # Whoever may not issue at this level confirms; the commander issues what waits.
    page = duty.page
    expect(page.locator(".confirming")).to_contain_text("该级别的签发人")
    page.locator(".confirming summary").click()
    first = page.locator(".override").first
    first.locator("select").select_option("drop")
    page.locator(".confirming > p button").click()
    expect(page.locator("#directives .complaint")).to_contain_text("理由")
    duty.check_but_refusals()
    first.locator("[name^=reason]").fill("已由现场指挥部直接安排")
    page.locator(".confirming > p button").click()
    expect(page.locator("#directive-list li").first).to_contain_text("已审核")
    duty.picture("directives-reviewed-zh")

    page = chief.open(f"/incident/{identifier}")
    page.locator("#directives > form button", has_text="签发全部").click()
    expect(page.locator("#directive-list li").first).to_contain_text("已发布")
    expect(page.locator("#directive-list .left").first).to_contain_text("还剩")
    chief.page.locator("#directives").scroll_into_view_if_needed()
    chief.picture("directives-zh")

    # The department finds what is its own, and acts on it.
    page = department.open("/directives")
    expect(page.locator("h1")).to_contain_text(HOUSING)
    number = page.locator("#directive-list .number a").first.inner_text()
    mine = page.locator("#directive-list li", has=page.get_by_text(number, exact=True))
    mine.locator("button", has_text="签收").click()
    expect(mine).to_contain_text("已签收")
    department.picture("inbox-zh")
    mine.locator(".number a").click()
    page.locator(".steps button", has_text="开始执行").click()
    expect(page.locator(".standing")).to_contain_text("执行中")
    fold = page.locator(".steps details", has=page.locator("summary", has_text="反馈"))
    fold.locator("summary").click()
    fold.locator("[name=reason]").fill("已关闭上游阀门")
    fold.locator("button").click()
    expect(page.locator(".standing")).to_contain_text("已反馈")
    expect(page.locator(".timeline")).to_contain_text("已关闭上游阀门")

    # The commander verifies, evaluates and closes.
    page = chief.open(f"/incident/{identifier}/directives/{number}")
    page.locator(".steps button", has_text="核查").last.click()
    expect(page.locator(".standing")).to_contain_text("已核查")
    fold = page.locator(".steps details", has=page.locator("summary", has_text="评估"))
    fold.locator("summary").click()
    fold.locator("[name=score]").fill("4")
    fold.locator("button").click()
    page.locator(".steps button", has_text="办结").click()
    expect(page.locator(".standing")).to_contain_text("已办结")
    chief.picture("directive-zh")
    page = chief.open("/directives/measures")
    expect(page.locator("table").first).to_contain_text(HOUSING)
    chief.picture("measures-zh")


def test_what_is_returned_goes_to_whom_the_rules_name_and_nobody_acts_twice(people: Any) -> None:
    chief, department = people("zhao", "en-US"), people("li", "zh-CN")
    identifier = report(chief.page, "Gas explosion")
    page = chief.page
    page.locator(".confirming > p button").click()
    expect(page.locator("#directive-list li").first).to_contain_text("issued")
    row = page.locator("#directive-list li", has_text="Jinan Municipal Housing and Urban").first
    number = row.locator(".number a").inner_text()
    department.open(f"/incident/{identifier}/directives/{number}")
    refuse(department.page, "本部门无此职责")
    page = chief.open(f"/incident/{identifier}/directives/{number}")
    expect(page.locator(".standing")).to_contain_text("returned")
    fold = page.locator(".steps details", has=page.locator("summary", has_text="dispatch it to another"))
    fold.locator("summary").click()
    assert fold.locator("[name=to]").input_value(), "the rules name who takes over"
    fold.locator("button").click()
    expect(page.locator(".standing")).to_contain_text("issued")
    text = page.locator("main").inner_text()
    assert "Returned by" in text
    chief.picture("directive-en")


def test_the_pages_of_directives_fit_a_phone_and_have_no_chinese_in_english(people: Any) -> None:
    chief = people("zhao", "en-US", PHONE)
    identifier = report(chief.page, "Gas explosion")
    page = chief.page
    page.locator(".confirming summary").click()
    chief.check()
    page.locator(".confirming > p button").click()
    expect(page.locator("#directive-list li").first).to_contain_text("issued")
    for path in (f"/incident/{identifier}", "/directives", f"/incident/{identifier}/directives/1"):
        page = chief.open(path)
        chief.check()
        seen = page.locator(".directive-board, #directive-list, .steps").first.inner_text()
        assert not [letter for letter in seen if "\u3400" <= letter <= "\u9fff"], path
    chief.picture("directives-phone-en")
