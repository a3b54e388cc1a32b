"""Which function has which duties in which type of incident, and where.

As the rules have it (``rules/departments``): a duty applies to the subtypes of its types too, unless a type
is exempt from it; of the duties of a role that heads the response the most specific counts. Conditions of
duties are not asked: a duty that may come to apply makes people work together as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pyoxigraph import Literal, NamedNode

from kb.errors import Text
from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, RDFS, xz
from kb.network.bodies import Bodies, Body
from kb.store.protocol import Store, Term

SUBCLASS = NamedNode(RDFS + "subClassOf")


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty of a function in types of incident, in an area, for a time."""

    iri: NamedNode
    function: NamedNode
    role: NamedNode
    heads: bool
    """Whether its role answers for the whole response."""
    task: Text
    types: frozenset[NamedNode]
    jurisdictions: frozenset[NamedNode]
    clauses: tuple[NamedNode, ...]
    evidence: str


class Remit:
    """The duties of one area: by type of incident, and by function.

    *wider* holds for each type itself and every type that is wider.
    """

    def __init__(
        self,
        duties: list[Duty],
        wider: Mapping[NamedNode, frozenset[NamedNode]],
        exempt: Mapping[NamedNode, frozenset[NamedNode]],
    ) -> None:
        self.leads: dict[NamedNode, tuple[Duty, ...]] = {}
        self.others: dict[NamedNode, tuple[Duty, ...]] = {}
        self._types: dict[NamedNode, set[NamedNode]] = defaultdict(set)
        for type_, around in sorted(wider.items(), key=lambda item: item[0].value):
            freed = frozenset().union(*(exempt.get(one, frozenset()) for one in around))
            here = [duty for duty in duties if duty.types & around and duty.iri not in freed]
            self.leads[type_] = tuple(_most_specific([d for d in here if d.heads], around, wider))
            self.others[type_] = tuple(duty for duty in here if not duty.heads)
            for duty in self.of(type_):
                self._types[duty.function].add(type_)

    def of(self, type_: NamedNode) -> tuple[Duty, ...]:
        """Return the duties in incidents of *type_*, those that head the response first."""
        return self.leads[type_] + self.others[type_]

    def types(self, *functions: NamedNode) -> frozenset[NamedNode]:
        """Return the types in which some of *functions* has a duty."""
        return frozenset().union(*(self._types.get(one, set()) for one in functions))

    def borne(self, function: NamedNode) -> list[Duty]:
        """Return the duties of *function*, each once."""
        found = (d for t in sorted(self.types(function), key=str) for d in self.of(t))
        return list(dict.fromkeys(duty for duty in found if duty.function == function))


class Duties:
    """The duties in *store* that are in force on *day*."""

    def __init__(self, store: Store, day: date) -> None:
        heads: set[Term] = {
            quad.subject
            for quad in store.match(None, xz("headsResponse"), None)
            if isinstance(quad.object, Literal) and quad.object.value == "true"
        }
        self._duties = sorted(
            (
                duty
                for quad in store.match(None, RDF_TYPE, xz("Duty"))
                if isinstance(quad.subject, NamedNode)
                and (duty := _duty(store, quad.subject, heads, day.isoformat())) is not None
            ),
            key=lambda duty: duty.iri.value,
        )
        self._wider = _hierarchy(store)
        self._lead_tiers = {quad.object for quad in store.match(None, xz("leadTier"), None)}
        self._exempt = {
            type_: frozenset(o for o in _values(store, type_, "exemptFrom") if isinstance(o, NamedNode))
            for type_ in self._wider
        }
        self._remits: dict[frozenset[NamedNode], Remit] = {}

    @cached_property
    def _bound(self) -> frozenset[NamedNode]:
        """The areas for which some duty is laid down."""
        return frozenset().union(*(duty.jurisdictions for duty in self._duties))

    def remit(self, bodies: Bodies, area: NamedNode) -> Remit:
        """Return the duties that hold in *area*: those laid down for it or for an area around it."""
        around = self._bound.intersection(bodies.chain(area))
        if around not in self._remits:
            here = [duty for duty in self._duties if duty.jurisdictions & around]
            self._remits[around] = Remit(here, self._wider, self._exempt)
        return self._remits[around]

    def leads(self, bodies: Bodies, area: NamedNode) -> bool:
        """Whether bodies of *area* may lead: some are of a tier to which a response level gives the lead."""
        return any(body.tiers & self._lead_tiers for body in bodies.of(area))

    def types(self, bodies: Bodies, body: Body) -> frozenset[NamedNode]:
        """Return the types of incident in which *body* has a duty."""
        return self.remit(bodies, body.area).types(*body.functions)


def _most_specific(
    duties: list[Duty], around: frozenset[NamedNode], wider: Mapping[NamedNode, frozenset[NamedNode]]
) -> Iterator[Duty]:
    """Yield those of *duties* for one of whose types none of the others has a narrower one."""
    given = {type_ for duty in duties for type_ in duty.types & around}
    narrowest = {
        type_ for type_ in given if not any(type_ in wider[other] for other in given if other != type_)
    }
    return (duty for duty in duties if duty.types & narrowest)


def _hierarchy(store: Store) -> dict[NamedNode, frozenset[NamedNode]]:
    """Return for each type of incident itself and every type that is wider."""
    types = {
        quad.subject
        for quad in store.match(None, RDF_TYPE, xz("IncidentType"))
        if isinstance(quad.subject, NamedNode)
    }
    direct = {
        type_: {q.object for q in store.match(type_, SUBCLASS, None) if isinstance(q.object, NamedNode)}
        for type_ in types
    }
    found: dict[NamedNode, frozenset[NamedNode]] = {}
    for type_ in types:
        reached, waiting = {type_}, [type_]
        while waiting:
            new = direct.get(waiting.pop(), set()) - reached
            reached |= new
            waiting += new
        found[type_] = frozenset(reached & types)
    return found


def _duty(store: Store, iri: NamedNode, heads: set[Term], day: str) -> Duty | None:
    """Return the duty *iri*, or ``None`` where it is not in force or says too little to be used."""
    values: dict[str, list[Term]] = defaultdict(list)
    for quad in store.match(iri, None, None):
        values[quad.predicate.value].append(quad.object)

    def named(predicate: NamedNode) -> list[NamedNode]:
        return [term for term in values[predicate.value] if isinstance(term, NamedNode)]

    def literals(name: str) -> list[Literal]:
        return [term for term in values[xz(name).value] if isinstance(term, Literal)]

    begun = all(term.value <= day for term in literals("validFrom"))
    ended = any(term.value < day for term in literals("validUntil"))
    functions, roles = named(xz("function")), named(xz("role"))
    if not begun or ended or not functions or not roles:
        return None
    task = {term.language: term.value for term in literals("task")}
    return Duty(
        iri,
        functions[0],
        roles[0],
        roles[0] in heads,
        Text(task.get("zh", ""), task.get("en", "")),
        frozenset(named(xz("appliesTo"))),
        frozenset(named(xz("jurisdiction"))),
        tuple(sorted(named(DCTERMS_SOURCE), key=lambda term: term.value)),
        next((term.value for term in literals("evidence")), ""),
    )


def _values(store: Store, subject: NamedNode, name: str) -> Iterator[Term]:
    return (quad.object for quad in store.match(subject, xz(name), None))
