"""Triple patterns as steps: each binds what is free, for every triple that fits, and goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from pyoxigraph import Triple, Variable

from kb.inference.interactive.frame import Facts, Frame, Next
from kb.inference.interactive.overlay import Overlay, Row
from kb.srl.syntax import PatternTerm, TriplePattern, TripleTermPattern, variables_of

Place: TypeAlias = tuple[int, bool]
"""Where a term of a pattern stands: its slot, and whether that is bound before the pattern is matched."""


def match(
    pattern: TriplePattern,
    bound: set[Variable],
    overlay: Overlay,
    facts: Facts,
    frame: Frame,
    following: Next,
) -> Next:
    """Return the step that matches *pattern* against the base graph and *overlay*.

    :param bound: the variables that have a value before this step.
    """
    return _Matcher(facts, frame, overlay).step(pattern, bound, following)


class _Matcher:
    """Compiles patterns over one overlay; the delta of semi-naive evaluation stands for the whole graph."""

    def __init__(self, facts: Facts, frame: Frame, overlay: Overlay) -> None:
        self._source = facts.source
        self._frame = frame
        self._overlay = overlay
        self._overlay_only = overlay is facts.delta

    def step(self, pattern: TriplePattern, bound: set[Variable], following: Next) -> Next:
        places: list[Place] = []
        checks: list[tuple[int, int]] = []
        seen = set(bound)
        for term in pattern.terms:
            slot, is_bound = self._place(term, seen)
            if isinstance(term, Variable):
                if term in seen and term not in bound:  # ?x :p ?x: match freely, then compare
                    free = self._frame.fresh()
                    checks.append((free, slot))
                    slot, is_bound = free, False
                seen.add(term)
            places.append((slot, is_bound))
        following = self._take_apart(pattern.terms, places, seen, following)
        for left, right in checks:
            following = self._same(left, right, following)
        return self._access(places, following)

    def _access(self, places: Sequence[Place], following: Next) -> Next:
        """Choose how to find the triples: by an index, by a test, or by scanning."""
        (s, s_bound), (p, p_bound), (o, o_bound) = places
        source, overlay = self._source, self._overlay
        if self._overlay_only:
            return self._scan(places, following)
        if s_bound and p_bound and o_bound:
            return self._test(s, p, o, following)
        if s_bound and p_bound:
            return self._along(s, p, o, source.known_objects, source.objects, overlay.objects, following)
        if o_bound and p_bound:
            return self._along(o, p, s, source.known_subjects, source.subjects, overlay.subjects, following)
        return self._scan(places, following)

    def _place(self, term: PatternTerm, seen: set[Variable]) -> Place:
        if isinstance(term, Variable):
            return self._frame.slots[term], term in seen
        if isinstance(term, TripleTermPattern):
            return self._frame.fresh(), False
        return self._frame.constant(term), True

    # ── ways to the triples ──────────────────────────────────────────────────────────────────

    def _along(  # type: ignore[no-untyped-def]
        self, start: int, p: int, end: int, known, fetch, here, following: Next
    ) -> Next:
        """Go from a bound subject (or object) along the predicate to every object (or subject).

        :param known: the answers that the source remembers, *fetch* the source itself, *here* the overlay's
            index; all three by the pair of start and predicate.
        """
        env, private = self._frame.env, self._frame.dictionary.private

        def run() -> bool:
            key = (env[start], env[p])
            if key[0] not in private:
                base = known.get(key)
                for value in fetch(*key) if base is None else base:
                    env[end] = value
                    if following():
                        return True
            for value in here.get(key, ()):
                env[end] = value
                if following():
                    return True
            return False

        return run

    def _test(self, s: int, p: int, o: int, following: Next) -> Next:
        """Nothing is free: look whether the triple is there."""
        env, private, rows = self._frame.env, self._frame.dictionary.private, self._overlay.rows
        known, fetch = self._source.known_objects, self._source.objects

        def run() -> bool:
            subject, predicate, object_ = env[s], env[p], env[o]
            if (subject, predicate, object_) in rows:
                return following()
            if subject in private:
                return False
            base = known.get((subject, predicate))
            if object_ in (fetch(subject, predicate) if base is None else base):
                return following()
            return False

        return run

    def _scan(self, places: Sequence[Place], following: Next) -> Next:
        """Any other pattern: an unbound predicate, a predicate alone, or the newest facts."""
        env, private = self._frame.env, self._frame.dictionary.private
        (s, s_bound), (p, p_bound), (o, o_bound) = places
        free = [(position, slot) for position, (slot, is_bound) in enumerate(places) if not is_bound]
        overlay, triples, overlay_only = self._overlay, self._source.triples, self._overlay_only

        def run() -> bool:
            subject = env[s] if s_bound else None
            predicate = env[p] if p_bound else None
            object_ = env[o] if o_bound else None
            rows: Iterable[Row] = overlay.match(subject, predicate, object_)
            if not overlay_only and subject not in private and object_ not in private:
                rows = (*triples(subject, predicate, object_), *rows)
            for row in rows:
                for position, slot in free:
                    env[slot] = row[position]
                if following():
                    return True
            return False

        return run

    def _same(self, left: int, right: int, following: Next) -> Next:
        env = self._frame.env

        def run() -> bool:
            return following() if env[left] == env[right] else False

        return run

    # ── triple terms ─────────────────────────────────────────────────────────────────────────

    def _take_apart(
        self, terms: Sequence[PatternTerm], places: Sequence[Place], seen: set[Variable], following: Next
    ) -> Next:
        """Match the triple terms among *terms*, left to right, once the plain variables are bound."""
        known = set(seen)
        inner: list[tuple[int, TripleTermPattern, set[Variable]]] = []
        for term, (slot, _) in zip(terms, places, strict=True):
            if isinstance(term, TripleTermPattern):
                inner.append((slot, term, set(known)))
                known |= set(variables_of(term))
        for slot, term, before in reversed(inner):
            following = self._triple_term(slot, term, before, following)
        return following

    def _triple_term(
        self, slot: int, pattern: TripleTermPattern, seen: set[Variable], following: Next
    ) -> Next:
        """Bind the free variables of a triple term, compare the rest."""
        env, terms, identify = self._frame.env, self._frame.dictionary.terms, self._frame.dictionary.id
        known = set(seen)
        inner = (pattern.subject, pattern.predicate, pattern.object)
        places: list[Place] = []
        for part in inner:
            places.append(self._place(part, known))
            if isinstance(part, Variable):
                known.add(part)
        following = self._take_apart(inner, places, known, following)

        def run() -> bool:
            term = terms[env[slot]]
            if not isinstance(term, Triple):
                return False
            for (target, is_bound), value in zip(
                places, (term.subject, term.predicate, term.object), strict=True
            ):
                found = identify(value)
                if not is_bound:
                    env[target] = found
                elif found != env[target]:
                    return False
            return following()

        return run
