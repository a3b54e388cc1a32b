"""What the knowledge holds, in words: the content of the first page of the documentation.

Everything is read from the files of knowledge as they are, cities aside: packs, types of incident,
thresholds, modules, facts of a report, rules, and what corresponds in other vocabularies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import cast

import pyoxigraph
from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import Text
from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, RDFS, ROOT, SKOS, XZ, graph, xz
from kb.ontology import files
from kb.ontology.describe import COMPARISONS, Describer
from kb.ontology.entries import Bound, Fact, Item, Kind, Mapping, Module, Pack, Regime, RuleText, Threshold
from kb.ontology.names import ALT_LABEL, Names
from kb.store.protocol import Listener, Store, Subject, Term

SUBCLASS_OF = NamedNode(RDFS + "subClassOf")
DEFINITION = NamedNode(SKOS + "definition")
MAPPINGS = tuple(
    NamedNode(SKOS + name)
    for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
)
NO_RANK = 99
NOTHING = Text("", "")


class Overview:
    """The knowledge in the files below two folders, read once.

    :raises KnowledgeFault: for a file that is not well-formed.
    """

    def __init__(self, ontology: Path, rules: Path) -> None:
        self._ontology, self._rules = ontology, rules
        self._store = _Files(ontology, rules)
        self._names = Names(cast(Store, self._store))
        self._describer = Describer(cast(Store, self._store), self._names)

    @cached_property
    def release(self) -> str:
        """The digest of the files: the identity of the release that is described."""
        return files.digest(self._ontology, self._rules)

    def packs(self) -> list[Pack]:
        """Return the packs, by name."""
        return [
            Pack(
                self._item(pack),
                self._labels(self._objects(pack, "requires")),
                sum(1 for _ in self._store.match(None, RDF_TYPE, xz("IncidentType"), _home(pack))),
            )
            for pack in self._members("Pack")
        ]

    def types(self) -> list[Kind]:
        """Return the types of incident as a tree, the widest first."""
        kinds = set(self._members("IncidentType"))
        return [self._kind(kind, kinds) for kind in sorted(kinds, key=str) if not self._wider(kind) & kinds]

    def regimes(self) -> list[Regime]:
        """Return every regime of grades and warnings with its thresholds, the highest first."""
        return [
            Regime(
                self._item(regime),
                self._labels(self._objects(regime, "appliesTo")),
                self._joined(self._objects(regime, "jurisdiction")),
                self._plain(regime, xz("validFrom")),
                self._plain(regime, xz("validUntil")),
                self._joined(self._terms(regime, DCTERMS_SOURCE)),
                self._plain(regime, xz("evidence")),
                tuple(map(self._threshold, self._criteria(regime))),
            )
            for regime in (*self._members("GradingRegime"), *self._members("WarningRegime"))
        ]

    def modules(self) -> list[Module]:
        """Return the plan modules in the order of their phases."""
        return [
            Module(
                self._item(module),
                self._joined(self._objects(module, "phase")),
                self._labels(self._objects(module, "after")),
                self._joined(self._objects(module, "responsibleFunction")),
                tuple(self._uses(module)),
            )
            for module in sorted(self._members("PlanModule"), key=self._phase_rank)
        ]

    def facts(self) -> list[Fact]:
        """Return what a report may state, in the order of the keys."""
        found = [
            Fact(
                self._item(quad.subject),
                quad.object.value,
                self._text(quad.subject, xz("unit")),
                self._text(quad.subject, xz("question")),
            )
            for quad in self._store.match(None, xz("jsonKey"), None)
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, Literal)
        ]
        return sorted(found, key=lambda fact: fact.key)

    def rules(self) -> dict[str, list[RuleText]]:
        """Return the rules by the folder that they are in."""
        found: dict[str, list[RuleText]] = {}
        for file in files.scan(self._ontology, self._rules):
            if file.graph != graph("rules"):
                continue
            topic = file.path.relative_to(self._rules).parts[0]
            rules = {q.subject for q in file.quads() if q.predicate == RDF_TYPE and q.object == xz("Rule")}
            found.setdefault(topic, []).extend(
                RuleText(
                    self._item(rule),
                    self._text(rule, xz("sentence")),
                    self._joined(self._terms(rule, DCTERMS_SOURCE)),
                )
                for rule in sorted(rules, key=str)
                if isinstance(rule, NamedNode)
            )
        return found

    def alignments(self) -> list[Mapping]:
        """Return every mapping to another vocabulary, by the name of our term."""
        found = [
            Mapping(
                self._describer.text(quad.subject),
                relation.value.removeprefix(SKOS),
                quad.object.value,
                self._describer.text(quad.object) if quad.object.value.startswith(ROOT) else NOTHING,
            )
            for relation in MAPPINGS
            for quad in self._store.match(None, relation, None)
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode)
        ]
        return sorted(found, key=lambda mapping: (mapping.label.en, mapping.target))

    def _kind(self, kind: NamedNode, kinds: set[NamedNode]) -> Kind:
        below = {q.subject for q in self._store.match(None, SUBCLASS_OF, kind)}
        return Kind(
            self._item(kind),
            self._spoken(kind),
            tuple(self._kind(other, kinds) for other in sorted(kinds, key=str) if other in below),
        )

    def _wider(self, kind: NamedNode) -> set[Term]:
        return set(self._terms(kind, SUBCLASS_OF))

    def _spoken(self, kind: NamedNode) -> Text:
        words = [w for w in self._terms(kind, ALT_LABEL) if isinstance(w, Literal)]
        return Text(
            "、".join(w.value for w in words if w.language == "zh"),
            ", ".join(w.value for w in words if w.language == "en"),
        )

    def _criteria(self, regime: NamedNode) -> list[NamedNode]:
        found = {q.subject for q in self._store.match(None, xz("regime"), regime)}
        return sorted(
            (criterion for criterion in found if isinstance(criterion, NamedNode)),
            key=lambda criterion: (min(map(self._rank, self._outcome(criterion))), criterion.value),
        )

    def _outcome(self, criterion: NamedNode) -> list[Term]:
        return [*self._objects(criterion, "setsGrade"), *self._objects(criterion, "setsWarning")]

    def _threshold(self, criterion: NamedNode) -> Threshold:
        return Threshold(
            self._joined(self._outcome(criterion)),
            tuple(bound for c in self._objects(criterion, "condition") for bound in self._bounds(c)),
            self._joined(self._terms(criterion, DCTERMS_SOURCE)),
        )

    def _bounds(self, condition: Term) -> Iterator[Bound]:
        if not isinstance(condition, NamedNode):
            return
        for measure in self._objects(condition, "measure"):
            for name, sign in COMPARISONS.items():
                for value in self._objects(condition, name):
                    unit = self._text(measure, xz("unit")) if isinstance(measure, NamedNode) else NOTHING
                    yield Bound(self._describer.text(measure), sign, self._describer.text(value), unit)

    def _uses(self, module: NamedNode) -> Iterator[Text]:
        uses = {q.subject for q in self._store.match(None, xz("module"), module)}
        for use in sorted((u for u in uses if isinstance(u, NamedNode)), key=str):
            types = self._joined(self._objects(use, "appliesTo"))
            conditions = self._joined(self._objects(use, "condition"), " 且 ", " and ")
            if conditions.zh:
                yield Text(f"{types.zh}（{conditions.zh}）", f"{types.en} ({conditions.en})")
            else:
                yield types

    def _phase_rank(self, module: NamedNode) -> tuple[int, str]:
        return min((self._rank(phase) for phase in self._objects(module, "phase")), default=NO_RANK), str(
            module
        )

    def _rank(self, term: Term) -> int:
        ranks = [t.value for t in self._objects(term, "rank") if isinstance(t, Literal)]
        return int(ranks[0]) if ranks else NO_RANK

    def _members(self, name: str) -> list[NamedNode]:
        found = {q.subject for q in self._store.match(None, RDF_TYPE, xz(name))}
        return sorted((member for member in found if isinstance(member, NamedNode)), key=str)

    def _item(self, iri: NamedNode) -> Item:
        fragment = iri.value.removeprefix(XZ) if iri.value.startswith(XZ) else ""
        return Item(iri.value, self._names.label(iri), self._text(iri, DEFINITION), fragment)

    def _text(self, subject: NamedNode, predicate: NamedNode) -> Text:
        return self._names.texts(subject, predicate) or NOTHING

    def _plain(self, subject: NamedNode, predicate: NamedNode) -> str:
        return next((t.value for t in self._terms(subject, predicate) if isinstance(t, Literal)), "")

    def _labels(self, terms: Iterable[Term]) -> tuple[Text, ...]:
        return tuple(self._describer.text(term) for term in terms)

    def _joined(self, terms: Iterable[Term], zh: str = "、", en: str = ", ") -> Text:
        labels = self._labels(terms)
        return Text(zh.join(label.zh for label in labels), en.join(label.en for label in labels))

    def _objects(self, subject: Term, name: str) -> list[Term]:
        return self._terms(subject, xz(name)) if isinstance(subject, NamedNode) else []

    def _terms(self, subject: NamedNode, predicate: NamedNode) -> list[Term]:
        return sorted({quad.object for quad in self._store.match(subject, predicate, None)}, key=str)


class _Files:
    """The files of knowledge as far as names and descriptions need a store: read, never changed."""

    def __init__(self, ontology: Path, rules: Path) -> None:
        self._quads = pyoxigraph.Store()
        for file in files.scan(ontology, rules):
            self._quads.extend(file.quads())

    def match(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None = None
    ) -> Iterator[Quad]:
        """Return the quads that fit."""
        return self._quads.quads_for_pattern(s, p, o, graph)

    def subscribe(self, listener: Listener) -> None:
        """Do nothing: files do not change while they are described."""


def _home(pack: NamedNode) -> NamedNode:
    return graph("knowledge/" + pack.value.rsplit("/", 1)[-1])
