"""What one answer concludes, in the words of JSON: ``{"iri", "label", "because"}``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.errors import both
from kb.inference.interactive.source import Source
from kb.inference.program import INCIDENT
from kb.namespaces import DCTERMS_SOURCE, xz
from kb.services.incident import Answer
from kb.services.workspace import Workspace
from kb.srl.syntax import Rule, Term


def clause_of(
    workspace: Workspace, source: Source, rule: Rule, bindings: Mapping[Variable, Term | None]
) -> Term | None:
    """Return the clause that an application of *rule* rests on: of what it speaks of, else the rule's own.

    :param source: the knowledge that may be looked at.
    :param bindings: ``None`` stands for what may not.
    """
    for variable in rule.own_variables:
        term = bindings.get(variable)
        if variable != INCIDENT and isinstance(term, NamedNode):
            for clause in source.values(term, DCTERMS_SOURCE):
                return clause
    return workspace.engine.program.document(rule).source


class Findings:
    """Looks up what *answer* concludes and what knowledge says of that, by local names of properties."""

    def __init__(self, workspace: Workspace, answer: Answer) -> None:
        self.answer = answer
        self._workspace = workspace
        self._derivation = answer.derivation
        self._knowledge = workspace.engine.source
        self._reported: dict[NamedNode, list[Term]] = {}
        for triple in answer.facts:
            self._reported.setdefault(triple.predicate, []).append(triple.object)

    def first(self, relation: str) -> dict[str, Any] | None:
        """Return the first conclusion with *relation*, or ``None``."""
        found = self.all(relation)
        return self.conclusion(relation, found[0]) if found else None

    def conclusion(self, relation: str, term: Term) -> dict[str, Any]:
        """Return a conclusion as it stands in JSON: what it is called, and why it was drawn."""
        return {**self.value(term), "because": self.because(relation, term)}

    def value(self, term: Term | None) -> dict[str, Any]:
        """Return *term* as it stands in JSON."""
        if term is None:
            return {"iri": None, "label": None}
        iri = term.value if isinstance(term, NamedNode) else None
        return {"iri": iri, "label": both(self._workspace.describer.text(term))}

    def because(self, relation: str, term: Term) -> dict[str, Any]:
        """Return the rule that drew a conclusion about the incident, and the clause that it rests on."""
        because = self._derivation.because(Triple(self.answer.incident, xz(relation), term))
        assert because is not None
        rule = because.rule
        assert rule.iri is not None
        document = self._workspace.engine.program.document(rule)
        clause = clause_of(self._workspace, self._knowledge, rule, dict(because.bindings))
        return {"rule": rule.iri.value, "label": both(document.label), "clause": self.clause(clause)}

    def clause(self, clause: Term | None) -> dict[str, Any] | None:
        """Return a clause as it stands in JSON."""
        return None if clause is None else self.value(clause)

    def text(self, subject: Term, predicate: str) -> dict[str, str] | None:
        """Return the texts of *predicate*, or ``None``."""
        assert isinstance(subject, NamedNode)
        text = self._workspace.names.texts(subject, NamedNode(predicate))
        return None if text is None else both(text)

    def all(self, relation: str) -> list[Term]:
        """Return what was concluded of the incident with *relation*."""
        return self._derivation.objects(self.answer.incident, xz(relation))

    def values(self, subject: Term, relation: str | NamedNode) -> Iterable[Term]:
        """Return what knowledge says of *subject*."""
        predicate = xz(relation) if isinstance(relation, str) else relation
        return self._knowledge.values(subject, predicate)

    def reported(self, relation: str | NamedNode) -> list[Term]:
        """Return what was reported of the incident with *relation*."""
        return self._reported.get(xz(relation) if isinstance(relation, str) else relation, [])

    def holders(self, object_: Term, relation: str | NamedNode) -> Iterable[Term]:
        """Return of what knowledge says that it has *object_* for *relation*."""
        predicate = xz(relation) if isinstance(relation, str) else relation
        return self._knowledge.holders(object_, predicate)

    def one(self, subject: Term, relation: str | NamedNode) -> Term | None:
        """Return one of :meth:`values`, or ``None``."""
        return next(iter(self.values(subject, relation)), None)

    def reads(self, graph: NamedNode) -> bool:
        """Whether rules read *graph*."""
        return self._workspace.engine.reads(graph)

    def rank(self, term: Term) -> int:
        """Return the ``xz:rank`` of *term*; 9 if it has none."""
        rank = self.one(term, "rank")
        return int(rank.value) if isinstance(rank, Literal) else 9
