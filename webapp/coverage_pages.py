"""The page of coverage: where the knowledge has gaps, as a heat map and as tables that say the same."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for

from kb.clock import today
from kb.services.drafting.jobs import fault_of
from kb.services.drafting.jobs import found as kept
from webapp.access import me, requires
from webapp.desk import desk
from webapp.i18n import gettext as _
from webapp.i18n import said

RANKS = (1, 2, 3, 4)
NUMERALS = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")
MOST = 200
"""Cells of the list."""
blueprint = Blueprint("coverage", __name__)


@blueprint.get("/knowledge/coverage")
@requires("query")
def index() -> str:
    """Show the heat map: packs, or the types of one pack, by city and grade; below, the gaps one by one.

    What is a day old is made anew when somebody looks who may see incidents; it takes a minute.
    """
    jobs, release = desk().jobs, desk().workspace.release
    keep, about = jobs.of_knowledge("coverage"), f"{release} {today()}"
    found = kept(keep)
    if (found is None or found["about"] != about) and me().may("explain"):
        jobs.start("coverage", keep, about)
    result = (found or {}).get("result")
    page: dict[str, Any] = {"result": None}
    if result:
        page = _page(result)
    return render_template(
        "knowledge/coverage.html",
        job=jobs.running(keep),
        found=found,
        faults=[fault_of(fault) for fault in (found or {}).get("faults", [])],
        most=MOST,
        **page,
    )


def _page(result: dict[str, Any]) -> dict[str, Any]:
    pack, city, gap, type_ = (request.args.get(key, "") for key in ("pack", "city", "gap", "type"))
    types = {one["iri"]: one for one in result["types"]}
    cities = [one for one in result["cities"] if not city or one["iri"] == city]
    cells = [
        {**cell, "pack": types[cell["type"]]["pack"]}
        for cell in result["cells"]
        if (not city or cell["city"] == city) and (not pack or types[cell["type"]]["pack"] == pack)
    ]
    gaps = [
        cell
        for cell in cells
        if cell["gaps"] and (not gap or gap in cell["gaps"]) and (not type_ or cell["type"] == type_)
    ]
    labels = {one["iri"]: one["label"] for one in (*result["types"], *result["cities"])}
    rows = _rows(cells, "type" if pack else "pack", cities, gap)
    packs = desk().library.overview().packs()
    names = {one.item.iri.rsplit("/", 1)[-1]: said(one.item.label) for one in packs}
    for row in rows:
        row["name"] = said(labels[row["key"]]) if pack else names.get(row["key"]) or _("shared by all packs")
        row["link"] = _address(**{"type" if pack else "pack": row["key"]})
    rows.sort(key=lambda row: row["name"])
    columns = [f"{said(one)} {numeral}" for one in cities for numeral in NUMERALS]
    return {
        "result": result,
        "pack": pack,
        "city": city,
        "gap": gap,
        "type": type_,
        "labels": labels,
        "packs": sorted({one["pack"] for one in result["types"]} - {""}),
        "names": names,
        "rows": rows,
        "columns": columns,
        "gaps": gaps,
        "gap_labels": {one["name"]: one["label"] for one in result["gaps"]},
        "cells": len(cells),
        "drawing": {
            "rows": [{"name": row["name"], "link": f"{row['link']}#list"} for row in rows],
            "columns": columns,
            "cells": [
                [x, y, share if share is not None else -1, words, short]
                for y, row in enumerate(rows)
                for x, (share, words, short) in enumerate(row["shares"])
            ],
            "words": {"none": _("nothing missing"), "all": _("gaps"), "ungraded": _("not graded")},
        },
    }


def _rows(
    cells: list[dict[str, Any]], by: str, cities: list[dict[str, Any]], gap: str
) -> list[dict[str, Any]]:
    """Return for each pack or type the share of its cells that have a gap, by city and grade."""
    grouped: dict[str, dict[tuple[str, int], list[bool]]] = {}
    for cell in cells:
        lacks = gap in cell["gaps"] if gap else bool(cell["gaps"])
        grouped.setdefault(cell[by], {}).setdefault((cell["city"], cell["rank"]), []).append(lacks)
    rows: list[dict[str, Any]] = []
    for key, found in grouped.items():
        shares: list[tuple[float | None, str, str]] = []
        for city in cities:
            for rank in RANKS:
                lacking = found.get((city["iri"], rank))
                if lacking is None:
                    shares.append((None, _("not graded"), "–"))
                else:
                    words = _("%(gaps)s of %(cells)s with a gap") % {
                        "gaps": sum(lacking),
                        "cells": len(lacking),
                    }
                    short = f"{sum(lacking)}/{len(lacking)}" if any(lacking) else ""
                    shares.append((round(sum(lacking) / len(lacking), 3), words, short))
        rows.append({"key": key, "shares": shares})
    return rows


def _address(**changed: str) -> str:
    """Return the address of this page with its filters, others in place of some."""
    asked = {key: request.args[key] for key in ("pack", "city", "gap") if request.args.get(key)}
    return f"{url_for('coverage.index')}?{urlencode(asked | changed)}"
