"""`xiezhi bench store`: both kinds of store in one run."""

from __future__ import annotations

from sparql_server import SparqlServer

from kb.services.store_bench import NAMES, measure, render


def test_both_stores_are_measured_and_shown_side_by_side(sparql_server: SparqlServer) -> None:
    found = measure(3000, 20, sparql_server.url)
    for lang in ("zh", "en"):
        table = render(found, lang).splitlines()
        assert len(table) == 1 + len(NAMES)
        for line, label in zip(table[1:], NAMES.values(), strict=True):
            assert line.startswith(label.in_(lang))
            assert len(line[len(label.in_(lang)) :].replace(" / ", "/").split()) == 2
