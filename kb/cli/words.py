"""``xiezhi read-words``: what a caller's words or a news flash propose for a report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.errors import Text
from kb.services.network.views import when
from kb.words import WordsRefused
from kb.words.text import LONGEST

WIDEST = 4 * LONGEST
"""Bytes of a file that may be read: UTF-8 has four at most for a character."""
_NOTHING = Text("没有读出什么", "nothing was read")
_OTHERS = Text("也可能是", "or")
_UNMEASURED = Text("未测", "not measured")
_TO_CONFIRM = Text("以上须由值班员核对，尚未存储。", "To be confirmed by the officer; nothing is stored.")


@click.command("read-words")
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--reported", help="When it was said, in ISO 8601; else the date in the first line, or now. 报告时刻。"
)
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def read_words(context: Context, file: BinaryIO, reported: str | None, form: str) -> None:
    """Read the Chinese text in FILE (or "-") for an incident; nothing is stored. 从文字中读出事件要素。"""
    data = file.read(WIDEST + 1)
    text = data.decode("utf-8", "replace")
    if len(data) > WIDEST:
        raise WordsRefused.of(
            "words.too-long",
            f"文字超过 {LONGEST} 字",
            f"the text has more than {LONGEST} characters",
            where="words",
        )
    with context.desk() as desk:
        found = desk.read_words(text, when(reported, "reported") if reported else None)
    printed(found, form, _lines(found, context.lang))


def _lines(found: dict[str, Any], lang: str) -> Iterator[str]:
    for one in found["fields"]:
        sure = _UNMEASURED.in_(lang) if one["confidence"] is None else f"{one['confidence']:.0%}"
        words = "” “".join(one["words"][:3])
        yield f"{one['label'][lang]}: {one['shown'][lang]}  [{sure}, {one['because'][lang]}]  “{words}”"
        if one["others"]:
            others = " / ".join(other["shown"][lang] for other in one["others"])
            yield f"    {_OTHERS.in_(lang)}: {others}"
    yield (_TO_CONFIRM if found["fields"] else _NOTHING).in_(lang)
