"""``xiezhi table``: thresholds and duties out to Excel or CSV, and back into the Turtle files."""

from __future__ import annotations

from pathlib import Path

import click

from kb.cli.context import LANG, Context, faults_as_exit
from kb.errors import Text
from kb.ontology import importing, tables
from kb.ontology.records import Records, ontology_of
from kb.resources import folder

_SHOWN = 10
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def table() -> None:
    """Edit thresholds and duties in Excel. 用 Excel 编辑阈值与职责。

    Export, edit, import; an import rewrites only what changed, in its place in the Turtle files. One row is
    one record; a criterion with several conditions takes several rows. Columns marked read-only belong to
    another record. A row that is gone deletes nothing.

    导出、编辑、导入；导入只改写有变化的语句。一行一条记录，一个标准有几个条件就有几行；删去的行不会从知识中删除。
    """


@table.command("export")
@click.argument("kind", type=click.Choice(list(tables.TABLES)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--from",
    "source",
    type=_FOLDER,
    help="Folder of Turtle files; default: the product's ontology. 知识目录，默认为产品自带本体。",
)
@LANG
@click.pass_obj
@faults_as_exit
def export(context: Context, kind: str, file: Path, source: Path | None) -> None:
    """Write the table KIND to FILE (.xlsx or .csv). 导出表格。"""
    knowledge = Records.of(source or folder("ontology"))
    rows = tables.export(knowledge, tables.TABLES[kind], file)
    context.say(Text(f"已写入 {file}：{rows} 行", f"{file}: {rows} rows"))


@table.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--into",
    "target",
    type=_FOLDER,
    help="Folder of Turtle files; default: the product's ontology. 知识目录，默认为产品自带本体。",
)
@click.option("--dry-run", is_flag=True, help="Say what would change and write nothing. 只说明，不写入。")
@LANG
@click.pass_obj
@faults_as_exit
def import_(context: Context, file: Path, target: Path | None, dry_run: bool) -> None:
    """Write what changed in the table FILE back into the Turtle files. 导入表格。

    Nothing is written where any cell is wrong. 有任何错误则什么也不写入。
    """
    target = target or folder("ontology")
    plan = importing.plan(Records.of(target), file)
    if not dry_run:
        plan.write(ontology_of(target))
    for change in plan.changes:
        click.echo(change.in_(context.lang))
    for note in plan.notes[:_SHOWN]:
        click.echo(note.render(context.lang), err=True)
    if len(plan.notes) > _SHOWN:
        more = len(plan.notes) - _SHOWN
        context.say(
            Text(
                f"……另有 {more} 条不在表中，予以保留", f"… and {more} more that are not in the table and stay"
            )
        )
    if not plan.texts:
        context.say(Text("没有变化", "nothing changed"))
        return
    names = ", ".join(plan.texts)
    if dry_run:
        context.say(Text(f"将改写（未写入）：{names}", f"would rewrite (nothing written): {names}"))
        return
    context.say(Text(f"已改写：{names}", f"rewritten: {names}"))
    context.say(
        Text(
            "下一步：xiezhi check；注意：改动已有标准也改变旧事件的推演。法规变了，应写明失效并另建记录",
            "next: xiezhi check. Mind: a change to a record also changes how old incidents are replayed; "
            "where the law changed, end the record and write another one",
        )
    )
