"""What one may ask "why not" about: the conclusions that rules could draw about an incident, by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyoxigraph import Literal, NamedNode, Triple

from kb.errors import InputError, NotFound, Text
from kb.inference.program import INCIDENT
from kb.namespaces import RDFS, RDFS_LABEL, ROOT
from kb.ontology.names import did_you_mean, nearest
from kb.services.explaining import names_of
from kb.services.incident import WORKING, recall
from kb.services.views import View
from kb.services.whatif import QUESTIONS
from kb.services.workspace import Workspace
from kb.srl.syntax import Term

RANGE, SUBCLASS = NamedNode(RDFS + "range"), NamedNode(RDFS + "subClassOf")
THIS = ("this", "本事件")
"""How the incident itself may be named in a triple."""
FEW = 40
"""Classes with so few members are suggested as a whole."""


def suggestions(workspace: Workspace, identifier: str) -> list[Text]:
    """Return what one may ask about and was not concluded: modules, grades, levels and bodies at the place.

    :raises NotFound: there is no such incident.
    """
    view = View.of(workspace, recall(workspace, identifier))
    derivation, result = view.answer.derivation, dict[NamedNode, None]()
    seen = {triple.object for triple in derivation}
    for predicate in _relations(view):
        if predicate in QUESTIONS:
            continue
        concluded = set(derivation.objects(view.answer.incident, predicate))
        for class_ in _classes(view, predicate):
            members = dict.fromkeys(member.iri for member in view.names.members(class_))
            # Bodies of other cities and plans of other things are many; those at the place were met.
            few = len(members) <= FEW
            result |= dict.fromkeys(m for m in members if m not in concluded and (few or m in seen))
    texts = (view.names.texts(term, RDFS_LABEL) for term in result)
    return list(dict.fromkeys(text for text in texts if text is not None))


def _relations(view: View) -> list[NamedNode]:
    """Return the relations of the incident that rules conclude and a response shows."""
    predicates = dict.fromkeys(
        head.predicate
        for rule in view.rules
        for head in rule.head
        if head.subject == INCIDENT and isinstance(head.predicate, NamedNode)
    )
    source = view.workspace.engine.source
    return [p for p in predicates if isinstance(p, NamedNode) and not source.values(p, WORKING)]


def _classes(view: View, relation: NamedNode) -> list[NamedNode]:
    """Return the classes whose members *relation* may have as value, the widest first."""
    found = [term for term in view.audience.source.values(relation, RANGE) if isinstance(term, NamedNode)]
    for class_ in found:
        narrower = (quad.subject for quad in view.store.match(None, SUBCLASS, class_))
        found += [term for term in narrower if isinstance(term, NamedNode) and term not in found]
    return found


def wanted(view: View, target: str, relation: str | None) -> list[Triple]:
    """Return the conclusions that *target* may mean, one for each relation in which it could stand.

    :raises NotFound: there is no such target or relation; the nearest ones are named.
    """
    relations = _relations(view)
    if relation is not None:
        relations = [_relation(view, relation, relations)]
    found = [
        (Triple(view.answer.incident, predicate, term), direct)
        for predicate in relations
        for term, direct in _members(view, target, predicate)
    ]
    if not found:
        names = [
            member.name
            for predicate in relations
            for class_ in _classes(view, predicate)
            for member in view.names.members(class_)
            if not member.name.startswith("http")
        ]
        near = nearest(target, names)
        raise NotFound.of(
            "target.unknown",
            f"没有“{target}”这样的结论可问",
            f"“{target}” is nothing that could be concluded",
            where=view.answer.id,
            repair=did_you_mean(near),
        )
    # A department could be any body; what is meant are the relations that departments have.
    return [triple for triple, direct in found if direct] or [triple for triple, _ in found]


def _members(view: View, target: str, relation: NamedNode) -> list[tuple[NamedNode, bool]]:
    """Return what *target* may mean as a value of *relation*; of several, one that rules already met.

    With it stands whether it is a member of the very class that the relation ranges over.
    """
    short = target.strip()
    ranges = view.audience.source.values(relation, RANGE)
    found: dict[NamedNode, bool] = {}
    for class_ in _classes(view, relation):
        for text in (short, f"{ROOT}kb/{short}"):
            for iri in view.names.find(text, class_):
                found[iri] = found.get(iri, False) or class_ in ranges
    met = {triple.object for triple in view.shown.derivation}
    return sorted(found.items(), key=lambda item: item[0] not in met)[:1]


def _relation(view: View, text: str, relations: Iterable[NamedNode]) -> NamedNode:
    key = text.strip().casefold()
    for relation in relations:
        if key in names_of(view, relation):
            return relation
    labels = [view.describer.text(relation) for relation in relations]
    near = nearest(text, [label.zh for label in labels] + [label.en for label in labels])
    raise NotFound.of(
        "relation.unknown",
        f"没有“{text}”这种关系",
        f"there is no relation “{text}”",
        where=view.answer.id,
        repair=did_you_mean(near),
    )


def named_triple(view: View, texts: Sequence[str]) -> Triple:
    """Return the triple of which *texts* name the parts, by label or IRI.

    :raises InputError: these are no three parts, or one of them is unknown.
    """
    if len(texts) != 3:
        raise InputError.of("triple.parts", "三元组须有三部分", "a triple has three parts")
    subject, predicate, object_ = texts
    heads = (head.predicate for rule in view.rules for head in rule.head)
    relation = _relation(view, predicate, dict.fromkeys(p for p in heads if isinstance(p, NamedNode)))
    return Triple(_subject(view, subject), relation, _object(view, object_, relation))


def _subject(view: View, text: str) -> NamedNode:
    if text in THIS or text in (view.answer.id, view.answer.incident.value):
        return view.answer.incident
    return _iri(view, text)


def _object(view: View, text: str, relation: NamedNode) -> Term:
    found = _members(view, text, relation)
    return found[0][0] if found else _iri(view, text)


def _iri(view: View, text: str) -> NamedNode:
    """Return the thing with the IRI or the label *text*."""
    try:
        if ":" in text and any(True for _ in view.store.match(NamedNode(text), None, None)):
            return NamedNode(text)
    except ValueError:
        pass  # no IRI
    for lang in ("zh", "en"):
        for quad in view.store.match(None, RDFS_LABEL, Literal(text, language=lang)):
            if isinstance(quad.subject, NamedNode):
                return quad.subject
    raise NotFound.of("term.unknown", f"没有“{text}”", f"there is no “{text}”", where=view.answer.id)
