"""Search over the knowledge by what things are called: labels, synonyms, codes, and the words of records."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode
from rapidfuzz import fuzz, process

from kb.errors import Text
from kb.namespaces import OWL, RDF_TYPE, RDFS_LABEL, XZ, graph, xz
from kb.ontology.describe import ARROW
from kb.ontology.names import ALT_LABEL, NOTATION, about_incidents
from kb.services import loading
from kb.services.workspace import Workspace
from kb.store.protocol import Change

WORDS = (RDFS_LABEL, ALT_LABEL, NOTATION, xz("code"))
OUTCOMES = (xz("setsGrade"), xz("setsWarning"))
PACKS, CITIES = graph("knowledge/").value, graph("city/").value
BODIES = (xz("Department"), xz("Government"), xz("Headquarters"))
"""Of a city, what answers incidents is found; its grids, streets and posts are not knowledge."""
CLASS, PROPERTY = NamedNode(OWL + "Class"), NamedNode(OWL + "ObjectProperty")
VOCABULARY = {CLASS: Text("类", "class")} | {
    NamedNode(OWL + name): Text("属性", "property")
    for name in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty")
}
LIKE = 60
"""From this likeness on (of 100) a name counts as meant, where nothing has the words that were typed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing that can be found: what it is, what it is called, and the pack or city that it is from."""

    iri: NamedNode
    kinds: tuple[NamedNode, ...]
    label: Text
    words: tuple[str, ...]
    pack: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing, and how many there are."""

    iri: NamedNode
    label: Text
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """The best matches, best first; how many there are in all; *alike*: by likeness alone."""

    entries: tuple[Entry, ...]
    total: int
    alike: bool = False


class Index:
    """The names of everything in the knowledge, read when first asked and again after a change."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._entries: dict[NamedNode, Entry] = {}
        workspace.store.subscribe(self._forget)

    def entry(self, iri: NamedNode) -> Entry | None:
        """Return the entry of *iri*."""
        return self._all().get(iri)

    def kinds(self) -> list[Kind]:
        """Return the kinds of things there are, the most frequent first."""
        counts = Counter(kind for entry in self._all().values() for kind in entry.kinds)
        return [Kind(kind, self.kind_label(kind), count) for kind, count in counts.most_common()]

    def packs(self) -> dict[str, int]:
        """Return the packs with the number of their things."""
        return dict(sorted(Counter(entry.pack for entry in self._all().values() if entry.pack).items()))

    def kind_label(self, kind: NamedNode) -> Text:
        """Return what a kind of things is called."""
        return VOCABULARY.get(kind) or self._workspace.names.label(kind)

    def search(self, text: str, *, kind: str = "", pack: str = "", limit: int = 60) -> Found:
        """Return the things that *text* names, of one *kind* (an IRI) and *pack* where these are given.

        A name that is the text comes first, then one that begins with it, then one that contains it or all of
        its words. Without text, everything of the kind or pack, by name.
        """
        wanted = text.strip().casefold()
        among = [
            entry
            for entry in self._all().values()
            if (not kind or any(k.value == kind for k in entry.kinds)) and (not pack or entry.pack == pack)
        ]
        if not wanted:
            among.sort(key=lambda entry: (entry.label.en.casefold(), entry.iri.value))
            return Found(tuple(among[:limit]), len(among))
        parts = wanted.split()
        ranked = [(rank, entry) for entry in among if (rank := _rank(entry, wanted, parts)) is not None]
        if ranked:
            ranked.sort(key=lambda pair: (pair[0], len(pair[1].label.zh), pair[1].iri.value))
            return Found(tuple(entry for _, entry in ranked[:limit]), len(ranked))
        return _alike(wanted, among, limit)

    def _all(self) -> dict[NamedNode, Entry]:
        with self._lock:
            if not self._entries:
                self._entries = {entry.iri: entry for entry in self._read()}
            return self._entries

    def _read(self) -> Iterator[Entry]:
        store, describer = self._workspace.store, self._workspace.describer
        kinds: dict[NamedNode, dict[NamedNode, None]] = {}
        packs: dict[NamedNode, str] = {}
        for name in store.graphs():
            city = name.value.startswith(CITIES)
            if not city and not loading.is_knowledge(name):
                continue
            wanted: Iterable[NamedNode | None] = BODIES if city else (None,)
            for kind in wanted:
                for quad in store.match(None, RDF_TYPE, kind, name):
                    if not isinstance(quad.subject, NamedNode) or not isinstance(quad.object, NamedNode):
                        continue
                    if quad.object in VOCABULARY or quad.object.value.startswith(XZ):
                        kinds.setdefault(quad.subject, {})[quad.object] = None
                        if city or name.value.startswith(PACKS):
                            packs.setdefault(quad.subject, name.value.rsplit("/", 1)[-1])
        for iri, found in kinds.items():
            own = tuple(kind for kind in found if kind not in VOCABULARY) or tuple(found)[:1]
            label = describer.text(iri)
            for outcome in OUTCOMES:
                for quad in store.match(iri, outcome, None):
                    after = describer.text(quad.object)
                    label = Text(label.zh + ARROW + after.zh, label.en + ARROW + after.en)
            words = {label.zh, label.en} | {
                quad.object.value
                for predicate in WORDS
                for quad in store.match(iri, predicate, None)
                if isinstance(quad.object, Literal)
            }
            yield Entry(iri, own, label, tuple(word.casefold() for word in words), packs.get(iri, ""))

    def _forget(self, change: Change) -> None:
        if not about_incidents(change):
            self._entries = {}


def _rank(entry: Entry, wanted: str, parts: list[str]) -> int | None:
    if wanted in entry.words:
        return 0
    if any(word.startswith(wanted) for word in entry.words):
        return 1
    if any(wanted in word for word in entry.words):
        return 2
    if len(parts) > 1 and all(any(part in word for word in entry.words) for part in parts):
        return 3
    return None


def _alike(wanted: str, among: list[Entry], limit: int) -> Found:
    names: dict[str, dict[NamedNode, Entry]] = {}
    for entry in among:
        for word in entry.words:
            names.setdefault(word, {})[entry.iri] = entry
    near = process.extract(wanted, list(names), scorer=fuzz.ratio, limit=limit, score_cutoff=LIKE)
    entries = {iri: entry for word, _, _ in near for iri, entry in names[word].items()}
    return Found(tuple(entries.values())[:limit], len(entries), alike=True)
