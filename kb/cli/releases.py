"""``xiezhi release`` and ``xiezhi replay``: the life of the knowledge, and the past under it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kb.cli import text
from kb.cli.context import LANG, Context, faults_as_exit
from kb.clock import today
from kb.errors import Text
from kb.ontology import knowledge
from kb.ontology.checks.finding import short
from kb.ontology.knowledge import Knowledge
from kb.services.releases import desk, life
from kb.services.releases.archive import Archive
from kb.services.releases.difference import difference, records
from kb.services.releases.life import WORDS, Release
from kb.services.workspace import TrialWorkspace, Workspace

BY = click.option(
    "--by", default=getpass.getuser, show_default="who is logged in", help="Who does it. 经办人。"
)
REASON = click.option("--reason", default="", help="Why. 理由。")
DAY = click.DateTime(["%Y-%m-%d"])
SIGNS = {"added": "+", "removed": "−", "changed": "~"}


@click.group()
def release() -> None:
    """Releases of the knowledge: draft, submit, approve, roll back. 知识版本。"""


@release.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--title", required=True, help="What changes, in a few words. 标题。")
@BY
@click.pass_obj
@faults_as_exit
def draft(context: Context, path: Path, title: str, by: str) -> None:
    """Keep PATH, laid over the knowledge of the product, as a draft. 起草。"""
    with context.workspace() as workspace, knowledge.over(path) as base:
        made = desk.draft(workspace, base, title, by)
    _say(context, made)
    click.echo(made.id)


@release.command()
@click.argument("name")
@BY
@REASON
@click.pass_obj
@faults_as_exit
def submit(context: Context, name: str, by: str, reason: str) -> None:
    """Hand a draft in for review: it must be sound and all its cases pass. 送审。"""
    with context.workspace() as workspace:
        _say(context, desk.submit(workspace, name, by, reason))


@release.command("return")
@click.argument("name")
@BY
@click.option("--reason", required=True, help="What is to be mended. 理由。")
@click.pass_obj
@faults_as_exit
def return_(context: Context, name: str, by: str, reason: str) -> None:
    """Return a release to its author. 退回。"""
    with context.workspace() as workspace:
        _say(context, desk.step(workspace, name, "return", by, reason=reason))


@release.command()
@click.argument("name")
@BY
@REASON
@click.pass_obj
@faults_as_exit
def withdraw(context: Context, name: str, by: str, reason: str) -> None:
    """Give a draft up. 撤回。"""
    with context.workspace() as workspace:
        _say(context, desk.step(workspace, name, "withdraw", by, reason=reason))


@release.command()
@click.argument("name")
@click.option("--from", "effective", type=DAY, help="First day in force; today. 生效日期。")
@BY
@REASON
@click.pass_obj
@faults_as_exit
def approve(context: Context, name: str, effective: datetime | None, by: str, reason: str) -> None:
    """Approve a release; whoever drafted it may not. 批准（起草人不能批准）。"""
    with context.workspace() as workspace:
        day = effective.date() if effective else None
        _say(context, desk.step(workspace, name, "approve", by, effective=day, reason=reason))


@release.command()
@click.argument("name", required=False)
@BY
@REASON
@click.pass_obj
@faults_as_exit
def rollback(context: Context, name: str | None, by: str, reason: str) -> None:
    """Put the release before today's, or NAME, in force again from today on. 回退。"""
    with context.workspace() as workspace:
        _say(context, desk.rollback(workspace, by, to=name, reason=reason))


@release.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
@faults_as_exit
def list_(context: Context, form: str) -> None:
    """List every release with its state. 列出全部版本。"""
    with context.desk() as desk_:
        found = desk_.releases()
    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in (Text("编号", "id"), Text("状态", "state"), Text("生效自", "from"), Text("标题", "title"),
                    Text("起草", "by")):  # fmt: skip
        table.add_column(heading.in_(context.lang))
    for one in found:
        days = [event["effective"] for event in one["events"] if event["effective"]]
        state = one["standing"][context.lang]
        table.add_row(one["id"], state, ", ".join(days), one["title"], one["events"][0]["actor"])
    Console().print(table)


