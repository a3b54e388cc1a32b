"""Spreadsheets as rows of text: Excel workbooks and CSV files, written for people and read from strangers.

A table is read with bounds on bytes, rows and columns. Formulas are not evaluated: a cell that holds one is
refused by its name, for the number that it showed is not what the file says.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from kb.errors import Fault, KnowledgeFault, Text

BYTES = 10_000_000
UNPACKED = 100_000_000
ROWS = 20_000
COLUMNS = 60
_CHOICES = "选项 choices"


@dataclass(frozen=True, slots=True)
class Heading:
    """One column: its heading, its width in characters, its closed *choices*, and whether one may write."""

    text: str
    width: int = 20
    choices: Sequence[str] = ()
    editable: bool = True
    closed: bool = True
    """Whether Excel refuses what is not among the choices; a list that may hold several values is open."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that was read: its number as Excel counts, and the text of each column by its key."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that was read: the file's name, the place of each column, and the rows that are not empty."""

    name: str
    columns: Mapping[str, int]
    rows: Sequence[Row]

    def where(self, row: int, key: str) -> str:
        """Return the name of a cell for people: ``thresholds.xlsx:D5 (bound)``."""
        column = self.columns.get(key)
        return f"{self.name}:{row}" if column is None else f"{self.name}:{_cell(row, column)} ({key})"


def write(
    path: Path, title: str, headings: Sequence[Heading], rows: Sequence[Sequence[str | Decimal]]
) -> None:
    """Write a table to *path*: a workbook where its name ends in ``.xlsx``, else CSV in UTF-8 with BOM.

    :raises KnowledgeFault: where the name ends in something else.
    """
    if _suffix(path) == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([heading.text for heading in headings])
            writer.writerows(rows)
        return
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    grey, bold = PatternFill("solid", fgColor="EEEEEE"), Font(bold=True)
    lists = _write_choices(book, headings)
    for column, heading in enumerate(headings, 1):
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = heading.width
        top = sheet.cell(1, column, heading.text)
        top.font, top.alignment = bold, Alignment(wrap_text=True, vertical="top")
        for number, row in enumerate(rows, 2):
            cell = sheet.cell(number, column)
            cell.value = row[column - 1]
            if isinstance(row[column - 1], str):
                cell.data_type = "s"  # text, even where it begins as a formula does
            else:
                cell.number_format = "#,##0.###" if row[column - 1] % 1 else "#,##0"
            if not heading.editable:
                cell.fill = grey
        if column in lists:
            rule = DataValidation("list", formula1=lists[column], allow_blank=True)
            rule.showErrorMessage = heading.closed
            rule.errorTitle, rule.error = "选项 choices", "请从列表中选择。Choose from the list."
            rule.add(f"{letter}2:{letter}{ROWS}")
            sheet.add_data_validation(rule)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{len(rows) + 1}"
    book.save(path)


def read(path: Path, keys: Sequence[str]) -> Sheet:
    """Read the table at *path*; *keys* are the columns known, found in the headings by their key.

    :raises KnowledgeFault: where the file is no table, is too large, has a formula, or a column twice.
    """
    if path.stat().st_size > BYTES:
        raise _too_large(path.name, f"{BYTES // 1_000_000} MB")
    rows = list(_read_csv(path) if _suffix(path) == ".csv" else _read_workbook(path))
    if not rows:
        raise KnowledgeFault.of("table.empty", "表格是空的", "the table is empty", where=path.name)
    number, top = rows[0]
    columns: dict[str, int] = {}
    for column, heading in enumerate(top, 1):
        key = _key(heading)
        if not key:
            continue
        if key not in keys or key in columns:
            zh, en = ("重复", "twice") if key in columns else ("未知", "unknown")
            raise KnowledgeFault.of(
                "table.column",
                f"{zh}的列：{heading}",
                f"column {heading!r} is {en}",
                where=f"{path.name}:{_cell(number, column)}",
                repair=(
                    "保留导出时的列标题：" + "、".join(keys),
                    "keep the exported headings: " + ", ".join(keys),
                ),
            )
        columns[key] = column
    found = [
        Row(n, {key: cells[c - 1].strip() if c <= len(cells) else "" for key, c in columns.items()})
        for n, cells in rows[1:]
        if any(cell.strip() for cell in cells)
    ]
    return Sheet(path.name, columns, found)


