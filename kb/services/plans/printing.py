"""Action cards and plans on paper: of one department, or of all of them in one document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from reportlab.platypus import Flowable

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import NotFound, Text
from kb.services.plans import paper

WORDS = {
    "card": Text("行动卡", "Action card"),
    "incident": Text("事件", "Incident"),
    "plan": Text("预案", "Plan"),
    "edition": Text("版本", "Edition"),
    "functions": Text("职能", "Functions"),
    "area": Text("辖区", "Area"),
    "grade": Text("等级", "Grade"),
    "level": Text("响应级别", "Response level"),
    "command": Text("指挥机构", "Command"),
    "lead": Text("牵头部门", "Lead"),
    "modules": Text("负责的模块（按顺序）", "Modules to carry out, in order"),
    "started": Text("负责的模块", "Modules to carry out"),
    "resources": Text("模块所需资源", "Resources that the modules need"),
    "duties": Text("职责与依据", "Duties and their basis"),
    "reporting": Text("报告时限", "Reports that are due"),
    "directives": Text("指令与时限", "Directives and their deadlines"),
    "editions": Text("版本", "Editions"),
    "timeline": Text("经过", "Course"),
    "printed": Text("打印于", "printed"),
    "none": Text("无", "none"),
    "today": Text("未发布，按今天的规定", "not published: by the provisions of today"),
    "nobody": Text("本辖区无部门承担", "no department here has it"),
}
ENGAGED = ("lead", "support", "firstResponders")
"""Where a recommendation names departments that act."""


def engaged(recommendation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the departments that a recommendation engages, each once, in its order."""
    return list({one["iri"]: one for part in ENGAGED for one in recommendation[part]}.values())


def cards(
    recommendation: Mapping[str, Any],
    department: str | None,
    directives: Sequence[Mapping[str, Any]],
    lang: str,
    now: datetime,
) -> bytes:
    """Return the action cards for an incident as PDF: of one *department* (an IRI or a label), or of all.

    :param directives: those of the incident, as :func:`kb.services.directives.reading.view` tells them.
    :raises NotFound: ``card.department``: the recommendation does not engage it, or engages nobody.
    """
    found = [
        one for one in engaged(recommendation) if department in (None, one["iri"], *one["label"].values())
    ]
    if not found:
        raise NotFound.of(
            "card.department",
            f"处置建议中没有 {department or '部门'}",
            f"the recommendation does not engage {department or 'any department'}",
            where=department or "",
        )
    parts = [_card(recommendation, who, directives, lang) for who in found]
    subject = _name(found[0], lang) if department else _w("card", lang)
    return _document(parts, f"{subject} {recommendation['incident']['id']}", lang, now)


def plan_cards(told: Mapping[str, Any], lang: str, now: datetime) -> bytes:
    """Return the action cards of a plan, a page for each department of an area, as PDF.

    :param told: as :func:`kb.services.plans.cards.of_plan` tells them.
    """
    edition = _w("today", lang) if told["edition"] is None else str(told["edition"])
    parts = []
    for card in told["cards"]:
        who = _name(card["department"], lang) if card["department"] else _names(card["functions"], lang)
        body = _name(card["department"], lang) if card["department"] else _w("nobody", lang)
        part: list[Flowable] = [
            paper.title(f"{_w('card', lang)} · {who}"),
            paper.facts(
                (
                    (_w("plan", lang), _name(told["plan"], lang)),
                    (_w("edition", lang), edition),
                    (_w("area", lang), f"{_name(told['area'], lang)} · {body}"),
                    (_w("functions", lang), _names(card["functions"], lang)),
                )
            ),
        ]
        modules = [[_name(one, lang), one["task"][lang]] for one in card["modules"]]
        needed = [[_name(one["module"], lang), _name(one, lang)] for one in card["resources"]]
        duties = [[_name(one, lang), _names(one["clauses"], lang)] for one in card["duties"]]
        for heading, rows, widths in (
            ("started", modules, (55, 115)),
            ("duties", duties, (100, 70)),
            ("resources", needed, (55, 115)),
        ):
            part += _section(_w(heading, lang), rows, widths, lang)
        parts.append(part)
    return _document(parts, _name(told["plan"], lang), lang, now)


