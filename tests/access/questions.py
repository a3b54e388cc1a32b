"""Random SPARQL of every form, that tries to reach graphs in every way the language has."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kb.store.workers import Dataset
from tests.access.world import GRAPHS, NODES, PREDICATES, SAYS


@dataclass(frozen=True, slots=True)
class Question:
    """A query and the dataset that its request names."""

    text: str
    dataset: Dataset


class Questions:
    """Writes one query after another; the same ones for the same *seed*."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._depth = 0

    def next(self) -> Question:
        """Return another one."""
        pick = self._chance
        where = self._group()
        clauses = " ".join(
            f"{pick.choice(('FROM', 'FROM NAMED'))} {self._graph()}"
            for _ in range(pick.choice((0, 0, 0, 1, 3)))
        )
        text = pick.choice(
            (
                f"SELECT * {clauses} WHERE {where}",
                f"SELECT DISTINCT ?a ?g {clauses} WHERE {where}",
                f"SELECT (COUNT(*) AS ?n) (MIN(STR(?b)) AS ?least) {clauses} WHERE {where}",
                f"SELECT ?a (COUNT(?b) AS ?n) {clauses} WHERE {where} GROUP BY ?a HAVING (COUNT(*) > 1)",
                f"SELECT ?a ?b ?c ?g {clauses} WHERE {where} ORDER BY ?a ?b ?c ?g LIMIT 3",
                f"ASK {clauses} {where}",
                f"CONSTRUCT {{ ?a <urn:found> ?b . ?a <urn:in> ?g }} {clauses} WHERE {where}",
                f"DESCRIBE ?a ?g {clauses} WHERE {where}",
                f"DESCRIBE {pick.choice((self._node(), self._graph()))} {clauses}",
            )
        )
        return Question(text, self._dataset())

    def _dataset(self) -> Dataset:
        pick = self._chance
        if pick.random() < 0.8:
            return Dataset()
        names = [name.value for name in pick.sample(GRAPHS, 4)]
        return pick.choice((Dataset(names), Dataset((), names), Dataset(names[:2], names[2:])))

    def _group(self) -> str:
        self._depth += 1
        parts = [self._part() for _ in range(self._chance.choice((1, 1, 2)))]
        self._depth -= 1
        return "{ " + " ".join(parts) + " }"

    def _part(self) -> str:
        pick = self._chance
        if self._depth > 2 or pick.random() < 0.35:
            return self._triple()
        inner = self._group()
        return pick.choice(
            (
                f"GRAPH {self._graph()} {inner}",
                f"GRAPH ?g {inner}",
                f"GRAPH ?g {{ }} OPTIONAL {{ GRAPH ?g {inner} }}",
                f"{self._triple()} OPTIONAL {inner}",
                f"{inner} UNION {self._group()}",
                f"{self._triple()} MINUS {inner}",
                f"{self._triple()} FILTER EXISTS {inner}",
                f"{self._triple()} FILTER NOT EXISTS {inner}",
                f"{self._triple()} FILTER (EXISTS {{ GRAPH {self._graph()} {{ ?a ?p ?x }} }} || BOUND(?c))",
                f"VALUES ?g {{ {self._graph()} {self._graph()} }} GRAPH ?g {inner}",
                f"BIND(IRI(CONCAT('{GRAPHS[0].value[:-3]}', 'nal')) AS ?g) GRAPH ?g {inner}",
                f"{{ SELECT ?a (COUNT(*) AS ?n) {{ ?a {self._path()} ?z }} GROUP BY ?a }} {self._triple()}",
                f"?s <{SAYS.value}> ?text FILTER(STRSTARTS(?text, 'secret of')) BIND(STRLEN(?text) AS ?b)",
            )
        )

    def _triple(self) -> str:
        path = self._path()
        anchored = path.endswith(("*", "?"))  # else every term of the store is a pair with itself
        subject, other = (self._chance.choice((name, "?b", self._node())) for name in ("?a", "?c"))
        return f"{self._node() if anchored else subject} {path} {other} ."

    def _path(self) -> str:
        knows, near = (f"<{one.value}>" for one in PREDICATES)
        return self._chance.choice(
            (
                knows, near, f"<{SAYS.value}>", f"{knows}+", f"{knows}*", f"{near}?", f"^{knows}/{near}",
                f"({knows}|{near})+", f"!({knows})", f"!(^{near}|{knows})", f"{knows}/^<{SAYS.value}>*",
            )
        )  # fmt: skip

    def _node(self) -> str:
        return f"<{self._chance.choice(NODES).value}>"

    def _graph(self) -> str:
        return f"<{self._chance.choice(GRAPHS).value}>"
