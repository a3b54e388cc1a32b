"""The table mapping of a contract: a subset of W3C "Metadata Vocabulary for Tabular Data" (CSVW).

What a ``<contract>.csv-metadata.json`` may say::

    {"@context": ["http://www.w3.org/ns/csvw", {"@language": "zh"}],
     "tableSchema": {
       "aboutUrl": "{code}",              the IRI of a record, relative to that of its dataset
       "primaryKey": ["code"],
       "columns": [
         {"name": "code",                  ASCII; the key in GeoJSON, JSON-LD and CAP, too
          "titles": {"zh": ["编号"], "en": ["code"]},    what may stand above the column
          "propertyUrl": "dcterms:identifier",
          "datatype": "string",            string, integer, decimal, boolean, date, dateTime; or an object
                                           {"base": "date", "format": "yyyy/MM/dd"}
          "required": true,                a record without it is wrong
          "null": ["", "无"],               texts that mean "nothing"
          "separator": "、",               several values in one cell
          "lang": "zh",                    the language of a text
          "default": "…",                  where the cell is empty
          "valueUrl": "{+station}",        the value is an IRI made from cells
          "xz:lookup": ["xz:RiskLevel"],   the value is the name or code of a member of these
                                           classes or concept schemes
          "suppressOutput": true},         known, and left out
         {"name": "type", "virtual": true, "propertyUrl": "rdf:type", "valueUrl": "xz:RiskSource"}]}}

``{name}`` in a template stands for the cell, percent-encoded; ``{+name}`` for the cell as it is. Prefixes are
those of :mod:`kb.namespaces` with ``sosa`` and ``geo``. Anything else is an error of the mapping, found when
the contract is read, not when somebody delivers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

from kb.errors import Fault, KnowledgeFault, Text
from kb.namespaces import PREFIXES, RDF_TYPE
from kb.ontology.names import did_you_mean, nearest
from kb.sharing.reading import Unreadable

KNOWN = {
    "name", "titles", "propertyUrl", "datatype", "required", "null", "separator", "lang", "default",
    "valueUrl", "xz:lookup", "suppressOutput", "virtual", "dc:description",
}  # fmt: skip
DATATYPES = ("string", "integer", "decimal", "boolean", "date", "dateTime")
_PREFIXES = PREFIXES | {
    "sosa": "http://www.w3.org/ns/sosa/",
    "geo": "http://www.opengis.net/ont/geosparql#",
}
_SLOT = re.compile(r"\{(\+?)([A-Za-z0-9_]+)\}")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Template:
    """A URI template of the two simplest forms, ``{name}`` and ``{+name}``."""

    text: str

    @property
    def names(self) -> list[str]:
        """The columns that it needs."""
        return [name for _, name in _SLOT.findall(self.text)]

    def fill(self, values: Mapping[str, str]) -> str | None:
        """Return the template with its slots filled, or ``None`` where a cell is empty."""
        parts = []
        for literal, plus, name in _parts(self.text):
            parts.append(literal)
            if name:
                text = values.get(name, "")
                if not text:
                    return None
                parts.append(text if plus or _PLAIN.fullmatch(text) else _quoted(text))
        return "".join(parts)


@lru_cache(maxsize=256)
def _parts(template: str) -> tuple[tuple[str, str, str], ...]:
    """Return the template as literal text, plus sign and name, again and again; the last name is empty."""
    pieces = [*_SLOT.split(template), "", ""]
    return tuple((pieces[i], pieces[i + 1], pieces[i + 2]) for i in range(0, len(pieces), 3))


@lru_cache(maxsize=65_536)
def _quoted(text: str) -> str:
    return quote(text, safe="")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; see the module for what its parts mean."""

    name: str
    titles: tuple[str, ...]
    label: Text
    property: str
    datatype: str = "string"
    format: str = ""
    required: bool = False
    null: frozenset[str] = frozenset(("",))
    separator: str = ""
    lang: str = ""
    default: str = ""
    value: Template | None = None
    lookup: tuple[str, ...] = ()
    suppressed: bool = False
    virtual: bool = False


