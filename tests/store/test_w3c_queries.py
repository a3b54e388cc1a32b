"""The W3C query suites through our door: what the gate and a worker answer is what the engine gives.

All data files lie in one store, each as a graph with the IRI that it has on the web; a test names its dataset
as the protocol does. Why an answer of the engine is not W3C's, or ours not the engine's, says
``w3c-queries.yaml``; what it lists and is no longer so fails.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, QueryResultsFormat, QueryTriples, RdfFormat, parse

from kb.errors import QueryRefused
from kb.store.embedded import open_store
from kb.store.workers import Dataset, Service
from tests.store import w3c
from tests.store.w3c import Case, State

FOLDERS = (
    *(f"sparql11/{name}" for name in (
        "aggregates", "bind", "bindings", "cast", "construct", "csv-tsv-res", "exists", "functions",
        "grouping", "json-res", "negation", "project-expression", "property-path", "service", "subquery",
        "syntax-fed", "syntax-query",
    )),
    *(f"sparql12/{name}" for name in (
        "codepoint-escapes", "eval-triple-terms", "expression", "grouping", "lang-basedir", "rdf11", "syntax",
        "syntax-triple-terms-negative", "syntax-triple-terms-positive", "version",
    )),
)  # fmt: skip
"""All query suites but ``sparql11/entailment``: the service answers by what is stored, under no entailment
regime; what follows from it, rules put there."""
TABLES = {
    ".srx": "application/sparql-results+xml",
    ".srj": "application/sparql-results+json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
}
DIFFERENCES = w3c.differences(Path(__file__).with_name("w3c-queries.yaml"))
EVALUATED = w3c.cases(FOLDERS, "QueryEvaluationTest", "CSVResultFormatTest")
POSITIVE = w3c.cases(FOLDERS, "PositiveSyntaxTest", "PositiveSyntaxTest11")
NEGATIVE = w3c.cases(FOLDERS, "NegativeSyntaxTest", "NegativeSyntaxTest11")
pytestmark = pytest.mark.skipif(not EVALUATED, reason="../shared/data/tests/sparql is not here")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """The service of the product on a store that holds the data of all tests."""
    with w3c.memory() as folder, open_store(folder / "store") as store:
        store.load(stored([case.before for case in EVALUATED]), actor="w3c", action="load")
        with Service(store, folder / "checkpoints") as opened:
            yield opened


def stored(states: list[State]) -> set[Quad]:
    """Return all datasets in one: what a file says of its default graph is a graph of the file's name."""
    graphs: dict[str, set[Quad]] = {}
    for state in states:
        mine = defaultdict(set)
        for name, file in (*((w3c.iri(file), file) for file in state.default), *state.named):
            for s, p, o, graph in w3c.content(file):
                own = graph if isinstance(graph, NamedNode) else NamedNode(name)
                mine[own.value].add(Quad(s, p, o, own))
        for name, quads in mine.items():
            assert graphs.setdefault(name, quads) == quads  # no two tests mean different graphs by one name
    return set().union(*graphs.values())


def dataset(case: Case) -> Dataset:
    """Return the dataset as a request names it, unless the query does; an empty one is no graph."""
    if "\nFROM" in case.request:
        return Dataset()
    return Dataset([w3c.iri(file) for file in case.before.default] or ["urn:nothing"], case.before.names())


def named(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases])


@named(EVALUATED)
def test_the_service_answers_what_the_engine_and_w3c_say(service: Service, case: Case) -> None:
    assert case.result is not None
    reason = DIFFERENCES.get(case.name)
    accept = TABLES.get(case.result.suffix, "application/sparql-results+json, application/n-triples")
    try:
        answer = service.select(case.request, accept, dataset=dataset(case), base=case.base)
    except QueryRefused:
        if reason is None:
            raise
        return
    direct = w3c.engine(case).query(case.request, base_iri=case.base)
    if case.result.suffix == ".csv":
        table = _table(direct.serialize(format=QueryResultsFormat.CSV))
        assert _table(answer.body) == table
        assert (table == _table(case.result.read_bytes())) is not bool(reason), reason
        return
    found, ours = _of_engine(direct), _of_service(answer.body, answer.media_type)
    assert w3c.same(ours, found, ordered="ORDER BY" in case.request.upper())
    assert w3c.same(found, w3c.expected(case.result)) is not bool(reason), reason


def _table(text: bytes) -> list[list[tuple[str, str]]]:
    """Return the rows of a CSV, its columns and rows in no order, all blank nodes with one name."""
    rows = csv.DictReader(io.StringIO(re.sub(r"_:\w+", "_:", text.decode())))
    return sorted(sorted(row.items()) for row in rows)


def _of_engine(results: object) -> w3c.Solutions | set[Quad]:
    return w3c.in_default(results) if isinstance(results, QueryTriples) else w3c.solutions(results)


def _of_service(body: bytes, media: str) -> w3c.Solutions | set[Quad]:
    if media == "application/n-triples":
        return set(parse(body, format=RdfFormat.N_TRIPLES))
    form = QueryResultsFormat.from_media_type(media)
    assert form is not None
    return w3c.read(body, form)


@named(POSITIVE)
def test_what_is_well_written_is_run(service: Service, case: Case) -> None:
    refusal = refused(service, case)
    if (reason := DIFFERENCES.get(case.name)) is not None:
        assert refusal is not None, reason
    else:
        assert refusal is None


@named([case for case in NEGATIVE if case.text.suffix == ".rq"])
def test_what_is_not_well_written_is_refused(service: Service, case: Case) -> None:
    refusal = refused(service, case)
    if (reason := DIFFERENCES.get(case.name)) is not None:
        assert refusal is None, reason
    else:
        assert refusal in ("query.syntax", "query.no-form")  # both are 400 in HTTP


def refused(service: Service, case: Case) -> str | None:
    """Return the code by which the query is refused, unless only for a function that we do not have."""
    try:
        service.select(case.request, dataset=dataset(case), base=case.base)
    except QueryRefused as error:
        code = error.faults[0].code
        return None if code == "query.impossible" else code
    return None


def test_every_difference_is_of_a_test_and_is_explained() -> None:
    names = {case.name for case in (*EVALUATED, *POSITIVE, *NEGATIVE)}
    assert DIFFERENCES.keys() <= names
    assert all(reason.endswith(".") for reason in DIFFERENCES.values())


def test_the_dataset_of_a_request_has_no_other_graphs(service: Service) -> None:
    name = NamedNode(w3c.iri(EVALUATED[0].before.default[0]))
    ask = "ASK { GRAPH ?g { ?s ?p ?o } }"
    assert b"true" in service.select(ask).body
    assert b"false" in service.select(ask, dataset=Dataset([name.value])).body
