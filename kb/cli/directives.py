"""``xiezhi directive``: confirm a response, then follow its directives until each is closed.

A server that runs on the store is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import InputError, Text

_CONFIRMED = Text("已确认；新指令", "confirmed; new directives")
_ISSUED = Text("已签发", "issued")
_WAITING = Text("待签发", "to be issued")
_OBSOLETE = Text("建议已不再要求的指令", "no longer asked for")
_REPEATED = Text("此前已做过，未重复记录", "done before; nothing was written")
_NOTHING = Text("没有指令", "no directives")
_OVERDUE = Text("超时", "overdue")
_UNTIL = Text("限", "until")
_TURN = Text("轮到", "turn of")
_REQUESTED = Text("本部门发出的请求", "Requests sent to others")
_COUNTS = Text("在办 {open}，超时 {overdue}，已结 {ended}", "open {open}, overdue {overdue}, ended {ended}")
_FROM = Text("发令", "from")
_PART_OF = Text("属于指令", "part of directive")
_FALLBACK = Text("可改派给", "could go to")
_BECAUSE = Text("依据", "because of")
_NEXT = Text("现在可以", "possible now")
_NO_NUMBER = Text("尚无", "none yet")
_COUNTED = Text("条指令", "directives")


@click.group()
def directive() -> None:
    """Directives to departments, from confirming to closing. 协同处置指令。"""


@directive.command()
@click.argument("incident")
@click.option(
    "--override",
    "overrides",
    type=click.File("r", encoding="utf-8"),
    help="JSON list of {department, module, to, reason}; to null: no directive. 改动建议。",
)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def confirm(context: Context, incident: str, overrides: IO[str] | None, form: str) -> None:
    """Confirm what is recommended for INCIDENT: each department gets its directives. 确认并签发。"""
    data = {} if overrides is None else {"overrides": _json(overrides)}
    with context.directives() as desk:
        found = desk.confirm(incident, data)
    printed(found, form, _confirmed(found, context.lang))


@directive.command("list")
@click.argument("incident", required=False)
@click.option("--department", default="", help="Only those of this body: a label or an IRI. 部门。")
@click.option("--overdue", is_flag=True, help="Only those that are overdue. 只看超时的。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def list_(context: Context, incident: str | None, department: str, overdue: bool, form: str) -> None:
    """List the directives of INCIDENT, or the open ones of a department or of all. 指令列表。"""
    if incident and department:
        raise click.UsageError("INCIDENT or --department, not both")
    with context.directives() as desk:
        found = desk.of_incident(incident) if incident else desk.inbox(department, overdue=overdue)
    found["directives"] = [one for one in found["directives"] if one["overdue"] or not overdue]
    printed(found, form, _listed(found, context.lang))


@directive.command()
@click.argument("incident")
@click.argument("number", type=click.IntRange(1))
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def show(context: Context, incident: str, number: int, form: str) -> None:
    """Show directive NUMBER of INCIDENT: its task, basis, parts and timeline. 指令详情。"""
    with context.directives() as desk:
        found = desk.one(incident, number)
    printed(found, form, _told(found, context.lang))


@directive.command()
@click.argument("incident")
@click.argument("number", type=click.IntRange(1))
@click.argument("step")
@click.option("--reason", default="", help="Why, or what was done. 理由或结果。")
@click.option("--to", "department", help="The new addressee, to dispatch it anew. 改派给。")
@click.option("--score", type=int, help="1 to 5, to evaluate it. 评分。")
@click.option("--seen", "revision", type=click.IntRange(0), help="The revision that you saw. 所见版本。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def take(
    context: Context,
    incident: str,
    number: int,
    step: str,
    reason: str,
    department: str | None,
    score: int | None,
    revision: int | None,
    form: str,
) -> None:
    """Take STEP (acknowledge, start, report, …) with directive NUMBER of INCIDENT. 办理一步。"""
    given = {"reason": reason or None, "to": department, "score": score, "revision": revision}
    with context.directives() as desk:
        found = desk.take(incident, number, step, _given(given))
    printed(found, form, _done(found, context.lang))


@directive.command()
@click.argument("incident")
@click.option("--to", "addressee", required=True, help="Who is to do it. 承办部门。")
@click.option("--from", "issuer", help="In whose name. 发令方。")
@click.option("--task", required=True, help="What is to be done. 任务。")
@click.option("--module", help="Which module of a plan it belongs to. 模块。")
@click.option("--part-of", type=click.IntRange(1), help="It is a part of this directive. 上级指令。")
@click.option("--lateral", is_flag=True, help="A request from department to department. 横向请求。")
@click.option("--reason", default="", help="Why. 理由。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def draft(
    context: Context,
    incident: str,
    addressee: str,
    issuer: str | None,
    task: str,
    module: str | None,
    part_of: int | None,
    lateral: bool,
    reason: str,
    form: str,
) -> None:
    """Draft a directive for INCIDENT, a part of one, or a request. 制定指令、子指令或横向请求。"""
    given = {
        "to": addressee,
        "from": issuer,
        "task": task,
        "module": module,
        "partOf": part_of,
        "lateral": lateral or None,
        "reason": reason or None,
    }
    with context.directives() as desk:
        found = desk.draft(incident, _given(given))
    printed(found, form, _done(found, context.lang))


@directive.command()
@click.argument("incident")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def timeline(context: Context, incident: str, form: str) -> None:
    """Show what happened in INCIDENT, step by step. 时间线。"""
    with context.directives() as desk:
        found = desk.timeline(incident)
    printed({"incident": incident, "events": found}, form, (_event(one, context.lang) for one in found))


@directive.command()
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def measures(context: Context, form: str) -> None:
    """Show how long departments take, and how often directives came back. 指令时效与退回。"""
    with context.directives() as desk:
        found = desk.measures()
    printed(found, form, _measured(found, context.lang))


@directive.command()
@click.pass_obj
@faults_as_exit
def returns(context: Context) -> None:
    """Print what departments returned as cases (YAML) for the experts. 退回指令转为测试用例。"""
    with context.directives() as desk:
        click.echo(desk.returns(), nl=False)


@directive.command()
@click.argument("flow", default="directive")
@LANG
@click.pass_obj
@faults_as_exit
def diagram(context: Context, flow: str) -> None:
    """Draw FLOW (directive, incident, …) as a Mermaid diagram. 流程图。"""
    with context.directives() as desk:
        click.echo(desk.diagram(flow, context.lang).rstrip())


def _json(file: IO[str]) -> Any:
    try:
        return json.load(file)
    except ValueError as error:
        raise InputError.of(
            "directive.json", f"不是 JSON：{error}", f"it is no JSON: {error}", where=file.name
        ) from error


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _confirmed(found: dict[str, Any], lang: str) -> Iterator[str]:
    if found["repeated"]:
        yield _REPEATED.in_(lang)
    else:
        how = (_ISSUED if found["issued"] else _WAITING).in_(lang)
        yield f"{_CONFIRMED.in_(lang)}: {_numbers(found['new'])}" + (f" ({how})" if found["new"] else "")
    if found["obsolete"]:
        yield f"{_OBSOLETE.in_(lang)}: {_numbers(found['obsolete'])}"


def _numbers(found: list[int]) -> str:
    return ", ".join(map(str, found)) or "–"


def _listed(found: dict[str, Any], lang: str) -> Iterator[str]:
    yield _COUNTS.in_(lang).format(**found["counts"])
    for one in found["directives"]:
        yield _line(one, lang)
    if not found["directives"]:
        yield _NOTHING.in_(lang)
    if found.get("requested"):
        yield f"{_REQUESTED.in_(lang)}:"
        for one in found["requested"]:
            yield _line(one, lang)


def _line(one: dict[str, Any], lang: str) -> str:
    late = f" {_OVERDUE.in_(lang)}!" if one["overdue"] else ""
    due = f" · {_UNTIL.in_(lang)} {_moment(one['due'])}{late}" if one["due"] else ""
    whom = one["addressee"]["label"][lang]
    return (
        f"{one['incident']} {one['number']} [{one['state']['label'][lang]}] {whom}: {one['task'][lang]}{due}"
    )


def _told(one: dict[str, Any], lang: str) -> Iterator[str]:
    yield _line(one, lang)
    yield f"  {_FROM.in_(lang)}: {one['issuer']['label'][lang]}"
    if one["turn"]:
        yield f"  {_TURN.in_(lang)}: {one['turn']['label'][lang]}"
    if one["partOf"]:
        yield f"  {_PART_OF.in_(lang)} {one['partOf']}"
    for duty in one["duties"]:
        clause = f" [{duty['clause']['label'][lang]}]" if duty["clause"] else ""
        yield f"  {duty['label'][lang]}{clause}"
    if one["because"]:
        yield f"  {_BECAUSE.in_(lang)}: {_labels(one['because'], lang)}"
    if one["fallback"]:
        yield f"  {_FALLBACK.in_(lang)}: {_labels(one['fallback'], lang)}"
    for part in one["parts"]:
        yield f"  ↳ {_line(part, lang)}"
    for event in one["timeline"]:
        yield f"  {_event(event, lang)}"
    if one["steps"]:
        names = ", ".join(f"{step['name']} ({step['label'][lang]})" for step in one["steps"])
        yield f"  {_NEXT.in_(lang)}: {names}"


def _done(found: dict[str, Any], lang: str) -> Iterator[str]:
    if found["repeated"]:
        yield _REPEATED.in_(lang)
    yield _line(found["directive"], lang)


def _event(event: dict[str, Any], lang: str) -> str:
    about = event["about"]["number"]
    which = f" {about}" if about is not None else ""
    body = f" · {event['body']['label'][lang]}" if event["body"] else ""
    why = f": {event['reason']}" if event["reason"] else ""
    step = event["step"]["label"][lang]
    return f"{event['number']:>4} {_moment(event['at'])}{which} {step} · {event['actor']}{body}{why}"


def _measured(found: dict[str, Any], lang: str) -> Iterator[str]:
    labels = {one["name"]: one["label"][lang] for one in found["measures"]}
    yield f"{found['all']['directives']} {_COUNTED.in_(lang)}: {_summary(found['all'], labels, lang)}"
    for key, what in (("departments", "department"), ("rules", "rule")):
        for one in found[key]:
            name, count = one[what]["label"][lang], one["directives"]
            yield f"  {name} ({count}): {_summary(one, labels, lang)}"


def _summary(found: dict[str, Any], labels: dict[str, str], lang: str) -> str:
    times = (
        f"{labels[name]} {_NO_NUMBER.in_(lang) if one['median'] is None else _span(one['median'])}"
        for name, one in found["times"].items()
    )
    return ", ".join([*times, *(f"{labels[name]} {count}" for name, count in found["counts"].items())])


def _span(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"


def _labels(found: Iterable[dict[str, Any]], lang: str) -> str:
    return ", ".join(one["label"][lang] for one in found)


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
