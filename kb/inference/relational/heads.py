"""Rule heads: what the solutions of a body add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir
from pyoxigraph import BlankNode, Variable

from kb.inference.relational.bodies import Run
from kb.inference.relational.families import NODE, family_of
from kb.inference.relational.lexicon import ID, Lexicon
from kb.inference.relational.relations import PAIR, TRIPLE, Conclusion
from kb.inference.relational.solutions import Solutions
from kb.srl.syntax import Assignment, Call, Expression, PatternTerm, Rule, TriplePattern, TripleTermPattern

MADE, TERM = "made_{}", "made_term"
"""Columns of new blank nodes, and of the triple term of one template."""


def conclusions(rule: Rule, solutions: Solutions, run: Run) -> Iterator[Conclusion]:
    """Yield what each template of the head concludes.

    What would be no RDF triple is left out, as CONSTRUCT leaves it out (kb/srl/README.md).
    """
    labels = sorted({label for template in rule.head for term in template.terms for label in _labels(term)})
    if len(rule.head) > 1 or labels:
        solutions = solutions.on(run.connection.stored(solutions.table))
    made = {label: Variable(MADE.format(place)) for place, label in enumerate(labels)}
    if made:
        solutions = _with_blank_nodes(solutions, list(made.values()), run)
    for template in rule.head:
        flat = replace(template, subject=_named(template.subject, made), object=_named(template.object, made))
        found = solutions
        if isinstance(flat.subject, TripleTermPattern):
            continue  # no triple has such a subject
        if isinstance(flat.object, TripleTermPattern):
            term = Assignment(Variable(TERM), _call(flat.object, made))
            found = run.conditions.assign(solutions, term, TERM)
            flat = replace(flat, object=term.variable)
        yield replace(_conclusion(flat, found, run.lexicon), rule=rule)


def _labels(term: PatternTerm) -> Iterator[str]:
    if isinstance(term, BlankNode):
        yield str(term)
    elif isinstance(term, TripleTermPattern):
        for part in (term.subject, term.predicate, term.object):
            yield from _labels(part)


def _named(term: PatternTerm, made: Mapping[str, Variable]) -> PatternTerm:
    return made[str(term)] if isinstance(term, BlankNode) else term


def _call(term: PatternTerm, made: Mapping[str, Variable]) -> Expression:
    """Return the expression that makes a triple term."""
    if isinstance(term, TripleTermPattern):
        parts = (term.subject, term.predicate, term.object)
        return Call("TRIPLE", tuple(_call(part, made) for part in parts))
    return _named(term, made)  # type: ignore[return-value]


def _conclusion(template: TriplePattern, solutions: Solutions, lexicon: Lexicon) -> Conclusion:
    table = solutions.table

    def column(term: PatternTerm) -> ir.Value:
        if isinstance(term, Variable):
            return table[solutions.columns[term]]
        return ibis.literal(lexicon.id(term), ID)  # type: ignore[arg-type]

    rows = table.select(s=column(template.subject), p=column(template.predicate), o=column(template.object))
    families = _families(template.object, solutions)
    if isinstance(template.subject, Variable) and solutions.families[template.subject] != {NODE}:
        rows = _only(rows, "s", lexicon, ("<", "_"))
    if isinstance(template.predicate, Variable):
        return Conclusion(None, _only(rows, "p", lexicon, ("<",)).select(*TRIPLE), families)
    return Conclusion(lexicon.id(template.predicate), rows.select(*PAIR), families)  # type: ignore[arg-type]


def _families(term: PatternTerm, solutions: Solutions) -> frozenset[int]:
    if isinstance(term, Variable):
        return solutions.families[term]
    return frozenset((family_of(term),))  # type: ignore[arg-type]


def _only(rows: ir.Table, place: str, lexicon: Lexicon, starts: Sequence[str]) -> ir.Table:
    """Keep the rows whose term at *place* is an IRI (or a blank node)."""
    terms = lexicon.terms
    nodes = terms.filter((terms.family == NODE) & terms.key.substr(0, 1).isin(list(starts)))
    return rows.semi_join(nodes.select(**{place: nodes.id}), place)


def _with_blank_nodes(solutions: Solutions, made: Sequence[Variable], run: Run) -> Solutions:
    """Give each solution blank nodes of its own, one for each of the variables *made*."""
    distinct = solutions.projected(solutions.columns)
    numbered = run.connection.stored(distinct.mutate(solution=ibis.row_number().cast(ID)))
    count = int(numbered.count().execute())
    run.guard.count_terms(count * len(made))
    for variable in made:
        start = run.lexicon.add_blank_nodes(numbered.solution, count)
        numbered = numbered.mutate(**{variable.value: (numbered.solution + start).cast(ID)})
    columns = {variable: variable.value for variable in made}
    nodes = dict.fromkeys(made, frozenset((NODE,)))
    return Solutions(numbered, {**solutions.columns, **columns}, {**solutions.families, **nodes})
