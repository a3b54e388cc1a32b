"""Everybody can use every screen: WCAG 2.2 AA by axe-core, both colour schemes, both languages, any size."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.webapp.browsing import DESK, Officer
from tests.webapp.console import PASSWORD, Console, addresses, faults

pytestmark = pytest.mark.browser
SCREENS = addresses()
DRAWN = 700
"""Milliseconds until maps and charts stand still."""
PICTURES = os.environ.get("XIEZHI_SCREENSHOTS") == "1"


@pytest.fixture(scope="module")
def readers(chromium: Browser, console: Console) -> Iterator[dict[str, Officer]]:
    """A reader of each language, who may see every screen and reaches no other host than the server."""
    made = {lang: console.officer(chromium, "everybody", lang) for lang in ("zh-CN", "en-US")}
    for one in made.values():
        one.context.route(lambda url: not url.startswith(console.server.url), lambda route: route.abort())
    yield made
    for one in made.values():
        one.context.close()


@pytest.mark.parametrize("rule", SCREENS)
def test_a_screen_has_no_barriers_fits_any_size_and_speaks_one_language(
    rule: str, console: Console, readers: dict[str, Officer]
) -> None:
    path = SCREENS[rule]
    if not console.is_screen(path):
        return  # data, a part of a page, or a form that asks for more
    found = [f"{lang} {one}" for lang, reader in readers.items() for one in faults(reader, path, lang)]
    assert not found, "\n".join(found)


@pytest.mark.skipif(not PICTURES, reason="pictures are taken by make screenshots")
@pytest.mark.parametrize("rule", SCREENS if PICTURES else ["/"])
def test_a_picture_is_taken_of_a_screen(rule: str, console: Console, readers: dict[str, Officer]) -> None:
    path = SCREENS[rule]
    if console.is_screen(path):
        for lang, reader in readers.items():
            reader.page.set_viewport_size(DESK)
            reader.open(path)
            reader.page.wait_for_timeout(DRAWN)
            reader.picture(f"screens/{named(rule)}-{lang[:2]}")
            if rule == "/risk":  # the README shows it, too
                reader.picture(f"risk-{lang[:2]}")


def test_the_screens_that_everybody_needs_are_among_those_that_were_tried() -> None:
    wanted = {"/", "/login", "/account", "/datasets", "/datasets/<path:path>", "/quality", "/api", "/sparql"}
    assert wanted | {"/incident/<incident:identifier>", "/directives", "/network"} <= SCREENS.keys()


def named(rule: str) -> str:
    """Return a name for the picture of a screen: its address, with "one" for each argument."""
    return "-".join(re.findall(r"[a-z]+(?:-[a-z]+)*", re.sub("<.*?>", "one", rule))) or "start"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element that *selector* names has the focus, as somebody without a mouse does."""
    for _ in range(400):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {selector}")


def typed(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def test_without_a_mouse_one_logs_in_reports_confirms_and_acknowledges_a_directive(
    chromium: Browser, console: Console
) -> None:
    officer = Officer(chromium, console.server, "zh-CN", DESK)
    page = officer.open("/datasets")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page = officer.open("/login")
    typed(page, "[name=name]", "zhao")  # whose share of live streams is his own
    typed(page, "[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    typed(page, "#new-type", "森林火灾")
    typed(page, "#new-grid", "370202")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer")
    tab_to(page, ".confirming > p button")
    page.keyboard.press("Space")
    expect(page.locator("#directive-list li").first).to_contain_text("已发布")
    tab_to(page, ".masthead a[href='/directives']")
    page.keyboard.press("Enter")
    row = page.locator("#directive-list li", has=page.get_by_role("button", name="签收")).first
    row.evaluate("row => row.id = 'mine'")
    number = page.locator("#mine .number").inner_text()
    tab_to(page, "#mine button")
    page.keyboard.press("Enter")
    same = page.locator("#directive-list li", has=page.locator(".number", has_text=number))
    expect(same.first).to_contain_text("已签收")
    officer.check()
    officer.context.close()
