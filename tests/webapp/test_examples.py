"""The vetted example queries: each runs against a real server, in both languages, and is published as RDF."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyoxigraph
import pytest
import rdflib
from click.testing import CliRunner

from kb.cli import main
from kb.errors import KnowledgeFault
from kb.namespaces import XZ
from kb.ontology.queries import FORMS, Example, Examples
from kb.resources import folder
from tests.webapp.conftest import Client, Server

FOLDER = folder("examples") / "queries"
EXAMPLES = list(Examples(FOLDER))
LOCAL = [example for example in EXAMPLES if not example.federates]
COMPOUND = {
    "type": ["燃气爆炸", "暴雨"], "grid": "370102", "deaths": 4, "seriousInjuries": 12, "missing": 8,
    "warningSignal": "红色预警",
}  # fmt: skip
"""An incident of which every example about incidents has something to say."""
ACCEPT = {"select": "text/csv", "ask": "application/sparql-results+json"}
SECOND = 1.0
SH, SCHEMA = rdflib.Namespace("http://www.w3.org/ns/shacl#"), rdflib.Namespace("https://schema.org/")


@pytest.fixture(scope="module")
def city(server: Server) -> Client:
    """A server with a city and an incident that its frozen copies already hold."""
    told = server.client.post_json("/api/recommend", COMPOUND)
    assert told.status == 201, told.text
    time.sleep(0.4)  # the service promises to lag by 0.3 s at most
    server.client.get("/sparql?query=ASK%7B%7D")
    return server.client


def test_there_are_examples_of_every_form_about_all_that_an_integrator_asks() -> None:
    assert len(EXAMPLES) >= 20
    assert {example.form for example in EXAMPLES} == set(FORMS)
    words = {word for example in EXAMPLES for word in example.keywords["en"]}
    assert {
        "incidents", "recommendation", "duties", "clauses", "plan modules", "thresholds", "cascades", "grids",
        "posts", "reporting", "collaboration", "law", "catalogue", "coverage", "provenance",
        "federated query",
    } <= words  # fmt: skip


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ttl")), ids=lambda path: path.stem)
def test_a_file_holds_the_example_of_its_name(path: Path) -> None:
    graph = rdflib.Graph().parse(path)
    (subject,) = {one for one in graph.subjects() if isinstance(one, rdflib.URIRef)}
    assert str(subject) == f"https://w3id.org/xiezhi/query/{path.stem}"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("example", LOCAL, ids=lambda example: example.name)
def test_an_example_finds_something_within_a_second(city: Client, example: Example, lang: str) -> None:
    body = {"query": example.query(lang)}
    before = time.monotonic()
    reply = city.post_form("/sparql", body, {"Accept": ACCEPT.get(example.form, "application/n-triples")})
    took = time.monotonic() - before
    assert reply.status == 200, reply.text
    assert took < SECOND, f"{took:.2f} s"
    assert "Xiezhi-Truncated" not in reply.headers
    if example.form == "ask":
        assert reply.json["boolean"] is True
    elif not example.may_be_empty:
        assert len(reply.text.splitlines()) > (example.form == "select")
    if example.form == "select" and lang == "en":
        assert not re.search("[\u3400-\u9fff]", reply.text), "a label was asked for in Chinese"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_uses_no_term_that_nobody_defines_and_no_prefix_in_vain(
    city: Client, example: Example
) -> None:
    query = example.query()
    terms = {term["iri"] for term in city.get("/api/terms").json["terms"]}
    used = {XZ + name for name in re.findall(r"\bxz:([\w-]+)", query)}
    assert used <= terms, used - terms
    for prefix in re.findall(r"^PREFIX (\w+):", query, re.M):
        assert len(re.findall(rf"\b{prefix}:", query)) > 1, prefix


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.federates], ids=lambda example: example.name)
def test_a_federated_example_is_refused_while_its_endpoint_is_not_on_the_allow_list(
    city: Client, example: Example
) -> None:
    reply = city.post_form("/sparql", {"query": example.query()})
    assert reply.status == 403
    assert reply.json["faults"][0]["repair"]


def test_the_api_lists_them_as_json(city: Client) -> None:
    listed = {one["name"]: one for one in city.get("/api/examples").json["examples"]}
    assert set(listed) == {example.name for example in EXAMPLES}
    one = listed["incident-departments"]
    assert one["comment"]["zh"]
    assert one["comment"]["en"]
    assert one["form"] == "select"
    assert '"zh"' in one["query"]["zh"]
    assert '"en"' in one["query"]["en"]


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("text/turtle", "turtle"),
        ("application/n-triples", "nt"),
        ("application/rdf+xml", "xml"),
        ("application/ld+json", "json-ld"),
    ],
)
def test_the_api_publishes_them_as_rdf_with_the_address_of_this_server(
    server: Server, city: Client, accept: str, format_: str
) -> None:
    reply = city.get("/api/examples", accept)
    assert reply.headers["Content-Type"].startswith(accept)
    graph = rdflib.Graph().parse(data=reply.body, format=format_)
    found = set(graph.subjects(rdflib.RDF.type, SH.SPARQLExecutable))
    assert len(found) == len(EXAMPLES)
    for one in found:
        assert set(graph.objects(one, SCHEMA.target)) == {rdflib.URIRef(server.url + "/sparql")}
        assert len(set(graph.objects(one, rdflib.RDFS.comment))) == 2
        (prefixes,) = graph.objects(one, SH.prefixes)
        assert len(list(graph.objects(prefixes, SH.declare))) > 5


def test_the_queries_as_shacl_would_run_them_are_well_formed() -> None:
    """With every declared prefix before the text, as SHACL says; by the parser of the engine."""
    store = pyoxigraph.Store()
    for example in EXAMPLES:
        head = "".join(f"PREFIX {name}: <{space}>\n" for name, space in example.prefixes.items())
        if not example.federates:
            store.query(head + example.body)


def test_the_page_lists_them_without_scripts_and_leads_to_their_results(city: Client) -> None:
    page = city.get("/sparql", "text/html", **{"Accept-Language": "en"}).text
    for example in EXAMPLES:
        assert example.comment.en in page.replace("&#39;", "'")
    table = city.get("/sparql?" + urlencode({"query": EXAMPLES[0].query("en")}), "text/html").text
    assert table.count("<tr>") > 1


def test_a_table_shows_the_label_of_an_iri_and_leads_to_what_is_known_of_it(city: Client) -> None:
    query = "SELECT (<https://w3id.org/xiezhi/division/370102> AS ?x) {}"
    page = city.get("/sparql?" + urlencode({"query": query}), "text/html", **{"Accept-Language": "zh"}).text
    found = re.search(r'<td><a href="([^"]+)" title="([^"]+)">([^<]+)</a>', page)
    assert found is not None
    assert (found[2], found[3]) == ("https://w3id.org/xiezhi/division/370102", "历下区")
    described = city.get(found[1].replace("&amp;", "&"), "text/html", **{"Accept-Language": "zh"}).text
    assert '<th scope="col">predicate</th>' in described
    assert ">济南市</a>" in described


@pytest.fixture
def run(server: Server, city: Client) -> Callable[..., Any]:
    """The command line beside the running server."""
    return lambda *words: CliRunner().invoke(main, ["--home", str(server.home), *words])


def test_the_command_line_lists_shows_and_runs_them(run: Callable[..., Any]) -> None:
    listed = run("examples", "list", "--lang", "en")
    assert len(listed.stdout.splitlines()) == len(EXAMPLES)
    few = run("examples", "list", "网格", "--lang", "zh").stdout.splitlines()
    assert [line.split()[0] for line in few] == ["areas-by-kind", "grids-of-a-street", "posts-of-a-grid"]
    shown = run("examples", "show", "cascades", "--lang", "en")
    assert 'LANG(?first) = "en"' in shown.stdout
    assert run("examples", "run", "is-anything-serious").stdout.strip() == '{"head":{},"boolean":true}'
    assert run("examples", "run", "latest-incidents", "--lang", "en").stdout.startswith("incident,received,")
    assert "<https://w3id.org/xiezhi/ns#deaths>" in run(
        "examples", "run", "describe-incident"
    ).stdout.replace("xz:deaths", "<https://w3id.org/xiezhi/ns#deaths>")


def test_an_unknown_name_and_a_refused_query_are_told_in_words(run: Callable[..., Any]) -> None:
    unknown = run("examples", "show", "cascade", "--lang", "en")
    assert unknown.exit_code == 1
    assert "did you mean cascades" in unknown.stderr
    refused = run("examples", "run", "federated-incidents", "--lang", "zh")
    assert refused.exit_code == 1
    assert "SERVICE" in refused.stderr


BROKEN = {
    "no comment": ('rdfs:comment "一"@zh, "one"@en ; ', "", "rdfs:comment"),
    "one language": (', "one"@en', "", "rdfs:comment"),
    "no keywords": ('schema:keywords "一"@zh, "one"@en ;', "", "schema:keywords"),
    "two queries": ("sh:ask ", 'sh:select "SELECT * {}" ; sh:ask ', "sh:select | sh:ask"),
    "another form": ("SPARQLAskExecutable", "SPARQLSelectExecutable", "Executable"),
    "another target": ("xiezhi/sparql", "xiezhi/other", "schema:target"),
    "no prefix": ("ASK {}", "ASK { ?x unheard:of ?y }", "unheard"),
}
WHOLE = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix schema: <https://schema.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://w3id.org/xiezhi/query/one> a sh:SPARQLExecutable, sh:SPARQLAskExecutable ;
  rdfs:comment "一"@zh, "one"@en ; schema:keywords "一"@zh, "one"@en ;
  schema:target <https://w3id.org/xiezhi/sparql> ;
  sh:ask "ASK {}" .
"""


@pytest.mark.parametrize("fault", BROKEN)
def test_an_example_that_lacks_something_is_refused_by_name(tmp_path: Path, fault: str) -> None:
    old, new, named = BROKEN[fault]
    (tmp_path / "one.ttl").write_text(WHOLE, encoding="utf-8")
    assert [example.name for example in Examples(tmp_path)] == ["one"]
    assert old in WHOLE
    (tmp_path / "one.ttl").write_text(WHOLE.replace(old, new), encoding="utf-8")
    with pytest.raises(KnowledgeFault, match=re.escape(named)):
        Examples(tmp_path)


def test_an_empty_folder_is_a_broken_installation(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeFault, match="no example query was found"):
        Examples(tmp_path)