def _read_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")  # what Excel in China writes as plain "CSV"
        except UnicodeDecodeError as error:
            raise _unreadable(path.name, str(error)) from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
            _bounded(path.name, number, len(cells))
            yield number, cells
    except csv.Error as error:
        raise _unreadable(path.name, str(error)) from error


def _read_workbook(path: Path) -> Iterator[tuple[int, list[str]]]:
    broken = (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, AttributeError,
              IndexError, EOFError, NotImplementedError, ParseError)  # fmt: skip
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED:
                raise _too_large(path.name, f"{UNPACKED // 1_000_000} MB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of decorations that it drops
            book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
            try:
                sheet = book.worksheets[0]
                found = [
                    [(cell.data_type, cell.value) for cell in row]
                    for row in sheet.iter_rows(max_row=ROWS + 1, max_col=COLUMNS + 1)
                ]
            finally:
                book.close()
    except broken as error:
        raise _unreadable(path.name, str(error)) from error
    faults = [
        _refused(f"{path.name}:{_cell(number, column)}", value)
        for number, row in enumerate(found, 1)
        for column, (kind, value) in enumerate(row, 1)
        if kind in ("f", "e")
    ]
    if faults:
        raise KnowledgeFault(faults)
    for number, row in enumerate(found, 1):
        cells = [_text(value) for _, value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            _bounded(path.name, number, len(cells))
            yield number, cells


def _write_choices(book: Workbook, headings: Sequence[Heading]) -> dict[int, str]:
    """Put every list of choices on a sheet of its own; return the range of each by column."""
    ranges = {}
    sheet = book.create_sheet(_CHOICES)
    for column, heading in enumerate(headings, 1):
        if heading.choices:
            letter = get_column_letter(column)
            sheet.column_dimensions[letter].width = heading.width
            sheet.cell(1, column, heading.text).font = Font(bold=True)
            for number, choice in enumerate(heading.choices, 2):
                sheet.cell(number, column).value = choice
                sheet.cell(number, column).data_type = "s"
            ranges[column] = f"'{_CHOICES}'!${letter}$2:${letter}${len(heading.choices) + 1}"
    sheet.freeze_panes = "A2"
    return ranges


def _text(value: object) -> str:
    """Return the value of a cell as one would type it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case date() | time():
            return value.isoformat()
    return str(value)


def _key(heading: str) -> str:
    """Return the key in ``单位 unit（只读 read-only）``: the last word before any bracket."""
    words = re.split("[(（]", unicodedata.normalize("NFC", heading), maxsplit=1)[0].split()
    return words[-1].casefold() if words else ""


def _suffix(path: Path) -> str:
    suffix = path.suffix.casefold()
    if suffix not in (".csv", ".xlsx"):
        raise KnowledgeFault.of(
            "table.format",
            f"不支持的表格格式：{path.name}",
            f"not a table that can be read or written: {path.name}",
            repair=("文件名以 .xlsx 或 .csv 结尾", "let the name end in .xlsx or .csv"),
        )
    return suffix


def _cell(row: int, column: int) -> str:
    return f"{get_column_letter(column)}{row}"


def _bounded(name: str, row: int, columns: int) -> None:
    if row > ROWS:
        raise _too_large(name, f"{ROWS} 行 / rows")
    if columns > COLUMNS:
        raise _too_large(name, f"{COLUMNS} 列 / columns")


def _refused(where: str, value: object) -> Fault:
    return Fault(
        "table.formula",
        Text(f"单元格含公式或错误值：{value}", f"the cell holds a formula or an error: {value}"),
        where,
        Text("复制后“选择性粘贴—数值”", "copy it and paste its value"),
    )


def _too_large(name: str, limit: str) -> KnowledgeFault:
    return KnowledgeFault.of(
        "table.too-large",
        f"表格过大，上限 {limit}",
        f"the table is too large; the limit is {limit}",
        where=name,
    )


def _unreadable(name: str, reason: str) -> KnowledgeFault:
    return KnowledgeFault.of(
        "table.unreadable",
        f"无法读取该表格：{reason}",
        f"the table cannot be read: {reason}",
        where=name,
        repair=("在 Excel 中另存为 .xlsx 或“CSV UTF-8”", "save it in Excel as .xlsx or as CSV UTF-8"),
    )
