"""The media types of answers, and the choice among them by an ``Accept`` header."""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import QueryResultsFormat, RdfFormat

from kb.errors import QueryRefused, Text
from kb.store.gate import Form

RESULTS = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "text/csv": QueryResultsFormat.CSV,
    "text/tab-separated-values": QueryResultsFormat.TSV,
}
"""Of ``SELECT`` and ``ASK``; the first is the default."""

GRAPHS = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
}
"""Of ``CONSTRUCT`` and ``DESCRIBE``, and of a graph; the first is the default."""

DATASETS = {
    "application/n-quads": RdfFormat.N_QUADS,
    "application/trig": RdfFormat.TRIG,
}
"""Of several graphs; the first is the default."""


def choose(accept: str, form: Form) -> str:
    """Return the media type of a query's answer that *accept* likes best; see :func:`pick`."""
    table: Iterable[str] = RESULTS if form in (Form.SELECT, Form.ASK) else GRAPHS
    return pick(accept, table, Text(f"{form.value} 的结果", f"the answer of {form.value}"))


def pick(accept: str, table: Iterable[str], what: Text) -> str:
    """Return the media type of *table* that *accept*, the value of an ``Accept`` header, likes best.

    Without a header, or among equals, the earlier one. *what* has the formats, for the error.

    :raises QueryRefused: ``query.not-acceptable`` (HTTP 406) where none is liked at all.
    """
    offers = list(table)
    ranges = [_range(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]

    def liking(offer: str) -> float:
        # The most specific range decides, however little it likes the offer (RFC 9110, 12.5.1).
        fitting = [(_fit(offer, media), quality) for media, quality in ranges if _fit(offer, media)]
        return max(fitting, default=(0, 0.0))[1]

    best = max(offers, key=liking)
    if liking(best) <= 0:
        raise QueryRefused.of(
            "query.not-acceptable",
            f"{what.zh}没有所要求的格式",
            f"{what.en} comes in none of the formats asked for",
            where=f"Accept: {accept}",
            repair=(f"可选：{', '.join(offers)}", f"choose one of: {', '.join(offers)}"),
        )
    return best


def _range(part: str) -> tuple[str, float]:
    """Return type and quality of one media range, such as ``text/*;q=0.5``."""
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return media, quality


def _fit(offer: str, media: str) -> int:
    """Return how closely *media* names *offer*: 3 by name, 2 by kind, 1 as anything, 0 not at all."""
    kind, _, subtype = media.partition("/")
    # Programs often ask for application/json or text/xml and mean the types that are one.
    if media == offer or (subtype in ("json", "xml") and offer.endswith(f"+{subtype}")):
        return 3
    if subtype == "*":
        return 2 if offer.startswith(f"{kind}/") else int(kind == "*")
    return 0
