"""Which reported facts a stage can look at apart from one another.

A relation that follows from one fact at a time (a number reached its bound) need not be derived for each
incident: once for each value is enough, and what follows for an incident is the union over its facts. Facts
that one rule reads together (two numbers and their sum) belong to one *unit* and are looked at together.
Nodes that rules make for an incident (``…/deaths-or-missing``) are told apart by their kind, so that two
sums do not become one unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from pyoxigraph import NamedNode, Variable

from kb.inference.program import INCIDENT
from kb.namespaces import RDF_TYPE
from kb.services.impact.reading import Reading, node_kind, unforeseen
from kb.services.impact.versions import Version
from kb.srl.slicing import relevant
from kb.srl.syntax import Assignment, Negation, Rule, TriplePattern

Key: TypeAlias = tuple[NamedNode, str | None]
"""A derived relation of one kind of node, or of the incident alone."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Predicates whose facts are looked at together; *alone*: each fact for itself."""

    predicates: frozenset[NamedNode]
    alone: bool


def units(readings: Iterable[Reading]) -> list[Unit]:
    """Return how the inputs of a stage fall apart, for all of *readings* at once.

    :raises InputError: ``impact.unforeseen``.
    """
    together: dict[NamedNode, set[NamedNode]] = {}
    joint: set[NamedNode] = set()
    for reading in readings:
        instances = [instance for rule in reading.rules for instance in _instances(reading, rule)]
        support = _support(instances)
        for predicate in reading.read():
            together.setdefault(predicate, {predicate})
        for instance in instances:
            if instance.patterns > 1:
                coupled = instance.inputs.union(*(support.get(key, frozenset()) for key in instance.derived))
                joint |= coupled
                for predicate in coupled:
                    together.setdefault(predicate, {predicate}).update(coupled)
    return [Unit(group, not group & joint) for group in _closed(together)]


def early(version: Version, wanted: NamedNode, reported: frozenset[NamedNode]) -> tuple[Rule, ...]:
    """Return the rules for *wanted* that need not know the types of an incident, with what they rest on.

    The other rules for it are left to the groups, where incidents are looked at by type anyway. Where its
    rules rest on one another, all are left to them.
    """
    mine = [rule for rule in version.rules if any(t.predicate == wanted for t in rule.head)]
    others = [rule for rule in version.rules if rule not in mine]
    kept = [
        rule
        for rule in mine
        if RDF_TYPE not in Reading(version, relevant([*others, rule], {wanted}), reported).read()
    ]
    rules = relevant([*others, *kept], {wanted})
    again = any(pattern.predicate == wanted for rule in rules for pattern in _patterns(rule))
    if len(kept) < len(mine) and again:
        kept, rules = [], ()
    version.early[wanted] = frozenset(map(id, kept))
    return rules


@dataclass(frozen=True, slots=True)
class _Instance:
    """A rule for one kind of each node: what it reads of the incident, and what it concludes."""

    inputs: frozenset[NamedNode]
    derived: frozenset[Key]
    concludes: frozenset[Key]
    patterns: int


def _instances(reading: Reading, rule: Rule) -> Iterator[_Instance]:
    made: dict[Variable, str | None] = {
        e.variable: kind
        for e in rule.body
        if isinstance(e, Assignment) and (kind := node_kind(rule, e)) is not None
    }
    chosen = _kinds(reading)
    nodes: dict[Variable, list[str | None]] = {}
    for pattern in _patterns(rule):
        if (
            pattern.subject == INCIDENT
            and isinstance(pattern.object, Variable)
            and pattern.object not in made
        ):
            kinds = chosen.get(pattern.predicate, set())
            if kinds - {None}:
                nodes[pattern.object] = sorted(kinds, key=str)
    background = {
        p.subject
        for p in _patterns(rule)
        if isinstance(p.predicate, NamedNode) and p.predicate not in reading.inputs | reading.derived
    }
    for choice in product(*nodes.values()):
        kind_of: dict[object, str | None] = {**dict(zip(nodes, choice, strict=True)), **made}  # type: ignore[dict-item]
        inputs: set[NamedNode] = set()
        derived: set[Key] = set()
        count = 0
        for look in reading.looks[id(rule)]:
            reads = set(look.inputs)
            keys: set[Key] = set()
            if not look.data:
                predicate = look.pattern.predicate
                if not isinstance(predicate, NamedNode):
                    raise unforeseen(rule)
                if predicate in reading.derived:
                    keys.add((predicate, kind_of.get(look.pattern.object)))
            if reads or keys:
                count += 1
                inputs |= reads
                derived |= keys
        for pattern in _patterns(rule):
            if pattern.subject == INCIDENT or pattern.predicate not in reading.derived:
                continue
            if not rule.evaldata or pattern.subject in background or pattern.predicate == RDF_TYPE:
                continue
            kind = kind_of.get(pattern.subject)
            if kind is None:
                raise unforeseen(rule)
            count += 1
            derived.add((pattern.predicate, kind))  # type: ignore[arg-type]
        concludes = set()
        for template in rule.head:
            node = template.object if template.subject == INCIDENT else template.subject
            if template.subject != INCIDENT and kind_of.get(node) is None:
                raise unforeseen(rule)
            concludes.add((template.predicate, kind_of.get(node)))
        single = (
            count == 1 and len(inputs) > 1 and not derived
        )  # one pattern that reads one of many predicates
        if single:
            for predicate in inputs:
                yield _Instance(frozenset((predicate,)), frozenset(), frozenset(concludes), 1)  # type: ignore[arg-type]
        else:
            yield _Instance(frozenset(inputs), frozenset(derived), frozenset(concludes), count)  # type: ignore[arg-type]


def _kinds(reading: Reading) -> dict[object, set[str | None]]:
    """Return of which kinds the nodes are that relations of the incident lead to."""
    found: dict[object, set[str | None]] = {}
    for rule in reading.rules:
        made = {e.variable: node_kind(rule, e) for e in rule.body if isinstance(e, Assignment)}
        for template in rule.head:
            if template.subject == INCIDENT:
                found.setdefault(template.predicate, set()).add(made.get(template.object))  # type: ignore[arg-type]
    return found


def _support(instances: Iterable[_Instance]) -> dict[Key, frozenset[NamedNode]]:
    """Return on which inputs each derived relation rests."""
    support: dict[Key, frozenset[NamedNode]] = {}
    todo, changed = list(instances), True
    while changed:
        changed = False
        for one in todo:
            found = one.inputs.union(*(support.get(key, frozenset()) for key in one.derived))
            for key in one.concludes:
                known = support.get(key)
                if known is None or not found <= known:
                    support[key] = found | (known or frozenset())
                    changed = True
    return support


def _closed(together: Mapping[NamedNode, set[NamedNode]]) -> list[frozenset[NamedNode]]:
    left, groups = set(together), []
    while left:
        group, more = set(), {min(left, key=str)}
        while more:
            group |= more
            more = {q for p in more for q in together[p]} - group
        groups.append(frozenset(group))
        left -= group
    return groups


def _patterns(rule: Rule) -> Iterator[TriplePattern]:
    for element in rule.body:
        if isinstance(element, TriplePattern):
            yield element
        elif isinstance(element, Negation):
            yield from (part for part in element.inner if isinstance(part, TriplePattern))
