"""Rule heads as the last statements: what a solution adds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from pyoxigraph import BlankNode, Triple, Variable

from kb.inference.bounds import weight
from kb.inference.interactive.frame import Facts, Frame
from kb.inference.interactive.overlay import Row
from kb.inference.interactive.stencil import HERE, Body, Stencil, call, item, number_of, read, tuple_of
from kb.srl.syntax import PatternTerm, TriplePattern, TripleTermPattern

NOTHING = ast.Pass(**HERE)
LET = Stencil("target = value")
IF_MADE = Stencil("""
if made is not None:
    BODY
""")
IF_PREDICATE = Stencil("""
if predicate in iris:
    BODY
""")
ADD = Stencil("""
row = (subject, predicate, object_)
if row not in rows and (
    subject in private or subject not in no_subjects and object_ not in base[subject]
):
    rows[row] = reason
    tell(row)
""")
"""What is no RDF triple is dropped, as CONSTRUCT drops it (kb/srl/README.md); what is known is not new."""


def emission(
    head: Sequence[TriplePattern], facts: Facts, frame: Frame, tell: Callable[[Row], None], reason: ast.expr
) -> Body:
    """Return the statements that add every triple of *head* that is new, with *reason*, and *tell* of it."""
    return _Head(facts, frame, tell, reason).write(head)


class _Head:
    def __init__(self, facts: Facts, frame: Frame, tell: Callable[[Row], None], reason: ast.expr) -> None:
        self._facts = facts
        self._frame = frame
        self._tell = frame.give(tell, "tell")
        self._reason = reason
        self._made: dict[str, ast.expr] = {}  # the names of terms that each solution makes, inner ones first

    def write(self, head: Sequence[TriplePattern]) -> Body:
        labels = sorted({str(term) for t in head for part in t.terms for term in _blank_nodes(part)})
        node = self._frame.give(_node_maker(self._facts), "node")
        # A solution makes its own blank nodes, one map for the whole head.
        blank = {label: self._frame.fresh("node") for label in labels}
        self._made |= {name: call(node, ()) for name in blank.values()}
        added = [statement for triple in head for statement in self._add(triple, blank)]
        made = [s for name, value in self._made.items() for s in LET.fill(target=name, value=value)]
        return [*made, *added, NOTHING]

    def _add(self, triple: TriplePattern, blank: dict[str, str]) -> Body:
        frame, source, dictionary = self._frame, self._facts.source, self._facts.dictionary
        subject, predicate, object_ = (self._term(term, blank) for term in triple.terms)
        fixed = number_of(predicate)
        base = (
            item(frame.give(source.objects_by, "base"), predicate)
            if fixed is None
            else frame.give(source.objects_by[fixed], "base")
        )
        body = ADD.fill(
            row=frame.fresh("row"),
            subject=subject,
            predicate=predicate,
            object_=object_,
            base=base,
            rows=frame.give(self._facts.all.rows, "rows"),
            tell=self._tell,
            private=frame.give(dictionary.private, "private"),
            no_subjects=frame.give(dictionary.no_subjects, "no_subjects"),
            reason=self._reason,
        )
        if fixed is None:
            body = IF_PREDICATE.fill(body, predicate=predicate, iris=frame.give(dictionary.iris, "iris"))
        for term, value in ((triple.subject, subject), (triple.object, object_)):
            if isinstance(term, TripleTermPattern):
                body = IF_MADE.fill(body, made=value)
        return body

    def _term(self, term: PatternTerm, blank: dict[str, str]) -> ast.expr:
        """Return where a term of the head is read; triple terms are made into a name of their own."""
        if isinstance(term, Variable):
            return read(self._frame.names[term])
        if isinstance(term, BlankNode):
            return read(blank[str(term)])
        if not isinstance(term, TripleTermPattern):
            return self._frame.constant(term)
        parts = [self._term(part, blank) for part in (term.subject, term.predicate, term.object)]
        make = self._frame.give(_triple_maker(self._facts), "triple")
        name = self._frame.fresh("triple")
        self._made[name] = call(make, (tuple_of(parts),))
        return read(name)


def _node_maker(facts: Facts) -> Callable[[], int]:
    identify = facts.dictionary.id

    def make() -> int:
        facts.made += 1
        return identify(BlankNode())

    return make


def _triple_maker(facts: Facts) -> Callable[[tuple[int | None, ...]], int | None]:
    dictionary = facts.dictionary

    def make(numbers: tuple[int | None, ...]) -> int | None:
        if None in numbers:
            return None
        try:
            made = Triple(*(dictionary.terms[number] for number in numbers))  # type: ignore
        except TypeError:
            return None  # a literal as subject, say: no triple term
        facts.made += weight(made)
        return dictionary.id(made)

    return make


def _blank_nodes(term: PatternTerm) -> Iterable[BlankNode]:
    if isinstance(term, BlankNode):
        yield term
    elif isinstance(term, TripleTermPattern):
        for part in (term.subject, term.predicate, term.object):
            yield from _blank_nodes(part)
