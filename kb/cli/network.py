"""``xiezhi network``: the bodies of a city as a network, outages, duties in conflict, the roster.

A server that runs on the store is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text
from kb.services.network.views import when

GROUPS = ("bottlenecks", "cutPoints", "bridges", "isolates", "communities", "parts")
FEW = 8
"""So many members of a community, or types of incident, are named in a line."""
_BODIES = Text("个机构", "bodies")
_LINKS = Text("条联系", "links")
_SAMPLED = Text("（介数为抽样估计）", " (betweenness from a sample)")
_TO = Text("由", "falls to")
_LOST = Text("无人承接", "nobody takes it over")
_UNPERFORMED = Text("任务无人履行", "nobody does the work")
_LOST_LEAD = Text("失去牵头", "without a lead")
_NEW_LEAD = Text("改由", "now led by")
_ROUTE = Text("改道", "goes round by")
_NO_ROUTE = Text("没有可用的联络路径", "no way is left")
_CUT_OFF = Text("失联", "cut off")
_NONE_FOUND = Text("没有发现", "none found")
_NOBODY = Text("无人在班", "nobody on duty")
_NEXT = Text("下一班", "next")
_INSTEAD = Text("可找", "call instead")
_SAME_BODY = Text("本单位其他岗位", "another post of the body")
_GAP = Text("空班", "gap")
_OVERLAP = Text("重叠", "overlap")
_NO_ROSTER = Text("没有可见的值班表", "no roster is visible")

CITY = click.option("--city", default="", help="Division code, such as 370200; else the first. 城市代码。")
AREA = click.option("--area", help="Only the bodies of this division. 只看该区划的机构。")


@click.group()
def network() -> None:
    """Who works with whom, what hangs on whom, who comes in. 协同网络。"""


@network.command()
@CITY
@AREA
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "svg", "graphml"]),
    default="text",
    show_default=True,
    help="SVG draws one area: the city's own bodies where none is given.",
)
@LANG
@click.pass_obj
@faults_as_exit
def show(context: Context, city: str, area: str | None, form: str) -> None:
    """Show bottlenecks, cut points, bridges, isolates and communities. 瓶颈、割点、桥、孤立机构、群组。"""
    with context.networks() as desk:
        found = desk.shown(city, area, "json" if form == "text" else form, context.lang)
    if form in ("text", "json"):
        told = json.loads(found)
        printed(told, form, _shown(told, context.lang))
    else:
        click.echo(found, nl=False)


@network.command()
@click.argument("bodies", nargs=-1, required=True, metavar="BODY...")
@CITY
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def outage(context: Context, bodies: tuple[str, ...], city: str, form: str) -> None:
    """Show what follows when BODY is down: who takes over, what loses its lead. 机构缺位。

    BODY is a label (青岛市应急管理局), an IRI, or how one ends (370200/emergency-management).
    """
    with context.networks() as desk:
        found = desk.outage(city, bodies)
    printed(found, form, _outage(found, context.lang))


@network.command()
@CITY
@AREA
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def duties(context: Context, city: str, area: str | None, form: str) -> None:
    """Show duties that contradict or repeat one another. 冲突或重叠的职责。"""
    with context.networks() as desk:
        found = desk.conflicts(city, area)
    printed(found, form, _conflicts(found, context.lang))


@network.command()
@CITY
@click.option("--at", help="A moment in ISO 8601; else now. 时刻。")
@click.option("--until", help="Gaps and overlaps until then; else for a day. 截止时刻。")
@click.option("--body", "bodies", multiple=True, help="Only this body; may be repeated. 只看该机构。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def roster(
    context: Context, city: str, at: str | None, until: str | None, bodies: tuple[str, ...], form: str
) -> None:
    """Show who is on duty, who is next, who comes in, gaps and overlaps. 值班与替班。"""
    moment = when(at, "at") if at else datetime.now(CHINA_STANDARD_TIME).replace(microsecond=0)
    end = when(until, "until") if until else None
    with context.networks() as desk:
        found = desk.roster(city, moment, end, bodies)
    printed(found, form, _roster(found, context.lang))


def _shown(found: dict[str, Any], lang: str) -> Iterator[str]:
    place = found["area"] or found["city"]
    sampled = "" if found["exact"] else _SAMPLED.in_(lang)
    yield (
        f"{place['label'][lang]}: {found['bodies']} {_BODIES.in_(lang)}, "
        f"{found['links']} {_LINKS.in_(lang)}{sampled}"
    )
    for key in GROUPS:
        group = found[key]
        yield f"{group['label'][lang]} ({len(group['items'])}): {group['why'][lang]}"
        for item in group["items"]:
            yield f"  {_item(item, lang)}"


def _item(item: Any, lang: str) -> str:
    if isinstance(item, list):
        return f"{len(item)}: {_names(item, lang)}"
    if "share" in item:
        return f"{item['share']:.1%} {item['body']['label'][lang]}"
    if "from" in item:
        return f"{item['from']['label'][lang]} – {item['to']['label'][lang]}"
    return str(item["label"][lang])


def _outage(found: dict[str, Any], lang: str) -> Iterator[str]:
    for one in found["handovers"]:
        to = one["to"]
        after = _LOST.in_(lang) if to is None else f"{_TO.in_(lang)} {_substitute(to, lang)}"
        gap = f" · {_UNPERFORMED.in_(lang)} ({len(one['duties'])})" if one["unperformed"] else ""
        yield f"{one['body']['label'][lang]} · {one['function']['label'][lang]}: {after}{gap}"
    for one in found["lostLeads"]:
        to = ", ".join(_substitute(other, lang) for other in one["to"]) or _LOST.in_(lang)
        yield f"{one['area']['label'][lang]} {_LOST_LEAD.in_(lang)}: {_names(one['types'], lang)}"
        yield f"  {_NEW_LEAD.in_(lang)} {to}"
    for one in found["routes"]:
        path = " → ".join(body["label"][lang] for body in one["path"]) or _NO_ROUTE.in_(lang)
        yield f"{_ROUTE.in_(lang)}: {one['body']['label'][lang]}: {path}"
    for part in found["cutOff"]:
        yield f"{_CUT_OFF.in_(lang)}: {_names(part, lang)}"


def _substitute(to: dict[str, Any], lang: str) -> str:
    return f"{to['label'][lang]} ({to['way']['label'][lang]})"


def _conflicts(found: dict[str, Any], lang: str) -> Iterator[str]:
    for one in found["findings"]:
        kind = found["kinds"][one["kind"]]
        yield f"{kind['label'][lang]}: {_names(one['types'], lang)}"
        for duty in one["duties"]:
            clauses = "; ".join(clause["label"][lang] for clause in duty["clauses"])
            yield f"  {duty['role']['label'][lang]} · {duty['label'][lang]} [{clauses}]"
        yield f"  {_names([body for place in one['places'] for body in place['bodies']], lang)}"
    if not found["findings"]:
        yield _NONE_FOUND.in_(lang)


def _roster(found: dict[str, Any], lang: str) -> Iterator[str]:
    for post in found["posts"]:
        title = " · ".join(filter(None, (post["body"]["label"][lang], post["post"])))
        yield f"{title}: {_people(post['onDuty']) or _NOBODY.in_(lang)}"
        if post["next"]:
            yield f"  {_NEXT.in_(lang)}: {_people([post['next']])}"
        for one in post["standIns"]:
            way = _SAME_BODY.in_(lang) if one["way"] is None else one["way"]["label"][lang]
            name = one["body"]["label"][lang]
            yield f"  {_INSTEAD.in_(lang)}: {name} ({way}): {_people(one['onDuty'])}"
    for label, spans in ((_GAP, found["gaps"]), (_OVERLAP, found["overlaps"])):
        for one in spans:
            span = f"{_local(one['from'])} – {_local(one['until'])}"
            yield f"{label.in_(lang)}: {one['body']['label'][lang]} · {one['post']}: {span}"
    if not found["sources"]:
        yield _NO_ROSTER.in_(lang)


def _people(shifts: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{one['person']} {one['phone']} {_local(one['from'])} – {_local(one['until'])}" for one in shifts
    )


def _names(things: list[dict[str, Any]], lang: str) -> str:
    shown = (", " if lang == "en" else "、").join(thing["label"][lang] for thing in things[:FEW])
    return f"{shown} … ({len(things)})" if len(things) > FEW else shown


def _local(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
