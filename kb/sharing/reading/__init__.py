"""Files of six formats as records: what stood in which column, and where in the file.

A reader yields a :class:`Record` for every row, feature, node or block of information, in the order of
the file, and raises :class:`Unreadable` where there is nothing to go on with. It gives text as it found it:
what a text means is for the mapping to say (:mod:`kb.sharing.mapping`).

Readers run in the sandboxed worker alone (:mod:`kb.sharing.worker`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from kb.errors import Fault, Text

Value: TypeAlias = str | list[str]
"""The text of a cell, or several where the format has lists."""


@dataclass(slots=True)
class Record:
    """One record as it stands in the file.

    *position* names the place in words of the format (``row 17``, ``/features/3``, ``line 12``). *values*
    are by the name of the column. *subject* is the IRI that the record gives itself, if it does. *faults*
    are what is wrong before any meaning: a key that the contract does not know, an element that CAP
    forbids; a fault's *where* is the column.
    """

    position: str
    values: dict[str, Value]
    subject: str | None = None
    faults: list[Fault] = field(default_factory=list)


class Unreadable(Exception):
    """The file as a whole cannot be taken: no record of it is."""

    def __init__(self, code: str, zh: str, en: str, where: str = "", repair: Text | None = None) -> None:
        super().__init__(en)
        self.fault = Fault(f"delivery.{code}", Text(zh, en), where, repair)


FORMATS = ("csv", "xlsx", "geojson", "jsonld", "turtle", "cap")
"""The names of the formats."""

SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".geojson": "geojson",
    ".json": "geojson",
    ".jsonld": "jsonld",
    ".ttl": "turtle",
    ".nt": "turtle",
    ".xml": "cap",
    ".cap": "cap",
}
"""The format of a file by the end of its name, where nobody says it."""

MEDIA_TYPES = {
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/geo+json": "geojson",
    "application/ld+json": "jsonld",
    "text/turtle": "turtle",
    "application/n-triples": "turtle",
    "application/cap+xml": "cap",
    "application/xml": "cap",
    "text/xml": "cap",
}
"""The format of a request by its ``Content-Type``."""

STREAMED = 256 << 20
"""The most bytes of a CSV file, which is read row by row: three million records."""

WHOLE = 64 << 20
"""The most bytes of any other file, which is in memory as a whole."""
