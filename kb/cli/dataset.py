"""``xiezhi dataset`` and ``xiezhi validate``: datasets and their deliveries. A running server is asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, progress
from kb.errors import Text
from kb.sharing import cells, quarantine
from kb.sharing.problems import located
from kb.sharing.reading import FORMATS

_SHOWN = 20
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_AS = click.option("--as", "path", required=True, metavar="DEPARTMENT/SLUG", help="Which dataset. 数据集。")
_FORMAT = click.option(
    "--type", "kind", type=click.Choice(FORMATS), help="Format of the file; default: by its name. 文件格式。"
)


@click.group()
def dataset() -> None:
    """Datasets that departments share. 部门共享数据集。

    A dataset is named DEPARTMENT/SLUG, such as 370200/emergency-management/risk-sources.
    """


@dataset.command("list")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def list_(context: Context, form: str) -> None:
    """List the datasets. 列出数据集。"""
    with context.datasets() as desk:
        found = desk.listed()
    if form == "json":
        _print(found)
        return
    for one in found:
        state = one["freshness"]["state"]["label"][context.lang] if one["freshness"] else ""
        click.echo(f"{one['path']}\t{one['label'][context.lang]}\t{state}")


@dataset.command()
@click.argument("path")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def show(context: Context, path: str, form: str) -> None:
    """Show the dataset PATH: who answers for it, its contract, its last delivery. 显示数据集。"""
    with context.datasets() as desk:
        found = desk.shown(path)
    if form == "json":
        _print(found)
        return
    for line in _described(found, context.lang):
        click.echo(line)


@dataset.command()
@click.argument("file", type=_FILE)
@click.pass_obj
@faults_as_exit
def declare(context: Context, file: Path) -> None:
    """Declare the datasets that FILE (Turtle) describes, all or none. 声明数据集。"""
    with context.datasets() as desk:
        for path in desk.declare(file.read_bytes()):
            click.echo(path)


@dataset.command()
@click.argument("file", type=_FILE)
@_AS
@_FORMAT
@click.option(
    "--mode",
    type=click.Choice(["snapshot", "increment"]),
    help="Take the place of all records, or add to them; default: as declared. 整体替换或增量。",
)
@click.option("--again", is_flag=True, help="Even if the same file was delivered before. 重复报送也处理。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def deliver(
    context: Context, file: Path, path: str, kind: str | None, mode: str | None, again: bool, form: str
) -> None:
    """Hand in FILE for a dataset: good records are stored, bad ones quarantined. 报送文件。"""
    with context.datasets() as desk, progress(context.lang) as tell:
        found = desk.deliver(path, file, tell, format_=kind, mode=mode, again=again)
    _tell(context, found, form)
    if found["duplicate"]:
        context.say(
            Text(
                "同一文件此前已报送，没有改动；要重新判断，加 --again",
                "the same file was delivered before; nothing changed. To judge it anew, add --again",
            )
        )


@click.command()
@click.argument("file", type=_FILE)
@_AS
@_FORMAT
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def validate(context: Context, file: Path, path: str, kind: str | None, form: str) -> None:
    """Say what delivering FILE would do; store nothing. Exit 1 where a record is bad. 校验，不入库。"""
    with context.datasets() as desk, progress(context.lang) as tell:
        found = desk.judge(path, file, tell, format_=kind)
    _tell(context, found, form)
    if found["recordsQuarantined"]:
        sys.exit(1)


@dataset.command()
@click.argument("path")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def deliveries(context: Context, path: str, form: str) -> None:
    """List the deliveries of the dataset PATH, newest first. 列出报送记录。"""
    with context.datasets() as desk:
        found = desk.deliveries(path)
    if form == "json":
        _print(found)
        return
    for one in found:
        word = Text("已撤回", "withdrawn").in_(context.lang) if one["withdrawn"] else ""
        click.echo(f"{one['ended']}\t{one['actor']}\t{one['fileName']}\t{_counts(one, context.lang)}\t{word}")


@dataset.command("quarantine")
@click.argument("path")
@click.option(
    "--csv",
    "table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all of them to a file for spreadsheets. 写成 CSV 文件。",
)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def quarantine_(context: Context, path: str, table: Path | None, form: str) -> None:
    """Show the records of the dataset PATH that broke their contract, and why. 显示隔离记录及原因。"""
    with context.datasets() as desk:
        found = desk.quarantined(path)
        if table is not None:
            with table.open("w", encoding="utf-8", newline="") as output:
                count = sum(
                    1 for line in cells.lines(quarantine.rows(found, context.lang)) if output.write(line)
                )
            context.say(Text(f"已写入 {table}：{count - 2} 行", f"{table}: {count - 2} rows"))
        elif form == "json":
            _print(list(found))
        else:
            for one in found:
                for line in _problems(one, context.lang):
                    click.echo(line)


@dataset.command()
@click.argument("path")
@click.option("--reason", required=True, help="Why. 理由。")
@click.pass_obj
@faults_as_exit
def withdraw(context: Context, path: str, reason: str) -> None:
    """Take all records of the dataset PATH out of the store; its history stays. 撤回全部记录。"""
    with context.datasets() as desk:
        gone = desk.withdraw(path, reason)
    context.say(Text(f"已删去 {gone:,} 个四元组", f"removed {gone:,} quads"))


def _tell(context: Context, found: dict[str, Any], form: str) -> None:
    """Print what became, or would become, of a file."""
    if form == "json":
        _print(found)
        return
    click.echo(_counts(found, context.lang))
    for one in found["problems"][:_SHOWN]:
        for line in _problems(one, context.lang):
            click.echo(line)
    more = found["recordsQuarantined"] - len(found["problems"][:_SHOWN])
    if more > 0 and not found["duplicate"]:
        context.say(Text(f"……另有 {more:,} 条", f"… and {more:,} more"))


def _counts(found: dict[str, Any], lang: str) -> str:
    total, stored, bad = (found[name] for name in ("recordsIn", "recordsStored", "recordsQuarantined"))
    return Text(
        f"{total:,} 条记录：入库 {stored:,}，隔离 {bad:,}",
        f"{total:,} records: {stored:,} stored, {bad:,} quarantined",
    ).in_(lang)


def _problems(one: dict[str, Any], lang: str) -> Iterator[str]:
    for problem in one["problems"]:
        where = " ".join(part for part in (located(one["position"]).in_(lang), problem["column"]) if part)
        value = f" “{problem['value']}”" if problem["value"] else ""
        line = f"{where}{value}: {problem['message'][lang]}"
        repair = problem["repair"]
        yield line + (f"{'　→' if lang == 'zh' else '  →'} {repair[lang]}" if repair else "")


def _described(found: dict[str, Any], lang: str) -> Iterator[str]:
    yield f"{found['label'][lang]} ({found['path']})"
    yield f"  {found['description'][lang]}"
    for name, key in (
        (Text("部门", "department"), "department"),
        (Text("数据管理员", "steward"), "steward"),
        (Text("契约", "contract"), "contract"),
        (Text("共享属性", "sharing"), "sharing"),
        (Text("数据级别", "level"), "dataLevel"),
    ):
        if found[key]:
            yield f"  {name.in_(lang)}: {found[key]['label'][lang]}"
    fresh = found["freshness"]
    if fresh:
        limit = f" ({fresh['limit']})" if fresh["limit"] else ""
        yield f"  {Text('更新', 'freshness').in_(lang)}: {fresh['state']['label'][lang]}{limit}"
    for field in found["fields"]:
        marks = [Text("必填", "required").in_(lang)] if field["required"] else []
        marks += [field["personal"]["label"][lang]] if field["personal"] else []
        yield f"    {field['label'][lang]}" + (f" ({', '.join(marks)})" if marks else "")


def _print(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))
