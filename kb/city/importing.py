"""The command that turns the tables of npm's ``china-division`` into those of ``examples/``.

::

    python -m kb.city.importing CHINA_DIVISION_DIST examples 370100 370200 110000

It reads ``provinces.csv``, ``cities.csv``, ``areas.csv``, ``streets.csv`` and ``villages.csv`` (or
``villages.csv.gz``), and writes ``divisions/divisions.csv`` and, for every city named,
``cities/<code>/divisions.csv.gz``. The same input always gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

PLACEHOLDERS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
"""Rows of ``cities.csv`` that are no city: the statistics bureau fills a missing level with them."""

Row = tuple[str, str]


def nation(source: Path) -> dict[str, str]:
    """Return code and name of every province, city and district in *source*, sorted by code."""
    found: dict[str, str] = {}
    for table in ("areas", "cities", "provinces"):  # a city that is its own district is listed twice
        found |= {
            code.ljust(6, "0"): name
            for code, name in _table(source, table)
            if table != "cities" or name not in PLACEHOLDERS
        }
    return dict(sorted(found.items()))


def city(source: Path, code: str) -> list[Row]:
    """Return code and name of every street and community of the city *code*, sorted by code.

    A municipality's code ends in ``0000``: its districts share two digits. Others share four.
    """
    prefix = code[:2] if code.endswith("0000") else code[:4]
    tables = (_table(source, "streets"), _table(source, "villages"))
    return sorted(row for table in tables for row in table if row[0].startswith(prefix))


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("examples", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("codes", nargs=-1)
def main(source: Path, examples: Path, codes: tuple[str, ...]) -> None:
    """Write the national table, and the table of every city in CODES, from SOURCE into EXAMPLES."""
    national = _csv(nation(source).items())
    (examples / "divisions").mkdir(exist_ok=True)
    (examples / "divisions" / "divisions.csv").write_bytes(national)
    for code in codes:
        folder = examples / "cities" / code
        folder.mkdir(parents=True, exist_ok=True)
        # A time stamp of zero: the same rows are the same bytes.
        (folder / "divisions.csv.gz").write_bytes(gzip.compress(_csv(city(source, code)), mtime=0))


def _table(source: Path, name: str) -> Iterator[Row]:
    """Yield the first two columns of a table, which may be compressed."""
    plain, packed = source / f"{name}.csv", source / f"{name}.csv.gz"
    opener = gzip.open if packed.exists() else open
    with opener(packed if packed.exists() else plain, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        for code, label, *_ in reader:
            yield code, label


def _csv(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("code", "name"))
    writer.writerows(rows)
    return text.getvalue().encode()


if __name__ == "__main__":
    main()
