"""``xiezhi risk``: the risk of grids, its factors, how right it is, proposals; ``xiezhi observe``.

A server that runs on the store is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.errors import Text

SHOWN = 15
"""So many grids are printed as text."""
_ASSESSED = Text("{}：{} 个事件，{} 至 {}，评估于 {}", "{}: {} events, {} to {}, assessed {}")
_CHOSEN = Text(
    "参数：带宽 {bandwidth} 格，先验 {prior} 次",
    "parameters: bandwidth {bandwidth} cells, prior {prior} events",
)
_HELD = Text(
    "{since} 起留出 {heldBack} 个事件（之前 {trained} 个），{cells} 格 × {hours} 小时",
    "held back from {since}: {heldBack} events ({trained} before), {cells} cells × {hours} hours",
)
_TOP = Text("最高的 {share:.0%} 命中：", "hits in the top {share:.0%}:")
_UNCHECKED = Text("历史太短，无法检验", "history is too short to check")
_BETTER = Text(
    "与直接计数相差 {:+.1%} 至 {:+.1%}（95 % 区间）",
    "difference to counting {:+.1%} to {:+.1%} (95 % interval)",
)
_LEVEL = Text("{} 个网格，指数 ≥ {:.2f}", "{} grids, index ≥ {:.2f}")
_FACTORS = Text(
    "历史 ×{history:.2f}，邻近 ×{around:.2f}，平滑后 ×{smoothed:.2f}，场所 ×{place:.2f}",
    "history ×{history:.2f}, around ×{around:.2f}, smoothed ×{smoothed:.2f}, place ×{place:.2f}",
)
_PROPOSED = Text(
    "{hour}：{reaching} 个达到阈值，新提出 {made} 条建议",
    "{hour}: {reaching} reach the threshold, {made} newly proposed",
)
_NONE = Text("没有建议", "no proposals")
_TAKEN = Text("入库 {}，重复 {}", "stored {}, there before {}")
_REFUSED = Text("不合格 {}（最后一条：{}）", "refused {} (the last: {})")
_NAMES = {
    "index": Text("风险指数", "index"),
    "counting": Text("直接计数", "counting"),
    "counting by hour": Text("按时段计数", "counting by hour"),
    "chance": Text("随机", "chance"),
}

CITY = click.option("--city", default="", help="Division code, such as 370200; else the first. 城市代码。")
CATEGORY = click.option("--category", default="", help="Such as fire; else all. 风险类别。")
HOUR = click.option("--hour", default="", help="Of the week, 0 (Monday 0:00) to 167. 一周中的小时。")
MONTH = click.option("--month", default="", help="1 to 12. 月份。")
SOURCE = click.option("--source", "name", default="", help="The source that the files are of. 观测来源。")
DESCRIBE = click.option(
    "--describe",
    "description",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Turtle file that describes the source. 来源说明。",
)
FILES = click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
ENGINE = click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True)


@click.group()
def risk() -> None:
    """The risk of grids by category, hour and season, with its factors. 网格风险。"""


@risk.command()
@FILES
@SOURCE
@DESCRIBE
@CITY
@ENGINE
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def assess(
    context: Context,
    files: tuple[Path, ...],
    name: str,
    description: Path | None,
    city: str,
    engine: str,
    form: str,
) -> None:
    """Assess the risk of all grids from FILES, or from what was pushed. 评估全部网格的风险。"""
    with context.risks() as desk:
        found = desk.assess(city, files, name, description, engine)
    printed(found, form, _about(found, context.lang))


@risk.command()
@CITY
@CATEGORY
@HOUR
@MONTH
@click.option(
    "--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file. 绘制到文件。"
)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def map(
    context: Context, city: str, category: str, hour: str, month: str, svg: Path | None, form: str
) -> None:
    """Show the grids of the highest index. 风险最高的网格。"""
    asked = {"category": category, "hour": hour, "month": month}
    with context.risks() as desk:
        if svg is not None:
            svg.write_bytes(desk.svg(city, context.lang, **asked))
        found = desk.ask("map", city, **asked)
    printed(found, form, _map(found, context.lang))


@risk.command()
@click.argument("grid")
@CITY
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def profile(context: Context, grid: str, city: str, form: str) -> None:
    """Show every factor of the unit grid with the code GRID. 网格的风险画像。"""
    with context.risks() as desk:
        found = desk.ask("profile", city, grid=grid)
    printed(found, form, _profile(found, context.lang))


@risk.command()
@FILES
@SOURCE
@DESCRIBE
@CITY
@click.option("--side", type=click.FloatRange(0.1), help="Check on squares of so many km instead. 方格边长。")
@click.option("--share", type=click.FloatRange(0.001, 0.5), default=0.05, show_default=True)
@ENGINE
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def check(
    context: Context,
    files: tuple[Path, ...],
    name: str,
    description: Path | None,
    city: str,
    side: float | None,
    share: float,
    engine: str,
    form: str,
) -> None:
    """Show the hit rate on held-back events beside plain counting. 用留出的历史检验指数。

    Without FILES: of the last assessment. With FILES and --side: of any events, anywhere.
    """
    if files and side is not None:
        found: dict[str, Any] | None = _squares(files, name, description, side, share, engine)
    else:
        with context.risks() as desk:
            found = desk.ask("assessment", city)["check"]
    printed(found, form, _check(found, context.lang))


@risk.command()
@CITY
@click.option("--at", default="", help="A moment in ISO 8601; else now. 时刻。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def propose(context: Context, city: str, at: str, form: str) -> None:
    """Propose warnings for an hour to the monitoring centre. 提出预警建议。"""
    with context.risks() as desk:
        found = desk.propose(city, at)
    printed(found, form, [_PROPOSED.in_(context.lang).format(**found)])


@risk.command()
@CITY
@click.option("--state", type=click.Choice(["", "proposed", "confirmed", "dismissed"]), default="")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def proposals(context: Context, city: str, state: str, form: str) -> None:
    """Show the warnings that were proposed. 预警建议。"""
    with context.risks() as desk:
        found = desk.ask("proposals", city, state=state)
    printed(found, form, _proposals(found["proposals"], context.lang))


@risk.command()
@click.argument("identifier")
@click.argument("decision", type=click.Choice(["confirm", "dismiss"]))
@click.option("--reason", required=True, help="Why. 理由。")
@CITY
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def decide(context: Context, identifier: str, decision: str, reason: str, city: str, form: str) -> None:
    """Confirm or dismiss a proposal; nothing is issued by it. 确认或驳回建议。"""
    with context.risks() as desk:
        found = desk.decide(city, identifier, decision, reason)
    printed(found, form, _proposals([found], context.lang))


@click.group()
def observe() -> None:
    """Take observations of sensors, hotlines and other sources. 观测。"""


@observe.command()
@click.argument("file", type=click.File("rb"))
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def push(context: Context, file: Any, form: str) -> None:
    """Take the JSON lines in FILE (- is stdin), each observation once by its id. 推送观测。"""
    from kb.sensing.inbox import BATCH

    total = {"stored": 0, "duplicates": 0}
    with context.risks() as desk:
        while lines := b"".join(line for _, line in zip(range(BATCH), file, strict=False)):
            for key, number in desk.push(lines).items():
                total[key] += number
    printed(total, form, [_TAKEN.in_(context.lang).format(total["stored"], total["duplicates"])])


@observe.command()
@click.argument("brokers")
@click.argument("topic")
@click.option("--follow", is_flag=True, help="Wait for more until interrupted. 持续接收。")
@LANG
@click.pass_obj
@faults_as_exit
def kafka(context: Context, brokers: str, topic: str, follow: bool) -> None:
    """Read TOPIC of a Kafka-protocol broker at BROKERS (host:port) from where it was left. 接收消息主题。"""
    from kb.resources import folder
    from kb.sensing import source as described
    from kb.sensing.inbox import Inbox
    from kb.sensing.kafka import receive
    from kb.services.risk.views import PUSHED

    source = described.source(described.Files(folder("ontology") / "observations.ttl"), PUSHED)
    inbox = Inbox(context.home / "observations" / PUSHED, source)
    found = receive(inbox, brokers, topic, follow=follow)
    click.echo(_TAKEN.in_(context.lang).format(found.stored, found.duplicates))
    if found.refused:
        click.echo(_REFUSED.in_(context.lang).format(found.refused, found.reason), err=True)


def _squares(
    files: tuple[Path, ...], name: str, description: Path | None, side: float, share: float, engine: str
) -> dict[str, Any]:
    """Check the index on squares over the events in *files*, without a city."""
    from kb.inference.relational.connection import Connection
    from kb.resources import folder
    from kb.risk import checking, keeping, method, squares
    from kb.risk.index import Neighbours
    from kb.sensing import gathering, table
    from kb.sensing import source as described
    from kb.services.risk.views import PUSHED

    knowledge = described.Files(*sorted(folder("ontology").glob("*.ttl")))
    how = method.read(knowledge)
    known = described.source(
        knowledge if description is None else described.Files(description), name or PUSHED
    )
    with Connection(engine) as connection:
        slugs = [category.slug for category in how.categories]
        seen = connection.stored(table.read(connection, known, *files, categories=slugs))
        index = squares.squares(gathering.bounds(seen), side)
        placed = gathering.placed(connection, seen, index)
        return keeping.told(checking.check(placed, how, Neighbours(index), len(index), share=share))


def _about(found: dict[str, Any], lang: str) -> Iterator[str]:
    yield _ASSESSED.in_(lang).format(
        found["city"], f"{found['events']:,}", found["from"], found["until"], found["made"]
    )
    yield _CHOSEN.in_(lang).format(**found["parameters"])
    yield from _check(found["check"], lang)


def _check(found: dict[str, Any] | None, lang: str) -> Iterator[str]:
    if found is None:
        yield _UNCHECKED.in_(lang)
        return
    yield _HELD.in_(lang).format(**found)
    yield _TOP.in_(lang).format(**found)
    for score in found["scores"]:
        yield f"  {_NAMES[score['name']].in_(lang)}: {score['hitRate']:.1%} (×{score['lift']:.1f})"
    yield _BETTER.in_(lang).format(*found["differenceToCounting"])


def _map(found: dict[str, Any], lang: str) -> Iterator[str]:
    for level in found["levels"]:
        yield f"{level['label'][lang]}: " + _LEVEL.in_(lang).format(level["grids"], level["from"])
    for grid in found["grids"][:SHOWN]:
        level = grid["level"]["label"][lang] if grid["level"] else ""
        yield f"  {grid['index']:8.2f}  {grid['code']}  {grid['label'][lang]}  {level}"


def _profile(found: dict[str, Any], lang: str) -> Iterator[str]:
    yield f"{found['grid']['code']}  {found['grid']['label'][lang]}"
    for one in found["categories"]:
        level = f"  {one['level']['label'][lang]}" if one["level"] else ""
        yield f"  {one['label'][lang]}: {one['index']:.2f}{level}"
        yield f"    {_FACTORS.in_(lang).format(**one['factors'])}"
    for one in found["place"]:
        yield f"  {one['label'][lang]}: {one['number']} (×{one['multiplier']:.2f})"


def _proposals(found: list[dict[str, Any]], lang: str) -> Iterator[str]:
    for one in found:
        names = (one[key]["label"][lang] for key in ("category", "grid"))
        parts = (one["id"], one["state"], f"{one['index']:.1f}", *names)
        yield "  ".join(parts)
        if one["reason"]:
            yield f"    {one['decidedBy']}: {one['reason']}"
    if not found:
        yield _NONE.in_(lang)
