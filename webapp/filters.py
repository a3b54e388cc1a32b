"""How times, numbers and severities are written on the pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from babel.dates import format_timedelta
from flask import Flask

from kb.clock import CHINA_STANDARD_TIME
from kb.sharing.problems import located
from webapp.i18n import gettext as _
from webapp.i18n import language, said

DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
SPARK = 60
"""Points of a small trend."""
Thing = Mapping[str, Any]


def init_app(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        clock=clock,
        elapsed=elapsed,
        moment=moment,
        within=within,
        severity=severity,
        amount=amount,
        deadlines=deadlines,
        phases=phases,
        located=lambda position: said(located(position)),
        standing=standing,
        day=day,
        percent=percent,
        span=span,
        seconds=seconds,
        spark=spark,
        tone=tone,
    )


def now() -> datetime:
    """Return the time on the clocks of the duty room."""
    return datetime.now(CHINA_STANDARD_TIME)


def moment(iso: str) -> str:
    """Return the day and the time of *iso* in China: ``2026-03-01 08:30``."""
    return f"{local(iso):%Y-%m-%d %H:%M}"


def day(seconds: float) -> str:
    """Return the day in China of a POSIX time: ``2026-03-01``."""
    return f"{datetime.fromtimestamp(seconds, CHINA_STANDARD_TIME):%Y-%m-%d}"


def local(iso: str) -> datetime:
    """Return the moment *iso* on the clocks of the duty room."""
    return datetime.fromisoformat(iso).astimezone(CHINA_STANDARD_TIME)


def clock(iso: str) -> str:
    """Return the time of *iso* in China, with the day where it is not today: ``08:30``, ``03-02 08:30``."""
    time = local(iso)
    return f"{time:%H:%M}" if time.date() == now().date() else f"{time:%m-%d %H:%M}"


def elapsed(iso: str) -> str:
    """Return how long ago *iso* was, in the language of the page: ``5 minutes ago``, ``3小时前``."""
    passed = local(iso) - now()
    return format_timedelta(min(passed, timedelta(0)), add_direction=True, locale=language(), threshold=1)


def within(text: str | None) -> str:
    """Return an ISO 8601 duration in words: ``PT2H`` becomes ``within 2 h``."""
    length = _duration(text)
    if length is None:
        return _("no time set")
    if not length:
        return _("at once")
    minutes = int(length.total_seconds()) // 60
    if minutes % 60:
        return _("within %(count)s min") % {"count": minutes}
    return _("within %(count)s h") % {"count": minutes // 60}


def severity(thing: Thing | None) -> str:
    """Return the style of a grade, a response level or a warning: ``severity-1`` (worst) to ``severity-4``.

    Colour only repeats what the words beside it say.
    """
    tail = (thing or {}).get("iri") or ""
    names = (
        ("particularly-major", "I", "red"),
        ("major", "II", "orange"),
        ("larger", "III", "yellow"),
        ("ordinary", "IV", "blue"),
    )
    found = (rank for rank, same in enumerate(names, 1) if tail.rsplit("/", 1)[-1] in same)
    return f"severity-{next(found, 0)}"


def amount(fact: Thing) -> str:
    """Return the value of a reported fact in words: ``12 people``, ``yes``."""
    value, unit = fact["value"], fact["unit"]
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return str(value["label"][language()])
    text = f"{value:,}" if isinstance(value, int | float) else str(value)
    return f"{text} {unit[language()]}" if unit else text


def deadlines(reporting: Iterable[Thing]) -> list[tuple[str | None, str | None, list[Thing]]]:
    """Group reporting duties by their time limit: ``(within, by, duties)``, the most urgent group first."""

    def urgency(duty: Thing) -> timedelta:
        length = _duration(duty["within"])
        return timedelta.max if length is None else length

    groups = groupby(sorted(reporting, key=urgency), key=urgency)
    return [(group[0]["within"], group[0]["by"], group) for group in (list(duties) for _, duties in groups)]


def phases(modules: Iterable[Thing]) -> list[tuple[Thing, list[Thing]]]:
    """Group modules, which come in order, by the phase of the response."""
    groups = groupby(modules, key=lambda module: module["phase"]["iri"])
    return [(group[0]["phase"], group) for group in (list(part) for _, part in groups)]


def standing(status: str) -> str:
    """Return how a condition stands in words: ``met``, ``notMet`` or ``unknown``."""
    return {"met": _("met"), "notMet": _("not met")}.get(status, _("unknown"))


def percent(value: float | None) -> str:
    """Return a share in words: ``97.5%``; a dash where it was never measured; 100 only where it is whole."""
    if value is None:
        return "–"
    shown = min(value * 100, 99.9) if value < 1 else 100.0
    return f"{shown:.1f}%".replace(".0%", "%")


def span(text: str | None) -> str:
    """Return an ISO 8601 duration as a length: ``P31D`` becomes ``31 days``; years and months stay."""
    length = _duration(text)
    if length is None:
        return text or ""
    if length < timedelta(days=2):
        return _("%(count)s h") % {"count": int(length / timedelta(hours=1))}
    return _("%(count)s days") % {"count": length.days}


def seconds(length: float) -> str:
    """Return a length of time in the largest unit that it fills: ``45 s``, ``12 min``, ``3 h``."""
    if length < 60:
        return _("%(count)s s") % {"count": round(length)}
    if length < 3600:
        return _("%(count)s min") % {"count": round(length / 60)}
    return span(f"PT{round(length / 3600)}H")


def spark(points: Sequence[Thing]) -> str:
    """Return the last values of a trend as the points of an SVG polyline, 100 wide and 20 high, 1 on top."""
    values = [point["value"] for point in points][-SPARK:]
    step = 100 / max(1, len(values) - 1)
    # One value is a line, too: nothing else would be seen.
    drawn = values if len(values) != 1 else values * 2
    return " ".join(f"{place * step:.1f},{19 - 18 * value:.1f}" for place, value in enumerate(drawn))


def tone(state: Thing) -> str:
    """Return the style of a state of freshness: that of a warning, if it is one."""
    rank = {"overdue": 1, "due": 3, "never": 0}.get(state["iri"].rsplit("/", 1)[-1])
    return "" if rank is None else f"severity-{rank}"


def _duration(text: str | None) -> timedelta | None:
    match = DURATION.fullmatch(text or "")
    if not text or match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
