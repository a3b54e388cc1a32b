"""Explanations in sentences: statements, filled sentences of rules, conditions and computations.

What the reader may not see is ``None`` here, and is said as :data:`WITHHELD`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from pyoxigraph import Literal, NamedNode, Variable

from kb.errors import Text, both
from kb.inference.explanation.proof import instantiate
from kb.namespaces import DCTERMS, RDF_TYPE, RDFS_LABEL, ROOT
from kb.services.views import View
from kb.srl.syntax import (
    Assignment,
    Call,
    Element,
    Expression,
    Filter,
    Negation,
    PatternTerm,
    Term,
    TriplePattern,
    TripleTermPattern,
    variables_of,
)

STEMS = [Text("甲", "X"), Text("乙", "Y"), Text("丙", "Z"), Text("丁", "V"), Text("戊", "W")]
"""What the unknowns of a sentence are called."""
SIGNS = {">=": "≥", "<=": "≤", "!=": "≠", "-": "−", "*": "×"}
"""Operators as people write them."""
MEMBERS = {"IN": "∈", "NOT IN": "∉"}
SLOT = re.compile(r"\{(\w+)\}")
WITHHELD = Text("（不予显示）", "(withheld)")
Bindings: TypeAlias = Mapping[Variable, Term | None]
"""Values of variables; ``None`` where the reader may not see them."""
Node: TypeAlias = dict[str, Any]


class Words:
    """Says things about one incident to one reader."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._incident = view.answer.incident

    def term(self, term: Term | None) -> Text:
        """Return what *term* is called."""
        if term is None:
            return WITHHELD
        if term == RDF_TYPE:
            return Text("类型", "type")
        if term == self._incident:
            return Text("本事件", "this incident")
        if self.is_part(term):
            return Text("推算值", "the estimate")
        if isinstance(term, Literal) and term.datatype.value.endswith(("#date", "#dateTime")):
            return Text(term.value, term.value)
        return self._view.describer.text(term)

    def is_part(self, term: Term | None) -> bool:
        """Whether *term* is a node that a rule made for the incident; nobody argues about that."""
        return (
            isinstance(term, NamedNode)
            and term != self._incident
            and term.value.startswith(self._incident.value + "/")
        )

    def named(self, term: Term | None) -> Node:
        """Return *term* as it stands in JSON."""
        iri = term.value if isinstance(term, NamedNode) else None
        return {"iri": iri, "label": both(self.term(term))}

    def statement(self, terms: Iterable[Term | None]) -> Text:
        """Return a triple as a sentence."""
        s, p, o = terms
        return self._triple(self.term(s), p, self.term(p), self.term(o))

    def sentence(self, sentence: Text, bindings: Bindings) -> Text:
        """Return the *sentence* of a rule with its braces filled."""

        def word(lang: str) -> Callable[[re.Match[str]], str]:
            return lambda slot: self.term(bindings.get(Variable(slot[1]))).in_(lang)

        return Text(SLOT.sub(word("zh"), sentence.zh), SLOT.sub(word("en"), sentence.en))

    def absence(self, inner: Iterable[Element], bindings: Bindings) -> Text:
        """Say what was not found."""
        text = self.conjunction(inner, bindings)
        return Text("没有发现：" + text.zh, "not found: " + text.en)

    def conjunction(
        self, elements: Iterable[Element], bindings: Bindings, names: Mapping[Variable, Text] | None = None
    ) -> Text:
        """Say several conditions; whatever has no value is called 甲, 乙 or X, Y.

        :param names: what to call some of those without a value instead.
        """
        unknown: dict[Variable, Text] = dict(names or {})

        def say(term: PatternTerm) -> Text:
            if isinstance(term, Variable):
                if term in bindings:
                    return self.term(bindings[term])
                return unknown.setdefault(term, STEMS[len(unknown) % len(STEMS)])
            if isinstance(term, TripleTermPattern):
                return WITHHELD if self._hides(term, bindings) else self.term(_filled(term, bindings))
            return self.term(term)

        parts = [self._element(element, say) for element in elements]
        return Text("，且 ".join(p.zh for p in parts), ", and ".join(p.en for p in parts))

    def computation(self, element: Filter | Assignment, bindings: Bindings) -> Text:
        """Say a FILTER with its values, or what a SET computed."""
        text = self.conjunction([Filter(element.expression)], bindings)
        if isinstance(element, Assignment):
            value = self.term(bindings.get(element.variable))
            return Text(f"{text.zh} = {value.zh}", f"{text.en} = {value.en}")
        return text

    def graph(self, name: NamedNode) -> Node:
        """Return a named graph as it stands in JSON: what its facts come from."""
        own = self._view.names.texts(name, RDFS_LABEL)
        if own is not None:
            return {"iri": name.value, "label": both(own)}
        path = name.value.removeprefix(f"{ROOT}graph/")
        match path.split("/", 1):
            case ["incident", _]:
                label = Text("事件报告", "the incident report")
            case ["knowledge", pack]:
                pack_name = self._view.describer.text(NamedNode(f"{ROOT}kb/pack/{pack}"))
                label = Text(f"知识包“{pack_name.zh}”", f"knowledge pack “{pack_name.en}”")
            case ["inferred", _]:
                label = Text("背景推理", "background inference")
            case ["source", dataset]:
                title = self._view.names.texts(
                    NamedNode(f"{ROOT}dataset/{dataset}"), NamedNode(DCTERMS + "title")
                )
                label = title or Text("共享数据集", "a shared dataset")
            case _:
                label = Text("本体", "the ontology")
        return {"iri": name.value, "label": both(label)}

    def _element(self, element: Element, say: Callable[[PatternTerm], Text]) -> Text:
        match element:
            case TriplePattern():
                return self._triple(say(element.subject), element.predicate, *map(say, element.terms[1:]))
            case Filter(expression) | Assignment(_, expression):
                return self._expression(expression, say)
            case Negation(inner):
                parts = [self._element(part, say) for part in inner]
                return Text(
                    "没有：" + "，且 ".join(p.zh for p in parts), "not: " + ", and ".join(p.en for p in parts)
                )

    def _expression(self, expression: Expression, say: Callable[[PatternTerm], Text]) -> Text:
        if not isinstance(expression, Call):
            return say(expression)
        parts = [self._expression(argument, say) for argument in expression.arguments]
        operator = str(expression.operator)
        if operator in MEMBERS:
            first, *rest = parts
            return Text(
                f"{first.zh} {MEMBERS[operator]} {{{'、'.join(p.zh for p in rest)}}}",
                f"{first.en} {MEMBERS[operator]} {{{', '.join(p.en for p in rest)}}}",
            )
        if operator.isidentifier() or len(parts) == 1:
            return Text(
                f"{operator}({', '.join(p.zh for p in parts)})",
                f"{operator}({', '.join(p.en for p in parts)})",
            )
        sign = f" {SIGNS.get(operator, operator)} "
        return Text(sign.join(p.zh for p in parts), sign.join(p.en for p in parts))

    @staticmethod
    def _triple(subject: Text, predicate: object, relation: Text, object_: Text) -> Text:
        if predicate == RDF_TYPE:
            return Text(f"{subject.zh}是{object_.zh}", f"{subject.en} is a {object_.en}")
        return Text(
            f"{subject.zh} · {relation.zh}：{object_.zh}", f"{subject.en} · {relation.en}: {object_.en}"
        )

    @staticmethod
    def _hides(term: TripleTermPattern, bindings: Bindings) -> bool:
        return any(bindings.get(variable) is None for variable in variables_of(term))


def _filled(term: TripleTermPattern, bindings: Bindings) -> Term:
    return instantiate(term, {v: t for v, t in bindings.items() if t is not None})
