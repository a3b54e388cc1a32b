"""``xiezhi bench``: figures of this machine, to be read beside those in the README."""

from __future__ import annotations

import click

from kb.cli.context import Context, faults_as_exit, progress
from kb.services.latency import measure


@click.group()
def bench() -> None:
    """Measure. 测量。"""


@bench.command()
@click.option("--city", "cities", multiple=True, default=("370200", "110000"), show_default=True)
@click.option("--incidents", default=2000, show_default=True, type=click.IntRange(10))
@click.pass_obj
@faults_as_exit
def latency(context: Context, cities: tuple[str, ...], incidents: int) -> None:
    """Time from a report to its durable response. 从报告到响应落盘的时间。"""
    for city in cities:
        with progress(context.lang) as tell:
            figures = measure(city, incidents, tell)
        click.echo(figures.render(context.lang))
