"""Proofs for people: why a conclusion holds, in sentences, down to facts, graphs and clauses.

A proof is the smallest there is. Premises that rest on graphs that the reader may not see are replaced by one
node that says how many they are; what only they could have told is told nowhere else either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pyoxigraph import NamedNode, Triple, Variable

from kb.errors import NotFound, Text, both
from kb.inference.explanation.minimal import MinimalProver, size
from kb.inference.explanation.proof import Absence, Computation, Fact, Premise, Proof, instantiate
from kb.inference.program import INCIDENT
from kb.namespaces import ROOT, XZ
from kb.ontology.names import did_you_mean, nearest
from kb.services.audience import Visible, everything
from kb.services.findings import clause_of
from kb.services.incident import WORKING, recall
from kb.services.views import View
from kb.services.words import Bindings, Node, Words
from kb.services.workspace import Workspace
from kb.srl.syntax import Assignment, Rule, Term, TriplePattern, variables_of


def why(
    workspace: Workspace, identifier: str, conclusion: str, *, visible: Visible = everything
) -> dict[str, Any]:
    """Return the proofs of every conclusion about an incident that *conclusion* names.

    :param conclusion: the IRI or a label of what was concluded (a department, a module, a grade), or of the
        relation (``leadDepartment``, ``牵头部门``).
    :param visible: which named graphs the reader may see.
    :raises NotFound: there is no such incident, or no such conclusion; the nearest ones are named.
    """
    view = View.of(workspace, recall(workspace, identifier), visible)
    explainer = Explainer(view)
    found = list(_conclusions(view, explainer, conclusion))
    if not found:
        raise _unknown(view, explainer, conclusion)
    return {
        "incident": view.answer.id,
        "conclusions": [explainer.explain(triple) for triple in found],
        "withheld": explainer.withheld,
        "release": workspace.release,
    }


def conclusions(view: View) -> list[Triple]:
    """Return what was concluded about the incident, working properties last."""
    source = view.workspace.engine.source
    about = [t for t in view.answer.derivation if t.subject == view.answer.incident]
    return sorted(about, key=lambda t: bool(source.values(t.predicate, WORKING)))


def names_of(view: View, term: Term) -> set[str]:
    """Return what *term* may be called by a reader, in lower case."""
    label = view.describer.text(term)
    names = {label.zh, label.en}
    if isinstance(term, NamedNode):
        names |= {term.value, term.value.replace(XZ, ""), term.value.replace(ROOT + "kb/", "")}
    return {name.casefold() for name in names}


def _conclusions(view: View, explainer: Explainer, wanted: str) -> Iterator[Triple]:
    """Yield the conclusions about the incident that *wanted* names: by object first, else by relation."""
    shown, key = conclusions(view), wanted.strip().casefold()
    by_object = [t for t in shown if key in names_of(view, t.object)]
    yield from by_object or [t for t in shown if key in names_of(view, t.predicate)]


def _unknown(view: View, explainer: Explainer, wanted: str) -> NotFound:
    shown = [t for t in conclusions(view) if not view.restricted or explainer.is_shown(t)]
    labels = [view.describer.text(t.object) for t in shown] + [
        view.describer.text(t.predicate) for t in shown
    ]
    names = nearest(wanted, [label.zh for label in labels] + [label.en for label in labels])
    return NotFound.of(
        "conclusion.unknown",
        f"没有得出“{wanted}”这一结论",
        f"“{wanted}” is no conclusion of this incident",
        where=view.answer.id,
        repair=did_you_mean(names),
    )


class Explainer:
    """Turns proofs about one incident into nested nodes for one reader.

    Every node has ``id``, ``kind``, ``statement`` and ``premises``; kinds are ``derived``, ``fact``,
    ``absence``, ``computation``, ``repeated`` (proved before under the same ``id``) and ``withheld``.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._words = Words(view)
        self._prover = MinimalProver(view.world, view.graphs, view.visible)
        self._ids: dict[Triple, str] = {}
        self._told: set[Triple] = set()
        self._count = 0
        self._hidden: set[Triple] = set()
        self._variables: dict[int, tuple[Proof, frozenset[Variable]]] = {}

    @property
    def withheld(self) -> int:
        """How many facts were needed so far that the reader may not see."""
        return len(self._hidden)

    def explain(self, triple: Triple) -> Node:
        """Return the proof of *triple* as nested nodes; what was proved before is only referred to."""
        proof = self._prover.prove(triple)
        assert proof is not None
        return {**self._node(proof), "size": size(proof)}

    def is_shown(self, triple: Triple) -> bool:
        """Whether the reader may know all that *triple* says."""
        proof = self._prover.prove(triple)
        return proof is not None and all(self._places(proof))

    def because(self, triple: Triple) -> Node:
        """Return in one sentence why *triple* was concluded: rule, sentence, clause."""
        if self._view.restricted:
            proof = self._prover.prove(triple)
            assert isinstance(proof, Proof)
            rule, bindings = proof.rule, self._bindings(proof)
        else:  # the first reason is as good as any, and known already
            because = self._view.answer.derivation.because(triple)
            assert because is not None
            rule, bindings = because.rule, dict(because.bindings)
        document = self._view.workspace.engine.program.document(rule)
        assert rule.iri is not None
        clause = self.clause(rule, bindings)
        return {
            "rule": {"iri": rule.iri.value, "label": both(document.label)},
            "sentence": both(self._words.sentence(document.sentence, bindings)),
            "clause": None if clause is None else self._words.named(clause),
        }

    # ── nodes ────────────────────────────────────────────────────────────────────────────────

    def _node(self, premise: Premise) -> Node:
        match premise:
            case Proof():
                return self._derived(premise)
            case Fact(triple, graphs):
                seen = [name for name in graphs if self._view.visible(name)]
                return {
                    "id": self._id(triple),
                    "kind": "fact",
                    "statement": both(self._words.statement(_row(triple))),
                    "triple": _written(_row(triple)),
                    "graphs": [self._words.graph(name) for name in seen],
                    "premises": [],
                }
        raise AssertionError(premise)

    def _derived(self, proof: Proof) -> Node:
        document, rule = self._view.workspace.engine.program.document(proof.rule), proof.rule
        bindings = self._bindings(proof)
        assert rule.iri is not None
        row = [
            term if shown else None
            for term, shown in zip(_row(proof.triple), self._places(proof), strict=True)
        ]
        clause = self.clause(rule, bindings)
        node: Node = {
            "id": self._id(proof.triple),
            "kind": "derived",
            "statement": both(self._words.statement(row)),
            "triple": _written(row),
            "sentence": both(self._words.sentence(document.sentence, bindings)),
            "rule": {"iri": rule.iri.value, "label": both(document.label)},
            "clause": None if clause is None else self._words.named(clause),
            "premises": [],
        }
        if proof.triple in self._told:
            return {**node, "kind": "repeated"}
        self._told.add(proof.triple)
        node["premises"] = list(self._premises(proof, bindings))
        return node

    def clause(self, rule: Rule, bindings: Bindings) -> Term | None:
        """Return the clause that an application of *rule* rests on, as far as the reader may know it."""
        return clause_of(self._view.workspace, self._view.audience.source, rule, bindings)

    def _premises(self, proof: Proof, bindings: Bindings) -> Iterator[Node]:
        hidden: dict[Triple, None] = {}
        for premise in proof.premises:
            match premise:
                case Fact(triple, graphs) if not self._view.shows(graphs):
                    hidden[triple] = None
                case Absence(negation, scope):
                    seen = {variable: bindings.get(variable) for variable in scope}
                    statement = self._words.absence(negation.inner, seen)
                    yield self._leaf("absence", statement)
                case Computation(element, _):
                    if not (isinstance(element, Assignment) and self._makes_node(proof, element)):
                        yield self._leaf("computation", self._words.computation(element, bindings))
                case _:
                    yield self._node(premise)
        if hidden:
            self._hidden.update(hidden)
            yield {**self._leaf("withheld", withheld(len(hidden))), "count": len(hidden)}

    def _makes_node(self, proof: Proof, element: Assignment) -> bool:
        return self._words.is_part(proof.bindings[element.variable])

    def _leaf(self, kind: str, statement: Text) -> Node:
        self._count += 1
        return {"id": f"c{self._count}", "kind": kind, "statement": both(statement), "premises": []}

    def _id(self, triple: Triple) -> str:
        return self._ids.setdefault(triple, f"n{len(self._ids) + 1}")

    # ── what the reader may know ─────────────────────────────────────────────────────────────

    def _bindings(self, proof: Proof) -> dict[Variable, Term | None]:
        shown = self._shown(proof)
        return {v: proof.bindings[v] if v in shown else None for v in proof.rule.variables}

    def _shown(self, proof: Proof) -> frozenset[Variable]:
        """Return the variables whose value some premise tells that the reader may see."""
        if not self._view.restricted:
            return frozenset(proof.rule.variables)
        known = self._variables.get(id(proof))
        if known is None:
            shown = {INCIDENT}
            for element, premise in zip(proof.rule.body, proof.premises, strict=True):
                if isinstance(element, TriplePattern) and isinstance(premise, Proof | Fact):
                    for term, tells in zip(element.terms, self._places(premise), strict=True):
                        shown.update(variables_of(term) if tells else ())
                elif isinstance(element, Assignment) and set(variables_of(element.expression)) <= shown:
                    shown.add(element.variable)
            known = self._variables[id(proof)] = (proof, frozenset(shown))
        return known[1]

    def _places(self, premise: Proof | Fact) -> tuple[bool, bool, bool]:
        """Say of subject, predicate and object whether the reader may know them."""
        if isinstance(premise, Fact):
            shown = self._view.shows(premise.graphs)
            return shown, shown, shown
        known = self._shown(premise)
        for template in premise.rule.head:
            terms = [instantiate(term, premise.bindings) for term in template.terms]
            if tuple(terms) == _row(premise.triple):
                s, p, o = (set(variables_of(term)) <= known for term in template.terms)
                return s, p, o
        return False, False, False


def withheld(count: int) -> Text:
    """Say that *count* premises rest on what the reader may not see."""
    return Text(
        f"另有 {count} 项前提所依据的数据，您无权查看",
        f"{count} premise{'s' if count > 1 else ''} rest{'' if count > 1 else 's'} on data "
        "that you may not see",
    )


def _row(triple: Triple) -> tuple[Term, Term, Term]:
    return triple.subject, triple.predicate, triple.object


def _written(row: Iterable[Term | None]) -> dict[str, str] | None:
    """Return the terms as N-Triples writes them, or ``None`` where one of them is withheld."""
    terms = list(row)
    if None in terms or any(isinstance(term, Triple) for term in terms):
        return None
    return dict(zip(("subject", "predicate", "object"), map(str, terms), strict=True))
