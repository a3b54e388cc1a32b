"""The cells of a table as terms, and terms as cells: for people on one side, exact on the other.

What is wrong with a cell is noted with its place in the sheet and a repair; reading goes on, so that one call
tells of everything that is wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from pyoxigraph import Literal, NamedNode

from kb.errors import Fault, Text
from kb.namespaces import PREFIXES, RDFS, XSD
from kb.ontology.names import did_you_mean, nearest
from kb.ontology.records import Records, expand, shorten
from kb.ontology.sheets import Row, Sheet
from kb.store.protocol import Term

_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SEPARATOR = re.compile(r"[;；\n\r]+")
_DIVISION = re.compile(re.escape(PREFIXES["division"]) + r"\d{6,12}")
_TRUTH = {"true": "true", "是": "true", "yes": "true", "false": "false", "否": "false", "no": "false"}
_COUNTS = {XSD + "nonNegativeInteger", XSD + "positiveInteger"}
INTEGERS = _COUNTS | {XSD + "integer"}
NUMBERS = INTEGERS | {XSD + "decimal"}


def shown(knowledge: Records, iri: str) -> str:
    """Return *iri* as a cell shows it: its short form and its Chinese label."""
    return f"{shorten(iri)} {_plain(knowledge.label(iri))}".strip()


def listed(knowledge: Records, terms: Iterable[Term]) -> str:
    """Return several things as one cell shows them."""
    return "; ".join(shown(knowledge, t.value) if isinstance(t, NamedNode) else _value(t) for t in terms)


class Reader:
    """Reads the cells of one sheet and gathers what is wrong with them."""

    def __init__(self, knowledge: Records, sheet: Sheet) -> None:
        self._knowledge = knowledge
        self._sheet = sheet
        self.faults: list[Fault] = []

    def fault(
        self, row: Row | int, key: str, code: str, message: tuple[str, str], repair: Text | None = None
    ) -> None:
        """Note that the cell of *row* in column *key* is wrong."""
        number = row if isinstance(row, int) else row.number
        self.faults.append(Fault(code, Text(*message), self._sheet.where(number, key), repair))

    def required(self, row: Row, key: str) -> str:
        """Return the text of a cell that must not be empty."""
        text = row.cells.get(key, "")
        if not text:
            self.fault(row, key, "table.required", ("此格必须填写", "this cell must be filled in"))
        return text

    def reference(
        self, row: Row, key: str, kinds: Sequence[str], text: str | None = None
    ) -> NamedNode | None:
        """Return the member of *kinds* that a cell names, by id, label or synonym."""
        text = row.cells.get(key, "") if text is None else text
        if not text:
            return None
        first, _, rest = text.partition(" ")
        iri = expand(first)
        if iri is not None and (any(iri in self._knowledge.members(kind) for kind in kinds)):
            names = {_plain(name).casefold() for name in self._knowledge.names(iri)}
            if rest.strip() and _plain(rest.strip()).casefold() not in names:
                self.fault(
                    row,
                    key,
                    "table.contradiction",
                    (f"{first} 不叫“{rest.strip()}”", f"{first} is not called {rest.strip()!r}"),
                    Text(
                        f"写 {shown(self._knowledge, iri)}，或只写名称",
                        "write the id or the name, or both as they belong",
                    ),
                )
                return None
            return NamedNode(iri)
        found = list(dict.fromkeys(self._knowledge.find(text, kinds)))
        if len(found) == 1:
            return NamedNode(found[0])
        if found:
            names_ = "、".join(shorten(iri) for iri in found)
            self.fault(row, key, "table.ambiguous", (f"“{text}”可指 {names_}", f"{text!r} may mean {names_}"))
            return None
        choices = [
            name
            for kind in kinds
            for iri in self._knowledge.members(kind)
            for name in self._knowledge.names(iri)
        ]
        self.fault(
            row,
            key,
            "table.unknown",
            (f"未知的名称：{text}", f"unknown name: {text}"),
            did_you_mean([self._with_id(n, kinds) for n in nearest(first if iri else text, choices)]),
        )
        return None

    def references(self, row: Row, key: str, kinds: Sequence[str]) -> list[Term]:
        """Return the members of *kinds* that a cell lists, separated by semicolons."""
        parts = [part.strip() for part in _SEPARATOR.split(row.cells.get(key, "")) if part.strip()]
        found = [self.reference(row, key, kinds, part) for part in parts]
        return list(dict.fromkeys(iri for iri in found if iri is not None))

    def divisions(self, row: Row, key: str) -> list[Term]:
        """Return the divisions that a cell lists, by their code; which of them exist the city's data says."""
        found: list[Term] = []
        for part in _SEPARATOR.split(row.cells.get(key, "")):
            first = part.strip().partition(" ")[0]
            iri = expand(first) or PREFIXES["division"] + first
            if first and not _DIVISION.fullmatch(iri):
                self.fault(
                    row,
                    key,
                    "table.division",
                    (f"不是行政区划代码：{first}", f"not a division: {first}"),
                    Text(
                        "写 division: 加六位代码，如 division:100000",
                        "write division: and six digits, as division:100000",
                    ),
                )
            elif first:
                found.append(NamedNode(iri))
        return list(dict.fromkeys(found))

    def date(self, row: Row, key: str) -> list[Term]:
        """Return the date in a cell, or nothing."""
        text = unicodedata.normalize("NFKC", row.cells.get(key, "")).removesuffix("T00:00:00")
        if not text:
            return []
        match = _DATE.fullmatch(text)
        try:
            if match is not None:
                day = date(*(int(part) for part in match.groups()))
                return [Literal(day.isoformat(), datatype=NamedNode(XSD + "date"))]
        except ValueError:
            pass  # no such day: told below like any other text
        self.fault(
            row, key, "table.date", (f"不是日期：{text}", f"not a date: {text}"),
            Text("写成 2024-11-01", "write it as 2024-11-01"),
        )  # fmt: skip
        return []

    def value(self, row: Row, key: str, measure: str) -> Term | None:
        """Return the value in a cell that *measure* can have: a number, true or false, or a thing."""
        text = self.required(row, key)
        ranges = [
            t.value for t in self._knowledge.values(measure, RDFS + "range") if isinstance(t, NamedNode)
        ]
        if not text:
            return None
        if XSD + "boolean" in ranges:
            truth = _TRUTH.get(text.casefold())
            if truth is None:
                self.fault(
                    row, key, "table.boolean", (f"不是“是”或“否”：{text}", f"neither true nor false: {text}"),
                    Text("写 true 或 false", "write true or false"),
                )  # fmt: skip
            return None if truth is None else Literal(truth, datatype=NamedNode(XSD + "boolean"))
        if not NUMBERS.isdisjoint(ranges):
            return self._number(row, key, text, set(ranges))
        return self.reference(row, key, ranges)

    def _number(self, row: Row, key: str, text: str, ranges: set[str]) -> Literal | None:
        whole, counts = not INTEGERS.isdisjoint(ranges), not _COUNTS.isdisjoint(ranges)
        plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace(" ", "")
        repair = None
        if _NUMBER.fullmatch(plain):
            number = Decimal(plain.replace(",", ""))
            if not (counts and number < 0) and not (whole and number % 1):
                return number_literal(number)
            repair = Text("该度量是计数，须为 0、1、2……", "this measure counts: write 0, 1, 2, …")
        elif re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+", plain):
            repair = Text(
                "科学记数法可能已丢失位数：把该列设为数值格式并写全",
                "scientific notation may have lost digits: format the column as a number and write them all",
            )
        else:
            repair = Text("只写数字，可用千分位，如 100,000,000", "write digits only, as 100,000,000")
        self.fault(
            row, key, "table.number", (f"不是可用的数：{text}", f"not a number to use: {text}"), repair
        )
        return None

    def _with_id(self, name: str, kinds: Sequence[str]) -> str:
        """Return *name* with the id that it means, so that the repair can be pasted."""
        found = self._knowledge.find(name, kinds)
        return shown(self._knowledge, found[0]) if found else name


def number_literal(number: Decimal) -> Literal:
    """Return *number* as the shortest integer or decimal literal."""
    whole = number == number.to_integral_value()
    text = str(int(number)) if whole else format(number.normalize(), "f")
    return Literal(text, datatype=NamedNode(XSD + ("integer" if whole else "decimal")))


def number_of(term: Term) -> Decimal | None:
    """Return the number that *term* is, ``None`` where it is none."""
    if isinstance(term, Literal) and _NUMBER.fullmatch(term.value) and "," not in term.value:
        return Decimal(term.value)
    return None


def canonical(term: Term) -> object:
    """Return what makes two bounds equal: 100 is 100.0."""
    number: Decimal | None = number_of(term)
    return term if number is None else number


def _value(term: Term) -> str:
    return term.value if isinstance(term, Literal) else str(term)


def _plain(label: str) -> str:
    """Return *label* without what separates the parts of a cell."""
    return _SEPARATOR.sub("，", label)
