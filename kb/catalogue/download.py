"""The records of a dataset as a file: Turtle, N-Triples, JSON-LD, or CSV with a row for each record.

A file is written as the store is read, from one consistent view of it: a million records take the memory
of one. A page is a run of things that the dataset describes (of CSV: of records), in the order of the store,
which changes with the dataset only. Personal fields lie in another graph; should one be among the records by
mistake, it is left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import IO, TypeAlias

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QuerySolutions, RdfFormat, Triple

from kb.catalogue.shelf import Entry, Shelf
from kb.namespaces import PREFIXES, RDF_TYPE, RDFS_LABEL
from kb.sharing.cells import MARK, safe
from kb.store.protocol import Store, Subject, Term

RDF = {"ttl": RdfFormat.TURTLE, "nt": RdfFormat.N_TRIPLES, "jsonld": RdfFormat.JSON_LD}
PEEK = 1000
"""So many values of a field are looked at for the languages that it has."""
_COLUMNS = "SELECT DISTINCT ?p (LANG(?o) AS ?lang) { ?s ?p ?o }"
SEPARATOR = "|"
"""Between several values of one cell."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a dataset; *limit* ``None``: all from *offset* on."""

    offset: int = 0
    limit: int | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.offset == 0 and self.limit is None


def write(store: Store, shelf: Shelf, entry: Entry, ending: str, page: Page, output: IO[bytes]) -> bool:
    """Write *page* of *entry* as *ending* (``ttl``, ``nt``, ``jsonld``, ``csv``) to *output*.

    :return: whether something follows the page.
    """
    personal = shelf.personal(entry)
    quads = (quad for quad in store.match(None, None, None, entry.graph) if quad.predicate not in personal)
    if ending == "csv":
        return _rows(store, shelf, entry, page, quads, output)
    if page.whole:
        pyoxigraph.serialize((q.triple for q in quads), output, format=RDF[ending], prefixes=PREFIXES)
        return False
    part = _Part(page, _things(quads))
    triples = (quad.triple for _, thing in part for quad in thing)
    pyoxigraph.serialize(triples, output, format=RDF[ending], prefixes=PREFIXES)
    return part.more


Thing: TypeAlias = tuple[Subject, list[Quad]]
"""What a graph says of one subject."""


def _things(quads: Iterable[Quad]) -> Iterator[Thing]:
    """Yield *quads* subject by subject: a store keeps those of one together."""
    for subject, own in groupby(quads, key=lambda quad: quad.subject):
        assert not isinstance(subject, Triple)  # no graph has a triple term as subject
        yield subject, list(own)


class _Part:
    """The things of a page; *more* says, once they are through, whether others follow."""

    def __init__(self, page: Page, things: Iterable[Thing]) -> None:
        self.more = False
        self._page, self._things = page, things

    def __iter__(self) -> Iterator[Thing]:
        rest = islice(self._things, self._page.offset, None)
        yield from rest if self._page.limit is None else islice(rest, self._page.limit)
        self.more = next(iter(rest), None) is not None


def _rows(
    store: Store, shelf: Shelf, entry: Entry, page: Page, quads: Iterable[Quad], output: IO[bytes]
) -> bool:
    columns, kind = _columns(store, shelf, entry), shelf.record_class(entry)
    part = _Part(page, (thing for thing in _things(quads) if _is_record(thing, kind)))
    text = io.TextIOWrapper(output, encoding="utf-8", newline="", write_through=True)
    try:
        text.write(MARK)
        writer = csv.writer(text)
        writer.writerow(["iri", *(f"{_short(p)}@{lang}" if lang else _short(p) for p, lang in columns)])
        for subject, own in part:
            values: dict[tuple[NamedNode, str], list[str]] = {}
            for quad in own:
                lang = quad.object.language or "" if isinstance(quad.object, Literal) else ""
                values.setdefault((quad.predicate, lang), []).append(_cell(quad.object))
            cells = (SEPARATOR.join(sorted(values.get(column, ()))) for column in columns)
            writer.writerow([safe(cell) for cell in (_cell(subject), *cells)])
    finally:
        text.detach()
    return part.more


def _is_record(thing: Thing, kind: NamedNode | None) -> bool:
    """Whether *thing* is of the class of records; where there is none, whether it has a name."""
    subject, quads = thing
    if kind is None:
        return isinstance(subject, NamedNode)
    return any(quad.predicate == RDF_TYPE and quad.object == kind for quad in quads)


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


def _cell(term: Term) -> str:
    if isinstance(term, Literal | NamedNode):
        return term.value
    return f"_:{term.value}" if isinstance(term, BlankNode) else str(term)


def _short(iri: NamedNode) -> str:
    return iri.value.replace("#", "/").rsplit("/", 1)[-1]
