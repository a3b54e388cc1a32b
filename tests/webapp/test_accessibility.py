"""Everybody can use every screen: WCAG 2.2 AA by axe-core, both colour schemes, both languages, any size."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.webapp.browsing import DESK, PHONE, Officer
from tests.webapp.console import Console, addresses, barriers

pytestmark = pytest.mark.browser
SCREENS = addresses()


@pytest.fixture(scope="module")
def readers(chromium: Browser, console: Console) -> Iterator[dict[str, Officer]]:
    """A reader of each language, who may see every screen."""
    made = {lang: console.officer(chromium, "everybody", lang) for lang in ("zh-CN", "en-US")}
    yield made
    for one in made.values():
        one.context.close()


@pytest.mark.parametrize("rule", SCREENS)
def test_a_screen_has_no_barriers_and_fits_everywhere(
    rule: str, console: Console, readers: dict[str, Officer]
) -> None:
    path = SCREENS[rule]
    if not console.is_screen(path):
        return  # data, a part of a page, or a form that asks for more
    for lang, reader in readers.items():
        reader.wrong.clear()
        reader.page.set_viewport_size(DESK)
        page = reader.open(path)
        reader.check()
        if lang == "zh-CN":
            assert barriers(page) == []
            page.emulate_media(color_scheme="dark")
            assert barriers(page, only=["color-contrast"]) == []
            page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)
        reader.check()
        if lang == "en-US":
            assert barriers(page) == []
