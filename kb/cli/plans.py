"""``xiezhi plan``: the life of plans and modules, what is due, composition, cards on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.errors import Text

BY = click.option("--by", default="command line", show_default=True, help="Who does it. 由谁。")
STEPS = (
    "draft",
    "submit",
    "comment",
    "return",
    "approve",
    "file",
    "drill",
    "execute",
    "evaluate",
    "withdraw",
)


@click.group()
def plan() -> None:
    """Plans and modules: editions, steps, clocks, composition, action cards. 预案与模块。"""


@plan.command("list")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def list_(context: Context, form: str) -> None:
    """List plans and modules with their editions. 列出预案与模块。"""
    with context.plans() as desk:
        found = desk.ask("plans")
    printed(found, form, _plans(found, context.lang))


@plan.command()
@click.argument("name")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def show(context: Context, name: str, form: str) -> None:
    """Show the editions and the course of a plan. 预案的版本与经过。"""
    with context.plans() as desk:
        found = desk.ask("show", name)
    printed(found, form, _plan(found, context.lang))


@plan.command()
@click.argument("step", type=click.Choice(STEPS))
@click.argument("name")
@click.option("--reason", default="", help="Why, or what was found. 理由或结论。")
@click.option("--on", "day", default="", help="YYYY-MM-DD; of an approval, from which day it holds. 日期。")
@click.option("--incident", default="", help="Executed in this incident. 事件编号。")
@click.option("--exercise", default="", help="Drilled by this scenario. 推演方案。")
@click.option("--edition", type=click.IntRange(1), help="Which edition; the last one. 版本。")
@BY
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def take(
    context: Context,
    step: str,
    name: str,
    reason: str,
    day: str,
    incident: str,
    exercise: str,
    edition: int | None,
    by: str,
    form: str,
) -> None:
    """Take STEP with the plan or module NAME; whoever drafted it does not approve it. 办理一步。"""
    data = {"reason": reason, "on": day, "incident": incident, "exercise": exercise, "edition": edition}
    with context.plans(by) as desk:
        found = desk.step(name, step, {key: value for key, value in data.items() if value})
    printed(found, form, _plan(found, context.lang))


@plan.command()
@click.argument("name")
@click.option("--edition", type=click.IntRange(1), help="Which edition; what holds today. 版本。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def provisions(context: Context, name: str, edition: int | None, form: str) -> None:
    """Show every provision that an edition of NAME keeps, with its clauses. 版本所含规定。"""
    with context.plans() as desk:
        found = desk.provisions(name, edition)
    printed(found, form, _provisions(found, context.lang))


@plan.command()
@click.argument("name")
@click.argument("before", type=click.IntRange(1))
@click.argument("after", type=click.IntRange(1), required=False)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def diff(context: Context, name: str, before: int, after: int | None, form: str) -> None:
    """Say what the edition AFTER of NAME (today's provisions) changed since BEFORE. 版本差异。"""
    with context.plans() as desk:
        found = desk.difference(name, before, after)
    printed(found, form, _difference(found, context.lang))


@plan.command()
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def due(context: Context, form: str) -> None:
    """Show what is due: filing, drills, evaluation, revision. 到期事项。"""
    with context.plans() as desk:
        found = desk.ask("due")
    printed(found, form, (one["message"][context.lang] for one in found["due"]))


@plan.command()
@click.argument("modules", nargs=-1, required=True)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def compose(context: Context, modules: tuple[str, ...], form: str) -> None:
    """Say whether MODULES go together: order, circles, missing providers. 模块组合检查。"""
    with context.plans() as desk:
        found = desk.compose(modules)
    printed(found, form, _composed(found, context.lang))
    if not found["sound"]:
        raise SystemExit(1)


@plan.command()
@click.argument("incident")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def resources(context: Context, incident: str, form: str) -> None:
    """Show what the modules of INCIDENT need, from the nearest stocks. 资源需求与就近调配。"""
    with context.plans() as desk:
        found = desk.resources(incident)
    printed(found, form, _needs(found, context.lang))


@plan.command()
@click.argument("incident")
@click.option("--module", default="", help="What is offered for this module alone. 模块。")
@click.option("--stock", default="", help="Of this stock (IRI) instead of what is offered. 储备。")
@click.option("--quantity", type=click.IntRange(1), help="How much of the stock. 数量。")
@BY
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def reserve(
    context: Context, incident: str, module: str, stock: str, quantity: int | None, by: str, form: str
) -> None:
    """Take for INCIDENT what it is offered, so that no other is offered it. 占用资源。"""
    data = {"module": module, "stock": stock, "quantity": quantity}
    with context.plans(by) as desk:
        found = desk.reserve(incident, {key: value for key, value in data.items() if value})
    printed(found, form, _needs(found, context.lang))


@plan.command()
@click.argument("incident")
@click.argument("numbers", nargs=-1, type=click.IntRange(1))
@BY
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def release(context: Context, incident: str, numbers: tuple[int, ...], by: str, form: str) -> None:
    """Give back what INCIDENT has taken: all, or the reservations with NUMBERS. 归还资源。"""
    with context.plans(by) as desk:
        found = desk.release(incident, {"numbers": list(numbers)} if numbers else {})
    printed(found, form, _needs(found, context.lang))


@plan.command()
@click.argument("incident")
@click.argument("department")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@LANG
@click.pass_obj
@faults_as_exit
def card(context: Context, incident: str, department: str, file: Path) -> None:
    """Print the action card of DEPARTMENT for INCIDENT into FILE (PDF). 打印行动卡。"""
    with context.plans() as desk:
        _write(context, file, desk.cards(incident, department, context.lang))


@plan.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--area", default="", help="Cards of a plan: the code of a city or district. 区划代码。")
@LANG
@click.pass_obj
@faults_as_exit
def cards(context: Context, name: str, file: Path, area: str) -> None:
    """Print the cards of all departments into one FILE (PDF): of the incident NAME, or with --area of a plan.

    打印全部部门的行动卡：NAME 为事件编号；加 --area 则为预案。
    """
    with context.plans() as desk:
        if area:
            _write(context, file, desk.plan_cards(name, area, context.lang))
        else:
            _write(context, file, desk.cards(name, None, context.lang))


@plan.command("print")
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@LANG
@click.pass_obj
@faults_as_exit
def print_(context: Context, name: str, file: Path) -> None:
    """Print the plan NAME into FILE (PDF). 打印预案。"""
    with context.plans() as desk:
        _write(context, file, desk.printed(name, context.lang))


def _write(context: Context, file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    context.say(Text(f"已写入 {file}", f"{file} is written"))


def _plans(found: dict[str, Any], lang: str) -> Iterator[str]:
    for one in found["plans"]:
        state = one["state"]["label"][lang] if one["state"] else "–"
        edition = one["inForce"] or "–"
        yield f"{one['slug']:34} {one['editions']:>3} {edition!s:>3}  {state}  {one['label'][lang]}"


def _plan(found: dict[str, Any], lang: str) -> Iterator[str]:
    yield found["label"][lang]
    for one in found["editions"]:
        standing = one["standing"][lang] if one["standing"] else ""
        dates = " ".join(f"{key} {one[key]}" for key in one if key.endswith(("On", "From")))
        yield f"  {one['number']}  {one['state']['label'][lang]}  {standing}  {dates}"
    for one in found["timeline"]:
        yield f"  {one['at'][:16]}  {one['step'][lang]}  {one['actor']}  {one['reason']}".rstrip()


def _provisions(found: dict[str, Any], lang: str) -> Iterator[str]:
    for group in found["kinds"]:
        yield f"{group['kind']['label'][lang]} ({len(group['provisions'])})"
        for one in group["provisions"]:
            clauses = "; ".join(clause["label"][lang] for clause in one["clauses"])
            yield f"  {one['digest'][:8]}  {one['label'][lang]}  {clauses}".rstrip()


def _difference(found: dict[str, Any], lang: str) -> Iterator[str]:
    for sign, key in (("+", "added"), ("-", "removed")):
        for one in found[key]:
            yield f"{sign} {one['kind']['label'][lang]}: {one['label'][lang]}"
    for one in found["changed"]:
        yield f"~ {one['kind']['label'][lang]}: {one['text'][lang]}"
    yield f"= {found['same']}"


def _composed(found: dict[str, Any], lang: str) -> Iterator[str]:
    for number, one in enumerate(found["order"], 1):
        yield f"{number:>3}  {one['label'][lang]}"
    for circle in found["circles"]:
        yield "↻ " + " ↔ ".join(one["label"][lang] for one in circle)
    for one in found["missing"]:
        providers = "、".join(p["label"][lang] for p in one["providers"]) or "–"
        yield f"? {one['state']['label'][lang]} ← {providers}"


def _needs(found: dict[str, Any], lang: str) -> Iterator[str]:
    for one in found["needs"]:
        short = f"  ▲ {one['short']}" if one["short"] else ""
        yield f"{one['module']['label'][lang]}: {one['kind']['label'][lang]} × {one['quantity']}{short}"
        for has in one["reserved"]:
            yield f"  ✓ {has['quantity']:>5}  #{has['number']}  {_place(has, lang)}"
        for stock in one["from"]:
            km = "" if stock["km"] is None else f"{stock['km']} km  "
            yield f"    {stock['quantity']:>5}  {km}{_place(stock, lang)}"
        for other in one["takenBy"]:
            yield f"  ✗ {other['quantity']:>5}  → {other['incident']['id'] if other['incident'] else '?'}"


def _place(stock: dict[str, Any], lang: str) -> str:
    where = stock["department"]["label"][lang] if stock["department"] else stock["stock"]
    return f"{where}  {stock['address'] or ''}".rstrip()
