"""What is looked at before a parser sees a byte: nesting, document types, archives.

Parsers overflow their stack or fill the memory on a few kilobytes that are nested deep or refer to
themselves (shared/reliability.md, attacks 5 to 8 and 22). The sandbox would survive it; these checks say in
words what is wrong, within milliseconds.
"""

from __future__ import annotations

import re
import zipfile
from typing import IO

from kb.errors import Text
from kb.sharing.reading import Unreadable
from kb.store import nesting

DEPTH = 64
"""How deep brackets may nest in JSON and Turtle."""
TRIPLE_TERMS = 4
"""How deep triple terms may nest; Oxigraph takes any depth, but cannot read 15,000 back."""
ENTRIES = 2_000
"""The most parts of an Excel file."""
INFLATED = 256 << 20
"""The most bytes of an Excel file once unpacked."""
RATIO = 200
"""How much smaller than its content a packed part may be, beyond :data:`SMALL`; honest sheets reach 30."""
SMALL = 1 << 20
NEWLINE = b"\n"


def json(text: bytes) -> None:
    """Turn away JSON that nests deeper than :data:`DEPTH`."""
    _brackets(text, nesting.JSON)


def turtle(text: bytes) -> None:
    """Turn away Turtle that nests deeper than :data:`DEPTH`, its triple terms deeper than four."""
    if (place := nesting.beyond(text, nesting.TURTLE, TRIPLE_TERMS, (b"<<",), (b">>",))) is not None:
        raise Unreadable(
            "too-deep",
            f"三元组项嵌套超过 {TRIPLE_TERMS} 层",
            f"triple terms nest deeper than {TRIPLE_TERMS}",
            _line(text, place),
        )
    _brackets(text, nesting.TURTLE)


def xml(text: bytes, where: str = "") -> None:
    """Turn away XML with a document type, or in an encoding in which one could hide."""
    if text[:4].startswith((b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00")):
        raise Unreadable(
            "encoding",
            "XML 须用 UTF-8 编码",
            "XML must be in UTF-8",
            where,
            Text("另存为 UTF-8", "save it as UTF-8"),
        )
    if nesting.DOCTYPE.search(text):
        raise Unreadable(
            "doctype",
            "不接受带 DOCTYPE 或实体声明的 XML",
            "XML with a DOCTYPE or with entity declarations is not accepted",
            where,
            Text("删去 DOCTYPE", "leave the DOCTYPE out"),
        )


def workbook(file: IO[bytes]) -> None:
    """Turn away a zip file that is no honest Excel workbook: bombs, stray names, document types.

    The directory of a zip file may lie about sizes: every part is unpacked, a piece at a time, and counted.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if len(parts) > ENTRIES:
                raise _bomb(f"{len(parts)} 个部分", f"{len(parts)} parts")
            if "[Content_Types].xml" not in archive.namelist():
                raise Unreadable(
                    "format",
                    "不是 Excel 工作簿",
                    "this is no Excel workbook",
                    repair=Text("另存为 .xlsx", "save it as .xlsx"),
                )
            total = 0
            for part in parts:
                total += _inflate(archive, part, INFLATED - total)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Unreadable(
            "format", f"Excel 文件已损坏：{error}", f"the Excel file is damaged: {error}"
        ) from error
    file.seek(0)


def _inflate(archive: zipfile.ZipFile, part: zipfile.ZipInfo, allowed: int) -> int:
    size = 0
    with archive.open(part) as stream:
        tail = b""
        while piece := stream.read(1 << 18):
            size += len(piece)
            if size > allowed or (size > SMALL and size > RATIO * max(part.compress_size, 1)):
                raise _bomb("解压后过大", "it is far too large once unpacked")
            if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                xml(tail + piece, part.filename)
                tail = piece[-32:]
    return size


def _line(text: bytes, offset: int) -> str:
    return f"line {1 + text.count(NEWLINE, 0, offset)}"


def _bomb(zh: str, en: str) -> Unreadable:
    return Unreadable("archive", f"压缩内容超过上限：{zh}", f"the packed content is over the limit: {en}")


def _brackets(text: bytes, tokens: re.Pattern[bytes]) -> None:
    if (place := nesting.beyond(text, tokens, DEPTH)) is not None:
        raise Unreadable(
            "too-deep",
            f"括号嵌套超过 {DEPTH} 层",
            f"brackets nest deeper than {DEPTH}",
            _line(text, place),
        )
