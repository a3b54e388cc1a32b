"""What the SPARQL editor offers, for programs too: the vetted examples, and the terms of the ontology."""

from __future__ import annotations

from functools import cache
from typing import Any

import pyoxigraph
from flask import Blueprint, Response, jsonify, request, url_for

from kb.namespaces import PREFIXES, ROOT, SH
from kb.ontology.queries import SCHEMA, SPEX, Example, Examples
from kb.resources import folder
from kb.store import formats
from webapp.desk import desk
from webapp.problems import both
from webapp.terms import prefixes

JSON = "application/json"
blueprint = Blueprint("examples", __name__)


@cache
def vetted() -> Examples:
    """Return the examples that this server was installed with."""
    return Examples(folder("examples") / "queries")


@blueprint.get("/api/examples")
def examples() -> Response:
    """Return the vetted examples: JSON, or the RDF that they are kept as."""
    media = request.accept_mimetypes.best_match([JSON, *formats.GRAPHS], default=JSON)
    if media == JSON:
        response = jsonify({"examples": [_as_json(example) for example in vetted()]})
    else:
        names = {**PREFIXES, "query": ROOT + "query/", "sh": SH, "schema": SCHEMA, "spex": SPEX}
        triples = vetted().triples(url_for("sparql.endpoint", _external=True))
        body = pyoxigraph.serialize(triples, format=formats.GRAPHS[media], prefixes=names)
        response = Response(body, content_type=f"{media}; charset=utf-8")
    response.vary.add("Accept")
    return response


@blueprint.get("/api/terms")
def terms() -> Response:
    """Return the prefixes, and the classes and properties of the ontology with their labels."""
    response = jsonify(
        {
            "prefixes": prefixes(),
            "terms": [
                {"iri": term.iri, "kind": "class" if term.is_class else "property", "label": both(term.label)}
                for term in desk().terms.all()
            ],
        }
    )
    # Vocabulary is no secret of an incident: the browser may keep it and ask whether it is still so.
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def _as_json(example: Example) -> dict[str, Any]:
    return {
        "name": example.name,
        "iri": example.iri.value,
        "form": example.form,
        "comment": both(example.comment),
        "keywords": {lang: list(words) for lang, words in example.keywords.items()},
        "query": {lang: example.query(lang) for lang in ("zh", "en")},
        "federatesWith": list(example.federates),
        "mayBeEmpty": example.may_be_empty,
    }
