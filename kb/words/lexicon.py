"""What the ontology says of words, and one automaton that finds all of them in a text.

Types of incident and substances are found by label, synonym and ``skos:hiddenLabel``; a cue (``xz:Cue``)
says by which words a fact is told, a group (``xz:WordGroup``) which words change what is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ahocorasick_rs import AhoCorasick, MatchKind
from pyoxigraph import Literal, NamedNode

from kb.namespaces import RDF_TYPE, RDFS, RDFS_LABEL, ROOT, SKOS, xz
from kb.store.protocol import Store
from kb.words.text import Span, Spans

TYPE, SUBSTANCE, CUE, GROUP = xz("IncidentType"), xz("Substance"), xz("Cue"), xz("WordGroup")
ANY = xz("Incident")
NAMING = (RDFS_LABEL, NamedNode(SKOS + "altLabel"), NamedNode(SKOS + "hiddenLabel"))
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cue:
    """How one fact is told: see ``ontology/words.ttl`` for what each part means."""

    property: NamedNode
    after: frozenset[str]
    before: frozenset[str]
    none: frozenset[str]
    counted: frozenset[str]
    reach: int
    across: bool
    only_with: frozenset[str]
    overrules: frozenset[NamedNode]
    sum_of: frozenset[NamedNode]


class Matcher:
    """Finds many words in a text at once: the longest where several begin, none within another."""

    def __init__(self, words: Iterable[str], *, overlapping: bool = False) -> None:
        self._words = sorted(set(words) - {""})
        kind = MatchKind.Standard if overlapping else MatchKind.LeftmostLongest
        self._automaton = AhoCorasick(self._words, matchkind=kind)
        self._overlapping = overlapping

    def find(self, text: str) -> Iterator[tuple[str, Span]]:
        """Yield the words of *text* and where they stand, in its order."""
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=self._overlapping):
            yield self._words[index], Span(start, end)


class Lexicon:
    """The words of one store, read once; a new one is made when knowledge changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wider: dict[NamedNode, frozenset[NamedNode]] = {}
        self.types = self._named(TYPE, without=ANY)
        self.substances = self._named(SUBSTANCE)
        self.cues = [self._cue(cue) for cue in self._members(CUE)]
        self.groups = {group: self._said(group, xz("word")) for group in self._members(GROUP)}
        self.parents = {
            quad.subject: quad.object
            for quad in store.match(None, NamedNode(RDFS + "subClassOf"), None)
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode)
        }
        self.of_types = Matcher(self.types)
        self.of_substances = Matcher(self.substances)
        self.of_cues = Matcher(word for cue in self.cues for word in cue.after | cue.before | cue.none)
        self._of_groups = {group: Matcher(words) for group, words in self.groups.items() if words}

    def group(self, name: str, text: str) -> Spans:
        """Return where words of the group *name* stand in *text*."""
        matcher = self._of_groups.get(NamedNode(f"{ROOT}kb/words/{name}"))
        return Spans(() if matcher is None else (span for _, span in matcher.find(text)))

    def groups_of(self, name: str) -> frozenset[str]:
        """Return the words of the group *name*."""
        return self.groups.get(NamedNode(f"{ROOT}kb/words/{name}"), frozenset())

    def above(self, type_: NamedNode) -> Iterator[NamedNode]:
        """Yield the types that hold *type_*, the nearest first."""
        seen = {type_}
        while (outer := self.parents.get(type_)) is not None and outer not in seen:
            yield outer
            seen.add(outer)
            type_ = outer

    def wider(self, type_: NamedNode) -> frozenset[NamedNode]:
        """Return the types whose evidence supports *type_*: those above it, and those that its label ends
        with.

        A forest fire is no fire accident in law, yet whoever says fire may mean it.
        """
        found = self._wider.get(type_)
        if found is None:
            labels = self._said(type_, RDFS_LABEL)
            ends = (label[cut:] for label in labels for cut in range(1, len(label) - 1))
            named = (wider for end in ends for wider in self.types.get(end, ()))
            found = self._wider[type_] = frozenset((*self.above(type_), *named)) - {type_}
        return found

    def _named(self, kind: NamedNode, *, without: NamedNode | None = None) -> dict[str, list[NamedNode]]:
        found: dict[str, list[NamedNode]] = {}
        for member in self._members(kind):
            if member != without:
                for predicate in NAMING:
                    for word in self._said(member, predicate):
                        found.setdefault(word, []).append(member)
        return found

    def _members(self, kind: NamedNode) -> list[NamedNode]:
        members = {quad.subject for quad in self._store.match(None, RDF_TYPE, kind)}
        return sorted((m for m in members if isinstance(m, NamedNode)), key=str)

    def _said(self, subject: NamedNode, predicate: NamedNode) -> frozenset[str]:
        values = (quad.object for quad in self._store.match(subject, predicate, None))
        return frozenset(v.value for v in values if isinstance(v, Literal) and v.language == "zh")

    def _cue(self, cue: NamedNode) -> Cue:
        def one(predicate: NamedNode) -> NamedNode | Literal | None:
            values = (quad.object for quad in self._store.match(cue, predicate, None))
            return next((v for v in values if isinstance(v, NamedNode | Literal)), None)

        about, reach, across = one(xz("cueOf")), one(xz("reach")), one(xz("acrossCommas"))
        assert isinstance(about, NamedNode), f"{cue} needs xz:cueOf"
        assert isinstance(reach, Literal), f"{cue} needs xz:reach"
        return Cue(
            about,
            self._said(cue, xz("afterNumber")),
            self._said(cue, xz("beforeNumber")),
            self._said(cue, xz("noneOf")),
            self._said(cue, xz("countedIn")),
            int(reach.value),
            isinstance(across, Literal) and across.value == "true",
            self._said(cue, xz("onlyWith")),
            self._things(cue, xz("overrules")),
            self._things(cue, xz("sumOf")),
        )

    def _things(self, subject: NamedNode, predicate: NamedNode) -> frozenset[NamedNode]:
        values = (quad.object for quad in self._store.match(subject, predicate, None))
        return frozenset(v for v in values if isinstance(v, NamedNode))
