"""``xiezhi serve`` and ``xiezhi query``."""

from __future__ import annotations

import click

from kb.cli.context import Context, faults_as_exit, progress, running_server
from kb.errors import Text


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."
)
@click.option(
    "--city", "cities", multiple=True, help="Division code of a city to load; default: the model cities."
)
@click.option(
    "--federate",
    multiple=True,
    metavar="URL",
    help="SPARQL endpoint that SERVICE may name, beside federation.ttl in the folder. 允许联邦查询的端点。",
)
@click.option(
    "--streams",
    default=64,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Pages that may follow changes live; others refresh from time to time. 实时页面的上限。",
)
@click.pass_obj
@faults_as_exit
def serve(
    context: Context, host: str, port: int, cities: tuple[str, ...], federate: tuple[str, ...], streams: int
) -> None:
    """Load what is new and start the server. 启动服务。"""
    from webapp.serve import serve as run  # the web half is loaded only where it is needed

    with progress(context.lang) as tell:
        run(
            context.home,
            host=host,
            port=port,
            cities=list(cities) or None,
            store=context.store,
            federate=federate,
            streams=streams,
            progress=tell,
            ready=lambda url: context.say(
                Text(f"协治已就绪：{url}　（Ctrl+C 停止）", f"Xiezhi is ready: {url}  (Ctrl+C stops it)")
            ),
        )


@click.command()
@click.argument("sparql")
@click.pass_obj
@faults_as_exit
def query(context: Context, sparql: str) -> None:
    """Run the read-only SPARQL query SPARQL and print the result as CSV. 执行只读 SPARQL 查询。"""
    from SPARQLWrapper import CSV, SPARQLWrapper

    server = running_server(context.home)
    if server is None:
        raise click.UsageError("no server is running; start one with: xiezhi serve")
    client = SPARQLWrapper(server.url + "/sparql", returnFormat=CSV)
    client.addCustomHttpHeader("Authorization", f"Bearer {server.key}")
    client.setQuery(sparql)
    click.echo(client.query().convert(), nl=False)
