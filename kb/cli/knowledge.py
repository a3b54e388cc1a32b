"""``xiezhi load``, ``check``, ``test`` and ``docs``: for those who keep the knowledge."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kb.cli.context import Context, faults_as_exit, running_server
from kb.clock import today
from kb.errors import InputError, Text, both
from kb.ontology import documentation, knowledge, reasoning
from kb.ontology.checks.finding import Severity
from kb.resources import folder
from kb.services import case_reasons, cases
from kb.services.checking import Verdict
from kb.services.checking import check as check_knowledge
from kb.services.workspace import TrialWorkspace


@click.command()
@click.option(
    "--city", "cities", multiple=True, help="Division code of a city to load; default: the model cities."
)
@click.pass_obj
@faults_as_exit
def load(context: Context, cities: tuple[str, ...]) -> None:
    """Bring ontology, rules and cities in the store up to date. 更新本体、规则与城市数据。"""
    if (server := running_server(context.home)) is not None:
        raise InputError.of(
            "load.server-running",
            f"服务正在使用该数据目录（{server.url}）",
            f"a server is running on this store ({server.url})",
            repair=("重启服务：启动时会载入新内容", "restart it: it loads what is new when it starts"),
        )
    with context.workspace(list(cities) or None) as workspace:
        graphs = sum(1 for _ in workspace.store.graphs())
        context.say(Text(f"已是最新：{graphs} 个图，知识版本 {workspace.release}",
                         f"up to date: {graphs} graphs, release {workspace.release}"))  # fmt: skip


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--quick", is_flag=True, help="Without reasoners and cases; needs no store. 不推理、不跑用例。")
@click.option("--notes", is_flag=True, help="List what rests on background knowledge, too. 列出背景知识。")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day to judge by; today. 判断所依的日期。")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
@faults_as_exit
def check(
    context: Context, path: Path | None, quick: bool, notes: bool, on: datetime | None, form: str
) -> None:
    """Check the knowledge, or PATH laid over it, and say what is wrong, where, why, and how to repair it.

    检查知识；给出 PATH 时，把该文件夹的文件叠加在产品知识之上检查。

    Files are well written; terms are defined; the SHACL contract holds; no class is impossible and no axiom
    contradicts another (rustdl, and HermiT where there is a Java), with the reason and the ways out; rules
    are well-formed, stratified and not needless; every rule fires in a case and none contradict; no source
    has ended; nothing is due for a plan. Exit 1 if an error is found; warnings and notes leave it at 0.
    """
    day = on.date() if on else today()
    with knowledge.over(path) as base, ExitStack() as stack:
        workspace = None if quick else stack.enter_context(context.bench())
        verdict = check_knowledge(base, workspace, day, reasoning_too=not quick)
    if form == "json":
        click.echo(json.dumps(_as_json(verdict), ensure_ascii=False, indent=2))
    else:
        for finding in verdict.findings:
            if notes or finding.severity is not Severity.NOTE:
                click.echo(finding.render(context.lang))
        _sum_up(context, verdict, notes, quick)
    sys.exit(0 if verdict.sound else 1)


def _sum_up(context: Context, verdict: Verdict, notes: bool, quick: bool) -> None:
    reasoners = "–" if quick else "rustdl + HermiT" if reasoning.has_java() else "rustdl"
    counts = [len(verdict.of(severity)) for severity in Severity]
    hint = Text("（--notes 列出）", " (--notes lists them)") if counts[2] and not notes else Text("", "")
    context.say(
        Text(
            f"{verdict.files} 个文件、{verdict.triples:,} 条三元组；{verdict.rules} 条规则"
            f"分 {verdict.layers} 层；{verdict.cases} 个用例；推理机 {reasoners}："
            f"{counts[0]} 个错误、{counts[1]} 个警告、{counts[2]} 处背景知识{hint.zh}",
            f"{verdict.files} files, {verdict.triples:,} triples; {verdict.rules} rules in {verdict.layers} "
            f"layers; {verdict.cases} cases; reasoners {reasoners}: "
            f"{counts[0]} errors, {counts[1]} warnings, {counts[2]} records on background knowledge{hint.en}",
        )
    )


def _as_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON: for editors and continuous integration."""
    return {
        "sound": verdict.sound,
        "files": verdict.files,
        "triples": verdict.triples,
        "rules": verdict.rules,
        "cases": verdict.cases,
        "findings": [
            {
                "severity": finding.severity.value,
                "code": finding.fault.code,
                "where": finding.fault.where,
                "message": both(finding.fault.message),
                "repair": both(finding.fault.repair) if finding.fault.repair else None,
            }
            for finding in verdict.findings
        ],
    }


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.pass_obj
@faults_as_exit
def test(context: Context, path: Path | None) -> None:
    """Run the cases below PATH, or all of them, and show expected against derived. 运行用例。

    Knowledge below PATH (Turtle, rules) is laid over the product's own before the cases run. For what was
    expected and not derived, the rule that failed says why not.
    """
    with context.bench() as workspace, knowledge.over(path) as base:
        trial = TrialWorkspace(workspace, base)
        places = [path] if path is not None else [folder("rules"), folder("ontology")]
        results = cases.run(trial, *places)
        for result in results:
            if result.differences:
                click.echo(f"✗ {result.case.file.name}: {result.case.title}")
            for difference in result.differences:
                click.echo(f"    {difference.in_(context.lang)}")
                for reason in case_reasons.reasons(trial, result.case, difference):
                    click.echo(f"      · {reason.in_(context.lang)}")
    failed = sum(1 for result in results if result.differences)
    context.say(
        Text(
            f"{len(results) - failed} 个用例通过，{failed} 个失败",
            f"{len(results) - failed} cases passed, {failed} failed",
        )
    )
    sys.exit(1 if failed else 0)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/docs"),
    show_default=True,
    help="Folder for the pages. 文档放在哪个文件夹。",
)
@click.pass_obj
@faults_as_exit
def docs(context: Context, out: Path) -> None:
    """Write the documentation of the ontology as HTML pages. 生成本体文档。

    Needs pyLODE, which comes with the extra "dev". The pages load nothing from a network.
    """
    first, *_ = documentation.write(folder("ontology"), folder("rules"), out)
    context.say(Text(f"文档已写好，从这里看起：{first}", f"the documentation is written; begin at {first}"))
