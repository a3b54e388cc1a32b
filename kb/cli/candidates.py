"""``xiezhi candidate``: signals come in, those near each other stand together, an officer judges.

A server that runs on the store is asked.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import InputError, Text

_NONE = Text("没有待研判的线索", "no signal waits to be judged")
_NEAR = Text("可能属于事件", "may belong to the incident")
_NEW = Text("收到 {received} 条，新记 {new} 条", "{received} received, {new} of them new")
_STEPS = {
    "confirm": Text("已确认为事件", "confirmed as the incident"),
    "attach": Text("已并入事件", "attached to the incident"),
    "dismiss": Text("已排除", "dismissed"),
}


@click.group()
def candidate() -> None:
    """Candidates for incidents out of signals. 候选事件。"""


@candidate.command()
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def notice(context: Context, file: IO[str], form: str) -> None:
    """Take in the signals in FILE: a JSON list of rows, or CSV with a header. 录入线索。"""
    rows = _rows(file.read())
    with context.candidates() as desk:
        found = desk.notice(rows)
    told = _NEW.in_(context.lang).format(received=found["received"], new=len(found["noticed"]))
    printed(found, form, [told])


@candidate.command("list")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def list_(context: Context, form: str) -> None:
    """List the candidates, with the reason why their signals stand together. 候选事件。"""
    with context.candidates() as desk:
        found = desk.listed()
    lang = context.lang
    lines = [line for one in found for line in _told(one, lang)]
    printed(found, form, lines or [_NONE.in_(lang)])


@candidate.command()
@click.argument("identifier", metavar="ID")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def confirm(context: Context, identifier: str, form: str) -> None:
    """Take the candidate ID as a report of an incident. 确认为事件。"""
    _judge(context, identifier, "confirm", {}, form)


@candidate.command()
@click.argument("identifier", metavar="ID")
@click.argument("incident")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def attach(context: Context, identifier: str, incident: str, form: str) -> None:
    """Attach the candidate ID to INCIDENT. 并入事件。"""
    _judge(context, identifier, "attach", {"incident": incident}, form)


@candidate.command()
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="Why. 理由。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def dismiss(context: Context, identifier: str, reason: str, form: str) -> None:
    """Say that the candidate ID is no incident. 排除。"""
    _judge(context, identifier, "dismiss", {"reason": reason}, form)


def _judge(context: Context, identifier: str, step: str, data: dict[str, Any], form: str) -> None:
    with context.candidates() as desk:
        found = desk.judge(identifier, step, data)
    printed(found, form, [f"{_STEPS[step].in_(context.lang)} {found['incident'] or ''}".strip()])


def _rows(text: str) -> list[Any]:
    if not text.lstrip().startswith("["):
        return list(csv.DictReader(io.StringIO(text)))
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError.of(
            "signal.form", f"不是合法的 JSON：{error}", f"this is no JSON: {error}"
        ) from error
    assert isinstance(found, list)
    return found


def _told(one: dict[str, Any], lang: str) -> Iterator[str]:
    place = one["grid"]["label"][lang] if one["grid"] else ""
    yield f"{one['id']}  {one['type']['label'][lang]} · {place} · {one['confidence']:.0%}"
    for signal in one["signals"]:
        at = f"{datetime.fromisoformat(signal['time']).astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
        why = "; ".join(reason[lang] for reason in signal["reasons"])
        said = " · ".join(filter(None, (signal["kind"]["label"][lang], signal["source"], signal["text"])))
        yield f"  {at} {said}" + (f" ({why})" if why else "")
    for near in one["near"]:
        why = "; ".join(reason[lang] for reason in near["reasons"])
        yield f"  {_NEAR.in_(lang)} {near['incident']['id']} ({why})"
