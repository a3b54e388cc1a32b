"""``xiezhi catalogue``: the datasets in DCAT, as harvesters read it. A running server is asked."""

from __future__ import annotations

import click

from kb.catalogue.catalogue import LARGEST, SERIALIZED
from kb.cli.context import Context, faults_as_exit

FORMATS = dict(zip(("turtle", "json-ld", "rdf-xml", "n-triples"), SERIALIZED, strict=True))


@click.command()
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="turtle", show_default=True)
@click.option("--page", default=1, show_default=True, type=click.IntRange(1), help="Which page. 页码。")
@click.option("--size", default=LARGEST, show_default=True, type=click.IntRange(1, LARGEST))
@click.option(
    "--address",
    default="http://127.0.0.1:8080/",
    show_default=True,
    help="Where the server will be, for the links, if none runs now. 服务器地址。",
)
@click.pass_obj
@faults_as_exit
def catalogue(context: Context, form: str, page: int, size: int, address: str) -> None:
    """Write the catalogue of datasets in DCAT 3. 以 DCAT 3 输出数据目录。"""
    with context.desk() as desk:
        click.echo(desk.catalogue(FORMATS[form], page, size, address.rstrip("/") + "/"), nl=False)
