"""What changes from one body of knowledge to another: records, and the conclusions for each type of incident.

Conclusions are compared on probes (:mod:`kb.services.probes`): each type at each criterion of either
knowledge, and with nothing known. For the whole archive there is `xiezhi impact`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyoxigraph import NamedNode, Quad

from kb.namespaces import RDF_TYPE, xz
from kb.ontology import files
from kb.ontology.knowledge import Knowledge
from kb.services import probes
from kb.services.incident import WORKING, Answer
from kb.services.naming import named
from kb.services.probes import Probe
from kb.services.workspace import Workspace
from kb.srl.syntax import Term


@dataclass
class Change:
    """What one type of incident gains and loses in one relation: value → in how many probes."""

    gained: dict[Term, int] = field(default_factory=dict)
    lost: dict[Term, int] = field(default_factory=dict)


def difference(before: Workspace, after: Workspace, on: date) -> dict[str, Any]:
    """Return how conclusions change from *before* to *after*, by type and relation, as JSON.

    Only types and cities that both know are compared; types that one lacks are listed apart.
    """
    old_types, new_types = probes.types(before), probes.types(after)
    changes: dict[NamedNode, dict[NamedNode, Change]] = {}
    asked = 0
    for type_ in new_types:
        if type_ not in old_types:
            continue
        for city, place in probes.cities(after)[:1]:
            found = {
                repr(sorted(probe.facts.items())): probe
                for workspace in (before, after)
                for probe in probes.probes(workspace, type_, city, place, on)
            }
            for probe in found.values():
                asked += 1
                _compare(before, after, probe, on, changes.setdefault(type_, {}))
    return {
        "probes": asked,
        "types": {
            "added": [named(after, t) for t in new_types if t not in old_types],
            "removed": [named(before, t) for t in old_types if t not in new_types],
            "changed": [
                {
                    "type": named(after, type_),
                    "relations": [
                        {
                            "relation": named(after, relation),
                            "gained": [{**named(after, v), "probes": n} for v, n in change.gained.items()],
                            "lost": [{**named(before, v), "probes": n} for v, n in change.lost.items()],
                        }
                        for relation, change in relations.items()
                    ],
                }
                for type_, relations in changes.items()
                if relations
            ],
        },
    }


def records(before: Knowledge, after: Knowledge) -> dict[str, list[str]]:
    """Return which records were added, removed and changed, by IRI."""
    old, new = _records(before), _records(after)
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
    }


def _compare(
    before: Workspace, after: Workspace, probe: Probe, on: date, changes: dict[NamedNode, Change]
) -> None:
    old, new = (_conclusions(w, probes.ask(w, probe, on)) for w in (before, after))
    for relation, value in new - old:
        gained = changes.setdefault(relation, Change()).gained
        gained[value] = gained.get(value, 0) + 1
    for relation, value in old - new:
        lost = changes.setdefault(relation, Change()).lost
        lost[value] = lost.get(value, 0) + 1


def _conclusions(workspace: Workspace, answer: Answer | None) -> set[tuple[NamedNode, Term]]:
    if answer is None:
        return set()
    source = workspace.engine.source
    return {
        (triple.predicate, triple.object)
        for triple in answer.derivation
        if triple.subject == answer.incident
        and triple.predicate not in (RDF_TYPE, xz("asks"))
        and not source.values(triple.predicate, WORKING)
    }


def _records(knowledge: Knowledge) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for file in files.scan(knowledge.ontology, knowledge.rules):
        for quad in file.quads():
            if isinstance(quad.subject, NamedNode):
                found.setdefault(quad.subject.value, set()).add(_said(quad))
    return {name: frozenset(said) for name, said in found.items()}


def _said(quad: Quad) -> str:
    """Return what a triple says of its subject; a blank node has another name in each reading."""
    object_ = quad.object if isinstance(quad.object, NamedNode) or hasattr(quad.object, "language") else "_:"
    return f"{quad.predicate} {object_}"
