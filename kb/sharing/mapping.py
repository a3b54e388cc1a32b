"""From a record of a file to triples, by the table mapping of its contract; runs in the worker.

What a cell says wrongly is noted with a repair and left out of the triples, so that the other cells are
judged, too, and one delivery shows all that is wrong. Triples are N-Triples text: it is what the validator
reads and what goes to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz, process

from kb.errors import Fault, Text
from kb.sharing import values
from kb.sharing.csvw import Column, Table
from kb.sharing.problems import HIDDEN, SHOWN, Problem
from kb.sharing.reading import Record, Value
from kb.sharing.values import Misfit

CACHED = 20_000
"""So many different texts of a column are remembered with what became of them."""
SUGGESTED = 2_000
"""So many unknown names of a file get suggestions: each costs milliseconds among 100,000 names."""
IRI = 500
"""The most characters of an IRI."""

Convert = Callable[[str], str | Misfit]
_IRI_ILLEGAL = frozenset('<>"{}|^`\\ \t\r\n')


@dataclass(slots=True)
class Mapped:
    """A record as triples, with what was wrong with its cells.

    *lines* are ``subject predicate object`` in N-Triples without the final stop. *handled* are the properties
    about which nothing more need be said.
    """

    record: Record
    subject: str
    lines: list[str]
    problems: list[Problem] = field(default_factory=list)
    handled: set[str] = field(default_factory=set)


class Names:
    """What names and codes of a column mean: tables that the server made from its graphs."""

    def __init__(self, table: Mapping[str, list[str]]) -> None:
        """Take a table from names to IRIs."""
        self._iris = frozenset(iri for iris in table.values() for iri in iris)
        self._by_name: dict[str, set[str]] = {}
        for name, iris in table.items():
            self._by_name.setdefault(name.casefold(), set()).update(iris)
        self._shown = list(table)

    def find(self, text: str) -> list[str]:
        """Return what *text* means: an IRI, a name in either language, or a code."""
        if text in self._iris:
            return [text]
        return sorted(self._by_name.get(text.casefold(), ()))

    def nearest(self, text: str) -> list[str]:
        """Return up to three names like *text*, best first."""
        found = process.extract(
            text[:100], self._shown, scorer=fuzz.WRatio, processor=str.casefold, limit=3, score_cutoff=50
        )
        return [name for name, _, _ in found]


class Mapper:
    """Turns the records of one file into triples."""

    def __init__(
        self, table: Table, base: str, lookups: Mapping[str, Mapping[str, list[str]]], personal: Iterable[str]
    ) -> None:
        """Take the table, the IRI that records are relative to, names by column, and personal properties."""
        self._table, self._base = table, base
        self._about = table.about
        self._seen: set[str] = set()
        self._suggested = 0
        self._personal = frozenset(personal)
        self._names = {name: Names(entries) for name, entries in lookups.items()}
        self._fixed: list[str] = []
        self._columns: list[tuple[Column, str, Convert, dict[str, str | Misfit]]] = []
        for column in table.columns:
            if column.suppressed or (not column.property and column.name not in table.about.names):
                continue
            if column.virtual and column.value is not None and not column.value.names:
                self._fixed.append(f" <{column.property}> <{column.value.text}>")
            else:
                self._columns.append((column, f" <{column.property}> ", self._converter(column), {}))

    def map(self, record: Record) -> Mapped:
        """Return *record* as triples; see :class:`Mapped`."""
        cells: dict[str, str] = {}
        problems = [self._of_fault(fault) for fault in record.faults]
        handled: set[str] = set()
        given = record.values
        faulty = {
            fault.where for fault in record.faults
        }  # what the reader found, its columns need not be told twice
        objects: list[tuple[str, str]] = []
        for column, predicate, convert, cache in self._columns:
            texts = self._texts(column, given.get(column.name))
            if not texts:
                if column.required and given:
                    if column.name not in faulty:
                        problems.append(_missing(column))
                    handled.add(column.property)
                continue
            cells[column.name] = texts[0]
            for text in texts:
                term = cache.get(text)
                if term is None:
                    term = convert(text)
                    if len(cache) < CACHED:
                        cache[text] = term
                if not column.property:
                    continue
                if isinstance(term, str):
                    objects.append((predicate, term))
                else:
                    if column.name not in faulty:
                        problems.append(self._misfit(column, text, term))
                    handled.add(column.property)
        subject = self._subject(record, cells, problems)
        start = f"<{subject}>"
        lines = [start + fixed for fixed in self._fixed]
        lines += [start + predicate + term for predicate, term in objects]
        for column, predicate, _, _ in self._columns:
            if column.value is not None and column.value.names and not column.lookup:
                self._linked(column, predicate, cells, start, lines, problems)
        return Mapped(record, subject, lines, problems, handled)

    def original(self, record: Record) -> dict[str, Any]:
        """Return the record as it came, personal values hidden, long ones cut."""
        shown: dict[str, Any] = {}
        for name, value in list(record.values.items())[:200]:
            column = self._table.names.get(name)
            if column is not None and column.property in self._personal:
                shown[name] = HIDDEN if value else ""
            else:
                shown[name] = [v[:SHOWN] for v in value[:20]] if isinstance(value, list) else value[:SHOWN]
        if record.subject:
            shown["@id"] = record.subject[:SHOWN]
        return shown

    def _texts(self, column: Column, value: Value | None) -> list[str]:
        if not value:
            return [column.default] if column.default else []
        if isinstance(value, str):
            text = value.strip()
            if text in column.null:
                return [column.default] if column.default else []
            if not column.separator:
                return [text]
            parts = text.split(column.separator)
        else:
            parts = value
        return [part for part in (part.strip() for part in parts) if part and part not in column.null]

    def _subject(self, record: Record, cells: Mapping[str, str], problems: list[Problem]) -> str:
        """Return the IRI of the record; note where it has none, another, or one that was there before."""
        path = self._about.fill(cells)
        if path is None:
            if not problems:
                problems.append(_no_key(self._table))
            return ""
        subject = self._base + path
        if len(subject) > IRI:
            problems.append(Problem(Text("编号过长", "the code is too long"), Text("缩短编号", "shorten it")))
            return ""
        if record.subject is not None and record.subject != subject:
            problems.append(
                Problem(
                    Text(
                        f"记录自称 {record.subject[:200]}，不属于本数据集",
                        f"the record calls itself {record.subject[:200]}, which is not of this dataset",
                    ),
                    Text(f"改为 {subject}，或用空白节点", f"write {subject}, or a blank node"),
                    value=record.subject[:SHOWN],
                    component="subject",
                )
            )
        if path in self._seen:
            problems.append(
                Problem(
                    Text(
                        "此编号在文件中已出现，保留先出现的记录",
                        "this code stands in the file before; the earlier record counts",
                    ),
                    Text("更改编号，或删去重复的记录", "change the code, or leave the record out"),
                    column="、".join(self._table.names[name].label.zh for name in self._table.about.names),
                    value=path[:SHOWN],
                    component="duplicate",
                )
            )
        else:
            self._seen.add(path)
        return subject

    def _linked(
        self,
        column: Column,
        predicate: str,
        cells: Mapping[str, str],
        start: str,
        lines: list[str],
        problems: list[Problem],
    ) -> None:
        assert column.value is not None
        iri = column.value.fill(cells)
        if iri is None:
            return
        iri = iri if ":" in iri else self._base + iri
        if len(iri) > IRI or not _IRI_ILLEGAL.isdisjoint(iri):
            problems.append(
                self._misfit(column, iri, Misfit(Text("不是 IRI", "this is no IRI"), Text("改正", "mend it")))
            )
        else:
            lines.append(f"{start}{predicate}<{iri}>")

    def _converter(self, column: Column) -> Convert:
        if column.lookup:
            return lambda text: self._named(column, text)
        if column.value is not None:
            return lambda _: Misfit(
                Text("不应有值", "there should be no value"), Text("留空", "leave it empty")
            )
        reader, format_ = values.READERS[column.datatype], column.format
        if column.lang:
            return lambda text: _tagged(values.string(text), column.lang)
        return lambda text: reader(text, format_)

    def _named(self, column: Column, text: str) -> str | Misfit:
        names = self._names[column.name]
        found = names.find(text)
        if len(found) == 1:
            return f"<{found[0]}>"
        if found:
            shown = "、".join(iri.rsplit("/", 1)[-1] for iri in found[:5])
            return Misfit(
                Text(f"“{text[:60]}”指不止一个对象", f"“{text[:60]}” means more than one thing"),
                Text(f"填写代码：{shown}", f"write the code: {shown}"),
            )
        self._suggested += 1
        near = names.nearest(text) if self._suggested <= SUGGESTED else []
        return Misfit(
            Text(f"“{text[:60]}”不是已知的{column.label.zh}", f"“{text[:60]}” is no known {column.label.en}"),
            Text("是否指：" + "、".join(near), "did you mean " + ", ".join(near) + "?")
            if near
            else Text("填写系统中已有的名称或代码", "write a name or code that the system knows"),
        )

    def _misfit(self, column: Column, text: str, misfit: Misfit) -> Problem:
        personal = column.property in self._personal
        return Problem(
            misfit.message,
            None if personal else misfit.repair,
            column.property,
            column.label.zh,
            HIDDEN if personal else text[:SHOWN],
            component="lookup" if column.lookup else "datatype",
        )

    def _of_fault(self, fault: Fault) -> Problem:
        column = self._table.names.get(fault.where)
        return Problem(
            fault.message,
            fault.repair,
            column.property if column else "",
            column.label.zh if column else fault.where[:SHOWN],
            component=fault.code.rpartition(".")[2],
        )


def _tagged(term: str | Misfit, lang: str) -> str | Misfit:
    return f"{term}@{lang}" if isinstance(term, str) else term


def _missing(column: Column) -> Problem:
    return Problem(
        Text(f"缺少必填项“{column.label.zh}”", f"the required “{column.label.en}” is missing"),
        Text(f"填写“{column.label.zh}”", f"fill in “{column.label.en}”"),
        column.property,
        column.label.zh,
        component="required",
    )


def _no_key(table: Table) -> Problem:
    labels = [table.names[name].label for name in table.about.names]
    zh, en = "、".join(label.zh for label in labels), ", ".join(label.en for label in labels)
    return Problem(
        Text(f"缺少标识记录的“{zh}”", f"what identifies the record is missing: {en}"),
        Text(f"填写“{zh}”", f"fill in {en}"),
        column=zh,
        component="key",
    )
