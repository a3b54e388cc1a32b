"""The records of a dataset as a file: Turtle, N-Triples, JSON-LD, or CSV with a row for each record.

A file is written to disk as the store is read and handed on from there: a million records take the memory
of one. A page is a run of things that the dataset describes, in the order of the store, which changes with
the dataset only; of CSV, a run of records.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import IO, cast

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QuerySolutions, RdfFormat, Triple

from kb.namespaces import PREFIXES, RDF_TYPE, RDFS_LABEL
from kb.sharing.shelf import Entry, Shelf
from kb.store.protocol import Store, Term

RDF = {"ttl": RdfFormat.TURTLE, "nt": RdfFormat.N_TRIPLES, "jsonld": RdfFormat.JSON_LD}
PEEK = 1000
"""So many values of a field are looked at for the languages that it has."""
_COLUMNS = "SELECT DISTINCT ?p (LANG(?o) AS ?lang) { ?s ?p ?o }"
SEPARATOR = "|"
"""Between several values of one cell."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet."""
_BOM = "\ufeff"
"""Without it, Excel takes UTF-8 for something else."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a dataset; *limit* ``None``: all from *offset* on."""

    offset: int = 0
    limit: int | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.offset == 0 and self.limit is None


def write(
    store: Store, shelf: Shelf, entry: Entry, ending: str, page: Page, output: IO[bytes], *, zipped: bool
) -> bool:
    """Write *page* of *entry* as *ending* (``ttl``, ``nt``, ``jsonld``, ``csv``) to *output*.

    :param zipped: compress with gzip.
    :return: whether something follows the page.
    """
    if not zipped:
        return _write(store, shelf, entry, ending, page, output)
    with gzip.GzipFile(fileobj=output, mode="wb", compresslevel=5, mtime=0) as packed:
        return _write(store, shelf, entry, ending, page, cast(IO[bytes], packed))


def _write(store: Store, shelf: Shelf, entry: Entry, ending: str, page: Page, output: IO[bytes]) -> bool:
    if ending == "csv":
        return _rows(store, shelf, entry, page, output)
    if page.whole:
        triples = (quad.triple for quad in store.match(None, None, None, entry.graph))
        pyoxigraph.serialize(triples, output, format=RDF[ending], prefixes=PREFIXES)
        return False
    things = groupby(store.match(None, None, None, entry.graph), key=lambda quad: quad.subject)
    part = _Part(page, (list(quads) for _, quads in things))
    triples = (quad.triple for quads in part for quad in quads)
    pyoxigraph.serialize(triples, output, format=RDF[ending], prefixes=PREFIXES)
    return part.more


class _Part:
    """The items of a page; *more* says, once they are through, whether others follow."""

    def __init__(self, page: Page, items: Iterable[list[Quad]]) -> None:
        self.more = False
        self._page, self._items = page, items

    def __iter__(self) -> Iterator[list[Quad]]:
        rest = islice(self._items, self._page.offset, None)
        yield from rest if self._page.limit is None else islice(rest, self._page.limit)
        self.more = next(iter(rest), None) is not None


def _rows(store: Store, shelf: Shelf, entry: Entry, page: Page, output: IO[bytes]) -> bool:
    columns = _columns(store, shelf, entry)
    kind = shelf.record_class(entry)
    found = store.match(None, RDF_TYPE, kind, entry.graph) if kind else _named(store, entry)
    part = _Part(page, ([quad] for quad in found))
    text = io.TextIOWrapper(output, encoding="utf-8", newline="", write_through=True)
    try:
        text.write(_BOM)
        writer = csv.writer(text)
        writer.writerow(["iri", *(f"{_short(p)}@{lang}" if lang else _short(p) for p, lang in columns)])
        for (quad,) in part:
            values: dict[tuple[NamedNode, str], list[str]] = {}
            for own in store.match(quad.subject, None, None, entry.graph):  # type: ignore[arg-type]
                term = own.object
                lang = term.language or "" if isinstance(term, Literal) else ""
                values.setdefault((own.predicate, lang), []).append(_cell(term))
            cells = [SEPARATOR.join(sorted(values.get(column, ()))) for column in columns]
            writer.writerow([_safe(cell) for cell in (_cell(quad.subject), *cells)])
    finally:
        text.detach()
    return part.more


def _named(store: Store, entry: Entry) -> Iterator[Quad]:
    """Yield one quad of each thing with an IRI that the dataset describes."""
    for subject, quads in groupby(store.match(None, None, None, entry.graph), key=lambda quad: quad.subject):
        if isinstance(subject, NamedNode):
            yield next(quads)


def _columns(store: Store, shelf: Shelf, entry: Entry) -> Sequence[tuple[NamedNode, str]]:
    """Return property and language of each column: what the contract declares, else what there is."""
    fields = shelf.fields(entry)
    if not fields:
        rows = store.query(_COLUMNS, default_graph=[entry.graph])
        assert isinstance(rows, QuerySolutions)
        found = [(row["p"], row["lang"].value if row["lang"] else "") for row in rows]
        first = [RDF_TYPE, RDFS_LABEL]
        return sorted(found, key=lambda c: (c[0] not in first, c[0].value, c[1] != "zh", c[1]))
    columns: dict[tuple[NamedNode, str], None] = {}
    for field in fields:
        some = islice(store.match(None, field, None, entry.graph), PEEK)
        langs = {quad.object.language or "" if isinstance(quad.object, Literal) else "" for quad in some}
        columns |= {(field, lang): None for lang in sorted(langs, key=lambda lang: (lang != "zh", lang))}
    return list(columns)


def _cell(term: Term | Triple) -> str:
    if isinstance(term, Literal | NamedNode):
        return term.value
    return f"_:{term.value}" if isinstance(term, BlankNode) else str(term)


def _safe(cell: str) -> str:
    """Return *cell* so that no spreadsheet runs it; numbers stay numbers."""
    if cell.startswith(_FORMULA):
        try:
            float(cell)
        except ValueError:
            return "'" + cell
    return cell


def _short(iri: NamedNode) -> str:
    return iri.value.replace("#", "/").rsplit("/", 1)[-1]
