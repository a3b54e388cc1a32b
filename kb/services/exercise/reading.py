"""Scenarios as YAML: ``examples/exercises/README.md`` describes the format.

One run finds all faults of a file, each with its line and a repair. Names of steps are those of the flow of
directives, names of departments are looked up when the exercise runs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rdflib.xsd_datetime import Duration, parse_xsd_duration

from kb.city import located
from kb.city.located import Item, Reader
from kb.errors import KnowledgeFault, NotFound, Text
from kb.ontology.names import nearest
from kb.report.reading import ID_KEY
from kb.resources import folder
from kb.services.exercise.scenario import (
    Another,
    Asking,
    Bounds,
    Command,
    Conduct,
    Continued,
    Down,
    Expectation,
    Inject,
    Name,
    Scenario,
    Wait,
)

AREA = "exercise"
ENDING = ".yaml"
_TOP = ("title", "about", "city", "seed", "limit", "report", "departments", "command")
_MORE = ("injects", "expect")
_CONDUCT = ("returns", "passesOn", "reason", "silent")
_COMMAND = ("confirm", "cancel", "overrides")
_EXPECT = ("grade", "level", "lead", "steps", "system", "overrides", "takenOver", "closed", "within")
_INJECTS = ("continued", "incident", "down", "request")
_OVERRIDE = ("department", "module", "to", "reason")
_TIME = "time"
_CITY = re.compile(r"\d{6}")
_STEP = ("步骤", "step")


def find(name: str) -> Path:
    """Return the file of the scenario *name*: a path, or a name in ``examples/exercises``.

    :raises NotFound: ``exercise.unknown``.
    """
    path = Path(name)
    if path.is_file():
        return path
    known = {one.stem: one for one in shipped()}
    if name in known:
        return known[name]
    raise NotFound.of(
        "exercise.unknown",
        f"没有推演方案 {name}",
        f"there is no scenario {name}",
        where=name,
        repair=(
            f"给出文件，或用：{'、'.join(nearest(name, list(known)) or known)}",
            f"name a file, or one of: {', '.join(nearest(name, list(known)) or known)}",
        ),
    )


def shipped() -> list[Path]:
    """Return the files of the scenarios that come with Xiezhi, by name."""
    return sorted((folder("examples") / "exercises").glob(f"*{ENDING}"))


def read(path: Path, steps: Collection[str] = ()) -> Scenario:
    """Return the scenario in *path*.

    :param steps: names of the steps of directives; without them, any name is taken for one.
    :raises KnowledgeFault: ``exercise.…``, all that is wrong with it.
    """
    reader = _Reader(area=AREA, steps=steps)
    found = reader.scenario(located.read(path, AREA), path)
    reader.stop()
    assert found is not None
    return found


@dataclass
class _Reader(Reader):
    """Reads a scenario; *steps* are the names of steps that there are, empty for any."""

    steps: Collection[str] = ()

    def scenario(self, item: Item, path: Path) -> Scenario | None:
        top = self.mapping(item, (*_TOP, *_MORE))
        for key in _TOP:
            if key not in top and key not in ("about", "seed", "limit"):
                self.missing(key, item.where)
        if self.faults:
            return None
        title = self.texts(top["title"])
        report = self.report(top["report"])
        start = self.start(top["report"], report)
        default, departments = self.departments(top["departments"])
        return Scenario(
            path,
            path.stem,
            title,
            self.texts(top["about"]) if "about" in top else title,
            self.city(top["city"]),
            self.number(top["seed"]) if "seed" in top else 1,
            start,
            self.duration(top["limit"]) if "limit" in top else timedelta(days=3),
            report,
            default,
            departments,
            self.command(top["command"]),
            tuple(self.injects(top.get("injects"))),
            self.expectation(top["expect"]) if "expect" in top else Expectation(),
        )

    def city(self, item: Item) -> str:
        code = str(item.value)
        if not _CITY.fullmatch(code):
            self.wrong(item, '六位区划代码，如 "370200"', 'a division code of six digits such as "370200"')
        return code

    def report(self, item: Item) -> dict[str, Any]:
        found = {key: _plain(value) for key, value in self.mapping(item).items()}
        if ID_KEY in found:
            self.fault(
                "exercise.id",
                "推演的事件编号由系统给出",
                "the exercise itself names its incidents",
                item.where,
                Text(f"去掉 {ID_KEY}", f"leave {ID_KEY} out"),
            )
        return found

    def start(self, item: Item, report: Mapping[str, Any]) -> datetime:
        try:
            moment = datetime.fromisoformat(str(report.get(_TIME)))
        except ValueError:
            moment = datetime.min
        if moment.tzinfo is None:
            self.fault(
                "exercise.no-time",
                "报告须有带时区的 time，推演由此开始",
                "the report needs a time with its zone: the exercise starts there",
                item.where,
                Text('如 time: "2026-07-20T15:00:00+08:00"', 'such as time: "2026-07-20T15:00:00+08:00"'),
            )
        return moment

    def departments(self, item: Item) -> tuple[Conduct, tuple[tuple[Name, Conduct], ...]]:
        entries = self.mapping(item)
        if "default" not in entries:
            self.missing("default", item.where)
            return Conduct(), ()
        default = self.conduct(entries["default"], Conduct())
        named = [
            (Name(key, entry.where), self.conduct(entry, default))
            for key, entry in entries.items()
            if key != "default"
        ]
        return default, tuple(named)

    def conduct(self, item: Item, base: Conduct) -> Conduct:
        given = dict(self.mapping(item))
        own = {key: given.pop(key) for key in _CONDUCT if key in given}
        found = replace(base, waits={**base.waits, **self.waits(given, _CONDUCT)})
        if "returns" in own:
            found = replace(found, returns=self.share(own["returns"]))
        if "passesOn" in own:
            found = replace(found, passes_on=self.share(own["passesOn"]))
        if "silent" in own:
            found = replace(found, silent=self.share(own["silent"]))
        if "reason" in own:
            found = replace(found, reason=self.text(own["reason"]))
        if (found.returns or found.passes_on) and not found.reason:
            self.missing("reason", item.where)
        return found

    def command(self, item: Item) -> Command:
        given = dict(self.mapping(item))
        if "confirm" not in given:
            self.missing("confirm", item.where)
            return Command(Wait(0))
        confirm, cancel, overrides = (given.pop(key, None) for key in _COMMAND)
        assert confirm is not None
        changes = []
        for one in self.items(overrides):
            entry = self.mapping(one, _OVERRIDE)
            for key in ("department", "reason"):
                if key not in entry:
                    self.missing(key, one.where)
            changes.append({key: _plain(value) for key, value in entry.items()})
        return Command(
            self.wait(confirm),
            self.waits(given, _COMMAND),
            None if cancel is None else self.wait(cancel),
            tuple(changes),
        )

    def injects(self, item: Item | None) -> Iterator[Inject]:
        for one in self.items(item):
            entry = self.mapping(one, ("after", "of", *_INJECTS))
            kinds = [kind for kind in _INJECTS if kind in entry]
            if len(kinds) != 1 or "after" not in entry:
                self.wrong(
                    one,
                    f"after 与下列之一：{'、'.join(_INJECTS)}",
                    f"after and one of: {', '.join(_INJECTS)}",
                )
                continue
            after, of = self.duration(entry["after"]), self.number(entry["of"]) if "of" in entry else 1
            yield from self.inject(kinds[0], entry[kinds[0]], after, of)

    def inject(self, kind: str, item: Item, after: timedelta, of: int) -> Iterator[Inject]:
        if kind == "continued":
            yield Continued(after, self.report(item), of)
        elif kind == "incident":
            yield Another(after, self.report(item))
        elif kind == "down":
            entry = self.mapping(item, ("body", "until"), whole=True)
            if len(entry) == 2:
                yield Down(after, self.name(entry["body"]), self.duration(entry["until"]))
        else:
            entry = self.mapping(item, ("from", "to", "task", "part"))
            for key in ("from", "to", "task"):
                if key not in entry:
                    self.missing(key, item.where)
            if {"from", "to", "task"} <= set(entry):
                sender, to = self.name(entry["from"]), self.name(entry["to"])
                part = "part" in entry and self.yes(entry["part"])
                yield Asking(after, sender, to, self.texts(entry["task"]), part, of)

    def expectation(self, item: Item) -> Expectation:
        entry = self.mapping(item, _EXPECT)

        def counts(key: str) -> dict[str, Bounds]:
            steps = self.mapping(entry[key], self.steps) if key in entry else {}
            return {step: self.bounds(value) for step, value in steps.items()}

        return Expectation(
            self.name(entry["grade"]) if "grade" in entry else None,
            self.name(entry["level"]) if "level" in entry else None,
            self.names(entry.get("lead")),
            counts("steps"),
            counts("system"),
            self.bounds(entry["overrides"]) if "overrides" in entry else None,
            self.names(entry.get("takenOver")),
            self.yes(entry["closed"]) if "closed" in entry else True,
            self.duration(entry["within"]) if "within" in entry else None,
        )

    def waits(self, given: Mapping[str, Item], others: Collection[str]) -> dict[str, Wait]:
        for key, item in given.items():
            if self.steps and key not in self.steps:
                self.unknown(_STEP, key, (*self.steps, *others), item.where)
        return {key: self.wait(item) for key, item in given.items()}

    def wait(self, item: Item) -> Wait:
        value = _plain(item)
        match value:
            case int() | float() if value >= 0 and not isinstance(value, bool):
                return Wait(value, value, value)
            case [int() | float() as low, int() | float() as mode, int() | float() as high]:
                if 0 <= low <= mode <= high:
                    return Wait(mode, low, high)
            case {"median": int() | float() as median, "spread": int() | float() as spread}:
                if median > 0 and spread >= 1:
                    return Wait(median, spread=spread)
        self.wrong(
            item,
            "分钟数、[最小, 最可能, 最大]，或 {median: 中位数, spread: 离散倍数（不小于 1）}",
            "minutes, [least, likeliest, most], or {median: …, spread: a factor, at least 1}",
        )
        return Wait(0)

    def bounds(self, item: Item) -> Bounds:
        if isinstance(item.value, int) and not isinstance(item.value, bool):
            return Bounds(item.value, item.value)
        entry = self.mapping(item, ("least", "most"))
        least = self.number(entry["least"]) if "least" in entry else 0
        return Bounds(least, self.number(entry["most"]) if "most" in entry else None)

    def duration(self, item: Item) -> timedelta:
        try:
            length = parse_xsd_duration(str(item.value))
        except ValueError:
            length = None
        if isinstance(length, timedelta) and not isinstance(length, Duration) and length >= timedelta():
            return length
        self.wrong(item, "时长，如 PT20M、P1D", "a duration such as PT20M or P1D")
        return timedelta()

    def texts(self, item: Item) -> Text:
        entry = self.mapping(item, ("zh", "en"), whole=True)
        zh, en = (self.text(entry[lang]) if lang in entry else "" for lang in ("zh", "en"))
        return Text(zh, en)

    def names(self, item: Item | None) -> tuple[Name, ...]:
        if item is not None and not isinstance(item.value, list):
            return (self.name(item),)
        return tuple(self.name(one) for one in self.items(item))

    def name(self, item: Item) -> Name:
        return Name(self.text(item), item.where)

    def share(self, item: Item) -> float:
        if isinstance(item.value, int | float) and not isinstance(item.value, bool) and 0 <= item.value <= 1:
            return float(item.value)
        self.wrong(item, "0 至 1 的概率", "a probability from 0 to 1")
        return 0.0

    def number(self, item: Item) -> int:
        if isinstance(item.value, int) and not isinstance(item.value, bool) and item.value >= 0:
            return item.value
        self.wrong(item, "非负整数", "a whole number, not negative")
        return 0

    def yes(self, item: Item) -> bool:
        if not isinstance(item.value, bool):
            self.wrong(item, "true 或 false", "true or false")
        return item.value is True


def _plain(item: Item) -> Any:
    if isinstance(item.value, list):
        return [_plain(one) for one in item.value]
    if isinstance(item.value, dict):
        return {key: _plain(one) for key, one in item.value.items()}
    return item.value.isoformat() if isinstance(item.value, date) else item.value


def fault(code: str, zh: str, en: str, where: str, repair: tuple[str, str] | None = None) -> KnowledgeFault:
    """Return the fault ``exercise.<code>`` at *where* in a scenario."""
    found = KnowledgeFault.of(f"{AREA}.{code}", zh, en, where=where, repair=repair)
    assert isinstance(found, KnowledgeFault)
    return found
