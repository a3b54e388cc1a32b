"""``xiezhi new``: the files that a new piece of knowledge needs, commented and ready to check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click

from kb.city import entries, profile
from kb.cli.context import LANG, Context, faults_as_exit
from kb.errors import KnowledgeFault, Text
from kb.namespaces import XZ
from kb.ontology import scaffolding
from kb.ontology.names import did_you_mean, nearest
from kb.ontology.records import Records
from kb.ontology.scaffolding import Wanted
from kb.ontology.spelling import kebab, require_plain
from kb.resources import folder

F = TypeVar("F", bound=Callable[..., None])

_LABELS = (
    click.option("--label-zh", default="", help="Chinese name. 中文名称。"),
    click.option("--label-en", default="", help="English name. 英文名称。"),
)
_PACK = click.option("--pack", default="", help="Pack; default: that of TYPE. 知识包，默认与 TYPE 相同。")
_INTO = click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Folder that has, or shall have, ontology/ and rules/; default: here. 知识目录，默认当前目录。",
)


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.group()
def new() -> None:
    """Make the files of a new type of incident, department, module, duty or rule. 新建知识文件。

    NAME is English: gas-station-fire or GasStationFire. No file is overwritten. What is made checks as it is;
    fill it in, then run `xiezhi check` and `xiezhi test`.

    名称用英文；不覆盖已有文件；生成的文件可直接通过检查，填写后运行 xiezhi check 与 xiezhi test。
    """


@new.command("incident-type")
@click.argument("name")
@_options(*_LABELS, _PACK)
@click.option("--parent", default="", metavar="TYPE", help="The wider type. 上位类型。")
@_options(_INTO, LANG)
@click.pass_obj
@faults_as_exit
def incident_type(
    context: Context, name: str, label_zh: str, label_en: str, pack: str, parent: str, into: Path
) -> None:
    """Make a type of incident and a case for it. 新建事件类型。"""
    _make(context, into, Wanted("incident-type", name, label_zh, label_en, pack, parent))


@new.command()
@click.argument("name")
@_options(*_LABELS, _PACK)
@click.option(
    "--parent", default="", metavar="TYPE", help="The type of incident that uses it. 启用它的类型。"
)
@_options(_INTO, LANG)
@click.pass_obj
@faults_as_exit
def module(
    context: Context, name: str, label_zh: str, label_en: str, pack: str, parent: str, into: Path
) -> None:
    """Make a plan module, its use for a type of incident, and a case. 新建预案模块及其启用。"""
    _make(context, into, Wanted("module", name, label_zh, label_en, pack, parent))


@new.command()
@click.argument("name")
@_options(*_LABELS, _PACK)
@click.option("--parent", default="", metavar="TYPE", help="The type of incident that it is for. 适用类型。")
@click.option("--function", default="", help="The function that has it. 所需职能。")
@click.option("--role", default="", help="Lead, support or first response. 牵头、支援或先期处置。")
@click.option("--clause", default="", help="The clause that it rests on. 所依条款。")
@_options(_INTO, LANG)
@click.pass_obj
@faults_as_exit
def duty(
    context: Context,
    name: str,
    label_zh: str,
    label_en: str,
    pack: str,
    parent: str,
    function: str,
    role: str,
    clause: str,
    into: Path,
) -> None:
    """Make a duty, whose labels are its task, and a case. 新建职责；名称即任务。"""
    wanted = Wanted("duty", name, label_zh, label_en, pack, parent)
    _make(context, into, replace(wanted, function=function, role=role, clause=clause))


@new.command()
@click.argument("name")
@_options(*_LABELS)
@click.option("--topic", default="", help="Folder below rules/. 规则主题，即 rules/ 下的文件夹。")
@click.option(
    "--parent", default="", metavar="TYPE", help="The type of incident that it is about. 适用类型。"
)
@_options(_INTO, LANG)
@click.pass_obj
@faults_as_exit
def rule(
    context: Context, name: str, label_zh: str, label_en: str, topic: str, parent: str, into: Path
) -> None:
    """Make a rule, its description and a case. 新建规则、说明与用例。"""
    _make(context, into, Wanted("rule", name, label_zh, label_en, parent=parent, topic=topic))


@new.command()
@click.argument("name")
@_options(*_LABELS)
@click.option(
    "--tier", "tiers", multiple=True, type=click.Choice(profile.TIERS), help="Tier; default: city. 层级。"
)
@click.option("--function", "functions", multiple=True, help="A function that it performs. 承担的职能。")
@click.option(
    "--into",
    type=click.Path(exists=True, path_type=Path),
    help="A city's profile or its folder; without it, the entry is printed. 城市方案，不写则只显示条目。",
)
@_options(LANG)
@click.pass_obj
@faults_as_exit
def department(
    context: Context,
    name: str,
    label_zh: str,
    label_en: str,
    tiers: tuple[str, ...],
    functions: tuple[str, ...],
    into: Path | None,
) -> None:
    """Add a department to a city's profile, as one entry of its list. 为城市方案增加部门。"""
    identifier = kebab(name)
    require_plain(label_zh, label_en)
    known = _functions()
    for function in functions:
        if function not in known:
            raise KnowledgeFault.of(
                "new.function", f"未知的职能：{function}", f"unknown function: {function}",
                repair=did_you_mean(nearest(function, known)),
            )  # fmt: skip
    words = identifier.replace("-", " ")
    entry = scaffolding.render(
        "department.yaml.jinja",
        name=identifier,
        tiers=tiers or ("city",),
        zh=label_zh or f"新{words}",
        en=label_en or words.title(),
        functions=functions,
    )
    if into is None:
        click.echo(entry, nl=False)
        context.say(
            Text(
                "把该条目加入城市方案 profile.yaml 的 departments，或用 --into 指定方案",
                "put this entry under departments in a city's profile.yaml, or say --into",
            )
        )
        return
    path = into / "profile.yaml" if into.is_dir() else into
    if not path.is_file():
        raise KnowledgeFault.of(
            "new.profile",
            "目录中没有 profile.yaml",
            "there is no profile.yaml in this folder",
            where=str(into),
        )
    path.write_bytes(entries.add(path, identifier, entry, known).encode("utf-8"))
    click.echo(path)
    context.say(
        Text(
            "下一步：核对名称、层级与职能，然后 xiezhi load（服务运行中则重启）",
            "next: check label, tiers and functions, then xiezhi load (restart a running server)",
        )
    )


def _make(context: Context, into: Path, wanted: Wanted) -> None:
    root = scaffolding.root_of(into)
    scaffold = scaffolding.plan(root, wanted)
    scaffold.write(root)
    for path in (*scaffold.made, *scaffold.changed):
        click.echo(root / path)
    for number, step in enumerate(scaffold.next, 1):
        context.say(Text(f"{number}. {step.zh}", f"{number}. {step.en}"))


def _functions() -> list[str]:
    records = Records.of(folder("ontology"))
    return [iri.rsplit("/", 1)[-1] for iri in records.members(XZ + "Function")]
