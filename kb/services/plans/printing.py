"""Action cards and plans on paper: PDF by reportlab, in the Chinese font that every PDF reader brings.

``STSong-Light`` is one of Adobe's predefined Asian fonts: no font file is installed, and none is embedded.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import NotFound, Text

FONT = "STSong-Light"
WORDS = {
    "card": Text("行动卡", "Action card"),
    "incident": Text("事件", "Incident"),
    "grade": Text("等级", "Grade"),
    "level": Text("响应级别", "Response level"),
    "command": Text("指挥机构", "Command"),
    "lead": Text("牵头部门", "Lead"),
    "modules": Text("负责的模块（按顺序）", "Modules to carry out, in order"),
    "duties": Text("职责与依据", "Duties and their basis"),
    "reporting": Text("报告时限", "Reports that are due"),
    "directives": Text("指令与时限", "Directives and their deadlines"),
    "editions": Text("版本", "Editions"),
    "timeline": Text("经过", "Course"),
    "printed": Text("打印于", "printed"),
    "none": Text("无", "none"),
}


def card(
    recommendation: Mapping[str, Any],
    department: str,
    directives: Iterable[Mapping[str, Any]],
    lang: str,
    now: datetime,
) -> bytes:
    """Return the action card of a department (an IRI or a label) for an incident, as PDF.

    :param directives: those of the incident, as :func:`kb.services.directives.reading.view` tells them.
    :raises NotFound: ``card.department``: the recommendation does not engage it.
    """
    engaged = [
        one
        for part in ("lead", "support", "firstResponders")
        for one in recommendation[part]
        if department in (one["iri"], *one["label"].values())
    ]
    if not engaged:
        raise NotFound.of(
            "card.department",
            f"处置建议中没有 {department}",
            f"the recommendation does not engage {department}",
            where=department,
        )
    who = engaged[0]
    response, grade = recommendation["response"], recommendation["grade"]["value"]
    facts = [
        (
            "incident",
            _names(recommendation["types"], lang) + " · " + _name(recommendation["incident"]["grid"], lang),
        ),
        ("grade", _name(grade, lang)),
        ("level", _name(response["level"], lang)),
        ("command", _name(response["advanceCommand"] or response["commandedBy"], lang)),
        ("lead", _names(recommendation["lead"], lang)),
    ]
    modules = [
        [str(module["order"]), _name(module, lang), (module["task"] or module["label"])[lang]]
        for module in recommendation["modules"]
        if who["iri"] in {body["iri"] for body in module["responsible"]}
    ]
    duties = [[_name(d, lang), _name(d["clause"], lang)] for one in engaged for d in one["duties"]]
    reports = [
        [_names(one["to"], lang), _local(one["by"]), _name(one["clause"], lang)]
        for one in recommendation["reporting"]
    ]
    own = [
        [str(one["number"]), one["task"][lang], one["state"]["label"][lang], _local(one["due"])]
        for one in directives
        if one["addressee"] and one["addressee"]["iri"] == who["iri"]
    ]
    story: list[Flowable] = [_title(f"{_w('card', lang)} · {_name(who, lang)}"), _facts(facts, lang)]
    for heading, rows, widths in (
        ("directives", own, (10, 92, 26, 42)),
        ("modules", modules, (10, 45, 115)),
        ("duties", duties, (100, 70)),
        ("reporting", reports, (60, 45, 65)),
    ):
        story += _section(_w(heading, lang), rows, widths, lang)
    return _document(story, f"{_name(who, lang)} {recommendation['incident']['id']}", lang, now)


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
    story: list[Flowable] = [_title(told["label"][lang])]
    story += _section(_w("editions", lang), editions, (10, 26, 26, 28, 28, 26, 26), lang)
    for group in kinds:
        held = [[_name(one, lang), _names(one["clauses"], lang)] for one in group["provisions"]]
        story += _section(_name(group["kind"], lang), held, (105, 65), lang)
    story += _section(_w("timeline", lang), course, (10, 38, 30, 30, 62), lang)
    return _document(story, told["label"][lang], lang, now)


def _document(story: list[Flowable], title: str, lang: str, now: datetime) -> bytes:
    target = io.BytesIO()
    moment = f"{title} · {_w('printed', lang)} {now.astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"

    def footer(canvas: Any, document: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.drawString(20 * mm, 10 * mm, f"{moment} · {document.page}")

    _register()
    document = SimpleDocTemplate(
        target, pagesize=A4, title=title, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=16 * mm,
        bottomMargin=18 * mm,
    )  # fmt: skip
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return target.getvalue()


def _register() -> None:
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def _style(size: float, space: float = 0) -> ParagraphStyle:
    # Chinese breaks anywhere, English at spaces: CJK wrapping does both well enough on paper.
    return ParagraphStyle(
        "s", fontName=FONT, fontSize=size, leading=size * 1.4, wordWrap="CJK", spaceBefore=space
    )


def _title(text: str) -> Flowable:
    _register()
    return Paragraph(escape(text), _style(17))


def _facts(facts: Iterable[tuple[str, str]], lang: str) -> Flowable:
    rows = [[_cell(_w(key, lang)), _cell(value)] for key, value in facts]
    return _table(rows, (40, 130))


def _section(heading: str, rows: list[list[str]], widths: tuple[int, ...], lang: str) -> list[Flowable]:
    title = Paragraph(escape(heading), _style(12, 8))
    if not rows:
        return [title, Paragraph(_w("none", lang), _style(10)), Spacer(1, 3 * mm)]
    return [title, Spacer(1, 1 * mm), _table([[_cell(text) for text in row] for row in rows], widths)]


def _table(rows: list[list[Flowable]], widths: tuple[int, ...]) -> Flowable:
    lines = TableStyle(
        [("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    )
    return Table(rows, colWidths=[width * mm for width in widths], style=lines)


def _cell(text: str) -> Flowable:
    return Paragraph(escape(text), _style(9.5))


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
