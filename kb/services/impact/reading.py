"""How the rules of one stage look at what is known of an incident.

A stage derives relations from *inputs*: what was reported, and relations of earlier stages. Here it is
found out which patterns may read which, and whether a rule does anything that would tell all incidents apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Variable

from kb.errors import InputError
from kb.inference.planner import is_volatile
from kb.inference.program import INCIDENT
from kb.namespaces import RDF_TYPE
from kb.services.impact.versions import Version
from kb.srl.syntax import (
    Assignment,
    Call,
    Element,
    Filter,
    Negation,
    Rule,
    Term,
    TriplePattern,
    variables_of,
)


@dataclass(frozen=True, slots=True)
class Look:
    """A pattern about the incident in a rule, and which inputs it may read.

    *within* is the NOT that it stands in; *data* says that it sees only what was reported.
    """

    pattern: TriplePattern
    inputs: frozenset[NamedNode]
    within: Negation | None
    data: bool


class Reading:
    """The looks of *rules*.

    :param reported: predicates of reported facts; *given*: relations of earlier stages.
    :raises InputError: ``impact.unforeseen``: a rule does what this comparison cannot follow.
    """

    def __init__(
        self,
        version: Version,
        rules: Sequence[Rule],
        reported: frozenset[NamedNode],
        given: frozenset[NamedNode] = frozenset(),
    ) -> None:
        self.version, self.rules, self.reported, self.given = version, rules, reported, given
        self.inputs = reported | given
        self.derived = frozenset(
            t.predicate for rule in rules for t in rule.head if isinstance(t.predicate, NamedNode)
        )
        self.looks = {id(rule): tuple(self._looks(rule)) for rule in rules}
        for rule in rules:
            self._require_foreseen(rule)

    def read(self) -> frozenset[NamedNode]:
        """Return the inputs that the rules may read."""
        return frozenset(p for looks in self.looks.values() for look in looks for p in look.inputs)

    def candidates(self, predicate: NamedNode) -> frozenset[Term] | None:
        """Return the values of *predicate* that the background beside it admits; ``None``: all."""
        found: frozenset[Term] = frozenset()
        for rule in self.rules:
            for look in self.looks[id(rule)]:
                if predicate in look.inputs:
                    admitted = self._admitted(rule, look)
                    if admitted is None:
                        return None
                    found |= admitted
        return found

    def _admitted(self, rule: Rule, look: Look) -> frozenset[Term] | None:
        value = look.pattern.object
        if not isinstance(value, Variable):
            return frozenset((value,))  # type: ignore[arg-type]
        found: frozenset[Term] | None = None
        for other in rule.body if look.within is None else look.within.inner:
            if not isinstance(other, TriplePattern) or not self.is_background(other, look.data):
                continue
            assert isinstance(other.predicate, NamedNode)
            if other.subject == value:
                fixed = None if isinstance(other.object, Variable) else other.object
                values: frozenset[Term] = self.version.subjects(other.predicate, fixed)  # type: ignore[arg-type]
            elif other.object == value:
                values = self.version.objects(other.predicate)
            else:
                continue
            found = values if found is None else found & values
        return found

    # ── looks ────────────────────────────────────────────────────────────────────────────────

    def _looks(self, rule: Rule) -> Iterator[Look]:
        for place, element in enumerate(rule.body):
            before = rule.body[:place]  # a NOT means by a variable what was bound by then
            if isinstance(element, TriplePattern):
                if element.subject == INCIDENT:
                    data = not rule.evaldata
                    yield Look(element, self._possible(element, rule.body, data), None, data)
            elif isinstance(element, Negation):
                data = not (rule.evaldata and element.evaldata)
                for part in element.inner:
                    if isinstance(part, TriplePattern) and part.subject == INCIDENT:
                        context = (*before, *element.inner)
                        yield Look(part, self._possible(part, context, data), element, data)

    def _possible(
        self, pattern: TriplePattern, context: Sequence[Element | Filter], data: bool
    ) -> frozenset[NamedNode]:
        """Return the inputs that *pattern* may read: a variable predicate is one that *context* allows."""
        if isinstance(pattern.predicate, NamedNode):
            return self.inputs & {pattern.predicate}
        possible = self.reported if data else self.inputs
        for other in context:
            if (
                not isinstance(other, TriplePattern)
                or other is pattern
                or not self.is_background(other, data)
            ):
                continue
            assert isinstance(other.predicate, NamedNode)
            if other.object == pattern.predicate:
                possible &= {o for o in self.version.objects(other.predicate) if isinstance(o, NamedNode)}
            elif other.subject == pattern.predicate and isinstance(other.object, NamedNode):
                possible &= self.version.subjects(other.predicate, other.object)
        return possible

    def is_background(self, pattern: TriplePattern, data: bool) -> bool:
        """Whether *pattern* looks at the background alone; *data*: it sees no conclusions."""
        predicate = pattern.predicate
        if pattern.subject == INCIDENT or not isinstance(predicate, NamedNode):
            return False
        if predicate == RDF_TYPE:
            return isinstance(pattern.object, NamedNode)
        return predicate not in self.inputs and (data or predicate not in self.version.concluded)

    # ── what cannot be followed ──────────────────────────────────────────────────────────────

    def _require_foreseen(self, rule: Rule) -> None:
        strange = (
            any(look.data and look.inputs & self.given for look in self.looks[id(rule)])
            or any(is_volatile(e.expression) for e, _ in parts(rule) if isinstance(e, Filter | Assignment))
            or any(self._strange(pattern) for pattern, _ in parts(rule) if isinstance(pattern, TriplePattern))
            or any(
                INCIDENT in set(variables_of(e))
                for e, _ in parts(rule)
                if isinstance(e, Filter) or (isinstance(e, Assignment) and node_kind(rule, e) is None)
            )
            or any(INCIDENT in (t.predicate, t.object) for t in rule.head)
        )
        if strange:
            raise unforeseen(rule)

    def _strange(self, pattern: TriplePattern) -> bool:
        """Whether *pattern* may see facts of incidents otherwise than as those of ``?incident``."""
        if pattern.subject == INCIDENT:
            return INCIDENT in (pattern.predicate, pattern.object)
        if INCIDENT in pattern.terms or not isinstance(pattern.predicate, NamedNode):
            return True
        return pattern.predicate in self.inputs and pattern.predicate != RDF_TYPE


def node_kind(rule: Rule, assignment: Assignment) -> str | None:
    """Return what tells the nodes that *assignment* makes of incidents from others, or ``None``.

    Known is ``IRI(CONCAT(STR(?incident), "text"))``: its nodes are an incident's own, and the text their
    kind.
    """
    match assignment.expression:
        case Call("IRI", (Call("CONCAT", (Call("STR", (subject,)), Literal() as text)), *_)):
            return text.value if subject == INCIDENT and text.value.startswith("/") else None
    return None


def unforeseen(rule: Rule) -> InputError:
    """Return the error that says that *rule* does what the comparison cannot follow."""
    return InputError.of(
        "impact.unforeseen",
        f"规则 {rule.name} 的写法无法归并事件，不能对整个档案做影响比较",
        f"the rule {rule.name} is written in a way in which no two incidents are alike; "
        "its impact on an archive cannot be told",
        where=str(rule.span),
        repair=(
            "规则中只比较、匹配或相加事件的值，并以 ?incident 为主语",
            "let rules only compare, match or add values of the incident, with ?incident as the subject",
        ),
    )


def parts(rule: Rule) -> Iterator[tuple[Element | Filter, bool]]:
    """Yield every pattern, filter and assignment of *rule*, and whether it sees reported data only."""
    for element in rule.body:
        if isinstance(element, Negation):
            yield from ((part, not (rule.evaldata and element.evaldata)) for part in element.inner)
        else:
            yield element, not rule.evaldata
