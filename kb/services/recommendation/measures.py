"""Which measures the law lets one take."""

from __future__ import annotations

from typing import Any

from kb.namespaces import DCTERMS_SOURCE
from kb.services.findings import Findings


def menus(found: Findings) -> list[dict[str, Any]]:
    """Return the menus of statutory measures that are open, each with its items in the order of the law."""
    return [
        {
            **found.conclusion("opensMenu", menu),
            "items": [
                found.value(item)
                for item in sorted(found.holders(menu, "inMenu"), key=lambda m: (found.rank(m), str(m)))
            ],
            "clause": found.clause(found.one(menu, DCTERMS_SOURCE)),
        }
        for menu in sorted(found.all("opensMenu"), key=str)
    ]
