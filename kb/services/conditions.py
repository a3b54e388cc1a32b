"""Conditions that fail, in words: unknown, false, blocked, not concluded, or not in the knowledge."""

from __future__ import annotations

from typing import Any

from pyoxigraph import Variable

from kb.errors import Text
from kb.inference.explanation.misses import Status, Unmet
from kb.services.incident import INCIDENT_CLASS
from kb.services.words import Words
from kb.srl.syntax import Filter, Negation, Rule, Term, TriplePattern, variables_of

MAX_ROWS = 2
"""So many of the triples are told that stand in the way of a NOT."""


class Conditions:
    """Says conditions of rules in the *words* of one reader."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def said(self, unmet: Unmet, rule: Rule) -> Text:
        """Say a condition that fails, and how."""
        bindings = dict(unmet.bindings)
        text = self._words.conjunction([unmet.element], bindings)
        match unmet.status:
            case Status.UNKNOWN:
                needs = self._needs(unmet, rule)
                assert isinstance(unmet.element, TriplePattern)
                fact = self._words.term(_value(unmet.element.predicate, bindings))
                return Text(
                    f"未报告{fact.zh}" + (f"（须 {needs.zh}）" if needs else ""),
                    f"{fact.en} was not reported" + (f" (needed: {needs.en})" if needs else ""),
                )
            case Status.FALSE:
                if isinstance(unmet.element, TriplePattern):
                    rows = [self._words.statement(row) for row in unmet.found if row[2] != INCIDENT_CLASS]
                    now = Text("；".join(r.zh for r in rows), "; ".join(r.en for r in rows))
                    return Text(f"不成立：{text.zh}（现为：{now.zh}）", f"not so: {text.en} (but: {now.en})")
                return Text(f"不成立：{text.zh}", f"not so: {text.en}")
            case Status.BLOCKED:
                assert isinstance(unmet.element, Negation)
                rows = [self._words.statement(row) for row in unmet.found[:MAX_ROWS]]
                return Text(
                    "不得有而有：" + "；".join(r.zh for r in rows),
                    "must not hold but does: " + "; ".join(r.en for r in rows),
                )
            case Status.UNDERIVED:
                return Text(f"没有得出：{text.zh}", f"not concluded: {text.en}")
            case Status.IMPOSSIBLE:
                return Text(f"知识中没有：{text.zh}", f"knowledge does not have: {text.en}")

    def _needs(self, unmet: Unmet, rule: Rule) -> Text | None:
        """Say what an unknown value is compared with."""
        assert isinstance(unmet.element, TriplePattern)
        bindings, object_ = dict(unmet.bindings), unmet.element.object
        if not isinstance(object_, Variable) or object_ in bindings:
            return self._words.term(_value(object_, bindings))
        filters = [e for e in rule.body if isinstance(e, Filter) and object_ in set(variables_of(e))]
        known = [f for f in filters if set(variables_of(f)) - {object_} <= bindings.keys()]
        fact = self._words.term(_value(unmet.element.predicate, bindings))
        return self._words.conjunction(known, bindings, {object_: fact}) if known else None


def _value(term: Any, bindings: dict[Variable, Term]) -> Term | None:
    return bindings.get(term) if isinstance(term, Variable) else term
