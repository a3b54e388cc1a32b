"""Strangers' writes: what is allowed happens and is journalled; what is not changes nothing at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kb.access.policy import Policy
from kb.access.principal import Principal
from kb.errors import Forbidden, QueryRefused, QueryStopped
from kb.namespaces import graph, xz
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.workers import Dataset, Service
from kb.store.writing import FileRefused, Limits, Writes
from tests.access.world import GRAPHS, fill, principals, secret

MINE, OTHER = NamedNode("urn:mine"), NamedNode("urn:other")
TURTLE, XML, JSONLD = "text/turtle", "application/rdf+xml", "application/ld+json"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """A store with graphs of every kind."""
    with open_store(tmp_path_factory.mktemp("store")) as opened:
        fill(opened, lambda name: "here")
        yield opened


@pytest.fixture(scope="module")
def service(store: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(store, tmp_path_factory.mktemp("checkpoints"), workers=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def writes(
    store: EmbeddedStore, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Writes]:
    folder = tmp_path_factory.mktemp("writing") / "w"
    with Writes(store, service, folder, Limits(deadline=10)) as opened:
        yield opened


@pytest.fixture(scope="module")
def integrator(store: EmbeddedStore) -> Principal:
    """Who may write graphs of his own."""
    return principals(Policy(store))["integrator"]


def all_quads(store: EmbeddedStore) -> set[Quad]:
    return set(store.match(None, None, None))


def test_an_update_is_stored_and_the_journal_has_its_text_and_its_author(
    writes: Writes, store: EmbeddedStore, integrator: Principal
) -> None:
    text = "INSERT DATA { GRAPH <urn:mine> { <urn:a> <urn:b> 1, 2 } }"
    receipt = writes.update(text, integrator)
    assert receipt is not None
    (entry,) = store.entries(receipt.sequence - 1)
    assert (entry.actor, entry.action, entry.reason) == ("integrator", "sparql update", text)
    assert len(entry.change.additions) == 2
    assert writes.update(text, integrator) is None, "the second time nothing changes"
    assert writes.update("DROP GRAPH <urn:mine>", integrator) is not None
    assert not list(store.match(None, None, None, MINE))


ESCAPES = [
    "INSERT DATA { GRAPH <{city}> { <urn:a> <urn:b> 1 } }",
    "DELETE WHERE { GRAPH <{city}> { ?s ?p ?o } }",
    "DELETE { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }",
    "WITH <{city}> DELETE { ?s ?p ?o } INSERT { ?s ?p 1 } WHERE { ?s ?p ?o }",
    "INSERT { GRAPH ?g { ?s ?p 1 } } USING NAMED <{city}> WHERE { GRAPH ?g { ?s ?p ?o } }",
    "INSERT { GRAPH ?g { <urn:a> <urn:b> 1 } } WHERE { BIND(IRI(CONCAT('{ci', 'ty}')) AS ?g) }",
    "INSERT { GRAPH ?g { <urn:a> <urn:b> 1 } } WHERE { VALUES ?g { <urn:mine> <{city}> } }",
    "CLEAR GRAPH <{city}>",
    "DROP ALL",
    "CLEAR NAMED",
    "DROP SILENT GRAPH <{ontology}>",
    "COPY <urn:elsewhere> TO <{city}>",
    "MOVE <{city}> TO <urn:mine>",
    "ADD <urn:elsewhere> TO <{ontology}>",
    "INSERT DATA { GRAPH <urn:mine> { <urn:a> <urn:b> 1 } } ; CLEAR GRAPH <{city}>",
    "INSERT DATA { GRAPH <{system}> { <urn:a> <urn:b> 1 } }",
    "INSERT DATA { GRAPH <{unknown}> { <urn:a> <urn:b> 1 } }",
    "INSERT DATA { GRAPH <{secret}> { <urn:a> <urn:b> 1 } }",
]
"""Attack 15: an update that reaches beyond its writer's graphs, in every form that the language has."""
NAMES = {
    "{city}": graph("city/a").value,
    "{ci', 'ty}": graph("city/").value + "', 'a",
    "{ontology}": graph("ontology").value,
    "{system}": graph("system").value,
    "{unknown}": graph("no-such-kind/a").value,
    "{secret}": graph("source/water/withheld").value,
}


