"""The tour of each role speaks of what is there: its bold words stand on the pages, its addresses answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from werkzeug.exceptions import MethodNotAllowed, NotFound

from kb.resources import folder
from kb.services.workspace import Workspace
from webapp import create_app

TOURS = (folder("examples") / "tours.md").read_text(encoding="utf-8")
LABEL = re.compile(r"\*\*(.+?)\s+/\s+(.+?)\*\*", re.DOTALL)
ADDRESS = re.compile(r"`(/[a-z/]*)`")
TRANSLATIONS = Path(__file__).parents[2] / "webapp" / "translations" / "zh.po"


def test_each_role_has_its_tour() -> None:
    titles = re.findall(r"^## .+ / (.+)$", TOURS, re.MULTILINE)
    assert titles == [
        "Duty officer",
        "Commander",
        "Monitoring centre",
        "Domain expert",
        "Steward and auditor",
        "Integrator",
    ]


def test_its_bold_words_stand_on_the_pages_in_both_languages() -> None:
    with TRANSLATIONS.open("rb") as file:
        known = {message.id: message.string for message in read_po(file) if message.id}
    labels = [(" ".join(en.split()), " ".join(zh.split())) for en, zh in LABEL.findall(TOURS)]
    assert len(labels) > 30
    assert [(en, zh) for en, zh in labels if known.get(en) != zh] == []


@pytest.mark.parametrize("address", sorted(set(ADDRESS.findall(TOURS))))
def test_its_addresses_are_pages(workspace: Workspace, address: str) -> None:
    adapter = create_app(workspace, sparql=None).url_map.bind("localhost")
    try:
        adapter.match(address, method="GET")
    except (NotFound, MethodNotAllowed):
        pytest.fail(f"{address} is no page")
