"""Notes of reviewers on a release, each linked to the rule or term that it concerns; only ever added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import InputError
from kb.namespaces import DCTERMS, PROV, RDF_TYPE, ROOT, XSD, xz
from kb.services.releases.life import GRAPH, Release, now
from kb.store.protocol import Change, Store

MAX_NOTE = 2_000
"""Characters of a note."""
DESCRIPTION, AT_TIME = NamedNode(DCTERMS + "description"), NamedNode(PROV + "atTime")


@dataclass(frozen=True, slots=True)
class Note:
    """What *actor* said of *about* (a rule or a term; ``None``: of all of it) in reviewing a release."""

    release: str
    actor: str
    at: datetime
    text: str
    about: NamedNode | None


def add(store: Store, release: Release, text: str, by: str, about: NamedNode | None = None) -> Note:
    """Write a note of *by* on *release*.

    :raises InputError: ``release.note``: it is empty or too long.
    """
    text = text.strip()
    if not text or len(text) > MAX_NOTE:
        raise InputError.of(
            "release.note",
            f"意见不能为空，也不超过 {MAX_NOTE} 字",
            f"a note is not empty and has at most {MAX_NOTE} characters",
            where="text",
        )
    note = Note(release.digest, by, now(), text, about)
    number = sum(1 for _ in store.match(None, RDF_TYPE, xz("ReviewNote"), GRAPH)) + 1
    node = NamedNode(f"{ROOT}release-note/{number}")
    quads = [
        Quad(node, RDF_TYPE, xz("ReviewNote"), GRAPH),
        Quad(node, xz("noteOn"), NamedNode(f"{ROOT}release/{release.digest}"), GRAPH),
        Quad(node, xz("actor"), Literal(by), GRAPH),
        Quad(node, AT_TIME, Literal(note.at.isoformat(), datatype=NamedNode(XSD + "dateTime")), GRAPH),
        Quad(node, DESCRIPTION, Literal(text), GRAPH),
    ]
    if about is not None:
        quads.append(Quad(node, xz("concerns"), about, GRAPH))
    store.commit(Change(quads), actor=by, action="release note", reason=release.id)
    return note


def of_release(store: Store, release: Release) -> list[Note]:
    """Return the notes on *release*, the oldest first."""
    node = NamedNode(f"{ROOT}release/{release.digest}")
    return sorted(_read(store, store.match(None, xz("noteOn"), node, GRAPH)), key=lambda note: note.at)


def about(store: Store, term: NamedNode) -> list[Note]:
    """Return the notes that concern *term*, whatever release they were made on, the oldest first."""
    return sorted(_read(store, store.match(None, xz("concerns"), term, GRAPH)), key=lambda note: note.at)


def _read(store: Store, found: Iterator[Quad]) -> Iterator[Note]:
    for node in [quad.subject for quad in found if isinstance(quad.subject, NamedNode)]:
        said = {quad.predicate: quad.object for quad in store.match(node, None, None, GRAPH)}
        concerns, release = said.get(xz("concerns")), said[xz("noteOn")]
        texts = {key: value.value for key, value in said.items() if isinstance(value, Literal)}
        assert isinstance(release, NamedNode)
        yield Note(
            release.value.rsplit("/", 1)[-1],
            texts[xz("actor")],
            datetime.fromisoformat(texts[AT_TIME]),
            texts[DESCRIPTION],
            concerns if isinstance(concerns, NamedNode) else None,
        )
