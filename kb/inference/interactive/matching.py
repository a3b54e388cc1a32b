"""Triple patterns as statements: each binds what is free, for every triple that fits, and goes on."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.frame import Facts, Frame
from kb.inference.interactive.overlay import Overlay, Row, Rows
from kb.inference.interactive.source import Source
from kb.inference.interactive.stencil import Body, Stencil, call, constant, item, number_of, read
from kb.srl.syntax import PatternTerm, TriplePattern, TripleTermPattern, variables_of

Place: TypeAlias = tuple[ast.expr, bool]
"""A term of a pattern: the expression or name of its value, and whether that is bound before the pattern is
matched."""

ALONG = Stencil("""
found = () if start in private else base[start]
if here and start in here:
    found = (*found, *here[start]) if found else here[start]
for end in found:
    BODY
""")
"""Go from a bound subject (or object) to every object (or subject): *base* remembers the base graph, *here*
is the overlay; both are of one predicate."""

TEST = Stencil("""
if here and (subject, predicate, object_) in rows or subject not in private and object_ in base[subject]:
    BODY
""")
"""Nothing is free: look whether the triple is there."""

SOME = Stencil("""
if object_ in here or some(predicate, object_):
    BODY
""")
"""Whether any subject at all has a constant object."""

SCAN = Stencil("""
for subject, predicate, object_ in scan:
    BODY
""")
"""Any other pattern: an unbound predicate, a predicate alone, or the newest facts."""

SAME = Stencil("""
if left == right:
    BODY
""")
APART = Stencil("""
parts = apart(term)
if parts is not None:
    subject, predicate, object_ = parts
    BODY