@dataclass(frozen=True)
class Table:
    """The columns of a contract and how the IRI of a record is made."""

    about: Template
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @cached_property
    def names(self) -> dict[str, Column]:
        """Every column by its name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def properties(self) -> dict[tuple[str, str], Column]:
        """Every column by its property and language."""
        return {(column.property, column.lang): column for column in self.columns if column.property}

    @cached_property
    def _titles(self) -> dict[str, Column]:
        return {
            title.casefold(): column
            for column in self.columns
            if not column.virtual
            for title in (*column.titles, column.name)
        }

    def find(self, title: str) -> Column | None:
        """Return the column with this name or title, whatever its case."""
        return self._titles.get(title.strip().casefold())

    def unknown(self, title: str) -> Fault:
        """Return the fault of a title that no column has, naming the nearest."""
        shown = title[:60]
        titles = [t for column in self.columns if not column.virtual for t in (*column.titles, column.name)]
        return Fault(
            "delivery.unknown-column",
            Text(f"契约中没有“{shown}”这一列", f"the contract has no column “{shown}”"),
            shown,
            did_you_mean(nearest(title, titles)) or Text("删去此列", "leave the column out"),
        )

    def columns_of(self, titles: Sequence[str]) -> list[str | None]:
        """Return the name of the column under each of *titles*; ``None`` for those to pass over.

        :raises Unreadable: where a title is unknown, stands twice, or one that is required is missing.
        """
        names: list[str | None] = []
        for title in titles:
            if not title.strip():
                names.append(None)
                continue
            column = self.find(title)
            if column is None:
                fault = self.unknown(title)
                raise Unreadable("columns", fault.message.zh, fault.message.en, fault.where, fault.repair)
            if column.name in names:
                raise Unreadable("columns", f"“{title}”列重复", f"the column “{title}” stands twice", title)
            names.append(None if column.suppressed else column.name)
        for column in self.columns:
            if column.required and not column.virtual and not column.default and column.name not in names:
                raise Unreadable(
                    "columns",
                    f"缺少必填列“{column.label.zh}”",
                    f"the required column “{column.label.en}” is missing",
                    column.label.zh,
                    Text(f"加上表头“{column.label.zh}”", f"add the title “{column.label.en}”"),
                )
        return names


def read(document: Mapping[str, Any], where: str) -> Table:
    """Return the table that *document* describes.

    :raises KnowledgeFault: ``contract.mapping`` where it says something that the subset does not have.
    """
    schema = document.get("tableSchema")
    if not isinstance(schema, dict) or not isinstance(schema.get("columns"), list):
        raise _wrong(where, "缺少 tableSchema.columns", "there is no tableSchema.columns")
    language = next(
        (part.get("@language") for part in document.get("@context", ()) if isinstance(part, dict)), "zh"
    )
    columns = tuple(_column(entry, where, language or "zh") for entry in schema["columns"])
    key = schema.get("primaryKey", [])
    table = Table(
        Template(str(schema.get("aboutUrl", ""))), tuple([key] if isinstance(key, str) else key), columns
    )
    named = [*table.about.names, *table.key, *(n for c in columns if c.value for n in c.value.names)]
    for name in named:
        if name not in table.names:
            raise _wrong(
                where,
                f"模板或主键提到没有的列 {name}",
                f"a template or key names the column {name}, which is not there",
            )
    if not table.about.names:
        raise _wrong(where, "aboutUrl 须含主键列", "aboutUrl must hold the columns of the key")
    if (RDF_TYPE.value, "") not in table.properties:
        raise _wrong(where, "须有一个 rdf:type 虚拟列", "there must be a virtual column for rdf:type")
    return table


def expand(name: str) -> str:
    """Return the IRI of a prefixed *name*; an IRI stays as it is."""
    prefix, colon, local = name.partition(":")
    return _PREFIXES[prefix] + local if colon and prefix in _PREFIXES else name


def _column(entry: Mapping[str, Any], where: str, language: str) -> Column:
    name = str(entry.get("name", ""))
    place = f"{where}: {name}"
    if not _NAME.fullmatch(name):
        raise _wrong(place, "列名须为 ASCII 标识符", "the name of a column is an ASCII identifier")
    for key in entry:
        if key not in KNOWN:
            raise _wrong(place, f"不支持 {key}", f"{key} is not in the subset")
    titles = entry.get("titles", {})
    if not isinstance(titles, dict):
        titles = {language: titles}
    by_language = {lang: [t] if isinstance(t, str) else list(t) for lang, t in titles.items()}
    datatype = entry.get("datatype", "string")
    base, format_ = (
        (datatype, "")
        if isinstance(datatype, str)
        else (datatype.get("base", ""), datatype.get("format", ""))
    )
    if base not in DATATYPES:
        raise _wrong(place, f"不支持数据类型 {base}", f"the datatype {base} is not in the subset")
    null, lookup, value = entry.get("null", [""]), entry.get("xz:lookup", ()), entry.get("valueUrl")
    return Column(
        name,
        tuple(title for titles in by_language.values() for title in titles),
        Text(*((by_language.get(lang) or [name])[0] for lang in ("zh", "en"))),
        expand(str(entry.get("propertyUrl", ""))),
        base,
        format_,
        bool(entry.get("required", False)),
        frozenset(("", *([null] if isinstance(null, str) else null))),
        str(entry.get("separator", "")),
        str(entry.get("lang", "")),
        str(entry.get("default", "")),
        None if value is None else Template(expand(str(value))),
        tuple(expand(c) for c in ([lookup] if isinstance(lookup, str) else lookup)),
        bool(entry.get("suppressOutput", False)),
        bool(entry.get("virtual", False)),
    )


def _wrong(where: str, zh: str, en: str) -> KnowledgeFault:
    return KnowledgeFault.of(
        "contract.mapping", f"表格映射有误：{zh}", f"the table mapping is wrong: {en}", where=where
    )