@release.command()
@click.argument("name")
@click.pass_obj
@faults_as_exit
def show(context: Context, name: str) -> None:
    """Show the steps that a release went through. 版本经过。"""
    with context.desk() as desk_:
        found = [one for one in desk_.releases() if one["digest"].startswith(name)]
    if len(found) != 1:
        raise life.unknown(name)
    (one,) = found
    click.echo(f"{one['digest']}  {one['title']}  {one['standing'][context.lang]}")
    for event in one["events"]:
        day = f"  → {event['effective']}" if event["effective"] else ""
        why = f"  {event['reason']}" if event["reason"] else ""
        click.echo(f"  {event['at']}  {event['label'][context.lang]}  {event['actor']}{day}{why}")


@release.command()
@click.argument("before")
@click.argument("after")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@LANG
@click.pass_obj
@faults_as_exit
def diff(context: Context, before: str, after: str, form: str) -> None:
    """Compare two releases (or folders, or "current"): records, and conclusions by type. 比较两个版本。"""
    with context.workspace() as workspace, ExitStack() as stack:
        old, new = (stack.enter_context(_named(workspace, name)) for name in (before, after))
        was, will = TrialWorkspace(workspace, old), TrialWorkspace(workspace, new)
        found = {"records": records(old, new), **difference(was, will, today())}
    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for word, names in found["records"].items():
        for name in names:
            click.echo(f"{SIGNS[word]} {short(name)}")
    for type_ in found["types"]["changed"]:
        click.echo(type_["type"]["label"][context.lang])
        for entry in type_["relations"]:
            relation = entry["relation"]["label"][context.lang]
            for sign, values in (("+", entry["gained"]), ("−", entry["lost"])):
                for value in values:
                    click.echo(f"  {sign} {relation}: {value['label'][context.lang]} ({value['probes']})")
    context.say(
        Text(
            f"在 {found['probes']} 个试探事件上比较；{len(found['types']['changed'])} 种类型的结论有变",
            f"compared on {found['probes']} probes; conclusions change for "
            f"{len(found['types']['changed'])} types",
        )
    )


@contextmanager
def _named(workspace: Workspace, name: str) -> Iterator[Knowledge]:
    """Yield the knowledge that *name* means: a folder, a release, or what is in force."""
    if name == "current":
        yield workspace.knowledge
    elif Path(name).exists():
        with knowledge.over(Path(name)) as base:
            yield base
    else:
        found = life.find(life.read(workspace.store).values(), name)
        yield Archive(workspace.home).open(found.digest)


@click.command()
@click.argument("incident")
@click.option("--at", type=DAY, required=True, help="The day. 日期。")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@LANG
@click.pass_obj
@faults_as_exit
def replay(context: Context, incident: str, at: datetime, form: str) -> None:
    """Replay INCIDENT under the facts and the release of a day; compare with today. 按当日版本重演。"""
    with context.desk() as desk_:
        found = desk_.replay(incident, at.date())
    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))
    else:
        click.echo(_replayed(found, context.lang), nl=False)


def _replayed(found: dict[str, Any], lang: str) -> str:
    release_ = found["release"]
    lines = [
        Text(
            f"按 {found['at']} 的事实与版本 {release_['id']}（{release_['title']}）：",
            f"with the facts of {found['at']} and the release {release_['id']} ({release_['title']}):",
        ).in_(lang)
    ]
    if found["note"]:
        lines.append(found["note"][lang])
    lines += ["", text.recommendation(found["then"], lang).rstrip(), ""]
    relations = found["difference"]["relations"]
    lines.append(
        Text("到今天的变化：", "what changed until today:").in_(lang)
        if relations
        else Text("与今天的建议相同。", "the recommendation of today is the same.").in_(lang)
    )
    for entry in relations:
        name = entry["relation"]["label"][lang]
        lines += [
            f"  {name}: {p['from']['label'][lang]} → {p['to']['label'][lang]}" for p in entry["changed"]
        ]
        lines += [f"  − {name}: {gone['label'][lang]}" for gone in entry["removed"]]
        lines += [f"  + {name}: {come['label'][lang]}" for come in entry["added"]]
    return "\n".join(lines) + "\n"


def _say(context: Context, made: Release) -> None:
    event = made.events[-1]
    day = (
        Text(f"，自 {event.effective} 生效", f", in force from {event.effective}")
        if event.effective
        else None
    )
    word = WORDS[event.action]
    context.say(
        Text(
            f"版本 {made.id}《{made.title}》已{word.zh}{day.zh if day else ''}",
            f"release {made.id} “{made.title}” {word.en}{day.en if day else ''}",
        )
    )
