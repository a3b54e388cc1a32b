"""Rule heads: what the solutions of a body add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir
from pyoxigraph import BlankNode, Variable

from kb.inference.relational.connection import Connection
from kb.inference.relational.families import NODE, family_of
from kb.inference.relational.guard import Guard
from kb.inference.relational.lexicon import ID, Lexicon
from kb.inference.relational.relations import PAIR, TRIPLE, Conclusion
from kb.inference.relational.solutions import Solutions
from kb.srl.syntax import PatternTerm, Rule, TriplePattern


def conclusions(
    rule: Rule, solutions: Solutions, connection: Connection, lexicon: Lexicon, guard: Guard
) -> Iterator[Conclusion]:
    """Yield what each template of the head concludes.

    What would be no RDF triple is left out, as CONSTRUCT leaves it out (kb/srl/README.md).
    """
    labels = sorted(
        {str(term) for template in rule.head for term in template.terms if isinstance(term, BlankNode)}
    )
    if len(rule.head) > 1 or labels:
        solutions = solutions.on(connection.stored(solutions.table))
    made: dict[str, str] = {}
    if labels:
        solutions, made = _with_blank_nodes(solutions, labels, connection, lexicon, guard)
    for template in rule.head:
        yield replace(_conclusion(template, solutions, made, lexicon), rule=rule)


def _conclusion(
    template: TriplePattern, solutions: Solutions, made: Mapping[str, str], lexicon: Lexicon
) -> Conclusion:
    table = solutions.table

    def column(term: PatternTerm) -> ir.Value:
        if isinstance(term, Variable):
            return table[solutions.columns[term]]
        if isinstance(term, BlankNode):
            return table[made[str(term)]]
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
    return frozenset((NODE if isinstance(term, BlankNode) else family_of(term),))  # type: ignore[arg-type]


def _only(rows: ir.Table, place: str, lexicon: Lexicon, starts: Sequence[str]) -> ir.Table:
    """Keep the rows whose term at *place* is an IRI (or a blank node)."""
    terms = lexicon.terms
    nodes = terms.filter((terms.family == NODE) & terms.key.substr(0, 1).isin(list(starts)))
    return rows.semi_join(nodes.select(**{place: nodes.id}), place)


def _with_blank_nodes(
    solutions: Solutions, labels: Sequence[str], connection: Connection, lexicon: Lexicon, guard: Guard
) -> tuple[Solutions, dict[str, str]]:
    """Give each solution blank nodes of its own, one for each label."""
    distinct = solutions.projected(solutions.columns)
    numbered = connection.stored(distinct.mutate(solution=ibis.row_number().cast(ID)))
    count = int(numbered.count().execute())
    guard.count_terms(count * len(labels))
    made: dict[str, str] = {}
    for place, label in enumerate(labels):
        start = lexicon.add_blank_nodes(numbered.solution, count)
        made[label] = f"made_{place}"
        numbered = numbered.mutate(**{made[label]: (numbered.solution + start).cast(ID)})
    return Solutions(numbered, solutions.columns, solutions.families), made
