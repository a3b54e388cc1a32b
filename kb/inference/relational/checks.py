"""What the relational executor cannot compile: named with file and line before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import Triple

from kb.errors import Fault, KnowledgeFault, Text
from kb.inference.planner import VOLATILE
from kb.srl.syntax import (
    Assignment,
    Call,
    Expression,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    TriplePattern,
    TripleTermPattern,
)

REPAIR = Text("这类规则请用交互式执行器", "use the interactive executor for such rules")


def require_compilable(rules: Iterable[Rule]) -> None:
    """Check that the relational executor has a translation for every rule.

    :raises KnowledgeFault: names each rule that it has none for, with its place and what stands in the way.
    """
    faults = [
        Fault(
            "relational.not-compilable",
            Text(
                f"规则 {rule.name} 无法编译为关系代数：{why.zh}",
                f"{rule.name} has no relational form: {why.en}",
            ),
            str(rule.span),
            REPAIR,
        )
        for rule in rules
        for why in _obstacles(rule)
    ]
    if faults:
        raise KnowledgeFault(faults)


def _obstacles(rule: Rule) -> Iterator[Text]:
    inner = [part for element in rule.body if isinstance(element, Negation) for part in element.inner]
    patterns = [e for e in (*rule.body, *inner) if isinstance(e, TriplePattern)]
    if any(_takes_apart(term) for pattern in patterns for term in pattern.terms):
        yield Text("规则体匹配三元组项的内部", "its body looks into triple terms")
    if any(isinstance(term, TripleTermPattern) for template in rule.head for term in template.terms):
        yield Text("规则头构造三元组项", "its head makes triple terms")
    expressions = [e.expression for e in (*rule.body, *inner) if isinstance(e, Filter | Assignment)]
    makers = sorted({name for expression in expressions for name in _volatile(expression)})
    if makers:
        names = "、".join(makers)
        yield Text(
            f"每个解都要求新的值（{names}）", f"it makes a new value for each solution ({', '.join(makers)})"
        )


def _takes_apart(term: PatternTerm) -> bool:
    return isinstance(term, TripleTermPattern) and not isinstance(term, Triple)


def _volatile(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Call):
        if expression.operator in VOLATILE:
            yield str(expression.operator)
        for argument in expression.arguments:
            yield from _volatile(argument)
