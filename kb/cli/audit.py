"""``xiezhi audit``: the journal read and checked. With a server on the store, the server is asked."""

from __future__ import annotations

import json
from typing import Any

import click

from kb.cli.context import Context, faults_as_exit
from kb.errors import Text


@click.group()
def audit() -> None:
    """The audit journal: who did what. 审计日志。"""


@audit.command("verify")
@click.pass_obj
@faults_as_exit
def verify(context: Context) -> None:
    """Check the hash chain from the first entry to the last. 校验日志的散列链。"""
    with context.desk() as desk:
        found = desk.audit_verify()
    context.say(
        Text(
            f"{found['entries']:,} 条记录，链条完整；末条散列 {found['head']}",
            f"{found['entries']:,} entries, the chain is whole; the last has the hash {found['head']}",
        )
    )


@audit.command("list")
@click.option("--actor", default="", help="Only of whose name begins so. 操作者。")
@click.option("--action", default="", help="Only this action. 动作。")
@click.option("--since", default="", help="From this time on, ISO 8601, UTC. 起始时间。")
@click.option("--after", default=0, show_default=True, help="After this number. 在此编号之后。")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
@faults_as_exit
def entries(context: Context, /, form: str, **wanted: Any) -> None:
    """List entries, oldest first. 列出记录。"""
    with context.desk() as desk:
        found = desk.audit_list(**wanted)
    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for entry in found:
        reason = " ".join(entry["reason"].split())[:200]
        click.echo(f"{entry['sequence']}\t{entry['time']}\t{entry['actor']}\t{entry['action']}\t{reason}")
