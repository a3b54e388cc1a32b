"""``xiezhi why``, ``why-not``, ``ask-next`` and ``what-if``. None of them changes anything."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import click

from kb.cli.context import LANG, Context, faults_as_exit
from kb.errors import InputError
from kb.report.document import parse_json
from kb.services import drawing, proof_rdf, telling

FORMAT = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
DEPTH = click.option("--depth", type=click.IntRange(1), default=50, help="Show so many steps only.")


@click.command()
@click.argument("incident")
@click.argument("conclusion")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "jsonld", "svg"]),
    default="text",
    show_default=True,
)
@LANG
@DEPTH
@click.pass_obj
@faults_as_exit
def why(context: Context, incident: str, conclusion: str, format_: str, depth: int) -> None:
    """Print why CONCLUSION holds for INCIDENT: the smallest proof, down to facts, graphs and clauses.

    CONCLUSION is a name as the recommendation shows it, a relation ("lead department", "牵头部门", "grade")
    or an IRI. 给出结论的证明。
    """
    with context.desk() as desk:
        proof = desk.why(incident, conclusion)
    match format_:
        case "json":
            _print_json(proof)
        case "jsonld":
            click.echo(proof_rdf.to_jsonld(proof))
        case "svg":
            click.echo(drawing.draw(proof, context.lang))
        case _:
            click.echo(telling.proof(proof, context.lang, depth), nl=False)


@click.command("why-not")
@click.argument("incident")
@click.argument("target", required=False, default="")
@click.option("--relation", help="Ask about this relation only (leadDepartment, 牵头部门).")
@click.option("--triple", nargs=3, metavar="S P O", help='Ask about a whole triple; S may be "this".')
@FORMAT
@LANG
@DEPTH
@click.pass_obj
@faults_as_exit
def why_not(
    context: Context,
    incident: str,
    target: str,
    relation: str | None,
    triple: tuple[str, str, str] | None,
    format_: str,
    depth: int,
) -> None:
    """Print why INCIDENT lacks TARGET, and the smallest change of facts that would bring it about.

    TARGET is a department, module, grade or level, by label or IRI. 给出未得出某结论的原因。
    """
    if not target and triple is None:
        raise click.UsageError("give a TARGET, or --triple S P O")
    with context.desk() as desk:
        answer = desk.why_not(incident, target, relation, triple)
    if format_ == "json":
        _print_json(answer)
    else:
        click.echo(telling.why_not(answer, context.lang, depth), nl=False)


@click.command("ask-next")
@click.argument("incident")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def ask_next(context: Context, incident: str, format_: str) -> None:
    """Print what to find out about INCIDENT next, and how much of the answer each fact decides.

    给出接下来最应问清的事实。
    """
    with context.desk() as desk:
        answer = desk.ask_next(incident)
    if format_ == "json":
        _print_json(answer)
    else:
        click.echo(telling.ask_next(answer, context.lang), nl=False)


@click.command("what-if")
@click.argument("incident")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Suppose this fact; repeatable.")
@click.option("--unset", "removed", multiple=True, metavar="KEY", help="Suppose this is unknown; repeatable.")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def what_if(
    context: Context,
    incident: str,
    file: BinaryIO | None,
    settings: tuple[str, ...],
    removed: tuple[str, ...],
    format_: str,
) -> None:
    """Print how the response to INCIDENT would change with other facts. Nothing is stored.

    FILE is a report (JSON, or "-") whose facts are supposed beside those of --set. 假设分析，不存储任何内容。
    """
    changes = {} if file is None else parse_json(file.read())
    changes |= dict(_setting(text) for text in settings)
    if not changes and not removed:
        raise click.UsageError("give --set KEY=VALUE, --unset KEY or a FILE")
    with context.desk() as desk:
        answer = desk.what_if(incident, changes, list(removed))
    if format_ == "json":
        _print_json(answer)
    else:
        click.echo(telling.what_if(answer, context.lang), nl=False)


def _setting(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip() or not value.strip():
        raise InputError.of(
            "setting.form", f"“{text}”应写成 字段=值", f"“{text}” should be KEY=VALUE", where="--set"
        )
    return key.strip(), value.strip()


def _print_json(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
