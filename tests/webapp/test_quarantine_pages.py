"""The steward's pages: what is in quarantine is mended in place or dismissed, and no record is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from kb.resources import folder
from tests.catalogue.conftest import RISKS
from tests.webapp.console import Console

LIST = f"/datasets/{RISKS}/quarantine"
EXAMPLES = Path(folder("examples")) / "datasets"


def numbers(console: Console) -> list[int]:
    """Return what the page says of the newest file.

    Received, stored, quarantined; waiting, mended, dismissed, replaced.
    """
    page = console.get("steward", LIST)[2].partition('id="files"')[2]
    return [int(text.replace(",", "")) for text in re.findall(r'class="number">([\d,]+)<', page)][:7]


def entry(console: Console, place: str) -> str:
    """Return the address of the record that stands at *place* in its file."""
    page = console.get("steward", LIST)[2]
    found = re.search(rf'rowgroup" rowspan="\d+">{place}\s+<a class="mend" href="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def cells(console: Console, address: str) -> dict[str, str]:
    page = console.get("steward", address)[2]
    return dict(re.findall(r'name="(cell-\w+)" maxlength="\d+" autocomplete="off" value="([^"]*)"', page))


def test_a_record_is_mended_in_place_and_the_counts_add_up(console: Console) -> None:
    before = numbers(console)
    assert before[0] == before[1] + before[2]
    assert before[2] == sum(before[3:])
    address = entry(console, "row 3")
    typed = cells(console, address)
    assert typed["cell-code"] == "QD-RS-002"

    # Still wrong: told beside the cell, and nothing changed.
    status, _, page = console.post("steward", address, typed | {"cell-mayCause": "燃汽"}, address)
    assert status == 422
    assert "Not stored" in page
    assert numbers(console) == before

    # Right: stored, and gone from quarantine.
    typed |= {key: "燃气泄漏" for key, text in typed.items() if text == "燃汽泄漏"}
    status, place, _ = console.post("steward", address, typed, address)
    assert (status, "mended=row" in place) == (303, True)
    after = numbers(console)
    assert after == [*before[:3], before[3] - 1, before[4] + 1, *before[5:]]
    assert console.get("steward", address)[0] == 404


def test_a_code_that_another_record_has_is_refused(console: Console) -> None:
    address = entry(console, "row 5")
    right = {"area": "370213", "department": "青岛市水务管理局", "checked": "2026-04-30", "confidence": "0.8"}
    typed = cells(console, address) | {f"cell-{name}": text for name, text in right.items()}
    typed["cell-code"] = "QD-RS-001"
    before = numbers(console)
    status, _, page = console.post("steward", address, typed, address)
    assert status == 422
    assert "another record that is stored has this code" in page
    assert numbers(console) == before


def test_a_record_is_dismissed_with_a_reason_and_kept(console: Console) -> None:
    address, before = entry(console, "row 4"), numbers(console)
    status, _, page = console.post("steward", f"{address}/dismiss", {"reason": " "}, address)
    assert (status, "say why" in page) == (422, True)
    assert console.post("steward", f"{address}/dismiss", {"reason": "测试数据"}, address)[0] == 303
    after = numbers(console)
    assert after == [*before[:3], before[3] - 1, before[4], before[5] + 1, before[6]]
    page = console.get("steward", LIST)[2]
    assert "<q>测试数据</q>" in page
    assert "测试数据" in console.get("auditor", "/audit?action=dismiss+record")[2]


@pytest.mark.parametrize(("name", "status"), [("water", 403), ("wang", 403), ("auditor", 200)])
def test_only_who_may_sees_quarantine_and_only_its_department_mends(
    console: Console, name: str, status: int
) -> None:
    assert console.get(name, LIST)[0] == status
    assert console.get(name, f"/datasets/{RISKS}/deliver")[0] == 403
    typed = {"cell-code": "x"}
    assert console.post(name, f"{LIST}/whatever", typed, "/account")[0] == 403
    assert console.post(name, f"{LIST}/whatever/dismiss", {"reason": "x"}, "/account")[0] == 403


@pytest.mark.browser
def test_a_steward_checks_a_file_delivers_it_and_quarantine_empties(
    chromium: Browser, console: Console
) -> None:
    officer = console.officer(chromium, "steward")
    page = officer.open(f"/datasets/{RISKS}/deliver")
    page.set_input_files("[name=file]", EXAMPLES / "risk-sources-faulty.csv")
    page.click("[name=judge]")
    expect(page.locator(".outcome")).to_contain_text("收到 6 = 入库 1 + 隔离 5")
    expect(page.locator(".outcome")).to_contain_text("没有入库")
    page.set_input_files("[name=file]", EXAMPLES / "risk-sources.csv")
    page.click("[name=deliver]")
    expect(page.locator(".outcome")).to_contain_text("收到 5 = 入库 5 + 隔离 0")
    officer.check()
    page = officer.open(LIST)
    expect(page.locator("main")).to_contain_text("隔离区没有记录")
    officer.context.close()


def test_a_file_of_no_known_format_is_refused_in_words(console: Console) -> None:
    status, _, text = upload(console, b"%PDF-1.7", "plan.pdf")
    assert status in (415, 422)
    assert "archives are not accepted" in text


def upload(console: Console, data: bytes, name: str) -> tuple[int, str, str]:
    address = f"/datasets/{RISKS}/deliver"
    token = re.search(r'name="csrf_token" value="([^"]*)"', console.get("steward", address)[2])
    assert token is not None
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token[1]}\r\n'.encode(),
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode(),
        data + b"\r\n--b--\r\n",
    ]
    headers: dict[str, Any] = {
        "Content-Type": "multipart/form-data; boundary=b",
        "Cookie": console.cookie("steward"),
        "Accept-Language": "en",
    }
    reply = console.server.client.ask("POST", address, b"".join(parts), headers)
    return reply.status, "", reply.text
