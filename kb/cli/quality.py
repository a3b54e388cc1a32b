"""``xiezhi quality``: how complete, valid and timely the data of departments is. A server is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from kb.cli.context import LANG, Context, faults_as_exit
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text
from kb.services.quality import as_csv

_NONE = "–"
_SINCE = Text("自", "since")


@click.command()
@click.option("--department", default="", help="Only this one, such as 370200/health. 部门。")
@click.option(
    "--format", "form", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True
)
@LANG
@click.pass_obj
@faults_as_exit
def quality(context: Context, department: str, form: str) -> None:
    """Show the quality of shared data by department and dataset. 共享数据质量。

    Text shows the newest values; CSV and JSON the whole trend. What was not measured yet is measured first.
    """
    with context.desk() as desk:
        found = desk.quality(department)
    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif form == "csv":
        click.echo(as_csv(found, context.lang), nl=False)
    else:
        for line in _lines(found, context.lang):
            click.echo(line)
        if not found["datasets"]:
            context.say(Text("没有声明数据集", "no dataset is declared"))


def _lines(found: dict[str, Any], lang: str) -> Iterator[str]:
    for department in found["departments"]:
        yield f"{department['label'][lang]} ({department['path']})"
        yield f"    {_values(found, department, lang)}"
        for dataset in found["datasets"]:
            if dataset["path"].rpartition("/")[0] == department["path"]:
                fresh = dataset["freshness"]
                since = f" {_SINCE.in_(lang)} {_local(fresh['until'])}" if fresh["overdue"] else ""
                slug = dataset["path"].rpartition("/")[2]
                yield f"  {dataset['label'][lang]} ({slug}): {fresh['state']['label'][lang]}{since}"
                yield f"    {_values(found, dataset, lang)}"


def _values(found: dict[str, Any], item: dict[str, Any], lang: str) -> str:
    shown = ((metric["dimension"][lang], item["quality"][metric["name"]]) for metric in found["metrics"])
    return "  ".join(f"{name} {_NONE if value is None else f'{value:.1%}'}" for name, value in shown)


def _local(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
