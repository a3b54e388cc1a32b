"""The page of the SPARQL service: a form, the vetted examples, and results as a table that people can read.

It works without scripts; ``sparql.js`` makes an editor of the form and takes the results out of this page.
In the tables, an IRI shows as its label and leads to what is known of it on this server: duty rooms have no
internet, and most IRIs of the city lead nowhere outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyoxigraph
from flask import Response, json, render_template
from pyoxigraph import Literal, NamedNode, RdfFormat

from kb.errors import XiezhiError
from kb.namespaces import PREFIXES, RDFS_LABEL
from kb.store.workers import Answer
from webapp.access import me
from webapp.desk import desk
from webapp.examples_api import vetted
from webapp.i18n import language
from webapp.problems import status_of

TABLE, GRAPH = "application/sparql-results+json", "application/n-triples"
ACCEPT = f"{TABLE}, {GRAPH}"
"""What the page asks the service for."""
SHOWN = 200
"""Rows of a table."""
FIRST = "incident-departments"
"""The example that an empty form begins with."""
TRIPLE = ("subject", "predicate", "object")


@dataclass(frozen=True, slots=True)
class Cell:
    """A term as people read it.

    *text*; *iri*, where there is one to look up; *tag*, its datatype, or its language where it is not the
    page's.
    """

    text: str = ""
    iri: str | None = None
    tag: str = ""

    @property
    def description(self) -> str:
        """The query for what is known of the IRI."""
        assert self.iri is not None
        return f"DESCRIBE {NamedNode(self.iri)}"


def form(query: str = "", error: XiezhiError | None = None) -> Response:
    """Return the page with *query* in its form, and what was wrong with it."""
    return _page(200 if error is None else status_of(error), query=query, error=error)


def results(query: str, answer: Answer) -> Response:
    """Return the page with the *answer* to *query*, which was asked for as :data:`ACCEPT`."""
    if answer.media_type == GRAPH:
        triples = list(pyoxigraph.parse(answer.body, format=RdfFormat.N_TRIPLES))
        rows = [[_cell(_as_json(term)) for term in list(triple)[:3]] for triple in triples[:SHOWN]]
        table: dict[str, Any] = {"columns": TRIPLE, "rows": rows, "count": len(triples)}
        return _page(query=query, result=table, truncated=answer.truncated)
    data = json.loads(answer.body)
    if "boolean" in data:
        return _page(query=query, result={"boolean": data["boolean"]})
    columns, bindings = data["head"]["vars"], data["results"]["bindings"]
    rows = [[_cell(binding.get(column)) for column in columns] for binding in bindings[:SHOWN]]
    table = {"columns": columns, "rows": rows, "count": len(bindings)}
    return _page(query=query, result=table, truncated=answer.truncated)


def _page(status: int = 200, **context: Any) -> Response:
    first = vetted().find(FIRST).query(language())
    html = render_template("sparql/query.html", examples=list(vetted()), first=first, shown=SHOWN, **context)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.vary.add("Accept")
    return response


def _cell(term: dict[str, Any] | None) -> Cell:
    """Return the cell for a term as SPARQL's JSON format writes it."""
    if term is None:
        return Cell()
    match term["type"]:
        case "uri":
            iri = str(term["value"])
            return Cell(_label(iri) or _prefixed(iri), iri)
        case "triple":
            parts = (_cell(term["value"][part]).text for part in TRIPLE)
            return Cell(f"<<( {' '.join(parts)} )>>")
        case "bnode":
            return Cell(f"_:{term['value']}")
    tag = term.get("xml:lang") or _prefixed(term.get("datatype", ""))
    return Cell(str(term["value"]), None, "" if tag == language() else tag)


def _as_json(term: Any) -> dict[str, Any]:
    """Return a term of a graph as SPARQL's JSON format writes it."""
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, Literal):
        plain = term.language or term.datatype.value.endswith("#string")
        return {
            "type": "literal",
            "value": term.value,
            **({"xml:lang": term.language} if term.language else {}),
            **({} if plain else {"datatype": term.datatype.value}),
        }
    if isinstance(term, pyoxigraph.Triple):
        return {"type": "triple", "value": dict(zip(TRIPLE, map(_as_json, term), strict=True))}
    return {"type": "bnode", "value": term.value}


def _label(iri: str) -> str | None:
    """Return the label of *iri* in the language of the page, if a graph that the reader sees gives it one."""
    reader = me()
    names = {
        quad.object.language: quad.object.value
        for quad in desk().workspace.store.match(NamedNode(iri), RDFS_LABEL, None)
        if isinstance(quad.object, Literal)
        and isinstance(quad.graph_name, NamedNode)
        and reader.sees(quad.graph_name)
    }
    return names.get(language())


def _prefixed(iri: str) -> str:
    """Return *iri* as it would be written in a query, with a prefix where there is one."""
    fitting = [(name, start) for name, start in PREFIXES.items() if iri.startswith(start)]
    if not fitting:
        return iri
    name, start = max(fitting, key=lambda pair: len(pair[1]))
    return f"{name}:{iri.removeprefix(start)}"
