"""A dataset as a file: what the graph says and nothing else, by the page, in the memory of one record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.catalogue import download
from kb.catalogue.download import RDF, Page
from kb.catalogue.shelf import Entry
from kb.namespaces import RDF_TYPE, RDFS_LABEL, xz
from kb.services.workspace import Workspace
from kb.store.protocol import Change
from tests.catalogue.conftest import GAUGES, RISKS, ROSTER, TARGETS

WHOLE = Page()


def written(workspace: Workspace, path: str, ending: str, page: Page = WHOLE) -> bytes:
    output, shelf = io.BytesIO(), workspace.shared.shelf
    download.write(workspace.store, shelf, shelf.get(path), ending, page, output)
    return output.getvalue()


def rows(workspace: Workspace, path: str, page: Page = WHOLE) -> list[dict[str, str]]:
    text = written(workspace, path, "csv", page).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("path", [RISKS, TARGETS, "knowledge/gas"])
@pytest.mark.parametrize("ending", RDF)
def test_a_download_is_the_graph(delivered: Workspace, path: str, ending: str) -> None:
    body = written(delivered, path, ending)
    name = delivered.shared.shelf.get(path).graph
    expected = {quad.triple for quad in delivered.store.match(None, None, None, name)}
    found = [quad.triple for quad in pyoxigraph.parse(body, format=RDF[ending])]
    assert len(found) == len(expected)
    if not any(isinstance(t.object, pyoxigraph.BlankNode) for t in expected):
        assert set(found) == expected


def test_a_table_has_a_row_for_each_record_and_a_column_for_each_field(delivered: Workspace) -> None:
    table = rows(delivered, RISKS)
    assert len(table) == 5
    assert next(iter(table[0])) == "iri"
    assert {row["identifier"] for row in table} == {f"QD-RS-00{n}" for n in range(1, 6)}
    assert all(row["label@zh"] for row in table)


@pytest.mark.parametrize("ending", ["nt", "csv"])
def test_pages_put_together_are_the_whole(delivered: Workspace, ending: str) -> None:
    whole = written(delivered, GAUGES, ending).splitlines()
    head, body = (whole[:1], whole[1:]) if ending == "csv" else ([], whole)
    parts: list[bytes] = []
    shelf, offset, more = delivered.shared.shelf, 0, True
    while more:
        output, page = io.BytesIO(), Page(offset, 3)
        more = download.write(delivered.store, shelf, shelf.get(GAUGES), ending, page, output)
        parts += output.getvalue().splitlines()[len(head) :]
        offset += 3
    assert offset == 12, "ten readings, three a page"
    assert parts == body


def test_no_cell_is_a_formula_and_numbers_stay_numbers(delivered: Workspace) -> None:
    entry = delivered.shared.shelf.get(TARGETS)
    bad, kind = NamedNode(f"{entry.iri.value}/bad"), delivered.shared.shelf.record_class(entry)
    assert kind is not None
    quads = [
        Quad(bad, RDF_TYPE, kind, entry.graph),
        Quad(bad, RDFS_LABEL, Literal('=HYPERLINK("https://evil.example")', language="zh"), entry.graph),
        Quad(bad, xz("longitude"), Literal("-120.5"), entry.graph),
    ]
    delivered.store.commit(Change(quads), actor="test", action="deliver")
    row = next(row for row in rows(delivered, TARGETS) if row["iri"] == bad.value)
    assert row["label@zh"] == '\'=HYPERLINK("https://evil.example")'
    assert row["longitude"] == "-120.5"
    delivered.store.commit(Change([], quads), actor="test", action="withdraw")


@pytest.mark.parametrize("ending", [*RDF, "csv"])
def test_no_personal_field_is_ever_in_a_download(delivered: Workspace, ending: str) -> None:
    """They lie in a graph of their own; this is the second lock, should one get among the records."""
    shelf = delivered.shared.shelf
    entry, kind = shelf.get(ROSTER), shelf.record_class(shelf.get(ROSTER))
    personal = shelf.personal(entry)
    assert personal
    assert kind is not None
    duty = NamedNode(f"{entry.iri.value}/duty")
    quads = [
        Quad(duty, RDF_TYPE, kind, entry.graph),
        *(Quad(duty, field, Literal("13800000001"), entry.graph) for field in personal),
    ]
    delivered.store.commit(Change(quads), actor="test", action="deliver")
    body = written(delivered, ROSTER, ending).decode("utf-8-sig")
    assert duty.value.rsplit("/", 1)[-1] in body
    assert "13800000001" not in body
    delivered.store.commit(Change([], quads), actor="test", action="withdraw")


class Endless:
    """Stands before the store and yields so many records, counting how many were asked for."""

    def __init__(self, workspace: Workspace, entry: Entry, size: int) -> None:
        self._store, self._entry, self._size = workspace.store, entry, size
        self._kind = workspace.shared.shelf.record_class(entry)
        self.read = 0

    def match(self, s: Any, p: Any, o: Any, graph: Any = None) -> Iterator[Quad]:
        if (s, p, o) != (None, None, None):
            yield from self._store.match(s, p, o, graph)
            return
        assert self._kind is not None
        for number in range(self._size):
            self.read += 1
            subject = NamedNode(f"urn:record:{number}")
            yield Quad(subject, RDF_TYPE, self._kind, self._entry.graph)
            yield Quad(subject, RDFS_LABEL, Literal(f"记录 {number}", language="zh"), self._entry.graph)


class Watched(io.BytesIO):
    """Remembers how many records had been read when bytes came, and forgets the bytes."""

    def __init__(self, source: Endless) -> None:
        super().__init__()
        self._source, self.first, self.size = source, 0, 0

    def write(self, data: Any) -> int:
        self.first = self.first or self._source.read
        self.size += len(data)
        return len(data)


@pytest.mark.parametrize("ending", [*RDF, "csv"])
def test_records_are_written_while_the_store_is_read(delivered: Workspace, ending: str) -> None:
    """So a large dataset needs the memory of one record: real figures are in the README."""
    shelf, size = delivered.shared.shelf, 20_000
    entry = shelf.get(RISKS)
    source = Endless(delivered, entry, size)
    output = Watched(source)
    download.write(source, shelf, entry, ending, Page(), output)  # type: ignore[arg-type]
    assert source.read == size
    assert output.size > size * 20
    assert output.first < size / 10