@pytest.mark.parametrize("form", ESCAPES)
def test_an_update_that_reaches_beyond_its_writers_graphs_changes_nothing(
    writes: Writes, store: EmbeddedStore, integrator: Principal, form: str
) -> None:
    for name, iri in NAMES.items():
        form = form.replace(name, iri)
    before = all_quads(store)
    with pytest.raises(Forbidden) as error:
        writes.update(form, integrator)
    assert error.value.faults[0].code == "write.graph"
    assert all_quads(store) == before


@pytest.mark.parametrize(
    "text",
    [
        "INSERT { GRAPH <urn:mine> { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }",
        "INSERT { GRAPH <urn:mine> { ?s ?p ?o } } WHERE { ?s ?p ?o }",
        "INSERT { GRAPH <urn:mine> { ?s ?p ?o } } USING <{secret}> WHERE { ?s ?p ?o }",
        "COPY SILENT <{secret}> TO <urn:mine>",
        "ADD SILENT <{secret}> TO <urn:mine>",
    ],
)
def test_nobody_copies_what_he_may_not_see_into_his_own_graph(
    writes: Writes, store: EmbeddedStore, integrator: Principal, text: str
) -> None:
    writes.update(text.replace("{secret}", NAMES["{secret}"]), integrator)
    copied = {quad.object for quad in store.match(None, None, None, MINE)}
    hidden = [name for name in GRAPHS if not integrator.sees(name)]
    assert not [name for name in hidden if Literal(secret(name, "here")) in copied]
    writes.update("DROP SILENT GRAPH <urn:mine>", integrator)


nodes = st.sampled_from([f"<urn:n{n}>" for n in range(3)])
graphs = st.sampled_from(["<urn:mine>", "<urn:other>"])
triples = st.builds(
    "{} {} {} .".format, nodes, nodes, st.one_of(nodes, st.sampled_from(['"x"@en', "1", "1.0e0"]))
)
operations = st.one_of(
    st.builds("INSERT DATA {{ GRAPH {} {{ {} {} }} }}".format, graphs, triples, triples),
    st.builds("DELETE DATA {{ GRAPH {} {{ {} }} }}".format, graphs, triples),
    st.builds(
        "DELETE {{ GRAPH {0} {{ ?s ?p ?o }} }} WHERE {{ GRAPH {0} {{ ?s ?p ?o . ?o ?q ?r }} }}".format, graphs
    ),
    st.builds("WITH {} INSERT {{ ?o ?p ?s }} WHERE {{ ?s ?p ?o FILTER isIRI(?o) }}".format, graphs),
    st.builds("{} SILENT {} TO {}".format, st.sampled_from(["COPY", "MOVE", "ADD"]), graphs, graphs),
    st.builds("CLEAR SILENT GRAPH {}".format, graphs),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(operations, min_size=1, max_size=4))
def test_an_update_does_what_the_engine_does_with_it(
    writes: Writes, store: EmbeddedStore, integrator: Principal, steps: list[str]
) -> None:
    ours = (MINE, OTHER)
    engine = pyoxigraph.Store()
    engine.extend(quad for name in ours for quad in store.match(None, None, None, name))
    text = " ;\n".join(steps)
    engine.update(text)
    writes.update(text, integrator)
    assert {quad for name in ours for quad in store.match(None, None, None, name)} == set(engine)


def test_a_runaway_update_is_stopped_and_changes_nothing(
    store: EmbeddedStore, service: Service, tmp_path: Path, integrator: Principal
) -> None:
    writes = Writes(store, service, tmp_path / "w", Limits(deadline=1.0))
    before, began = all_quads(store), time.monotonic()
    hog = " ".join(f"GRAPH ?g{n} {{ ?a{n} ?b{n} ?c{n} }}" for n in range(6))
    with pytest.raises(QueryStopped, match=r"query\.timeout"):
        writes.update(f"INSERT {{ GRAPH <urn:mine> {{ ?a0 ?b0 ?c5 }} }} WHERE {{ {hog} }}", integrator)
    assert time.monotonic() - began < 5
    assert all_quads(store) == before
    assert not list((tmp_path / "w").iterdir()), "no copy is left"


@pytest.mark.parametrize("text", ["INSERT DATA { broken", "SELECT * { ?s ?p ?o }", "INSERT { ?s ?p"])
def test_what_is_no_update_is_refused(writes: Writes, integrator: Principal, text: str) -> None:
    with pytest.raises(QueryRefused):
        writes.update(text, integrator)


