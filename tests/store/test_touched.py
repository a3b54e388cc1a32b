"""Which graphs an update may have changed: all that it may mean, and few others."""

from __future__ import annotations

import pytest

from kb.store.touched import may_touch

G = "http://example.org/graphs/g"
OTHER = "http://example.com/other"


@pytest.mark.parametrize(
    "text",
    [
        f"INSERT DATA {{ GRAPH <{G}> {{ <urn:a> <urn:b> 1 }} }}",
        "PREFIX x: <http://example.org/graphs/> CLEAR GRAPH x:g",
        f"WITH <{G}> DELETE {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }}",
        f"# ALL\nCOPY DEFAULT TO <{G}>",
        f'INSERT DATA {{ GRAPH <{G}> {{ <urn:a> <urn:b> "ALL NAMED GRAPH ?g" }} }}',
    ],
)
def test_a_graph_that_is_named_may_be_changed_and_others_are_not_looked_at(text: str) -> None:
    touched = may_touch(text)
    assert touched(G)
    assert not touched(OTHER)


@pytest.mark.parametrize(
    "text",
    [
        "DROP ALL",
        "clear named",
        "INSERT { GRAPH ?g { ?s ?p 1 } } WHERE { GRAPH ?g { ?s ?p ?o } }",
        "INSERT { ?s ?p 1.GRAPH ?g { ?s ?p 2 } } WHERE { GRAPH ?g { ?s ?p ?o } }",
        "DELETE WHERE { GRAPH # which?\n $g { ?s ?p ?o } }",
        "BASE <http://example.com/> CLEAR GRAPH <other>",
        "CLEAR GRAPH <http://example.com/graphs/../other>",
        "CLEAR GRAPH <http://example.com/\\u006fther>",
        "PREFIX : <> CLEAR GRAPH :other",
    ],
)
def test_what_may_stand_for_any_graph_counts_as_all(text: str) -> None:
    assert may_touch(text)(OTHER)