""")


def match(
    pattern: TriplePattern, bound: set[Variable], rows: Rows, facts: Facts, frame: Frame, following: Body
) -> Body:
    """Return the statements that match *pattern* against the base graph and *rows*, then do what follows.

    :param bound: the variables that have a value before.
    :param rows: an overlay is added to the base graph; the newest facts, which are none, stand for it.
    """
    return _Matcher(facts, frame, rows).step(pattern, bound, following)


def some(pattern: TriplePattern, rows: Overlay, facts: Facts, frame: Frame, following: Body) -> Body | None:
    """Return the statements that do what follows once if *pattern* matches at all, whatever its subject.

    ``None`` where it is not of the form ``?anything :predicate :object``: then :func:`match` is as good.
    """
    subject, predicate, object_ = pattern.terms
    if not isinstance(subject, Variable) or not isinstance(predicate, NamedNode):
        return None
    if not isinstance(object_, NamedNode | Literal):
        return None
    number = facts.dictionary.id(predicate)
    rows.keep_subjects(number)
    return SOME.fill(
        following,
        predicate=frame.constant(predicate),
        object_=frame.constant(object_),
        here=frame.give(rows.subjects[number], "here"),
        some=frame.give(facts.source.some, "some"),
    )


class _Matcher:
    """Writes patterns over one set of rows."""

    def __init__(self, facts: Facts, frame: Frame, rows: Rows) -> None:
        self._source = facts.source
        self._dictionary = facts.dictionary
        self._frame = frame
        self._rows = rows

    def step(self, pattern: TriplePattern, bound: set[Variable], following: Body) -> Body:
        places, following = self._places(pattern.terms, bound, following)
        return self._access(places, following)

    def _places(
        self, terms: Sequence[PatternTerm], bound: set[Variable], following: Body
    ) -> tuple[list[Place], Body]:
        """Return where each term is read or put, and *following* behind what has to be looked at first."""
        places: list[Place] = []
        checks: list[tuple[str, str]] = []
        inner: list[tuple[str, TripleTermPattern]] = []
        seen = set(bound)
        for term in terms:
            if isinstance(term, Variable):
                name = self._frame.names[term]
                if term in seen and term not in bound:  # ?x :p ?x: match freely, then compare
                    again = self._frame.fresh("same")
                    checks.append((again, name))
                    places.append((read(again), False))
                else:
                    places.append((read(name), term in bound))
                seen.add(term)
            elif isinstance(term, TripleTermPattern):
                name = self._frame.fresh("term")
                inner.append((name, term))
                places.append((read(name), False))
            else:
                places.append((self._frame.constant(term), True))
        known = [seen]
        for _, term in inner:  # once the plain variables are bound, left to right
            known.append(known[-1] | set(variables_of(term)))
        for (name, term), before in reversed(list(zip(inner, known, strict=False))):
            following = self._apart(name, term, before, following)
        for left, right in reversed(checks):
            following = SAME.fill(following, left=left, right=right)
        return places, following

    def _access(self, places: Sequence[Place], following: Body) -> Body:
        """Choose how to find the triples: by an index, by a test, or by scanning."""
        (s, s_bound), (p, p_bound), (o, o_bound) = places
        if not isinstance(self._rows, Overlay):
            return self._scan(places, following)
        if s_bound and p_bound and o_bound:
            return self._test(s, p, o, self._rows, following)
        if s_bound and p_bound:
            return self._along(s, p, o, self._source.objects_by, self._rows.objects, following)
        if o_bound and p_bound:
            self._rows.keep_subjects(number_of(p))
            return self._along(o, p, s, self._source.subjects_by, self._rows.subjects, following)
        return self._scan(places, following)

    # ── ways to the triples ──────────────────────────────────────────────────────────────────

    def _along(  # type: ignore[no-untyped-def]
        self, start: ast.expr, p: ast.expr, end: ast.expr, base, here, following: Body
    ) -> Body:
        return ALONG.fill(
            following,
            found=self._frame.fresh("found"),
            start=start,
            end=end,
            private=self._give(self._dictionary.private, "private"),
            base=self._of_predicate(base, p, "base"),
            here=self._of_predicate(here, p, "here"),
        )

    def _test(self, s: ast.expr, p: ast.expr, o: ast.expr, overlay: Overlay, following: Body) -> Body:
        return TEST.fill(
            following,
            subject=s,
            predicate=p,
            object_=o,
            rows=self._give(overlay.rows, "rows"),
            private=self._give(self._dictionary.private, "private"),
            base=self._of_predicate(self._source.objects_by, p, "base"),
            here=self._of_predicate(overlay.objects, p, "here"),
        )

    def _scan(self, places: Sequence[Place], following: Body) -> Body:
        targets = [read(self._frame.fresh("_")) if bound else place for place, bound in places]
        wanted = [place if bound else constant(None) for place, bound in places]
        scan = self._give(_scanner(self._rows, self._source), "scan")
        subject, predicate, object_ = targets
        return SCAN.fill(
            following, subject=subject, predicate=predicate, object_=object_, scan=call(scan, wanted)
        )

    def _of_predicate(self, indexes, p: ast.expr, hint: str) -> ast.expr:  # type: ignore[no-untyped-def]
        """Return the index of a predicate: at once where it is a constant, else at each look."""
        number = number_of(p)
        return item(self._give(indexes, hint), p) if number is None else self._give(indexes[number], hint)

    def _give(self, value: object, hint: str) -> ast.expr:
        return self._frame.give(value, hint)

    # ── triple terms ─────────────────────────────────────────────────────────────────────────

    def _apart(self, name: str, pattern: TripleTermPattern, bound: set[Variable], following: Body) -> Body:
        """Bind the free variables of a triple term, compare the rest."""
        places, following = self._places(
            (pattern.subject, pattern.predicate, pattern.object), bound, following
        )
        targets: list[ast.expr] = []
        for place, is_bound in reversed(places):
            if is_bound:
                part = self._frame.fresh("part")
                following = SAME.fill(following, left=part, right=place)
                targets.append(read(part))
            else:
                targets.append(place)
        object_, predicate, subject = targets
        return APART.fill(
            following,
            parts=self._frame.fresh("parts"),
            term=name,
            apart=self._give(_taker(self._dictionary), "apart"),
            subject=subject,
            predicate=predicate,
            object_=object_,
        )


def _scanner(rows: Rows, source: Source) -> Callable[[int | None, int | None, int | None], Iterable[Row]]:
    """Return the function that finds triples in *rows*, and in the base graph below an overlay."""
    match_rows, triples, private = rows.match, source.triples, source.dictionary.private
    if not isinstance(rows, Overlay):
        return match_rows

    def scan(s: int | None, p: int | None, o: int | None) -> Iterable[Row]:
        found = match_rows(s, p, o)
        return found if s in private or o in private else (*triples(s, p, o), *found)

    return scan


def _taker(dictionary: Dictionary) -> Callable[[int], Row | None]:
    """Return the function that takes a triple term apart."""
    terms, identify = dictionary.terms, dictionary.id

    def apart(number: int) -> Row | None:
        term = terms[number]
        if not isinstance(term, Triple):
            return None
        return identify(term.subject), identify(term.predicate), identify(term.object)

    return apart
