"""CSV and Excel: a row of titles, then a record a row."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from datetime import date, datetime, time
from io import TextIOWrapper
from typing import IO, Any

from kb.errors import Fault, Text
from kb.sharing.csvw import Table
from kb.sharing.reading import Record, Unreadable, guard

ENCODINGS = ("utf-8-sig", "gb18030")
"""What a CSV file may be written in: the second is what Excel writes on a Chinese Windows."""
CELL = 20_000
"""The most characters of a cell."""
COLUMNS = 500
"""The most columns of a table."""


def read_csv(file: IO[bytes], table: Table) -> Iterator[Record]:
    """Yield a record for every row of a CSV file that is not empty; positions are those of a spreadsheet."""
    csv.field_size_limit(CELL)
    encoding = _encoding(file)
    file.seek(0)
    text = TextIOWrapper(file, encoding, newline="")
    head = text.readline()
    text.seek(0)
    delimiter = max(",;\t", key=head.count)
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        titles = next(rows, None)
        if titles is None:
            raise _empty()
        yield from _records(enumerate(rows, 2), table.columns_of(titles), len(titles))
    except (csv.Error, UnicodeDecodeError) as error:
        raise Unreadable(
            "format",
            f"CSV 格式错误：{error}",
            f"not well-formed CSV: {error}",
            f"line {rows.line_num}",
            Text("检查引号和分隔符", "check quotes and separators"),
        ) from error


def read_xlsx(file: IO[bytes], table: Table) -> Iterator[Record]:
    """Yield a record for every row of the first sheet that is not empty; of formulas, their last result."""
    from openpyxl import load_workbook

    guard.workbook(file)
    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # a file may claim a billion columns
        rows = sheet.iter_rows(max_col=COLUMNS, values_only=True)
        titles = next(rows, None)
        if titles is None or not any(titles):
            raise _empty()
        names = [_text(title) for title in _trimmed(titles)]
        cells = ((number, [_text(cell) for cell in _trimmed(row)]) for number, row in enumerate(rows, 2))
        yield from _records(cells, table.columns_of(names), len(names))
    # openpyxl has no error of its own: whatever is wrong inside a sheet comes up as one of these.
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, SyntaxError, OSError) as error:
        raise Unreadable(
            "format", f"Excel 文件无法读取：{error}", f"the Excel file cannot be read: {error}"
        ) from error


def _records(rows: Any, names: list[str | None], width: int) -> Iterator[Record]:
    for number, row in rows:
        if not any(row):
            continue
        record = Record(f"row {number}", {name: cell for name, cell in zip(names, row, strict=False) if name})
        if len(row) != width and any(row[width:]):
            record.faults.append(
                Fault(
                    "delivery.too-many-cells",
                    Text(
                        f"此行有 {len(row)} 格，表头只有 {width} 列", f"{len(row)} cells under {width} titles"
                    ),
                    repair=Text("含分隔符的内容要加引号", "quote what contains the separator"),
                )
            )
        yield record


def _encoding(file: IO[bytes]) -> str:
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while piece := file.read(1 << 20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise Unreadable(
        "encoding",
        "文字编码既不是 UTF-8 也不是 GB 18030",
        "the text is neither UTF-8 nor GB 18030",
        repair=Text("另存为“CSV UTF-8”", "save it as “CSV UTF-8”"),
    )


def _trimmed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]


def _text(cell: object) -> str:
    """Return what a cell shows, as text."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)[:CELL]


def _empty() -> Unreadable:
    return Unreadable("empty", "文件中没有表头", "the file has no row of titles")
