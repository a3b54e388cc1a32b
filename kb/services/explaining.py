"""Proofs for people: why a conclusion holds, in sentences, down to facts, graphs and clauses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.errors import NotFound, Text, both
from kb.inference.explanation.proof import Absence, Computation, Fact, Proof, instantiate, prove
from kb.inference.program import INCIDENT
from kb.namespaces import DCTERMS, RDF_TYPE, RDFS_LABEL, ROOT, XZ, graph
from kb.ontology.names import nearest
from kb.services.incident import WORKING, Answer, recall
from kb.services.workspace import Workspace
from kb.srl.syntax import Assignment, Call, PatternTerm, Term, TriplePattern

STEMS = [Text("甲", "X"), Text("乙", "Y"), Text("丙", "Z"), Text("丁", "V"), Text("戊", "W")]
"""What the unknowns of a sentence about something absent are called."""
SLOT = re.compile(r"\{(\w+)\}")
SOURCE = NamedNode(DCTERMS + "source")
Node = dict[str, Any]


def why(workspace: Workspace, identifier: str, conclusion: str) -> dict[str, Any]:
    """Return the proofs of every conclusion about an incident that *conclusion* names.

    :param conclusion: the IRI or a label of what was concluded (a department, a module, a grade), or of the
        relation (``leadDepartment``, ``牵头部门``).
    :raises NotFound: there is no such incident, or no such conclusion; the nearest ones are named.
    """
    answer = recall(workspace, identifier)
    found = list(_conclusions(workspace, answer, conclusion))
    if not found:
        raise _unknown(workspace, answer, conclusion)
    explainer = _Explainer(workspace, answer)
    return {
        "incident": answer.id,
        "conclusions": [explainer.explain(triple) for triple in found],
        "release": workspace.release,
    }


def _conclusions(workspace: Workspace, answer: Answer, wanted: str) -> Iterator[Triple]:
    """Yield the conclusions about the incident that *wanted* names: by object first, else by relation."""
    shown = list(_shown(workspace, answer))
    key = wanted.strip().casefold()
    by_object = [t for t in shown if key in _names(workspace, t.object)]
    yield from by_object or [t for t in shown if key in _names(workspace, t.predicate)]


def _shown(workspace: Workspace, answer: Answer) -> Iterator[Triple]:
    """Yield what was concluded about the incident, working properties last."""
    about = [t for t in answer.derivation if t.subject == answer.incident]
    yield from sorted(about, key=lambda t: bool(workspace.engine.source.values(t.predicate, WORKING)))


def _names(workspace: Workspace, term: Term) -> set[str]:
    label = workspace.describer.text(term)
    names = {label.zh, label.en}
    if isinstance(term, NamedNode):
        names |= {term.value, term.value.replace(XZ, ""), term.value.replace(ROOT + "kb/", "")}
    return {name.casefold() for name in names}


def _unknown(workspace: Workspace, answer: Answer, wanted: str) -> NotFound:
    shown = list(_shown(workspace, answer))
    labels = [workspace.describer.text(t.object) for t in shown] + [
        workspace.describer.text(t.predicate) for t in shown
    ]
    names = nearest(wanted, [label.zh for label in labels] + [label.en for label in labels])
    return NotFound.of(
        "conclusion.unknown",
        f"没有得出“{wanted}”这一结论",
        f"“{wanted}” is no conclusion of this incident",
        where=answer.id,
        repair=("相近的结论：" + "、".join(names), "near to it: " + ", ".join(names)) if names else None,
    )


class _Explainer:
    """Turns proofs about one incident into sentences."""

    def __init__(self, workspace: Workspace, answer: Answer) -> None:
        self._workspace = workspace
        self._answer = answer
        self._told: set[Triple] = set()

    def explain(self, triple: Triple) -> Node:
        """Return the proof of *triple* as nested nodes; what was proved before is only referred to."""
        proof = prove(triple, self._answer.derivation, self._graphs)
        assert proof is not None
        return self._node(proof)

    def _node(self, premise: Proof | Fact | Absence | Computation) -> Node:
        match premise:
            case Proof():
                return self._derived(premise)
            case Fact(triple, graphs):
                return {
                    "kind": "fact",
                    "statement": both(self._statement(triple)),
                    "graphs": [self._graph(name) for name in graphs],
                    "premises": [],
                }
            case Absence(negation, bindings):
                return {
                    "kind": "absence",
                    "statement": both(self._absence(negation.inner, bindings)),
                    "premises": [],
                }
            case Computation(element, bindings):
                return {
                    "kind": "computation",
                    "statement": both(self._computation(element, bindings)),
                    "premises": [],
                }

    def _derived(self, proof: Proof) -> Node:
        program, rule = self._workspace.engine.program, proof.rule
        document = program.document(rule)
        assert rule.iri is not None
        clause = next(
            (c for v in rule.own_variables if v != INCIDENT for c in self._clauses(proof.bindings[v])),
            document.source,
        )
        node: Node = {
            "kind": "derived",
            "statement": both(self._statement(proof.triple)),
            "sentence": both(self._fill(document.sentence, proof.bindings)),
            "rule": {"iri": rule.iri.value, "label": both(document.label)},
            "clause": None if clause is None else self._named(clause),
            "premises": [],
        }
        if proof.triple in self._told:
            return {**node, "kind": "repeated"}
        self._told.add(proof.triple)
        node["premises"] = [self._node(premise) for premise in proof.premises if not self._technical(premise)]
        return node

    def _technical(self, premise: object) -> bool:
        """Whether the premise only names a node that the rule makes; nobody argues about that."""
        if not isinstance(premise, Computation) or not isinstance(premise.element, Assignment):
            return False
        value = premise.bindings[premise.element.variable]
        return isinstance(value, NamedNode) and value.value.startswith(self._answer.incident.value)

    def _clauses(self, term: Term) -> tuple[Term, ...]:
        return self._workspace.engine.source.values(term, SOURCE) if isinstance(term, NamedNode) else ()

    # ── sentences ────────────────────────────────────────────────────────────────────────────

    def _statement(self, triple: Triple) -> Text:
        subject, predicate, object_ = (
            self._words(t) for t in (triple.subject, triple.predicate, triple.object)
        )
        if triple.predicate == RDF_TYPE:
            return Text(f"{subject.zh}是{object_.zh}", f"{subject.en} is a {object_.en}")
        return self._triple(subject, predicate, object_)

    def _fill(self, sentence: Text, bindings: Mapping[Variable, Term]) -> Text:
        def word(lang: str) -> Any:
            return lambda slot: self._words(bindings[Variable(slot[1])]).in_(lang)

        return Text(SLOT.sub(word("zh"), sentence.zh), SLOT.sub(word("en"), sentence.en))

    def _absence(self, inner: tuple[Any, ...], bindings: Mapping[Variable, Term]) -> Text:
        """Say what was not found; whatever it might have been is called 甲, 乙 or X, Y."""
        unknown: dict[Variable, Text] = {}

        def say(term: PatternTerm) -> Text:
            if isinstance(term, Variable) and term not in bindings:
                return unknown.setdefault(term, STEMS[len(unknown) % len(STEMS)])
            return self._words(instantiate(term, bindings))

        parts = [
            self._triple(*map(say, element.terms))
            if isinstance(element, TriplePattern)
            else self._expression(element.expression, say)
            for element in inner
        ]
        return Text(
            "没有发现：" + "，且 ".join(p.zh for p in parts),
            "not found: " + ", and ".join(p.en for p in parts),
        )

    def _computation(self, element: Any, bindings: Mapping[Variable, Term]) -> Text:
        text = self._expression(element.expression, lambda term: self._words(instantiate(term, bindings)))
        if isinstance(element, Assignment):
            value = self._words(bindings[element.variable])
            return Text(f"{text.zh} = {value.zh}", f"{text.en} = {value.en}")
        return text

    def _expression(self, expression: Any, say: Callable[[Any], Text]) -> Text:
        if not isinstance(expression, Call):
            return say(expression)
        parts = [self._expression(argument, say) for argument in expression.arguments]
        operator = str(expression.operator)
        if operator.isidentifier() or len(parts) == 1:
            return Text(
                f"{operator}({', '.join(p.zh for p in parts)})",
                f"{operator}({', '.join(p.en for p in parts)})",
            )
        return Text(f" {operator} ".join(p.zh for p in parts), f" {operator} ".join(p.en for p in parts))

    @staticmethod
    def _triple(subject: Text, predicate: Text, object_: Text) -> Text:
        return Text(
            f"{subject.zh} · {predicate.zh}：{object_.zh}", f"{subject.en} · {predicate.en}: {object_.en}"
        )

    def _words(self, term: Term) -> Text:
        if term == RDF_TYPE:
            return Text("类型", "type")
        if term == self._answer.incident:
            return Text("本事件", "this incident")
        if isinstance(term, NamedNode) and term.value.startswith(self._answer.incident.value):
            return Text("推算值", "the estimate")
        if isinstance(term, Literal) and term.datatype.value.endswith(("#date", "#dateTime")):
            return Text(term.value, term.value)
        return self._workspace.describer.text(term)

    def _named(self, term: Term) -> Node:
        iri = term.value if isinstance(term, NamedNode) else None
        return {"iri": iri, "label": both(self._workspace.describer.text(term))}

    # ── where facts come from ────────────────────────────────────────────────────────────────

    def _graphs(self, triple: Triple) -> list[NamedNode]:
        if triple in self._answer.derivation.asserted:
            return [graph(f"incident/{self._answer.id}")]
        if isinstance(triple.subject, Triple):
            return []  # no graph has a triple term as subject
        quads = self._workspace.store.match(triple.subject, triple.predicate, triple.object)
        return list(dict.fromkeys(q.graph_name for q in quads if isinstance(q.graph_name, NamedNode)))

    def _graph(self, name: NamedNode) -> Node:
        own = self._workspace.names.texts(name, RDFS_LABEL)
        if own is not None:
            return {"iri": name.value, "label": both(own)}
        path = name.value.removeprefix(f"{ROOT}graph/")
        match path.split("/", 1):
            case ["incident", _]:
                label = Text("事件报告", "the incident report")
            case ["knowledge", pack]:
                pack_name = self._workspace.describer.text(NamedNode(f"{ROOT}kb/pack/{pack}"))
                label = Text(f"知识包“{pack_name.zh}”", f"knowledge pack “{pack_name.en}”")
            case ["inferred", _]:
                label = Text("背景推理", "background inference")
            case _:
                label = Text("本体", "the ontology")
        return {"iri": name.value, "label": both(label)}
