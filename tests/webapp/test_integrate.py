"""The integrator's page: the service described, its examples, the API, and payloads judged, none kept."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from kb.resources import folder
from tests.webapp.console import Console
from webapp.integrate_pages import BIGGEST

EXAMPLES = Path(folder("examples")) / "datasets"
PAGE = "/integrate"


def checked(console: Console, name: str, contract: str, text: str) -> tuple[int, str]:
    """Return the status and the part of the page that tells what was found."""
    status, _, page = console.post(name, PAGE, {"contract": contract, "text": text}, PAGE)
    return status, unescape(page.partition('id="check"')[2].partition("<form")[0])


def entries(console: Console, name: str) -> list[str]:
    """Return the numbers of the entries of the journal that *name* caused; clocks make entries, too."""
    page = console.get("auditor", f"/audit?actor={name}")
    assert page[0] == 200
    return re.findall(r"<small>(\d+)</small></td>", page[2])


def test_a_report_is_judged_with_place_message_and_repair_and_not_stored(console: Console) -> None:
    console.cookie("wang")  # to log in is an entry, too
    before = entries(console, "wang")
    status, told = checked(console, "wang", "report", '{"type": "燃气爆诈", "grid": "370202", "deaths": -1}')
    assert (status, "It breaks the contract." in told) == (200, True)
    assert "<code>type</code>" in told
    assert "燃气爆炸" in told, "the nearest known name"
    status, told = checked(console, "wang", "report", '{"type": "燃气爆炸", "grid": "370202", "deaths": 1}')
    assert (status, "It keeps the contract." in told) == (200, True)
    assert "It breaks the contract." in checked(console, "wang", "report", "{")[1]
    assert entries(console, "wang") == before


@pytest.mark.parametrize(("file", "right"), [("alert.cap", True), ("alert-faulty.cap", False)])
def test_an_alert_is_judged_by_the_whole_standard(console: Console, file: str, right: bool) -> None:
    status, told = checked(console, "integrator", "cap", (EXAMPLES / file).read_text(encoding="utf-8"))
    assert status == 200
    assert ("It keeps the contract." in told) is right


def test_records_pasted_from_a_table_are_judged_by_a_contract(console: Console) -> None:
    text = (EXAMPLES / "risk-sources-faulty.csv").read_text(encoding="utf-8-sig")
    status, told = checked(console, "steward", "risk-sources", text)
    assert (status, "1 of 6 records are right" in told) == (200, True)
    assert "did you mean 燃气泄漏" in told
    assert "row 3" in told


def test_what_is_empty_unknown_or_too_large_is_refused_in_words(console: Console) -> None:
    assert "there is nothing to check" in checked(console, "wang", "report", "  ")[1]
    status, told = checked(console, "steward", "no-such-contract", "a,b\n1,2")
    assert (status, "no-such-contract" in told) == (404, True)
    assert checked(console, "wang", "report", "x" * (BIGGEST + (1 << 17)))[0] == 413


def test_who_sends_nothing_has_nothing_checked(console: Console) -> None:
    assert console.post("auditor", PAGE, {"contract": "report", "text": "{}"}, "/account")[0] == 403
    assert 'name="text"' not in console.get("auditor", PAGE)[2]


def test_the_service_is_described_in_the_readers_language_as_its_turtle_says(console: Console) -> None:
    english, chinese = console.get("integrator", PAGE, "en")[2], console.get("integrator", PAGE, "zh")[2]
    assert "SPARQL11Query" in english
    assert "SPARQL_Results_JSON" in english
    assert "union of the graphs that the reader may see" in english
    assert "可见命名图的并集" in chinese


def test_every_operation_of_the_api_is_on_its_page_with_parameters_and_answers(console: Console) -> None:
    page = console.get("integrator", "/api")[2]
    spec = console.server.client.ask("GET", "/api/openapi.json").json
    methods = ("get", "post", "put", "delete")
    operations = [(m, p) for p, item in spec["paths"].items() for m in methods if m in item]
    assert len(operations) > 50
    for method, path in operations:
        assert f"<code>{method.upper()} {path}</code>" in page
    assert "Idempotency-Key" in page


@pytest.mark.browser
def test_one_click_asks_an_example_and_the_editor_completes(chromium: Browser, console: Console) -> None:
    officer = console.officer(chromium, "everybody", "en-US")
    page = officer.open(PAGE)
    page.locator(".found-queries a").first.click()
    expect(page.locator("#results")).to_be_visible()
    page.wait_for_selector(".CodeMirror")
    page.evaluate("xiezhiEditor.setValue('SELECT * { ?s a '); xiezhiEditor.focus()")
    page.keyboard.press("Control+End")
    page.keyboard.type(["gas", "expl"][0])
    page.keyboard.press("Control+Space")
    expect(page.locator(".CodeMirror-hint", has_text="xz:GasExplosion").first).to_contain_text(
        "Gas explosion"
    )
    page.keyboard.press("Escape")
    officer.check()
    officer.context.close()
