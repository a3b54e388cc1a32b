"""The risk of a city's grids in JSON: maps, profiles, checks; only from graphs that the reader may see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from pyoxigraph import NamedNode

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import InputError, NotFound, both
from kb.geo.city import grid_index
from kb.geo.index import GridIndex
from kb.namespaces import graph, xz
from kb.network.bodies import loaded
from kb.risk import factors, keeping, method
from kb.risk.history import Floats
from kb.risk.keeping import Assessment
from kb.risk.method import Category, Method
from kb.sensing import source as described
from kb.sensing.inbox import Inbox
from kb.services.audience import Visible, everything
from kb.services.risk import assessing, drawing
from kb.services.workspace import Workspace

TOP = 50
"""So many grids are told one by one."""
PUSHED = "pushed"
"""The source of what is pushed, in ``ontology/observations.ttl``."""
_NUMBER = re.compile(r"\d{1,3}", re.ASCII)


class RiskViews:
    """Tells of the risk in the cities of *workspace*."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store, self._describer = workspace.store, workspace.describer
        self._kept: dict[str, tuple[int, Assessment]] = {}

    @property
    def method(self) -> Method:
        """How risk is judged."""
        return method.read(self._store)

    @property
    def inbox(self) -> Inbox:
        """Where pushed observations are kept."""
        return Inbox(self._home / "observations" / PUSHED, described.source(self._store, PUSHED))

    @property
    def _home(self) -> Path:
        return self._workspace.home

    def cities(self, visible: Visible = everything) -> list[str]:
        """Return the codes of the cities of whose risk the reader may know."""
        return [
            code
            for code in loaded(self._store)
            if visible(graph(f"city/{code}")) and visible(keeping.named(code))
        ]

    def city(self, asked: str, visible: Visible = everything) -> str:
        """Return *asked*, or the first city that has been assessed, else the first.

        :raises NotFound: ``risk.city``: none is loaded, or the reader may not see it.
        """
        seen = self.cities(visible)
        if not seen or (asked and asked not in seen):
            raise NotFound.of(
                "risk.city", f"没有可见的城市 {asked[:20]}", f"there is no city to see {asked[:20]}".rstrip()
            )
        ready = [code for code in seen if (self._home / "risk" / f"{code}.npz").is_file()]
        return asked or (ready or seen)[0]

    def assess(
        self,
        city: str,
        source: described.Source,
        paths: Sequence[Path],
        *,
        actor: str,
        engine: str = "duckdb",
    ) -> dict[str, Any]:
        """Assess the risk of *city* from the files *paths* of *source*, and return what :meth:`about` tells.

        :raises InputError: ``risk.no-events``, ``sensing.*``.
        """
        code = self.city(city)
        cells = grid_index(self._store, code)
        assessing.assess(
            self._store, self._home, code, self.method, cells, source, paths, actor=actor, engine=engine
        )
        return self.about(code)

    def about(self, city: str, visible: Visible = everything) -> dict[str, Any]:
        """Return when and from what the risk of *city* was assessed, and how it does on held-back events.

        :raises NotFound: ``risk.city``, ``risk.not-assessed``.
        """
        found, _ = self._assessment(self.city(city, visible))
        how = self.method
        return {
            "city": found.city,
            "made": found.made,
            "from": found.first,
            "until": found.last,
            "events": found.events,
            "source": found.source,
            "method": {"iri": how.iri.value, "label": both(how.label)},
            "parameters": {
                "bandwidth": found.index.parameters.bandwidth,
                "prior": found.index.parameters.prior,
            },
            "categories": [
                {**_category(one), "events": round(float(found.index.hourly[n] * len(found.index.base)), 4)}
                for n, one in self._known(found)
            ],
            "check": found.check,
        }

    def map(
        self, city: str, category: str = "", hour: str = "", month: str = "", visible: Visible = everything
    ) -> dict[str, Any]:
        """Return the grids of the highest index, and how many there are of each level.

        :param category: a slug; empty: all categories together, weighed by severity.
        :param hour: of the week, 0 (Monday 0:00) to 167; empty: a mean hour. *month*: 1 to 12, or empty.
        :raises NotFound: ``risk.city``, ``risk.not-assessed``, ``risk.category``. InputError: ``risk.time``.
        """
        code = self.city(city, visible)
        found, cells = self._assessment(code)
        at, slot, season = self._asked(found, category, hour, month)
        values = self._values(found, at, slot, season)
        levels = found.levels(values, at)
        how = self.method
        top = np.argsort(-values, kind="stable")[:TOP]
        return {
            "city": code,
            "category": None if not category else _category(dict(self._known(found))[at]),
            "hour": slot,
            "month": None if season is None else season + 1,
            "levels": [
                {
                    "iri": threshold.level.value,
                    "label": both(threshold.label),
                    "from": round(float(found.cuts[at][n]), 3),
                    "grids": int((levels == n).sum()),
                }
                for n, threshold in enumerate(how.thresholds)
            ],
            "grids": [
                {
                    **self._area(cells.cells[number]),
                    "index": round(float(values[number]), 3),
                    "level": self._level(how, int(levels[number])),
                }
                for number in top
                if values[number] > 0
            ],
        }

    def svg(
        self,
        city: str,
        category: str = "",
        hour: str = "",
        month: str = "",
        lang: str = "zh",
        visible: Visible = everything,
    ) -> bytes:
        """Return the map of :meth:`map` drawn in *lang*: every grid of a level, and the districts."""
        code = self.city(city, visible)
        found, cells = self._assessment(code)
        at, slot, season = self._asked(found, category, hour, month)
        values = self._values(found, at, slot, season)
        districts = grid_index(self._store, code, xz("District"))
        names = [self._describer.text(district).in_(lang) for district in districts.cells]
        labels = [threshold.label.in_(lang) for threshold in self.method.thresholds]
        return drawing.draw(cells, values, found.levels(values, at), labels, districts, names, lang)

    def profile(self, city: str, grid: str, visible: Visible = everything) -> dict[str, Any]:
        """Return the profile of the unit grid with the code *grid*: for each category, every factor.

        :raises NotFound: ``risk.city``, ``risk.not-assessed``, ``risk.grid``.
        """
        code = self.city(city, visible)
        found, cells = self._assessment(code)
        number = next(
            (n for n, cell in enumerate(cells.cells) if cell.value.rpartition("/")[2] == grid), None
        )
        if number is None:
            raise NotFound.of(
                "risk.grid", f"没有单元网格 {grid[:20]}", f"there is no unit grid {grid[:20]}", where="grid"
            )
        how, index = self.method, found.index
        values = [self._values(found, n, None, None) for n, _ in self._known(found)]
        return {
            "city": code,
            "grid": self._area(cells.cells[number]),
            "made": found.made,
            "categories": [
                {
                    **_category(category),
                    "index": round(float(value[number]), 3),
                    "level": self._level(how, int(found.levels(value[number : number + 1], n)[0])),
                    "events": round(
                        float(index.history[number, n]) * float(index.hourly[n]) * _hours(found), 3
                    ),
                    "factors": {
                        "history": round(float(index.history[number, n]), 3),
                        "around": round(float(index.around[number, n]), 3),
                        "smoothed": round(float(index.base[number, n]), 3),
                        "place": round(float(index.place[number]), 3),
                    },
                    "hours": [round(float(factor), 3) for factor in index.week[n]],
                    "months": [round(float(factor), 3) for factor in index.year[n]],
                }
                for value, (n, category) in zip(values, self._known(found), strict=True)
            ],
            "place": [
                {
                    "iri": factor.iri.value,
                    "label": both(factor.label),
                    "kind": factor.kind,
                    "number": int(found.counted[row, number]),
                    "multiplier": round(factors.multiplier(factor, int(found.counted[row, number])), 3),
                }
                for row, factor in enumerate(how.factors)
                if row < len(found.counted)
            ],
        }

    def reaching(self, city: str, at: datetime) -> list[tuple[NamedNode, Category, float, int]]:
        """Return the grids that reach a level that proposes a warning in the hour of *at*, the highest first.

        Each with the category, the index and the number of the threshold.
        """
        found, cells = self._assessment(city)
        how = self.method
        local = at.astimezone(CHINA_STANDARD_TIME)
        slot, season = local.weekday() * 24 + local.hour, local.month - 1
        proposing = [n for n, threshold in enumerate(how.thresholds) if threshold.proposes]
        reached = []
        for number, category in self._known(found):
            values = self._values(found, number, slot, season)
            levels = found.levels(values, number)
            reached += [
                (cells.cells[cell], category, float(values[cell]), int(levels[cell]))
                for cell in np.flatnonzero(np.isin(levels, proposing))
            ]
        return sorted(reached, key=lambda one: (-one[2], one[0].value, one[1].slug))

    def _assessment(self, city: str) -> tuple[Assessment, GridIndex]:
        cells = grid_index(self._store, city)
        path = self._home / "risk" / f"{city}.npz"
        version = path.stat().st_mtime_ns if path.is_file() else 0
        kept = self._kept.get(city)
        if kept is None or kept[0] != version:
            kept = self._kept[city] = (version, keeping.load(path.parent, city, cells))
        return kept[1], cells

    def _known(self, found: Assessment) -> list[tuple[int, Category]]:
        """Return the categories of which the assessment has events, with their numbers in it."""
        known = {category.slug: category for category in self.method.categories}
        slugs = enumerate(found.index.categories)
        return [(n, known[slug]) for n, slug in slugs if slug in known and found.index.hourly[n] > 0]

    def _asked(
        self, found: Assessment, category: str, hour: str, month: str
    ) -> tuple[int, int | None, int | None]:
        """Return the number of the category (the last: all), the hour of the week and the month from 0."""
        slugs = {one.slug: n for n, one in self._known(found)}
        if category and category not in slugs:
            raise NotFound.of(
                "risk.category",
                f"没有类别 {category[:30]} 的事件",
                f"there are no events of a category {category[:30]}",
                where="category",
                repair=(f"有：{'、'.join(slugs)}", f"there are: {', '.join(slugs)}"),
            )
        return (
            slugs.get(category, len(found.index.categories)),
            _within(hour, 0, 167, "hour"),
            None if (season := _within(month, 1, 12, "month")) is None else season - 1,
        )

    def _values(self, found: Assessment, category: int, hour: int | None, month: int | None) -> Floats:
        if category < len(found.index.categories):
            return found.index.relative(category, hour, month)
        weights = {one.slug: one.weight for one in self.method.categories}
        return found.index.total([weights.get(slug, 0.0) for slug in found.index.categories], hour, month)

    def _level(self, how: Method, number: int) -> dict[str, Any] | None:
        if number >= len(how.thresholds):
            return None
        threshold = how.thresholds[number]
        return {"iri": threshold.level.value, "label": both(threshold.label)}

    def _area(self, area: NamedNode) -> dict[str, Any]:
        label = both(self._describer.text(area))
        return {"iri": area.value, "code": area.value.rpartition("/")[2], "label": label}


def _category(category: Category) -> dict[str, Any]:
    return {"iri": category.iri.value, "slug": category.slug, "label": both(category.label)}


def _hours(found: Assessment) -> float:
    """Return how many hours history covers, which the events of a mean cell and their rate tell."""
    total = float(found.index.hourly.sum()) * len(found.index.base)
    return found.events / total if total else 0.0


def _within(text: str, least: int, most: int, where: str) -> int | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise InputError.of(
            "risk.time", f"应为 {least} 至 {most} 的整数", f"a number from {least} to {most}", where=where
        )
    return int(text)
