"""``xiezhi recommend``."""

from __future__ import annotations

import json
from typing import BinaryIO

import click

from kb.cli import text
from kb.cli.context import LANG, Context, faults_as_exit
from kb.report.document import parse_json


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "jsonld"]), default="text", show_default=True
)
@LANG
@click.pass_obj
@faults_as_exit
def recommend(context: Context, file: BinaryIO, format_: str) -> None:
    """Store the report in FILE (JSON, or "-") and print the prescribed response.

    存储事件报告，给出应当采取的响应。
    """
    data = parse_json(file.read())
    with context.desk() as desk:
        recommendation = desk.report(data)
        if format_ == "json":
            click.echo(json.dumps(recommendation, ensure_ascii=False, indent=2))
        elif format_ == "jsonld":
            click.echo(desk.rdf(recommendation["incident"]["id"], "application/ld+json"))
        else:
            click.echo(text.recommendation(recommendation, context.lang), nl=False)
