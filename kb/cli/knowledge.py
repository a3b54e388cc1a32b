"""``xiezhi load``, ``check``, ``test`` and ``docs``: for those who keep the knowledge."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kb.cli.context import Context, faults_as_exit, running_server
from kb.errors import InputError, KnowledgeFault, Text
from kb.inference.program import read
from kb.ontology import checking, documentation, files, reasoning
from kb.resources import folder
from kb.services import cases
from kb.srl.strata import stratify


@click.command()
@click.option(
    "--city", "cities", multiple=True, help="Division code of a city to load; default: the model cities."
)
@click.pass_obj
@faults_as_exit
def load(context: Context, cities: tuple[str, ...]) -> None:
    """Bring ontology, rules and cities in the store up to date. 更新本体、规则与城市数据。"""
    if (url := running_server(context.home)) is not None:
        raise InputError.of(
            "load.server-running",
            f"服务正在使用该数据目录（{url}）",
            f"a server is running on this store ({url})",
            repair=("重启服务：启动时会载入新内容", "restart it: it loads what is new when it starts"),
        )
    with context.workspace(list(cities) or None) as workspace:
        graphs = sum(1 for _ in workspace.store.graphs())
        context.say(Text(f"已是最新：{graphs} 个图，知识版本 {workspace.release}",
                         f"up to date: {graphs} graphs, release {workspace.release}"))  # fmt: skip


@click.command()
@click.pass_obj
@faults_as_exit
def check(context: Context) -> None:
    """Check the ontology and the rules, and say what is wrong. 检查知识。

    Turtle and rules are well written; the knowledge keeps its SHACL contract; no class is impossible and
    no axiom contradicts another (rustdl, and HermiT where there is a Java); the rules are well-formed and
    stratified.
    """
    ontology, rules = folder("ontology"), folder("rules")
    found = files.scan(ontology, rules)
    triples = sum(1 for file in found for _ in file.quads())
    faults = checking.check(ontology)
    if faults:
        raise KnowledgeFault(faults)
    program = read(rules)
    strata = stratify(program.response)
    stratify(program.background)
    reasoners = "rustdl + HermiT" if reasoning.has_java() else "rustdl"
    context.say(
        Text(
            f"{len(found)} 个文件、{triples:,} 条三元组；{len(program.response)} 条响应规则"
            f"分 {len(strata.layers)} 层，{len(program.background)} 条背景规则；"
            f"推理机 {reasoners}：没有发现问题",
            f"{len(found)} files, {triples:,} triples; {len(program.response)} response rules "
            f"in {len(strata.layers)} layers, {len(program.background)} background rules; "
            f"reasoners {reasoners}: nothing wrong",
        )
    )


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.pass_obj
@faults_as_exit
def test(context: Context, path: Path | None) -> None:
    """Run the rule cases below PATH and show expected against derived. 运行规则用例。"""
    with context.bench() as workspace:
        results = cases.run(workspace, path or folder("rules"))
    for result in results:
        if result.differences:
            click.echo(f"✗ {result.case.file.name}: {result.case.title}")
            for difference in result.differences:
                click.echo(f"    {difference.in_(context.lang)}")
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
