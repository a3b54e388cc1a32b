"""Administrative divisions as a tree, read from tables of two columns: ``code,name``.

The code alone says where a division belongs, so the tables need no third column::

    370000          province      ends in 0000
    370100          city          ends in 00
    370102          district      six digits; in its city, or straight in its province where
                                  that city does not exist (Beijing's districts; Jiyuan, 419001)
    370102001       street        nine digits
    370102001003    community     twelve digits

A level that China leaves out is filled by the division above it: a municipality with districts but
no cities is a city too, and a city without districts (Dongguan, 441900) is its own district.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from kb.errors import KnowledgeFault

COUNTRY = "100000"


class Level(Enum):
    """A level of division; the value is the class's name in ``ontology/core.ttl``."""

    PROVINCE = "Province"
    CITY = "City"
    DISTRICT = "District"
    STREET = "Street"
    COMMUNITY = "Community"

    @property
    def tier(self) -> str:
        """The slug of the tier in ``ontology/scales.ttl`` whose bodies govern such a division."""
        return self.value.lower()


@dataclass(frozen=True, slots=True)
class Division:
    """One division: its official code and name, the code of what holds it, and its levels."""

    code: str
    name: str
    parent: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Tree:
    """Divisions by code, in the order of the codes."""

    divisions: Mapping[str, Division]
    _children: dict[str, list[Division]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Index the divisions by what holds them."""
        for division in self.divisions.values():
            self._children.setdefault(division.parent, []).append(division)

    def __getitem__(self, code: str) -> Division:
        """Return the division with *code*; ``KeyError`` where there is none."""
        return self.divisions[code]

    def __contains__(self, code: str) -> bool:
        """Whether *code* is the code of a division in this tree."""
        return code in self.divisions

    def children(self, code: str) -> list[Division]:
        """Return what lies directly in the division *code*, in the order of the codes."""
        return self._children.get(code, [])

    def districts(self, city: str) -> list[Division]:
        """Return the districts of *city*; a city without any is its own."""
        inner = [d for d in self.children(city) if Level.DISTRICT in d.levels]
        return inner or [self[city]]


def national(folder: Path) -> Tree:
    """Read provinces, cities and districts of the whole country from the tables in *folder*.

    :raises KnowledgeFault: a row that is not ``code,name``, or whose province is missing.
    """
    rows: dict[str, _Row] = {}
    for table in sorted(folder.glob("*.csv")):
        rows |= {row.code: row for row in _rows(table, lengths=(6,))}
    cities = [code for code in rows if _shape(code) is Level.CITY]
    districts = [code for code in rows if _shape(code) is Level.DISTRICT]
    without_cities = {code[:2] for code in districts} - {code[:2] for code in cities}
    with_districts = {code[:4] for code in districts}

    def levels(code: str) -> tuple[Level, ...]:
        shape = _shape(code)
        if shape is Level.PROVINCE and code[:2] in without_cities:
            return (shape, Level.CITY)
        if shape is Level.CITY and code[:4] not in with_districts:
            return (shape, Level.DISTRICT)
        return (shape,)

    return Tree({code: _division(row, rows, levels(code)) for code, row in sorted(rows.items())})


def below_districts(table: Path, nation: Tree) -> Tree:
    """Read the streets and communities of one city from its *table* (``divisions.csv.gz``).

    :raises KnowledgeFault: a row that is not ``code,name``, or whose district or street is missing.
    """
    rows = {row.code: row for row in _rows(table, lengths=(9, 12))}
    known = nation.divisions.keys() | rows.keys()
    return Tree({code: _division(row, known, (_shape(code),)) for code, row in sorted(rows.items())})


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    name: str
    where: str


def _rows(table: Path, *, lengths: Collection[int]) -> Iterator[_Row]:
    """Yield the rows of a table below its header."""
    opener = gzip.open if table.suffix == ".gz" else open
    with opener(table, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader, None)
        for row in reader:
            where = f"{table}:{reader.line_num}"
            if len(row) != 2 or not row[0].isdecimal() or len(row[0]) not in lengths or not row[1]:
                digits = "/".join(map(str, lengths))
                raise KnowledgeFault.of(
                    "city.bad-row",
                    f"应为“代码,名称”，代码为 {digits} 位数字",
                    f"expected code,name with a code of {digits} digits",
                    where=where,
                )
            yield _Row(row[0], row[1], where)


def _shape(code: str) -> Level:
    match len(code):
        case 12:
            return Level.COMMUNITY
        case 9:
            return Level.STREET
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.CITY if code.endswith("00") else Level.DISTRICT


def _division(row: _Row, known: Collection[str], levels: tuple[Level, ...]) -> Division:
    """Place *row* in the tree."""
    code, province = row.code, row.code[:2] + "0000"
    match levels[0]:
        case Level.PROVINCE:
            return Division(code, row.name, COUNTRY, levels)
        case Level.CITY:
            parent = province
        case Level.DISTRICT:
            city = code[:4] + "00"
            parent = city if city in known else province
        case Level.STREET:
            parent = code[:6]
        case Level.COMMUNITY:
            parent = code[:9]
    if parent not in known:
        raise KnowledgeFault.of(
            "city.no-parent",
            f"{code} {row.name} 的上级区划 {parent} 不在表中",
            f"the division {parent}, which holds {code} {row.name}, is in no table",
            where=row.where,
        )
    return Division(code, row.name, parent, levels)
