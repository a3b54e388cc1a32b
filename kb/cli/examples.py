"""``xiezhi examples``: the vetted queries, to be read or run."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlencode

import click

from kb.cli.context import LANG, Context, faults_as_exit, running_server
from kb.cli.remote import TIMEOUT, problem
from kb.ontology.queries import Examples
from kb.resources import folder

FORMATS = {
    "csv": "text/csv",
    "json": "application/sparql-results+json",
    "turtle": "text/turtle",
}
USUAL = {"select": "csv", "ask": "json", "construct": "turtle", "describe": "turtle"}


@click.group()
def examples() -> None:
    """Vetted SPARQL queries: list, show, run. 示例查询。"""


@examples.command("list")
@click.argument("word", required=False, default="")
@LANG
@click.pass_obj
@faults_as_exit
def list_(context: Context, word: str) -> None:
    """List the queries, or those that speak of WORD. 列出示例查询。"""
    for example in _examples():
        words = (example.comment.in_(context.lang), *example.keywords[context.lang], example.name)
        if word.casefold() in " ".join(words).casefold():
            click.echo(f"{example.name:24}{example.comment.in_(context.lang)}")


@examples.command()
@click.argument("name")
@LANG
@click.pass_obj
@faults_as_exit
def show(context: Context, name: str) -> None:
    """Print the query NAME. 显示一个查询。"""
    click.echo(_examples().find(name).query(context.lang), nl=False)


@examples.command()
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="Format of the result; default: csv for rows, turtle for graphs, json for yes or no.",
)
@LANG
@click.pass_obj
@faults_as_exit
def run(context: Context, name: str, form: str | None) -> None:
    """Run the query NAME on the server that runs here, and print the result. 执行一个查询。"""
    example = _examples().find(name)
    server = running_server(context.home)
    if server is None:
        raise click.UsageError("no server is running; start one with: xiezhi serve")
    body = urlencode({"query": example.query(context.lang)}).encode()
    headers = {"Accept": FORMATS[form or USUAL[example.form]], "Authorization": f"Bearer {server.key}"}
    request = urllib.request.Request(f"{server.url}/sparql", body, headers)  # noqa: S310 - our own http server
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - the same
            text = response.read().decode()
    except urllib.error.HTTPError as error:
        raise problem(error.read()) from error
    click.echo(text, nl=not text.endswith("\n"))


def _examples() -> Examples:
    return Examples(folder("examples") / "queries")
