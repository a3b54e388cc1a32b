"""The outcome of an exercise for people and programs: as JSON, as text, and as a report in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text, both
from kb.services.directives import measures, reading
from kb.services.exercise.expecting import Finding, findings
from kb.services.exercise.running import Outcome
from kb.services.workspace import Workspace

WORDS = {
    "invented": Text("推演。方案与结果均为虚构。", "An exercise. Scenario and results are invented."),
    "incidents": Text("事件", "Incidents"),
    "simulated": Text("推演时长", "Simulated time"),
    "real": Text("实际用时", "Real time"),
    "seed": Text("种子", "Seed"),
    "directives": Text("指令", "Directives"),
    "expected": Text("预期", "Expected"),
    "found": Text("结果", "Found"),
    "measures": Text("办理成效（分钟为中位数 / 90%）", "Measures (minutes: median / 90 %)"),
    "department": Text("部门", "Department"),
    "all": Text("合计", "All"),
    "timeline": Text("时间线", "Timeline"),
    "at": Text("时间", "Time"),
    "about": Text("对象", "About"),
    "step": Text("步骤", "Step"),
    "who": Text("单位", "Body"),
    "reason": Text("说明", "Reason"),
    "held": Text("符合预期", "As expected"),
    "failed": Text("不符合预期", "Not as expected"),
    "seconds": Text("秒", "s"),
    "faster": Text("倍速", "times faster than real time"),
}


def data(workspace: Workspace, outcome: Outcome) -> dict[str, Any]:
    """Return *outcome* as JSON: what was expected, the measures, and the whole timeline."""
    found = findings(workspace, outcome)
    simulated = outcome.ended - outcome.scenario.start
    return {
        "scenario": outcome.scenario.name,
        "title": both(outcome.scenario.title),
        "about": both(outcome.scenario.about),
        "invented": True,
        "seed": outcome.seed,
        "incidents": list(outcome.incidents),
        "started": outcome.scenario.start.isoformat(),
        "ended": outcome.ended.astimezone(outcome.scenario.start.tzinfo).isoformat(),
        "simulatedSeconds": simulated.total_seconds(),
        "seconds": round(outcome.seconds, 3),
        "held": all(finding.held for finding in found),
        "expectations": [_finding(finding) for finding in found],
        "measures": measures.measures(workspace, outcome.incidents),
        "timeline": [
            {"incident": name, **event}
            for name in outcome.incidents
            for event in reading.timeline(workspace, name)
        ],
    }


def text(told: Mapping[str, Any], lang: str) -> Iterator[str]:
    """Yield the lines of a short report in *lang*: what was expected, and the measures of all."""
    yield told["title"][lang]
    yield _word("invented", lang)
    yield ""
    for label, value in _facts(told, lang):
        yield f"{label}: {value}" if lang == "en" else f"{label}：{value}"
    yield ""
    for one in told["expectations"]:
        yield f"{_mark(one)} {one['expected'][lang]} — {one['found'][lang]}"
    yield ""
    for label, value in _summary(told["measures"], told["measures"]["all"], lang):
        yield f"{label}: {value}" if lang == "en" else f"{label}：{value}"
    yield _word("held" if told["held"] else "failed", lang)


def markdown(told: Mapping[str, Any], lang: str) -> Iterator[str]:
    """Yield the lines of the whole report in *lang*, with a table of departments and the timeline."""
    yield f"# {told['title'][lang]}"
    yield ""
    yield f"> {_word('invented', lang)}"
    yield ""
    yield told["about"][lang]
    yield ""
    yield from _table(("", ""), _facts(told, lang))
    yield ""
    yield f"## {_word('held' if told['held'] else 'failed', lang)}"
    yield ""
    rows = [(_mark(one), one["expected"][lang], one["found"][lang]) for one in told["expectations"]]
    yield from _table(("", _word("expected", lang), _word("found", lang)), rows)
    yield ""
    yield f"## {_word('measures', lang)}"
    yield ""
    yield from _measures(told["measures"], lang)
    yield ""
    yield f"## {_word('timeline', lang)}"
    yield ""
    head = tuple(_word(name, lang) for name in ("at", "about", "step", "who", "reason"))
    yield from _table(head, (_event(event, told["incidents"], lang) for event in told["timeline"]))


def _finding(finding: Finding) -> dict[str, Any]:
    return {"expected": both(finding.expected), "found": both(finding.found), "held": finding.held}


def _facts(told: Mapping[str, Any], lang: str) -> list[tuple[str, str]]:
    simulated, real = told["simulatedSeconds"], told["seconds"]
    speed = f"{simulated / max(real, 0.001):,.0f} {_word('faster', lang)}"
    return [
        (_word("incidents", lang), ", ".join(told["incidents"])),
        (_word("seed", lang), str(told["seed"])),
        (_word("directives", lang), str(told["measures"]["all"]["directives"])),
        (_word("simulated", lang), str(timedelta(seconds=simulated))),
        (_word("real", lang), f"{real:.1f} {_word('seconds', lang)} ({speed})"),
    ]


def _measures(told: Mapping[str, Any], lang: str) -> Iterator[str]:
    names = [one["label"][lang] for one in told["measures"]]
    groups = [(_word("all", lang), told["all"])]
    groups += [(one["department"]["label"][lang], one) for one in told["departments"]]
    rows = (
        (label, str(group["directives"]), *(value for _, value in _summary(told, group, lang)))
        for label, group in groups
    )
    yield from _table((_word("department", lang), _word("directives", lang), *names), rows)


def _summary(told: Mapping[str, Any], group: Mapping[str, Any], lang: str) -> list[tuple[str, str]]:
    """Return the label and value of each measure of *group*."""
    found = []
    for one in told["measures"]:
        times = group["times"].get(one["name"])
        if times is None:
            value = str(group["counts"][one["name"]])
        elif times["count"]:
            value = f"{times['median'] / 60:.0f} / {times['p90'] / 60:.0f}"
        else:
            value = "—"
        found.append((one["label"][lang], value))
    return found


def _event(event: Mapping[str, Any], incidents: list[str], lang: str) -> tuple[str, ...]:
    at = datetime.fromisoformat(event["at"]).astimezone(CHINA_STANDARD_TIME)
    number = event["about"]["number"]
    about = str(incidents.index(event["incident"]) + 1) + ("" if number is None else f".{number}")
    who = event["body"]["label"][lang] if event["body"] else event["actor"]
    step, values = event["step"]["label"][lang], [value for value in event["values"] if value["value"]]
    if values:
        said = (f"{value['property'][lang]} {value['value']['label'][lang]}" for value in values)
        step += f" ({', '.join(said)})"
    return f"{at:%m-%d %H:%M:%S}", about, step, who, event["reason"]


def _mark(finding: Mapping[str, Any]) -> str:
    return "✓" if finding["held"] else "✗"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"


def _word(name: str, lang: str) -> str:
    return WORDS[name].in_(lang)
