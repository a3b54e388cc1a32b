"""What an answer leaves for later comes when it is asked for; a whole page has it from the beginning."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.webapp.conftest import Client
from tests.webapp.test_pages import HTMX, report

PLACE = "370112"
"""A district in which no other test of the shared server reports a collapse."""
CORRECTING, SUPPOSING = 'name="mode" value="replace"', 'id="if-type"'


def names(html: str) -> set[str]:
    return set(re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', html))


@pytest.fixture
def answer(client: Client) -> Any:
    """The answer to a report that a script sent, and the address of the incident."""
    reply = report(client, {"type": "Gas explosion", "grid": PLACE, "deaths": "4"}, **HTMX)
    assert reply.status == 200
    return reply


@pytest.mark.parametrize(("part", "mark"), [("correct", CORRECTING), ("suppose", SUPPOSING)])
def test_a_closed_form_comes_when_it_is_opened_and_is_the_one_of_the_whole_page(
    client: Client, answer: Any, part: str, mark: str
) -> None:
    address = answer.headers["HX-Push-Url"]
    assert mark not in answer.text
    assert f'hx-get="{address}/{part}"' in answer.text
    later = client.get(f"{address}/{part}", "text/html", **HTMX).text
    assert mark in later
    assert re.search(r'name="deaths"[^>]* value="4"', later)
    whole = client.get(address, "text/html").text
    assert mark in whole
    assert names(later) <= names(whole)


def test_what_may_be_the_same_incident_follows_the_answer(client: Client, answer: Any) -> None:
    first = answer.headers["HX-Push-Url"]
    twin = report(client, {"type": "Gas explosion", "grid": PLACE, "deaths": "4"}, **HTMX)
    address = twin.headers["HX-Push-Url"]
    identifier = first.rpartition("/")[2]
    assert identifier not in twin.text
    assert f'hx-get="{address}/same"' in twin.text
    assert identifier in client.get(f"{address}/same", "text/html", **HTMX).text
    assert f'<option value="{identifier}">' in client.get(f"{address}/same?list", "text/html", **HTMX).text
    assert identifier in client.get(address, "text/html").text


def test_many_that_may_be_the_same_are_one_line_and_the_nearest_twelve(client: Client) -> None:
    facts = {"type": "Building fire", "grid": PLACE, "deaths": "1"}
    replies = [report(client, facts, **HTMX) for _ in range(15)]
    later = client.get(f"{replies[-1].headers['HX-Push-Url']}/same?lang=en", "text/html", **HTMX).text
    line = later.split("</summary>")[0]
    assert line.count("Building fire") == 3
    assert re.search(r"\b\d+ more", line)
    assert later.count("<li") == 12
    assert "/contention" in later


def test_the_names_of_all_types_come_when_one_types(client: Client, answer: Any) -> None:
    address = answer.headers["HX-Push-Url"]
    assert "<option" not in client.get(f"{address}/correct", "text/html", **HTMX).text.split("<select")[0]
    assert "内涝" in client.get("/types?lang=zh", "text/html", **HTMX).text


def test_an_incident_that_does_not_exist_has_no_later_parts(client: Client) -> None:
    for part in ("correct", "suppose"):
        assert client.get(f"/incident/{quote('no-such')}/{part}", "text/html", **HTMX).status == 404
