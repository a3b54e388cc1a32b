"""Open incidents that call upon the same departments: over which, who goes first, and by which rule.

What an incident calls upon, and what shows that lives are at risk, the rules derive for each incident by
itself (``rules/contention/calls``). Handed to the other one as its context, they decide who goes first
(``rules/contention/precedence``): the grade, then lives at risk, then the receipt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.namespaces import xz
from kb.services import reservations
from kb.services.audience import Visible, everything
from kb.services.explaining import Explainer
from kb.services.incident import Answer, derive, recall
from kb.services.life import standing, terms
from kb.services.life.brief import brief
from kb.services.naming import named
from kb.services.views import View
from kb.services.workspace import Workspace
from kb.store.protocol import Term

BESIDES, PRECEDES, CALLS, RISK = xz("besides"), xz("precedes"), xz("callsUpon"), xz("lifeAtRisk")
RELATIONS = (xz("leadDepartment"), xz("firstResponder"), xz("supportDepartment"))
"""How a response names the departments that an incident may call upon."""


@dataclass(frozen=True)
class _Claim:
    """An incident, what it calls upon, and what its rivals' rules need to know of it."""

    answer: Answer
    departments: frozenset[Term]
    told: tuple[Quad, ...]


class _Telling:
    """Says incidents and departments for one answer, each once."""

    def __init__(self, workspace: Workspace, visible: Visible) -> None:
        self.visible = visible
        self.line = cache(lambda identifier: brief(workspace, identifier))
        self.body = cache(lambda one: {**named(workspace, one), "stocks": stocks(workspace, one)})
        self.has = cache(lambda identifier: held(workspace, identifier))


class Contention:
    """What open incidents contend for. Remembers what each calls upon until its response changes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._claims: dict[str, tuple[object, _Claim]] = {}

    def pairs(
        self, identifier: str | None = None, *, visible: Visible = everything, proofs: bool = False
    ) -> list[dict[str, Any]]:
        """Return the pairs of open incidents that contend, each with the one that goes first.

        :param identifier: only pairs with this incident.
        :param visible: which named graphs the reader may see; incidents in others are left out.
        :param proofs: add the whole proof of who goes first.
        """
        opened = set(standing.open_incidents(self._workspace))
        self._claims = {one: kept for one, kept in self._claims.items() if one in opened}
        if identifier is not None:
            opened &= self._beside(identifier) if identifier in opened else set()
        seen = [one for one in sorted(opened) if visible(terms.facts_graph(one))]
        claims = {one: self._claim(one) for one in seen}
        telling = _Telling(self._workspace, visible)
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for name, own in claims.items():
            rivals = [
                other
                for other in claims.values()
                if other is not own
                and other.departments & own.departments
                and identifier in (None, name, other.answer.id)
            ]
            for then, pair in self._before(own, rivals, telling, proofs=proofs):
                found[name, then] = pair
        return [found[key] for key in sorted(found)]

    def _beside(self, identifier: str) -> set[str]:
        """Return the incidents whose response names a department that this one calls upon, itself too."""
        store, found = self._workspace.store, set()
        for department in self._claim(identifier).departments:
            for relation in RELATIONS:
                for quad in store.match(None, relation, department):
                    if isinstance(quad.subject, NamedNode) and terms.is_incident(quad.subject):
                        found.add(terms.identifier_of(quad.subject))
        return found

    def _before(
        self, own: _Claim, rivals: Sequence[_Claim], telling: _Telling, *, proofs: bool
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each of *rivals* that *own* goes before, with the pair as JSON."""
        if not rivals:
            return
        workspace, answer, within = self._workspace, own.answer, terms.states_graph(own.answer.id)
        beside = (Quad(answer.incident, BESIDES, rival.answer.incident, within) for rival in rivals)
        context = (*answer.context, *beside, *(quad for rival in rivals for quad in rival.told))
        derivation = derive(workspace, answer.incident, answer.facts, context)
        view = View.of(workspace, replace(answer, derivation=derivation, context=context), telling.visible)
        for rival in rivals:
            triple = Triple(answer.incident, PRECEDES, rival.answer.incident)
            if triple not in derivation:
                continue
            pair = {
                "first": telling.line(answer.id),
                "then": telling.line(rival.answer.id),
                "over": [telling.body(one) for one in sorted(own.departments & rival.departments, key=str)],
                "taken": {"first": telling.has(answer.id), "then": telling.has(rival.answer.id)},
                "because": Explainer(view).because(triple),
            }
            if proofs:
                pair["proof"] = Explainer(view).explain(triple)
            yield rival.answer.id, pair

    def _claim(self, identifier: str) -> _Claim:
        version = self._version(identifier)
        kept = self._claims.get(identifier)
        if kept is None or kept[0] != version:
            kept = self._claims[identifier] = version, self._look(identifier)
        return kept[1]

    def _look(self, identifier: str) -> _Claim:
        answer = recall(self._workspace, identifier)
        incident, derived = answer.incident, answer.derivation
        facts, response = terms.facts_graph(identifier), terms.response_graph(identifier)
        told = [
            Quad(incident, property_, value, response)
            for property_ in (terms.GRADE, CALLS, RISK)
            for value in derived.objects(incident, property_)
        ]
        told += [
            Quad(incident, t.predicate, t.object, facts)
            for t in answer.facts
            if t.predicate == terms.RECEIVED_AT
        ]
        return _Claim(answer, frozenset(derived.objects(incident, CALLS)), tuple(told))

    def _version(self, identifier: str) -> object:
        """Return what changes whenever the response of the incident does: each change is an event."""
        about, within = terms.incident_iri(identifier), terms.states_graph(identifier)
        return self._workspace.flows.ledger.stored_state(about, within)


def held(workspace: Workspace, identifier: str) -> list[dict[str, Any]]:
    """Return the kinds of resources that an incident has taken of stocks, with the quantity of each."""
    total = dict[NamedNode, int]()
    for one in reservations.held(workspace, incident=identifier):
        total[one.wanted.kind] = total.get(one.wanted.kind, 0) + one.wanted.quantity
    return [{**named(workspace, kind), "quantity": total[kind]} for kind in sorted(total, key=str)]


def stocks(workspace: Workspace, department: Term) -> list[dict[str, Any]]:
    """Return the kinds of resources of which *department* has shared stocks: how much, and what is *free*."""
    store, total, free = workspace.store, dict[Term, float](), dict[Term, float]()
    already = reservations.taken(workspace)
    for quad in store.match(None, xz("responsibleDepartment"), department):
        name, record = quad.graph_name, quad.subject
        if isinstance(record, NamedNode) and isinstance(name, NamedNode) and workspace.engine.reads(name):
            values = {q.predicate: q.object for q in store.match(record, None, None, name)}
            kind, quantity = values.get(xz("resourceKind")), values.get(xz("quantity"))
            if kind is not None and isinstance(quantity, Literal):
                total[kind] = total.get(kind, 0.0) + float(quantity.value)
                left = max(float(quantity.value) - already[record], 0.0)
                free[kind] = free.get(kind, 0.0) + left
    return [
        {**named(workspace, kind), "quantity": quantity, "free": free[kind]}
        for kind, quantity in sorted(total.items(), key=lambda item: str(item[0]))
    ]
