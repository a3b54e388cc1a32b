"""The executors that have to give the inference graphs of the draft."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyoxigraph import NamedNode, Quad, Triple

from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.srl.syntax import RuleSet, Term
from tests.inference import relational
from tests.srl import textbook

Infer = Callable[[RuleSet, Iterable[Triple]], set[Triple]]
BASE = NamedNode("http://example/base-graph")


def interactive(ruleset: RuleSet, base: Iterable[Triple]) -> set[Triple]:
    """Run the product's interactive executor, the base graph being a list."""
    quads = [Quad(t.subject, t.predicate, t.object, BASE) for t in base]  # a store would rewrite 01 to 1

    def match(s: Term | None, p: NamedNode | None, o: Term | None) -> list[Quad]:
        return [
            q for q in quads if s in (None, q.subject) and p in (None, q.predicate) and o in (None, q.object)
        ]

    source = Source(match, Dictionary())
    return set(Executor(ruleset.rules, source, data=ruleset.data).derive())


def on_duckdb(ruleset: RuleSet, base: Iterable[Triple]) -> set[Triple]:
    """Run the product's relational executor."""
    return relational.infer(ruleset, base)


evaluators: list[Infer] = [textbook.infer, interactive, on_duckdb]
"""Each takes a rule set and the base graph, and returns the inference graph. Add yours here."""


def names(infer: Infer) -> str:
    """Name an executor for the test's title and for the table: the function, or the module of ``infer``."""
    return infer.__module__.rpartition(".")[2] if infer.__name__ == "infer" else infer.__name__
