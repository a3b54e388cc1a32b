"""Paper: titles, tables and sections as PDF by reportlab, in the Chinese font that every PDF reader brings.

``STSong-Light`` is one of Adobe's predefined Asian fonts: no font file is installed, and none is embedded.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

FONT = "STSong-Light"


def document(parts: Sequence[Sequence[Flowable]], title: str, footer: str) -> bytes:
    """Return *parts*, each beginning on a page of its own, as PDF.

    :param title: of the document, for readers' windows.
    :param footer: stands on every page before its number.
    """
    target = io.BytesIO()

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.drawString(20 * mm, 10 * mm, f"{footer} · {page.page}")

    _register()
    template = SimpleDocTemplate(
        target, pagesize=A4, title=title, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=16 * mm,
        bottomMargin=18 * mm,
    )  # fmt: skip
    story: list[Flowable] = []
    for number, part in enumerate(parts):
        story += [PageBreak(), *part] if number else part
    template.build(story, onFirstPage=foot, onLaterPages=foot)
    return target.getvalue()


def title(text: str) -> Flowable:
    """Return a title."""
    _register()
    return Paragraph(escape(text), _style(17))


def facts(rows: Iterable[tuple[str, str]]) -> Flowable:
    """Return what is said in pairs: what, and how it is."""
    return _table([[_cell(key), _cell(value)] for key, value in rows], (40, 130))


def section(heading: str, rows: Sequence[Sequence[str]], widths: Sequence[int], none: str) -> list[Flowable]:
    """Return a table under a *heading*; without rows it says *none*. *widths* are in millimetres."""
    head = Paragraph(escape(heading), _style(12, 8))
    if not rows:
        return [head, Paragraph(escape(none), _style(10)), Spacer(1, 3 * mm)]
    return [head, Spacer(1, 1 * mm), _table([[_cell(text) for text in row] for row in rows], widths)]


def _register() -> None:
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def _style(size: float, space: float = 0) -> ParagraphStyle:
    # Chinese breaks anywhere, English at spaces: CJK wrapping does both well enough on paper.
    return ParagraphStyle(
        "s", fontName=FONT, fontSize=size, leading=size * 1.4, wordWrap="CJK", spaceBefore=space
    )


def _table(rows: list[list[Flowable]], widths: Sequence[int]) -> Flowable:
    lines = TableStyle(
        [("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    )
    return Table(rows, colWidths=[width * mm for width in widths], style=lines)


def _cell(text: str) -> Flowable:
    return Paragraph(escape(text), _style(9.5))
