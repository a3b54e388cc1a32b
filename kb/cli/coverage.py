"""``xiezhi coverage``: where the knowledge has gaps."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from kb.cli.context import LANG, Context, faults_as_exit
from kb.clock import today
from kb.ontology import knowledge
from kb.services import coverage_views as views
from kb.services.coverage import matrix
from kb.services.workspace import TrialWorkspace


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option(
    "--format", "form", type=click.Choice(["text", "csv", "html"]), default="text", show_default=True
)
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day; today. 日期。")
@click.option(
    "--fail-on-gaps",
    is_flag=True,
    help="Exit 1 if a lead, a module or a plan is missing. 有缺口则退出码为 1。",
)
@LANG
@click.pass_obj
@faults_as_exit
def coverage(context: Context, path: Path | None, form: str, on: datetime | None, fail_on_gaps: bool) -> None:
    """Show for each type, grade and city whether it has a lead, modules, a plan, a threshold. 覆盖矩阵。

    As text, as CSV, or as a heat map (html). PATH is laid over the knowledge of the product.
    """
    with context.bench() as workspace, knowledge.over(path) as base:
        trial = TrialWorkspace(workspace, base)
        found = matrix(trial, on.date() if on else today())
        if form == "csv":
            click.echo(views.as_csv(trial, found), nl=False)
        elif form == "html":
            click.echo(views.heat_map(trial, found, context.lang))
        else:
            for line in views.lines(trial, found, context.lang):
                click.echo(line)
        context.say(views.summary(found))
    if fail_on_gaps and any(gap.value != "no-threshold" for cell in found.cells for gap in cell.gaps):
        sys.exit(1)