def test_a_dataset_of_the_request_and_one_in_the_text_exclude_each_other(
    writes: Writes, integrator: Principal
) -> None:
    text = "INSERT { GRAPH <urn:mine> { ?s ?p ?o } } USING <urn:other> WHERE { ?s ?p ?o }"
    with pytest.raises(QueryRefused, match=r"query\.using"):
        writes.update(text, integrator, Dataset(["urn:elsewhere"]))


ENTITIES = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
LAUGHS = f'<!DOCTYPE x [<!ENTITY a "{"l" * 100}">{ENTITIES}]><x xmlns="urn:"><y>&i;</y></x>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
CONTEXT = '{"@context": "http://127.0.0.1:1/c", "@id": "urn:a", "b": 1}'
IMPORT = '{"@context": {"@import": "http://127.0.0.1:1/c"}, "b": 1}'
GRAPH = '{"@id": "urn:g", "@graph": [{"@id": "urn:a", "urn:b": 1}]}'


def deep(before: str, opens: str, middle: str, closes: str, after: str = "", depth: int = 10_000) -> str:
    return before + opens * depth + middle + closes * depth + after


START = "<urn:a> <urn:b> "
FILES = {
    "4 a context elsewhere": (JSONLD, CONTEXT, "file.context"),
    "4 an import elsewhere": (JSONLD, IMPORT, "file.context"),
    "5 an external entity": (XML, EXTERNAL, "file.doctype"),
    "6 a billion laughs": (XML, LAUGHS, "file.doctype"),
    "7 deep JSON": (JSONLD, deep("", '{"urn:a":', "1", "}"), "file.too-deep"),
    "7 deep Turtle": (TURTLE, deep(START, "[ <urn:b> ", "1", "]", " ."), "file.too-deep"),
    "7 deep lists": (TURTLE, deep(START, "(", "", ")", " ."), "file.too-deep"),
    "8 deep triple terms": (TURTLE, deep(START, "<<( <urn:a> <urn:b> ", "1", " )>>", " ."), "file.too-deep"),
    "16 quads": ("application/n-quads", "<urn:a> <urn:b> <urn:c> <urn:g> .", "file.media-type"),
    "16 a graph in JSON-LD": (JSONLD, GRAPH, "file.syntax"),
    "not well written": (TURTLE, "<urn:a> <urn:b", "file.syntax"),
    "not UTF-8": (TURTLE, '<urn:a> <urn:b> "\udcff" .', "file.syntax"),
}
"""Attacks of reliability.md by number."""


@pytest.mark.parametrize(("media", "text", "code"), FILES.values(), ids=FILES.keys())
def test_a_dangerous_file_is_refused_soon_and_in_words(
    writes: Writes, media: str, text: str, code: str
) -> None:
    began = time.monotonic()
    with pytest.raises(FileRefused) as error:
        writes.parse(text.encode("utf-8", "surrogateescape"), media, "urn:base")
    (fault,) = error.value.faults
    assert fault.code == code
    assert fault.message.zh
    assert fault.repair
    assert time.monotonic() - began < 5


def test_blank_nodes_of_two_files_are_never_taken_for_one(
    writes: Writes, store: EmbeddedStore, integrator: Principal
) -> None:
    """Attack 17."""
    for number in (1, 2):
        parsed = writes.parse(f"_:a <urn:number> {number} .".encode(), TURTLE, "urn:base")
        writes.post(OTHER, parsed, integrator)
    found = list(store.match(None, NamedNode("urn:number"), None, OTHER))
    assert len(found) == 2
    assert len({quad.subject for quad in found}) == 2
    assert all(isinstance(quad.subject, BlankNode) for quad in found)
    writes.put(OTHER, [], integrator)
    assert not list(store.match(None, None, None, OTHER))


def test_an_upload_about_rights_lands_in_its_own_graph_and_means_nothing(
    writes: Writes, store: EmbeddedStore, integrator: Principal
) -> None:
    """Attack 19."""
    before = Policy(store).digest
    role = NamedNode("https://w3id.org/xiezhi/kb/role/visitor")
    personal = NamedNode("https://w3id.org/xiezhi/kb/compartment/personal")
    writes.put(MINE, [Triple(role, xz("mayRead"), personal)], integrator)
    assert Policy(store).digest == before
    with pytest.raises(Forbidden):
        writes.put(graph("ontology"), [Triple(role, xz("mayRead"), personal)], integrator)
    writes.put(MINE, [], integrator)
