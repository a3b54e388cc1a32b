"""A flow as the ontology declares it (``ontology/flow.ttl``): the one definition that everything uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kb.access.policy import label
from kb.errors import KnowledgeFault, Text
from kb.namespaces import ONTOLOGY, RDF_TYPE, ROOT, xz
from kb.store.protocol import Store

FLOWS = f"{ROOT}kb/flow/"
SYSTEM = NamedNode(f"{ROOT}kb/party/system")
"""The party that acts when a clock runs out."""


@dataclass(frozen=True, slots=True)
class State:
    """A state of a flow."""

    iri: NamedNode
    name: str
    label: Text
    final: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A step: from any of the states *sources* to *target* (``None``: the state stays).

    *action* is the right that it needs, *parties* are the sides that may take it (none: anybody with the
    right), *not_by* the steps whose actors may not take it. *sets* must be given a value, *may_set* may be;
    what the step *tells* may be given, too, and belongs to its event alone.
    With *restarts_clock*, the clock of the state starts anew although the state stays.
    """

    iri: NamedNode
    name: str
    label: Text
    sources: tuple[NamedNode, ...]
    target: NamedNode | None
    action: str | None
    parties: tuple[NamedNode, ...]
    not_by: tuple[NamedNode, ...]
    needs_reason: bool
    guards: tuple[NamedNode, ...]
    sets: tuple[NamedNode, ...]
    may_set: tuple[NamedNode, ...]
    tells: tuple[NamedNode, ...]
    restarts_clock: bool


@dataclass(frozen=True)
class Flow:
    """States and steps by IRI, and by the last part of the IRI, by which people call steps."""

    iri: NamedNode
    label: Text
    start: NamedNode
    states: Mapping[NamedNode, State]
    steps: Mapping[str, Step]

    def step(self, iri: NamedNode) -> Step:
        """Return the step *iri*; events name steps so."""
        return self.steps[iri.value.rpartition("/")[2]]

    @property
    def first(self) -> Step:
        """The step by which a thing comes into being."""
        return next(step for step in self.steps.values() if not step.sources)


def read(store: Store, name: str) -> Flow:
    """Return the flow *name* (the last part of its IRI, which is also a folder of the IRIs of its steps).

    :raises KnowledgeFault: ``flow.unknown``, ``flow.incomplete``: the ontology does not declare it whole.
    """
    iri = NamedNode(FLOWS + name)
    starts = _nodes(store, iri, "startState")
    if not starts:
        raise _incomplete(iri, "startState")
    parts = [q.subject for q in store.match(None, xz("ofFlow"), iri, ONTOLOGY)]
    nodes = sorted((part for part in parts if isinstance(part, NamedNode)), key=lambda n: n.value)
    states = {n: _state(store, n) for n in nodes if _is(store, n, "FlowState")}
    steps = {n.value.rpartition("/")[2]: _step(store, n) for n in nodes if _is(store, n, "FlowStep")}
    for step in steps.values():
        for state in (*step.sources, *([step.target] if step.target else [])):
            if state not in states:
                raise _incomplete(step.iri, state.value)
    if starts[0] not in states or not any(not step.sources for step in steps.values()):
        raise _incomplete(iri, starts[0].value)
    return Flow(iri, label(store, iri), starts[0], states, steps)


def names(store: Store) -> list[str]:
    """Return the names of all flows that the ontology declares."""
    found = (q.subject for q in store.match(None, RDF_TYPE, xz("Flow"), ONTOLOGY))
    return sorted(iri.value.removeprefix(FLOWS) for iri in found if isinstance(iri, NamedNode))


def _state(store: Store, iri: NamedNode) -> State:
    final = "true" in _literals(store, iri, "finalState")
    return State(iri, iri.value.rpartition("/")[2], label(store, iri), final)


def _step(store: Store, iri: NamedNode) -> Step:
    targets, actions = _nodes(store, iri, "toState"), _nodes(store, iri, "requiresAction")
    return Step(
        iri,
        iri.value.rpartition("/")[2],
        label(store, iri),
        _nodes(store, iri, "fromState"),
        targets[0] if targets else None,
        actions[0].value.rpartition("/")[2] if actions else None,
        _nodes(store, iri, "takenBy"),
        _nodes(store, iri, "notBy"),
        "true" in _literals(store, iri, "needsReason"),
        _nodes(store, iri, "guardedBy"),
        _nodes(store, iri, "sets"),
        _nodes(store, iri, "maySet"),
        _nodes(store, iri, "tells"),
        "true" in _literals(store, iri, "restartsClock"),
    )


def _is(store: Store, iri: NamedNode, class_: str) -> bool:
    return any(True for _ in store.match(iri, RDF_TYPE, xz(class_), ONTOLOGY))


def _nodes(store: Store, subject: NamedNode, name: str) -> tuple[NamedNode, ...]:
    found = (q.object for q in store.match(subject, xz(name), None, ONTOLOGY))
    return tuple(sorted((o for o in found if isinstance(o, NamedNode)), key=lambda o: o.value))


def _literals(store: Store, subject: NamedNode, name: str) -> Iterator[str]:
    for quad in store.match(subject, xz(name), None, ONTOLOGY):
        if isinstance(quad.object, Literal):
            yield quad.object.value


def _incomplete(iri: NamedNode, what: str) -> KnowledgeFault:
    return KnowledgeFault.of(
        "flow.incomplete",
        f"流程定义不完整：{what}",
        f"the flow is not declared whole: {what}",
        where=iri.value,
        repair=(
            "每个流程须有起始状态和无来源的第一步；步骤的状态须属于该流程（ontology/flow.ttl）",
            "a flow needs a start state and a first step from nowhere; its steps lead to its own states",
        ),
    )
