"""Which reader a format has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from kb.sharing.csvw import Table
from kb.sharing.reading import Record, cap, geojson, rdf, tables


def read(
    file: IO[bytes], format_: str, table: Table, classes: list[str], contexts: dict[str, Any], base: str
) -> Iterator[Record]:
    """Yield the records of *file*, which is in *format_*.

    :raises Unreadable: where the file as a whole cannot be taken.
    """
    match format_:
        case "csv":
            return tables.read_csv(file, table)
        case "xlsx":
            return tables.read_xlsx(file, table)
        case "geojson":
            return geojson.read_geojson(file, table)
        case "jsonld":
            return rdf.read_jsonld(file, table, classes, contexts, base)
        case "turtle":
            return rdf.read_turtle(file, table, classes, base)
        case _:
            return cap.read_cap(file, table)