def _card(
    recommendation: Mapping[str, Any],
    who: Mapping[str, Any],
    directives: Iterable[Mapping[str, Any]],
    lang: str,
) -> list[Flowable]:
    roles = [one for part in ENGAGED for one in recommendation[part] if one["iri"] == who["iri"]]
    response, grade = recommendation["response"], recommendation["grade"]["value"]
    place = recommendation["incident"]["grid"]
    facts = (
        ("incident", _names(recommendation["types"], lang) + " · " + _name(place, lang)),
        ("grade", _name(grade, lang)),
        ("level", _name(response["level"], lang)),
        ("command", _name(response["advanceCommand"] or response["commandedBy"], lang)),
        ("lead", _names(recommendation["lead"], lang)),
    )
    modules = [
        [str(module["order"]), _name(module, lang), (module["task"] or module["label"])[lang]]
        for module in recommendation["modules"]
        if who["iri"] in {body["iri"] for body in module["responsible"]}
    ]
    duties = [[_name(d, lang), _name(d["clause"], lang)] for one in roles for d in one["duties"]]
    reports = [
        [_names(one["to"], lang), _local(one["by"]), _name(one["clause"], lang)]
        for one in recommendation["reporting"]
    ]
    own = [
        [str(one["number"]), one["task"][lang], one["state"]["label"][lang], _local(one["due"])]
        for one in directives
        if one["addressee"] and one["addressee"]["iri"] == who["iri"]
    ]
    story: list[Flowable] = [
        paper.title(f"{_w('card', lang)} · {_name(who, lang)}"),
        paper.facts((_w(key, lang), value) for key, value in facts),
    ]
    for heading, rows, widths in (
        ("directives", own, (10, 92, 26, 42)),
        ("modules", modules, (10, 45, 115)),
        ("duties", duties, (100, 70)),
        ("reporting", reports, (60, 45, 65)),
    ):
        story += _section(_w(heading, lang), rows, widths, lang)
    return story


def plan(told: Mapping[str, Any], kinds: Iterable[Mapping[str, Any]], lang: str, now: datetime) -> bytes:
    """Return a plan with its editions, what it holds and its course, as PDF.

    :param told: as :func:`kb.services.plans.listing.show` tells it.
    :param kinds: what it holds, as :func:`kb.services.plans.listing.provisions` tells it: by ``kind``.
    """
    editions = [
        [
            str(one["number"]),
            one["state"]["label"][lang],
            one["standing"][lang] if one["standing"] else "",
            one.get("effectiveFrom", ""),
            one.get("filedOn", ""),
            one.get("drilledOn", ""),
            one.get("evaluatedOn", ""),
        ]
        for one in told["editions"]
    ]
    course = [
        [str(one["number"]), _local(one["at"]), one["actor"], one["step"][lang], one["reason"]]
        for one in told["timeline"]
    ]
    story: list[Flowable] = [paper.title(told["label"][lang])]
    story += _section(_w("editions", lang), editions, (10, 26, 26, 28, 28, 26, 26), lang)
    for group in kinds:
        held = [[_name(one, lang), _names(one["clauses"], lang)] for one in group["provisions"]]
        story += _section(_name(group["kind"], lang), held, (105, 65), lang)
    story += _section(_w("timeline", lang), course, (10, 38, 30, 30, 62), lang)
    return _document([story], told["label"][lang], lang, now)


def _document(parts: Sequence[Sequence[Flowable]], title: str, lang: str, now: datetime) -> bytes:
    moment = f"{now.astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
    return paper.document(parts, title, f"{title} · {_w('printed', lang)} {moment}")


def _section(heading: str, rows: list[list[str]], widths: tuple[int, ...], lang: str) -> list[Flowable]:
    return paper.section(heading, rows, widths, _w("none", lang))


def _name(value: Mapping[str, Any] | None, lang: str) -> str:
    return value["label"][lang] if value and value.get("label") else "—"


def _names(values: Iterable[Mapping[str, Any]], lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(_name(value, lang) for value in values) or "—"


def _local(moment: str | None) -> str:
    if not moment:
        return "—"
    return f"{datetime.fromisoformat(moment).astimezone(CHINA_STANDARD_TIME):%m-%d %H:%M}"


def _w(key: str, lang: str) -> str:
    return WORDS[key].in_(lang)
