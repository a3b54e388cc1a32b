"""Names of things in both languages, and the things that a name means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode
from rapidfuzz import fuzz, process

from kb.errors import Text
from kb.namespaces import RDF_TYPE, RDFS_LABEL, SKOS, graph, xz
from kb.store.protocol import Change, Store, Subject, Term

ALT_LABEL = NamedNode(SKOS + "altLabel")
NOTATION = NamedNode(SKOS + "notation")


@dataclass(frozen=True, slots=True)
class Named:
    """A thing and the name by which it was found."""

    iri: NamedNode
    name: str


class Names:
    """Labels of terms out of a store, remembered until knowledge changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._labels: dict[Term, Text] = {}
        self._members: dict[NamedNode, list[Named]] = {}
        self._by_name: dict[NamedNode, dict[str, dict[NamedNode, None]]] = {}
        store.subscribe(self._forget)

    def label(self, term: Term) -> Text:
        """Return the label of *term* in both languages.

        A literal is its own label. A thing without a label gets the last part of its IRI: it is shown,
        never hidden, and the tests of the ontology forbid it for terms.
        """
        found = self._labels.get(term)
        if found is None:
            found = self._labels[term] = self._read(term)
        return found

    def texts(self, subject: Subject, predicate: NamedNode) -> Text | None:
        """Return the zh and en literals of *predicate*, or ``None`` where there is neither."""
        by_language = {
            quad.object.language: quad.object.value
            for quad in self._store.match(subject, predicate, None)
            if isinstance(quad.object, Literal)
        }
        zh, en = by_language.get("zh"), by_language.get("en")
        if zh is None and en is None:
            plain = by_language.get(None)
            return None if plain is None else Text(plain, plain)
        return Text(zh or en or "", en or zh or "")

    def find(self, text: str, kind: NamedNode) -> list[NamedNode]:
        """Return the members of class *kind* that *text* names: by IRI, label, synonym or code."""
        wanted = text.strip().casefold()
        index = self._by_name.get(kind)
        if index is None:
            index = self._by_name[kind] = {}
            for member in self.members(kind):
                index.setdefault(member.name.casefold(), {})[member.iri] = None
        return list(index.get(wanted, ()))

    def nearest(self, text: str, kind: NamedNode, limit: int = 3) -> list[str]:
        """Return the names of class *kind* most like *text*, best first."""
        return nearest(text, [m.name for m in self.members(kind) if not m.name.startswith("http")], limit)

    def members(self, kind: NamedNode) -> list[Named]:
        """Return the members of class *kind*, once for each of their names; the first one is the IRI."""
        found = self._members.get(kind)
        if found is None:
            found = self._members[kind] = list(self._read_members(kind))
        return found

    def _read_members(self, kind: NamedNode) -> Iterator[Named]:
        members = {q.subject for q in self._store.match(None, RDF_TYPE, kind)}
        for member in sorted((m for m in members if isinstance(m, NamedNode)), key=str):
            yield Named(member, member.value)
            for predicate in (RDFS_LABEL, ALT_LABEL, NOTATION, xz("code")):
                for quad in self._store.match(member, predicate, None):
                    if isinstance(quad.object, Literal):
                        yield Named(member, quad.object.value)

    def _read(self, term: Term) -> Text:
        if isinstance(term, Literal):
            return Text(term.value, term.value)
        if isinstance(term, NamedNode):
            found = self.texts(term, RDFS_LABEL)
            if found is not None:
                return found
            tail = term.value.rstrip("/").replace("#", "/").rsplit("/", 1)[-1]
            return Text(tail, tail)
        return Text(str(term), str(term))

    def _forget(self, change: Change) -> None:
        naming = {RDFS_LABEL, ALT_LABEL, NOTATION, RDF_TYPE, xz("code")}
        if about_incidents(change):
            return
        if any(q.predicate in naming for q in (*change.additions, *change.removals)):
            self._labels.clear()
            self._members.clear()
            self._by_name.clear()


def nearest(text: str, choices: list[str], limit: int = 3) -> list[str]:
    """Return the *choices* most like *text* whatever their case, best first; none where nothing is alike."""
    ranked = process.extract(
        text,
        list(dict.fromkeys(choices)),
        scorer=fuzz.WRatio,
        processor=str.casefold,
        limit=limit,
        score_cutoff=40,
    )
    return [name for name, _, _ in ranked]


def did_you_mean(names: Sequence[str]) -> Text | None:
    """Return the question that repairs an unknown name, or ``None`` where nothing is near."""
    if not names:
        return None
    return Text("是否指：" + "、".join(names), "did you mean " + ", ".join(names) + "?")


_ABOUT_INCIDENTS = tuple(
    str(graph(name)).removesuffix(">")
    for name in (
        "incident/", "response/", "directive/", "timeline/",
        "warning/", "warned/", "warning-state/", "signal/", "candidate/",
    )
)  # fmt: skip


def about_incidents(change: Change) -> bool:
    """Whether *change* touches nothing but what is about incidents, which gives nothing a name."""
    return all(str(name).startswith(_ABOUT_INCIDENTS) for name in change.graphs)
