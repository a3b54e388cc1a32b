"""A real browser for the tests: one for the whole session, and pages that mind what must never happen.

``XIEZHI_SCREENSHOTS=1`` writes ``examples/screenshots/``; ``XIEZHI_CHROMIUM`` names the browser.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from kb.access.accounts import Accounts

if TYPE_CHECKING:
    from tests.webapp.conftest import Server

CHROMIUM = os.environ.get("XIEZHI_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).parents[2] / "examples" / "screenshots"
QUIET = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run"
)
CUT = """[...document.querySelectorAll("main *")].filter(
    e => e.checkVisibility() && e.clientWidth && e.scrollWidth > e.clientWidth + 1
        && getComputedStyle(e).display !== "inline"
        && !e.closest("input, textarea, select, .scroll, pre, .CodeMirror, .CodeMirror-hints")
).map(e => e.outerHTML.slice(0, 200))"""
PASSWORD = "a long enough password"
People = Mapping[str, tuple[list[str], str | None]]
"""Users by name: their roles, and the department they act for."""
DESK: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
expect.set_options(timeout=20_000)  # what is promised here is that it comes; bench page says how soon


@contextmanager
def launched() -> Iterator[Browser]:
    """Run a browser; where there is none, the test says so and is skipped."""
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM: the page was not tried in a browser (set XIEZHI_CHROMIUM)")
    with sync_playwright() as playwright:
        # In Chinese, fontconfig picks the Chinese face of the fonts.
        environment: dict[str, str | float | bool] = {**os.environ, "LANG": "zh_CN.UTF-8"}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split(), env=environment)
        yield browser
        browser.close()


class Officer:
    """A browser page that minds what must never happen: console errors and requests to other hosts."""

    def __init__(
        self, browser: Browser, server: Server, lang: str, size: ViewportSize, **options: Any
    ) -> None:
        context = browser.new_context(viewport=size, locale=lang, timezone_id="Asia/Shanghai", **options)
        self.context, self.server, self.page = context, server, context.new_page()
        self.wrong: list[str] = []
        self.page.on(
            "console", lambda message: self.wrong.append(message.text) if message.type != "log" else None
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self._stays_here(request.url))

    def _stays_here(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.server.url).netloc and not url.startswith("data:"):
            self.wrong.append(f"request to {url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.server.url + path)
        return self.page

    def log_in(self, name: str) -> Page:
        """Log the user *name* in by the form and the keyboard."""
        page = self.open("/login")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    def check_but_refusals(self) -> None:
        """As :meth:`check`; that the server refused something, which the browser logs, is no fault."""
        self.wrong = [text for text in self.wrong if "status of 422" not in text]
        self.check()

    def check(self) -> None:
        """Nothing is wrong, nothing overflows, no text is cut."""
        assert not self.wrong, self.wrong
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} pixels too wide"
        cut = self.page.evaluate(CUT)
        assert cut == []

    def picture(self, name: str) -> None:
        if os.environ.get("XIEZHI_SCREENSHOTS") == "1":
            path = SCREENSHOTS / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=path)


@contextmanager
def officers(browser: Browser, server: Server) -> Iterator[Callable[..., Officer]]:
    """Make officers: ``make("zh-CN", DESK)``; at the end nothing may have gone wrong for any of them."""
    made: list[Officer] = []

    def make(lang: str, size: ViewportSize = DESK, **options: Any) -> Officer:
        made.append(Officer(browser, server, lang, size, **options))
        return made[-1]

    try:
        yield make
        for each in made:
            each.check()
    finally:
        for each in made:
            each.context.close()


def enrol(home: Path, people: People) -> None:
    """Give *people* accounts in *home*, with the one password of the tests."""
    accounts = Accounts(home)
    for name, (roles, department) in people.items():
        accounts.add(name, PASSWORD, roles, department=department, known=roles)


@contextmanager
def logged_in(
    browser: Browser, server: Server, *, refusals: bool = False
) -> Iterator[Callable[..., Officer]]:
    """Log people in: ``log_in("wang", "zh-CN")``; at the end nothing may have gone wrong for any of them.

    :param refusals: that the server refused something (422) is no fault.
    """
    made: list[Officer] = []

    def log_in(name: str, lang: str = "zh-CN", size: ViewportSize = DESK, **options: Any) -> Officer:
        made.append(Officer(browser, server, lang, size, **options))
        made[-1].log_in(name)
        return made[-1]

    try:
        yield log_in
        for each in made:
            if refusals:
                each.check_but_refusals()
            else:
                each.check()
    finally:
        for each in made:
            each.context.close()
