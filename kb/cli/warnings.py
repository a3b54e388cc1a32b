"""``xiezhi warning``: receive warnings in CAP 1.2, issue, update and cancel our own, see what they support.

A server that runs on the store is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text

_NONE = Text("没有有效的预警", "no warning is in force")
_NO_LEVEL = Text("没有级别", "no level")
_DUPLICATE = Text("此前已收到，没有改动", "received before; nothing changed")
_BACK = Text("收回", "takes back")
_CHANGED = Text("重新得出处置建议的事件", "incidents derived anew")
_FROM = Text("发布者", "sender")
_HAND_OVER = Text("应移交", "to be handed over to")
_AREAS = Text("影响区域", "areas")
_SUPPORTS = Text("支持的事件", "supports the incidents")
_MORE = 8


@click.group()
def warning() -> None:
    """Warnings in CAP 1.2: in, out, and what they support. 预警。"""


@warning.command()
@click.argument("file", type=click.File("rb"))
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def receive(context: Context, file: IO[bytes], form: str) -> None:
    """Take in the message in FILE (- for standard input). 录入收到的消息。"""
    with context.warnings() as desk:
        found = desk.receive(file.read())
    printed(found, form, _done(found, context.lang))


@warning.command("list")
@click.option("--all", "all_", is_flag=True, help="Every message, not only those in force. 全部消息。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def list_(context: Context, all_: bool, form: str) -> None:
    """List the warnings in force, the highest first. 有效的预警。"""
    with context.warnings() as desk:
        found = desk.listed(all_=all_)
    lines = (_line(one, context.lang) for one in found)
    printed(found, form, lines if found else [_NONE.in_(context.lang)])


@warning.command()
@click.argument("key", metavar="ID")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "cap"]), default="text", show_default=True
)
@LANG
@click.pass_obj
@faults_as_exit
def show(context: Context, key: str, form: str) -> None:
    """Show the warning ID (its key or its CAP identifier) and what it supports. 一条预警。"""
    with context.warnings() as desk:
        if form == "cap":
            click.echo(desk.document(key), nl=False)
            return
        found = desk.show(key)
    printed(found, form, _shown(found, context.lang))


def _wishes(command: Any) -> Any:
    """Add the options of what is warned of."""
    options = (
        click.option("--level", help="红色, 橙色, 黄色, 蓝色, or red … 级别。"),
        click.option("--area", "areas", multiple=True, help="Code or name; may be repeated. 影响区域。"),
        click.option("--circle", "circles", multiple=True, help='"latitude,longitude km". 圆。'),
        click.option("--polygon", "polygons", multiple=True, help='"latitude,longitude …", closed. 多边形。'),
        click.option("--expires", help="When it expires, ISO 8601. 失效时间。"),
        click.option("--onset", help="When it is expected to begin. 预计开始。"),
        click.option("--headline", nargs=2, metavar="ZH EN", help="Instead of the one that follows. 标题。"),
        click.option("--description", nargs=2, metavar="ZH EN", help="The same for the text. 说明。"),
        click.option("--instruction", nargs=2, metavar="ZH EN", help="What people are to do. 应对指引。"),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _wish(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options as JSON would say them."""
    data: dict[str, Any] = {}
    for key, value in given.items():
        if not value:
            continue
        if key in ("headline", "description", "instruction"):
            data[key] = {"zh": value[0], "en": value[1]}
        else:
            data[key] = list(value) if isinstance(value, tuple) else value
    return data


@warning.command()
@click.option("--type", "type", help="Type of incident, such as 暴雨. 警示何事。")
@click.option("--incident", help="Warn of an incident: its type, place and level. 由事件发布。")
@click.option("--status", type=click.Choice(["Actual", "Exercise", "Test"]), help="消息状态。")
@_wishes
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def issue(context: Context, /, form: str, **given: Any) -> None:
    """Issue a warning in Chinese and English. 发布预警。"""
    with context.warnings() as desk:
        found = desk.issue(_wish(given))
    printed(found, form, _done(found, context.lang))


@warning.command()
@click.argument("key", metavar="ID")
@_wishes
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def update(context: Context, /, key: str, form: str, **given: Any) -> None:
    """Issue an update of our warning ID: what is not said stays. 更新预警。"""
    with context.warnings() as desk:
        found = desk.take(key, "update", _wish(given))
    printed(found, form, _done(found, context.lang))


@warning.command()
@click.argument("key", metavar="ID")
@click.option("--reason", required=True, help="Why. 理由。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def cancel(context: Context, key: str, reason: str, form: str) -> None:
    """Cancel our warning ID. 取消预警。"""
    with context.warnings() as desk:
        found = desk.take(key, "cancel", {"reason": reason})
    printed(found, form, _done(found, context.lang))


@warning.command("hand-over")
@click.argument("key", metavar="ID")
@click.option("--to", default="", help="Centre; else as the rules say. 移交给哪个中心。")
@click.option("--reason", required=True, help="Why. 理由。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def hand_over(context: Context, key: str, to: str, reason: str, form: str) -> None:
    """Hand the warning ID over to another centre. 移交预警。"""
    with context.warnings() as desk:
        found = desk.take(key, "hand-over", {"to": to, "reason": reason})
    printed(found, form, _shown(found, context.lang))


def _line(found: dict[str, Any], lang: str) -> str:
    level = found["level"]["label"][lang] if found["level"] else _NO_LEVEL.in_(lang)
    span = f"{_local(found['from'])} – {_local(found['until'])}"
    standing = found["standing"]["label"][lang]
    return f"{found['id']}  {level} · {found['headline'][lang]} · {standing} · {span}"


def _shown(found: dict[str, Any], lang: str) -> Iterator[str]:
    yield _line(found, lang)
    yield f"{_FROM.in_(lang)}: {found['sender']} · {found['identifier']} · {found['status']['label'][lang]}"
    if found["because"]:
        clause = found["because"]["clause"]
        yield found["because"]["label"][lang] + (f" [{clause['label'][lang]}]" if clause else "")
    if found["handOverTo"]:
        yield f"{_HAND_OVER.in_(lang)}: {found['handOverTo']['label'][lang]}"
    for info in found["infos"]:
        yield f"[{info['language']}] {info['headline'] or info['event']}: {info['description']}"
    shown = ("、" if lang == "zh" else "; ").join(one["label"][lang] for one in found["areas"][:_MORE])
    more = " …" if found["areasTotal"] > _MORE else ""
    yield f"{_AREAS.in_(lang)} ({found['areasTotal']}): {shown}{more}"
    for one in found["unplaced"]:
        yield f"  {one[lang]}"
    ids = ", ".join(one["id"] for one in found["supports"])
    yield f"{_SUPPORTS.in_(lang)} ({len(found['supports'])}): {ids}"


def _done(found: dict[str, Any], lang: str) -> Iterator[str]:
    yield from _shown(found["warning"], lang)
    if found["duplicate"]:
        yield _DUPLICATE.in_(lang)
    if found["takenBack"]:
        yield f"{_BACK.in_(lang)}: {', '.join(found['takenBack'])}"
    if found["incidents"]:
        yield f"{_CHANGED.in_(lang)}: {', '.join(found['incidents'])}"


def _local(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
