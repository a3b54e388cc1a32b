"""Rule heads as the last step: what a solution adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from pyoxigraph import BlankNode, Triple, Variable

from kb.inference.interactive.frame import Frame, Next
from kb.inference.interactive.overlay import Row
from kb.srl.syntax import PatternTerm, TriplePattern, TripleTermPattern

Emit: TypeAlias = Callable[[Row, Sequence[int]], None]
"""Takes a triple of the head, and the bindings that gave it; the array is the rule's own and will change."""


def emission(head: Sequence[TriplePattern], frame: Frame, emit: Emit) -> Next:
    """Return the step that hands every triple of *head* to *emit* for the solution at hand."""
    dictionary, env = frame.dictionary, frame.env
    labels = sorted({str(term) for t in head for part in t.terms for term in _blank_nodes(part)})
    fresh = {label: frame.fresh() for label in labels}
    nested: list[tuple[int, Callable[[], int | None]]] = []
    templates = [tuple(_slot(term, frame, fresh, nested) for term in t.terms) for t in head]
    identify, iris, no_subjects = dictionary.id, dictionary.iris, dictionary.no_subjects

    def run() -> bool:
        for slot in fresh.values():  # a solution makes its own blank nodes, one map for the whole head
            env[slot] = identify(BlankNode())
        for slot, make in nested:
            made = make()
            env[slot] = -1 if made is None else made
        for s, p, o in templates:
            subject, predicate, object_ = env[s], env[p], env[o]
            # What is no RDF triple is dropped, as CONSTRUCT drops it (kb/srl/README.md).
            if predicate in iris and subject not in no_subjects and subject >= 0 and object_ >= 0:
                emit((subject, predicate, object_), env)
        return False

    return run


def _slot(
    term: PatternTerm, frame: Frame, fresh: dict[str, int], nested: list[tuple[int, Callable[[], int | None]]]
) -> int:
    """Return the slot from which a term of the head is read; triple terms are made into one of their own."""
    if isinstance(term, Variable):
        return frame.slots[term]
    if isinstance(term, BlankNode):
        return fresh[str(term)]
    if not isinstance(term, TripleTermPattern):
        return frame.constant(term)
    parts = [_slot(part, frame, fresh, nested) for part in (term.subject, term.predicate, term.object)]
    env, dictionary = frame.env, frame.dictionary

    def make() -> int | None:
        numbers = [env[part] for part in parts]
        if min(numbers) < 0:
            return None
        try:
            return dictionary.id(Triple(*(dictionary.terms[number] for number in numbers)))  # type: ignore[arg-type]
        except TypeError:
            return None  # a literal as subject, say: no triple term

    target = frame.fresh()
    nested.append((target, make))
    return target


def _blank_nodes(term: PatternTerm) -> Iterable[BlankNode]:
    if isinstance(term, BlankNode):
        yield term
    elif isinstance(term, TripleTermPattern):
        for part in (term.subject, term.predicate, term.object):
            yield from _blank_nodes(part)
