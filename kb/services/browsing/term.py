"""One term of the knowledge in words: what is said of it, who speaks of it, which rules and cases use it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import NotFound, Text
from kb.namespaces import DCTERMS_SOURCE, OWL, RDF_TYPE, RDFS, RDFS_LABEL, ROOT, SKOS
from kb.ontology.names import ALT_LABEL, NOTATION
from kb.services.browsing.library import Library, open_graphs
from kb.services.browsing.rules import named_in
from kb.services.cases import Case
from kb.srl.syntax import Rule
from kb.store.protocol import Term

DEFINITION = NamedNode(SKOS + "definition")
DOMAIN = NamedNode(RDFS + "domain")
OWN = {RDF_TYPE, RDFS_LABEL, ALT_LABEL, NOTATION, DEFINITION, DCTERMS_SOURCE}
"""Predicates that have a place of their own on the page."""
RESPONSES = f"{ROOT}graph/response/"
FOREIGN = {
    NamedNode(namespace + name): label
    for namespace, name, label in (
        (RDFS, "subClassOf", Text("上位类", "subclass of")),
        (RDFS, "subPropertyOf", Text("上位属性", "subproperty of")),
        (RDFS, "domain", Text("说明的对象", "said of")),
        (RDFS, "range", Text("取值", "values")),
        (OWL, "disjointWith", Text("互斥", "disjoint with")),
        (OWL, "inverseOf", Text("互逆", "inverse of")),
        (SKOS, "exactMatch", Text("完全对应", "exact match")),
        (SKOS, "closeMatch", Text("近似对应", "close match")),
        (SKOS, "broadMatch", Text("对应更宽的", "broader match")),
        (SKOS, "narrowMatch", Text("对应更窄的", "narrower match")),
        (SKOS, "relatedMatch", Text("相关", "related match")),
        (SKOS, "inScheme", Text("所属体系", "in scheme")),
        (SKOS, "note", Text("注", "note")),
        (RDFS, "comment", Text("说明", "comment")),
        (RDFS, "seeAlso", Text("另见", "see also")),
    )
}
"""Properties of W3C vocabularies, which bring no Chinese label."""
MOST = 40
"""Things of a list; what is beyond is counted."""
RECENT = 8
"""Incidents in which a term was concluded."""


@dataclass(frozen=True, slots=True)
class Link:
    """A thing that is spoken of: its words, and its IRI if there is a page about it."""

    label: Text
    iri: str = ""


@dataclass(slots=True)
class Relation:
    """What a term is related to by one property: the first so many, and how many in all."""

    label: Text
    links: list[Link] = field(default_factory=list)
    total: int = 0

    def add(self, link: Link) -> None:
        """Count *link*, and keep it while there are few."""
        self.total += 1
        if len(self.links) < MOST:
            self.links.append(link)


@dataclass(slots=True)
class About:
    """Everything that the page of a term shows."""

    iri: str
    label: Text
    definition: Text | None
    kinds: list[Link]
    spoken: Text
    codes: list[str]
    pack: str
    file: str
    line: int
    clauses: list[Link]
    relations: list[Relation]
    named_by: list[Relation]
    rules: list[Link]
    readers: list[Link]
    cases: list[Case]
    case_total: int
    incidents: list[str]


def about(library: Library, iri: str, *, incidents: bool = False) -> About:
    """Return what is known of the term *iri*.

    :param incidents: tell in which incidents it was concluded, too; whoever may not see these is not told.
    :raises NotFound: ``knowledge.term``: there is no such term.
    """
    node = _node(iri)
    entry = library.index.entry(node) if node is not None else None
    if node is None or entry is None:
        raise NotFound.of(
            "knowledge.term", "知识中没有这个术语", "the knowledge has no such term", where=iri[:200]
        )
    names, store = library.workspace.names, library.workspace.store
    place = library.place(iri)
    open_ = _open(library)
    said = [quad for quad in store.match(node, None, None) if quad.graph_name in open_]
    cases = _cases(library, node)
    own_rules = named_in(library, {node})
    return About(
        iri=iri,
        label=entry.label,
        definition=names.texts(node, DEFINITION),
        kinds=[Link(library.index.kind_label(kind), kind.value) for kind in entry.kinds],
        spoken=_spoken(quad.object for quad in said if quad.predicate == ALT_LABEL),
        codes=sorted(
            {q.object.value for q in said if q.predicate == NOTATION and isinstance(q.object, Literal)}
        ),
        pack=entry.pack,
        file=library.path(place.path) if place else "",
        line=place.line if place else 0,
        clauses=[_link(library, quad.object) for quad in said if quad.predicate == DCTERMS_SOURCE],
        relations=_relations(library, node, said),
        named_by=_named_by(library, node),
        rules=[rule_link(library, rule) for rule in own_rules],
        readers=[rule_link(library, r) for r in _readers(library, entry.kinds, said) if r not in own_rules],
        cases=cases[:MOST],
        case_total=len(cases),
        incidents=_incidents(library, node) if incidents else [],
    )


def rule_link(library: Library, rule: Rule) -> Link:
    """Return *rule* as a thing with a page."""
    assert rule.iri is not None
    return Link(library.workspace.names.label(rule.iri), rule.iri.value)


def _node(iri: str) -> NamedNode | None:
    try:
        return NamedNode(iri)
    except ValueError:
        return None


def _open(library: Library) -> frozenset[NamedNode]:
    return frozenset(open_graphs(library.workspace))


def _link(library: Library, term: Term) -> Link:
    label = library.workspace.describer.text(term)
    known = isinstance(term, NamedNode) and library.index.entry(term) is not None
    return Link(label, term.value if known and isinstance(term, NamedNode) else "")


def _relations(library: Library, node: NamedNode, said: Iterable[Quad]) -> list[Relation]:
    found: dict[NamedNode, Relation] = {}
    names = library.workspace.names
    for predicate, value in sorted(
        {(q.predicate, q.object) for q in said if q.predicate not in OWN}, key=str
    ):
        if not isinstance(value, NamedNode | Literal):
            continue  # a blank node has no words
        if isinstance(value, Literal) and value.language:
            text = names.texts(node, predicate)
            if predicate not in found and text is not None:
                found.setdefault(predicate, Relation(_property(library, predicate))).add(Link(text))
        else:
            found.setdefault(predicate, Relation(_property(library, predicate))).add(_link(library, value))
    return sorted(found.values(), key=lambda relation: relation.label.en)


def _property(library: Library, predicate: NamedNode) -> Text:
    return FOREIGN.get(predicate) or library.workspace.names.label(predicate)


def _named_by(library: Library, node: NamedNode) -> list[Relation]:
    """Return what speaks of *node*, by the property that does and the kind of the things that do."""
    found: dict[tuple[NamedNode, NamedNode], Relation] = {}
    index, open_ = library.index, _open(library)
    subjects = {
        (quad.predicate, quad.subject)
        for quad in library.workspace.store.match(None, None, node)
        if quad.graph_name in open_ and isinstance(quad.subject, NamedNode) and quad.predicate != RDF_TYPE
    }
    for predicate, subject in sorted(subjects, key=str):
        entry = index.entry(subject)
        if entry is None:
            continue
        key = (entry.kinds[0], predicate)
        if key not in found:
            kind, relation = index.kind_label(entry.kinds[0]), _property(library, predicate)
            found[key] = Relation(Text(f"{kind.zh}（{relation.zh}）", f"{kind.en} ({relation.en})"))
        found[key].add(Link(entry.label, entry.iri.value))
    return sorted(found.values(), key=lambda relation: relation.label.en)


def _readers(library: Library, kinds: Iterable[NamedNode], said: Iterable[Quad]) -> list[Rule]:
    """Return the rules that read records of the *kinds*: by properties that only such records have."""
    store, own = library.workspace.store, set(kinds)
    special = {
        quad.predicate
        for quad in said
        if any(domain.object in own for domain in store.match(quad.predicate, DOMAIN, None))
    }
    return named_in(library, special | own)


def _spoken(terms: Iterable[Term]) -> Text:
    words = [term for term in terms if isinstance(term, Literal)]
    zh, en = (sorted(word.value for word in words if word.language == lang) for lang in ("zh", "en"))
    return Text("、".join(zh), ", ".join(en))


def _cases(library: Library, node: NamedNode) -> list[Case]:
    """Return the cases in which *node* is given, expected or must be absent, by one of its names."""
    workspace = library.workspace
    tail = node.value.removeprefix(f"{ROOT}kb/")
    meant = {node.value, tail} | {
        quad.object.value
        for predicate in (RDFS_LABEL, ALT_LABEL, NOTATION)
        for quad in workspace.store.match(node, predicate, None)
        if isinstance(quad.object, Literal)
    }
    return [case for case in library.cases() if not meant.isdisjoint(_values(case))]


def _values(case: Case) -> Iterable[str]:
    for value in case.given.values():
        yield from (str(one) for one in (value if isinstance(value, list) else [value]))
    for values in (*case.expect.values(), *case.absent.values()):
        yield from values


def _incidents(library: Library, node: NamedNode) -> list[str]:
    """Return the newest incidents whose response says something of *node*."""
    found = {
        quad.graph_name.value.removeprefix(RESPONSES)
        for quad in library.workspace.store.match(None, None, node)
        if isinstance(quad.graph_name, NamedNode) and quad.graph_name.value.startswith(RESPONSES)
    }
    return sorted(found, reverse=True)[:RECENT]
