"""The SPARQL editor in a real browser: completion, examples, results, keys; and that it asks nobody else."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.webapp import test_browser
from tests.webapp.test_browser import DESK, PHONE

pytestmark = pytest.mark.browser
browser, officer = test_browser.browser, test_browser.officer
SET = "query => { xiezhiEditor.setValue(query); xiezhiEditor.focus(); }"
HINTS = ".CodeMirror-hint"


@pytest.fixture(autouse=True)
def _incident(recommendation: dict[str, Any]) -> None:
    """There is an incident to ask about."""


def opened(duty: Any, path: str = "/sparql") -> Page:
    page: Page = duty.open(path)
    page.wait_for_selector(".CodeMirror")
    return page


def typed(page: Page, query: str, line: int, column: int, text: str) -> None:
    """Put *query* into the editor and type *text* at a place in it."""
    page.evaluate(SET, query)
    page.evaluate("([line, ch]) => xiezhiEditor.setCursor(line, ch)", [line, column])
    page.keyboard.type(text)


def value(page: Page) -> str:
    return str(page.evaluate("xiezhiEditor.getValue()"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_the_editor_is_quiet_fits_and_asks_nobody_but_this_server(
    officer: Any, lang: str, size: ViewportSize, scheme: str
) -> None:
    duty = officer(lang, size, color_scheme=scheme)
    page = opened(duty)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".ask-graph button[type=submit]").click()
    expect(page.locator("#results tbody tr").first).to_be_visible()
    typed(page, "SELECT * WHERE {\n  ?x  \n}", 1, 5, "rdfs:la")  # a prefix that nobody declared yet
    page.keyboard.press("Control+Space")
    expect(page.locator(HINTS).first).to_be_visible()
    assert {url.split("?")[0] for url in asked} <= {
        duty.server.url + "/sparql",
        duty.server.url + "/static/mark.svg",
    }
    assert page.evaluate("Object.keys(localStorage)") == [], (
        "queries and results stay out of a shared computer"
    )
    if lang == "en-US":
        text = page.locator(".ask-graph .actions, #results").all_inner_texts()
        assert not [letter for letter in "".join(text) if "\u3400" <= letter <= "\u9fff"]
    page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("lang", "word", "found", "said"),
    [
        ("zh-CN", "燃气爆", "xz:GasExplosion", "燃气爆炸"),
        ("en-US", "gas expl", "xz:GasExplosion", "Gas explosion"),
    ],
)
def test_a_class_is_completed_by_its_name_and_brings_its_prefix(
    officer: Any, lang: str, word: str, found: str, said: str
) -> None:
    page = opened(officer(lang))
    typed(page, "SELECT * WHERE {\n  ?x a \n}", 1, 7, word.split()[0])
    page.keyboard.press("Control+Space")
    hint = page.locator(HINTS, has_text=found).first
    expect(hint).to_contain_text(said)
    assert page.locator(HINTS, has_text="xz:leadDepartment").count() == 0, "a property after 'a'"
    hint.click()
    assert value(page) == f"PREFIX xz: <https://w3id.org/xiezhi/ns#>\nSELECT * WHERE {{\n  ?x a {found}\n}}"


@pytest.mark.parametrize(
    ("lang", "word"), [("zh-CN", "牵头部"), ("zh-CN", "xz:leadDep"), ("en-US", "leadDep")]
)
def test_a_property_is_completed_by_its_name_or_iri_with_the_keyboard_alone(
    officer: Any, lang: str, word: str
) -> None:
    page = opened(officer(lang))
    head = "PREFIX xz: <https://w3id.org/xiezhi/ns#>\n"
    typed(page, head + "SELECT * WHERE {\n  ?x  ?y\n}", 2, 5, word)
    page.keyboard.press("Control+Space")
    expect(page.locator(HINTS).first).to_contain_text("xz:leadDepartment")
    page.keyboard.press("Enter")
    assert value(page) == head + "SELECT * WHERE {\n  ?x xz:leadDepartment ?y\n}"


def test_a_prefix_is_completed_from_those_of_this_city(officer: Any) -> None:
    page = opened(officer("en-US"))
    page.wait_for_load_state("networkidle")  # the list of prefixes is there
    typed(page, "\nASK {}", 0, 0, "PREFIX xz")
    page.wait_for_function("xiezhiEditor.getValue().startsWith('PREFIX xz')")
    page.keyboard.press("Control+Space")
    expect(page.locator(HINTS)).to_have_text("xz: <https://w3id.org/xiezhi/ns#>")
    typed(page, "\nASK {}", 0, 0, "PREFIX foaf")
    page.keyboard.press("Control+Space")
    expect(page.locator(HINTS)).to_have_count(0)  # of the library's own list nothing is left


def test_examples_are_found_by_a_word_and_run_at_a_click(officer: Any) -> None:
    page = opened(officer("zh-CN"))
    every = page.locator(".examples li")
    assert every.count() > 20
    page.fill("#search", "职责 条款")
    expect(page.locator(".examples li:visible")).to_have_count(2)
    page.fill("#search", "cascade")  # words of the other language are found too
    page.locator(".examples li:visible a", has_text="燃气爆炸").click()
    expect(page.locator("#results th").first).to_have_text("first")
    assert "xz:Cascade" in value(page)
    page.fill("#search", "没有这样的词")
    expect(page.locator("#none-found")).to_be_visible()


def test_an_iri_in_a_table_shows_its_label_and_opens_what_is_known_of_it(officer: Any) -> None:
    page = opened(officer("zh-CN"))
    page.evaluate(SET, "SELECT ?x WHERE { VALUES ?x { <https://w3id.org/xiezhi/division/370102> } }")
    page.keyboard.press("Control+Enter")
    link = page.locator("#results td a")
    expect(link).to_have_text("历下区")
    assert link.get_attribute("title") == "https://w3id.org/xiezhi/division/370102"
    link.click()
    expect(page.locator("#results td a", has_text="济南市").first).to_be_visible()
    assert value(page) == "DESCRIBE <https://w3id.org/xiezhi/division/370102>"
    assert "query=DESCRIBE" in page.url, "the address can be handed on"


def test_a_result_can_be_had_as_json_and_csv_and_saved(officer: Any, tmp_path: Path) -> None:
    page = opened(officer("zh-CN"))
    page.evaluate(SET, 'SELECT ?x ?y { VALUES (?x ?y) { (1 "一, 二") } }')
    page.check("[value=json]")
    expect(page.locator("#results pre")).to_contain_text("一, 二")
    assert json.loads(page.inner_text("#results pre"))["head"]["vars"] == ["x", "y"]
    page.check("[value=text]")
    expect(page.locator("#results pre")).to_contain_text("x,y")
    with page.expect_download() as download:
        page.locator(".save").click()
    assert download.value.suggested_filename == "result.csv"
    download.value.save_as(tmp_path / "result.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "result.csv").read_text(encoding="utf-8"))))
    assert rows == [["x", "y"], ["1", "一, 二"]]
    page.evaluate(SET, "CONSTRUCT { <urn:a> <urn:b> 1 } WHERE {}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#results pre")).to_contain_text("<urn:a> <urn:b> 1")
    page.check("[value=table]")
    expect(page.locator("#results th")).to_have_text(["subject", "predicate", "object"])


@pytest.mark.parametrize("view", ["table", "json"])
@pytest.mark.parametrize(
    ("query", "said"),
    [("SELECT * WHERE {", "查询语法错误"), ("SELECT * { SERVICE <urn:x> { ?s ?p ?o } }", "SERVICE")],
)
def test_what_is_refused_is_told_in_words(officer: Any, view: str, query: str, said: str) -> None:
    duty = officer("zh-CN")
    page = opened(duty)
    page.evaluate(SET, query)
    page.check(f"[value={view}]")
    page.locator(".ask-graph button[type=submit]").click()
    expect(page.locator("#results [role=alert]")).to_contain_text(said)
    duty.wrong.clear()  # the browser logs the refused request


def test_a_line_that_cannot_be_read_is_marked_and_explained_in_the_language_of_the_page(officer: Any) -> None:
    page = opened(officer("zh-CN"))
    page.evaluate(SET, "SELECT * WHERE {\n  ?x ?y }\n}")
    mark = page.locator(".parseErrorIcon")
    expect(mark).to_have_count(1)
    mark.hover()
    assert str(mark.get_attribute("title")).startswith("这一行无法解析")
    assert page.locator(".yasqe_tooltip").count() == 0


def test_the_keyboard_goes_in_through_and_out_of_the_editor(officer: Any) -> None:
    page = opened(officer("en-US"))
    page.evaluate("xiezhiEditor.focus()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Run"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.CodeMirror') !== null")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#results tbody tr").first).to_be_visible()


def test_data_in_a_result_cannot_become_markup(officer: Any) -> None:
    page = opened(officer("zh-CN"))
    page.evaluate(SET, 'SELECT ("<img src=x onerror=alert(1)>" AS ?x) (<javascript:alert(1)> AS ?y) {}')
    for view in ("table", "json", "text"):
        page.check(f"[value={view}]")
        page.keyboard.press("Control+Enter")
        page.locator(".ask-graph button[type=submit]").click()
        expect(page.locator("#results")).to_contain_text("onerror")
        assert page.locator("#results img").count() == 0
        assert page.locator("#results a[href^='javascript:']").count() == 0


def test_when_the_server_is_silent_the_page_says_so(officer: Any) -> None:
    duty = officer("zh-CN")
    page = opened(duty)
    duty.context.set_offline(True)
    page.locator(".ask-graph button[type=submit]").click()
    expect(page.locator("#results [role=alert]")).to_have_text("服务器没有应答。")
    duty.wrong.clear()


def test_without_scripts_the_form_and_the_examples_still_work(officer: Any) -> None:
    page: Page = officer("zh-CN", java_script_enabled=False).open("/sparql")
    page.fill("#query", "ASK { ?s ?p ?o }")
    page.locator(".ask-graph button[type=submit]").click()
    expect(page.locator("#results")).to_contain_text("是")
    page.locator(".examples a", has_text="燃气爆炸").first.click()
    expect(page.locator("#results th").first).to_have_text("first")
    expect(page.locator(".views")).to_be_hidden()
