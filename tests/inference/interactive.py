"""The interactive executor as an evaluator: rules and a base graph in, the inference graph out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import Literal, NamedNode, Quad, Store, Triple, Variable

from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.srl.syntax import RuleSet, Term
from kb.srl.wellformed import require_wellformed

GRAPH = NamedNode("urn:graph")


def store_of(base: Iterable[Triple]) -> Store:
    """Return a store in memory that holds *base* in one named graph."""
    store = Store()
    store.extend(Quad(t.subject, t.predicate, t.object, GRAPH) for t in base)
    return store


def source_of(store: Store, private: str = "") -> Source:
    """Return a source over *store*; IRIs that begin with *private* are not looked for there."""

    def match(s: Term | None, p: NamedNode | None, o: Term | None) -> Iterator[Quad]:
        if isinstance(s, Literal | Triple):
            return iter(())
        return store.quads_for_pattern(s, p, o, None)

    return Source(match, Dictionary(private))


def infer(
    ruleset: RuleSet,
    base: Iterable[Triple],
    *,
    facts: Iterable[Triple] = (),
    bound: Sequence[Variable] = (),
    bindings: Sequence[Term] = (),
    private: str = "",
) -> set[Triple]:
    """Return the inference graph of *ruleset* over *base*, in a store, and *facts*, given with the call."""
    require_wellformed(ruleset)
    source = source_of(store_of(base), private)
    executor = Executor(ruleset.rules, source, bound=bound, data=ruleset.data)
    return set(executor.derive(facts, bindings))
