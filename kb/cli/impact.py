"""``xiezhi impact``: what a draft would change for the incidents of an archive, before it is approved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from kb.cli.context import LANG, Context, faults_as_exit
from kb.ontology import knowledge
from kb.ontology.knowledge import Knowledge
from kb.services.releases import life
from kb.services.releases.archive import Archive
from kb.services.workspace import Workspace


@click.command()
@click.argument("draft")
@click.option(
    "--archive",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Parquet file of facts; default: the incidents of the store. 事件档案，默认为库中全部事件。",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)
@LANG
@click.pass_obj
@faults_as_exit
def impact(context: Context, draft: str, archive: Path | None, form: str) -> None:
    """Compare DRAFT (a folder, a file or a release) with the knowledge in force. 草案影响。

    Every incident of the archive is counted under both: which grades, response levels, modules, duties and
    departments would incidents gain and lose?

    对档案中的每起事件比较草案与现行知识：等级、响应级别、模块、职责、部门有何增减。
    """
    from kb.services.impact import report  # Ibis and DuckDB take a second to load
    from kb.services.impact.comparing import compare

    with context.workspace() as workspace, _opened(workspace, draft) as base:
        found = compare(workspace, base, archive)
        words = report.Words.under(workspace, base)
        if form == "json":
            click.echo(json.dumps(report.as_json(found, words), ensure_ascii=False, indent=2))
        elif form == "csv":
            click.echo(report.as_csv(found, words, context.lang), nl=False)
        else:
            click.echo(report.lines(found, words, context.lang), nl=False)


@contextmanager
def _opened(workspace: Workspace, name: str) -> Iterator[Knowledge]:
    """Yield the knowledge at the path *name*, or of the release that it means."""
    path = Path(name)
    if path.exists():
        with knowledge.over(path) as base:
            yield base
        return
    release = life.find(life.read(workspace.store).values(), name)
    yield Archive(workspace.home).open(release.digest)
