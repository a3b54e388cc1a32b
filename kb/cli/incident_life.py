"""``xiezhi incident``: the course of incidents, its steps, duplicates, contention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from kb.cli import life_text
from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.errors import InputError

REASON = click.option("--reason", default="", help="Why; most steps need it. 理由。")


@click.group()
def incident() -> None:
    """The course of incidents: timeline, steps, duplicates, who goes first. 事件的经过与处置步骤。"""


@incident.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def list_(context: Context, limit: int, form: str) -> None:
    """List the newest incidents with their state. 列出最近的事件。"""
    with context.life() as desk:
        found = desk.listed(limit)
    printed({"incidents": found}, form, life_text.incidents(found, context.lang))


@incident.command()
@click.argument("identifier")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def timeline(context: Context, identifier: str, form: str) -> None:
    """Print what was done in an incident, by whom and why. 打印时间线。"""
    with context.life() as desk:
        found = desk.timeline(identifier)
    printed(found, form, life_text.timeline(found, context.lang))


@incident.command()
@click.argument("identifier")
@click.option("--since", type=click.IntRange(0), help="Number of an event; else the report before the last.")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def changes(context: Context, identifier: str, since: int | None, form: str) -> None:
    """Print what changed in the recommendation, and because of which facts. 建议有何变化、因何变化。"""
    with context.life() as desk:
        found = desk.changes(identifier, since)
    printed(found, form, life_text.changes(found, context.lang))


@incident.command()
@click.argument("identifier")
@click.argument("text")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def note(context: Context, identifier: str, text: str, form: str) -> None:
    """Write TEXT into the timeline. 在时间线上记一笔。"""
    _take(context, identifier, "note", {"reason": text}, form)


@incident.command()
@click.argument("identifier")
@click.option("--to", default="", help="The body, by IRI; else as the rules say. 报至的单位。")
@REASON
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def escalate(context: Context, identifier: str, to: str, reason: str, form: str) -> None:
    """Ask the tier above to respond. 升级。"""
    _take(context, identifier, "escalate", {"reason": reason, "to": to}, form)


@incident.command("hand-over")
@click.argument("identifier")
@click.option("--to", default="", help="The centre; else as the rules say. 移交的中心。")
@REASON
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def hand_over(context: Context, identifier: str, to: str, reason: str, form: str) -> None:
    """Hand an incident over to another centre. 移交。"""
    _take(context, identifier, "hand-over", {"reason": reason, "to": to}, form)


@incident.command()
@click.argument("identifier")
@REASON
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def end(context: Context, identifier: str, reason: str, form: str) -> None:
    """Declare the response ended. 终止响应。"""
    _take(context, identifier, "end", {"reason": reason}, form)


@incident.command()
@click.argument("identifier")
@REASON
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def reopen(context: Context, identifier: str, reason: str, form: str) -> None:
    """Respond again. 恢复响应。"""
    _take(context, identifier, "reopen", {"reason": reason}, form)


@incident.command()
@click.argument("identifier")
@click.option("--well", multiple=True, help="What went well; repeatable. 做得好的。")
@click.option("--improve", multiple=True, help="What to improve; repeatable. 须改进的。")
@REASON
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def review(
    context: Context,
    identifier: str,
    well: tuple[str, ...],
    improve: tuple[str, ...],
    reason: str,
    form: str,
) -> None:
    """Record the after-action review. 复盘。"""
    data = {"reason": reason, "wentWell": list(well), "toImprove": list(improve)}
    _take(context, identifier, "review", data, form)


@incident.command()
@click.argument("identifier")
@REASON
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def dismiss(context: Context, identifier: str, reason: str, form: str) -> None:
    """Decide that there is nothing to respond to. 不予响应。"""
    _take(context, identifier, "dismiss", {"reason": reason}, form)


@incident.command()
@click.argument("identifier")
@click.argument("into")
@click.option(
    "--choose", multiple=True, metavar="KEY=kept|merged", help="Which figure holds; repeatable. 选定数字。"
)
@click.option("--dry-run", is_flag=True, help="Only show what would be taken over. 只显示，不执行。")
@REASON
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def merge(
    context: Context,
    identifier: str,
    into: str,
    choose: tuple[str, ...],
    dry_run: bool,
    reason: str,
    form: str,
) -> None:
    """Merge an incident INTO another that is one and the same. 并案。"""
    if dry_run:
        with context.life() as desk:
            found = desk.merger(identifier, into)
        printed(found, form, life_text.merger(found, context.lang))
        return
    data = {"reason": reason, "into": into, "choose": dict(_chosen(choose))}
    _take(context, identifier, "merge", data, form)


@incident.command()
@click.argument("identifier", required=False)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def duplicates(context: Context, identifier: str | None, form: str) -> None:
    """List open incidents that may be one and the same. 可能重复的事件。"""
    with context.life() as desk:
        found = desk.duplicates(identifier)
    printed({"pairs": found}, form, life_text.duplicates(found, context.lang))


@incident.command()
@click.argument("identifier", required=False)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def contention(context: Context, identifier: str | None, form: str) -> None:
    """List open incidents that call upon the same departments, and who goes first. 争用与先后。"""
    with context.life() as desk:
        found = desk.contention(identifier)
    printed({"pairs": found}, form, life_text.contention(found, context.lang))


def _take(context: Context, identifier: str, step: str, data: dict[str, Any], form: str) -> None:
    with context.life() as desk:
        found = desk.step(identifier, step, {key: value for key, value in data.items() if value})
    printed(found, form, life_text.timeline(found, context.lang))


def _chosen(choices: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for text in choices:
        key, sign, value = text.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise InputError.of(
                "setting.form",
                f"“{text}”应写成 字段=kept 或 字段=merged",
                f"“{text}” should be KEY=kept or KEY=merged",
                where="--choose",
            )
        yield key.strip(), value.strip()
