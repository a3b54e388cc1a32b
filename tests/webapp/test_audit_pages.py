"""The auditor's page: who did what, who saw what about whom, who was refused; and that it is whole."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tests.catalogue.conftest import RISKS
from tests.webapp.console import Console


def rows(page: str) -> list[tuple[str, str, str]]:
    """Return actor, action and reason of the entries on a page."""
    found = re.findall(
        r"<td><code>(.*?)</code></td><td class=\"action\">(.*?)</td>\s*<td><code class=\"wrap\">(.*?)</code>",
        page,
        re.S,
    )
    return [(actor, re.sub("<.*?>", "", action), reason) for actor, action, reason in found]


def test_an_auditor_finds_entries_by_person_action_graph_and_time_newest_first(console: Console) -> None:
    assert console.get("steward", f"/datasets/{RISKS}/quarantine")[0] == 200
    found = rows(
        console.get("auditor", "/audit?actor=steward&graph=quarantine/370200&action=read+restricted")[2]
    )
    assert found
    assert {(actor, action) for actor, action, _ in found} == {("steward", "read restricted data")}
    everything = console.get("auditor", "/audit")[2]
    numbers = [int(number) for number in re.findall(r"<small>(\d+)</small></td>", everything)]
    assert numbers == sorted(numbers, reverse=True)
    assert rows(console.get("auditor", "/audit?since=2000-01-01&until=2001-01-01")[2]) == []
    assert rows(console.get("auditor", "/audit?until=2100-01-01&since=2026-01-01")[2])
    assert "this is no time: gestern" in console.get("auditor", "/audit?since=gestern")[2]


def test_the_graph_that_an_entry_changed_is_found_though_no_reason_names_it(
    console: Console,
) -> None:
    found = rows(console.get("auditor", "/audit?action=report+incident&graph=incident/console")[2])
    assert [(action, reason) for _, action, reason in found] == [("report an incident", "console")]


def test_refusals_are_among_the_entries(console: Console) -> None:
    assert console.get("water", f"/datasets/{RISKS}/quarantine")[0] == 403
    found = rows(console.get("auditor", "/audit?action=refused&actor=water")[2])
    assert any(RISKS in reason for _, _, reason in found)


def test_the_journal_goes_back_page_by_page_to_its_first_entry(console: Console) -> None:
    path, seen = "/audit?action=load+knowledge", 0
    while path:
        page = console.get("auditor", path)[2]
        seen += len(rows(page))
        more = re.search(r'rel="next" href="([^"]+)"', page)
        path = more[1].replace("&amp;", "&") if more else ""
    assert seen > 10


def test_the_chain_is_checked_with_a_button(console: Console) -> None:
    status, _, page = console.post("auditor", "/audit", {}, "/audit")
    assert status == 200
    assert re.search(r"[\d,]+ entries, the chain is whole", page)


def test_who_takes_the_journal_away_stands_in_it(console: Console) -> None:
    reply = console.server.client.ask(
        "GET", "/audit.csv?actor=operator", headers={"Cookie": console.cookie("auditor")}
    )
    assert reply.status == 200
    lines = list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"))))
    assert {line["actor"] for line in lines} == {"operator"}
    found = rows(console.get("auditor", "/audit?action=export&actor=auditor")[2])
    assert "audit journal: actor=operator" in [reason for _, _, reason in found]


@pytest.mark.parametrize("name", ["steward", "wang", "integrator"])
def test_only_auditors_read_it(console: Console, name: str) -> None:
    assert console.get(name, "/audit")[0] == 403
    reply = console.server.client.ask("GET", "/audit.csv", headers={"Cookie": console.cookie(name)})
    assert reply.status == 403
    assert console.post(name, "/audit", {}, "/account")[0] == 403
