"""``xiezhi exercise``: scripted scenarios through the whole loop, with simulated departments."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from kb.cli.context import LANG, Context, faults_as_exit, progress
from kb.flow import definition
from kb.services.directives import terms
from kb.services.exercise import reading, telling
from kb.services.exercise.running import Exercise, live
from kb.services.workspace import Workspace


@click.group()
def exercise() -> None:
    """Exercises: play a scenario faster than time, and report how it went. 推演。"""


@exercise.command("list")
@LANG
@click.pass_obj
@faults_as_exit
def list_(context: Context) -> None:
    """List the scenarios that come with Xiezhi. 列出推演方案。"""
    for path in reading.shipped():
        click.echo(f"{path.stem:26}{reading.read(path).title.in_(context.lang)}")


@exercise.command()
@click.argument("name")
@click.option("--seed", type=click.IntRange(0), help="Another course of events. 随机种子。")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="markdown: with the table of departments and the whole timeline.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the exercise's store here, to look at it with xiezhi serve. 保留推演数据的目录。",
)
@LANG
@click.pass_obj
@faults_as_exit
def run(context: Context, name: str, seed: int | None, form: str, home: Path | None) -> None:
    """Play the scenario NAME, a file or one of the list; exit 1 if it does not come out as expected.

    推演一个方案：虚拟的部门和指挥人员走完指令的全过程；结果不符合预期则退出码为 1。
    """
    path = reading.find(name)
    city = reading.read(path).city
    with _store(context, home, city) as workspace:
        steps = definition.read(workspace.store, terms.FLOW).steps
        scenario = reading.read(path, steps)
        outcome = Exercise(workspace, scenario, scenario.seed if seed is None else seed).run()
        told = telling.data(workspace, outcome)
    if form == "json":
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for line in (telling.text if form == "text" else telling.markdown)(told, context.lang):
            click.echo(line)
    if not told["held"]:
        sys.exit(1)


@contextmanager
def _store(context: Context, home: Path | None, city: str) -> Iterator[Workspace]:
    """Open a store of the exercise's own.

    :raises InputError: ``exercise.live``: *home* is the user's own, where real incidents go.
    """
    if home is not None and home.resolve() == context.home.resolve():
        raise live(home, "xiezhi --home")
    with (
        tempfile.TemporaryDirectory(prefix="xiezhi-exercise-") as name,
        progress(context.lang) as tell,
        Workspace(home or Path(name), cities=[city], progress=tell) as workspace,
    ):
        yield workspace
