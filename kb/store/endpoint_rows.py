"""Another agency's answer as ``VALUES``: read with suspicion, written by pyoxigraph.

Python's own reader takes the JSON apart: it cannot overflow the stack of the server, as engines can. Every
term is made, and so checked, by pyoxigraph, and serialised by it; nothing of the answer is copied as text.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from pyoxigraph import BaseDirection, Literal, NamedNode, Triple, Variable

from kb.namespaces import ROOT
from kb.store.admission import DEPTH
from kb.store.protocol import Term

MEDIA_TYPE = "application/sparql-results+json"
"""What an endpoint is asked for; W3C Recommendation, 2013."""
BLANK = ROOT + "elsewhere/"
"""Where the names of blank nodes of other agencies begin."""
_VERDICTS = {
    "too-large": ("回答太大", "the answer is too large"),
    "media-type": ("回答不是所要求的格式", "the answer is not in a format that was asked for"),
    "malformed": ("回答写得不对", "the answer is not well written"),
}


class Unreadable(Exception):
    """An answer cannot be used; *zh* and *en* say why."""

    def __init__(self, verdict: str) -> None:
        """Keep why: ``too-large``, ``media-type`` or ``malformed``."""
        self.zh, self.en = _VERDICTS[verdict]
        super().__init__(self.en)


def require_media(media: str) -> None:
    """Refuse an answer of another type; many say just JSON.

    :raises Unreadable: ``media-type``.
    """
    if media not in (MEDIA_TYPE, "application/json"):
        raise Unreadable("media-type")


def values(answer: bytes, variables: Collection[str], most: int) -> str:
    """Return the rows of *answer* as a ``VALUES`` block.

    :param variables: those of the query; what else the endpoint may bind is left out.
    :param most: the most rows.
    :raises Unreadable: ``too-large``, ``malformed``.
    """
    scope = secrets.token_hex(8)  # tells blank nodes of one answer from those of another
    try:
        document = json.loads(answer)
        names = [name for name in dict.fromkeys(document["head"]["vars"]) if name in variables]
        rows = document["results"]["bindings"]
        if len(rows) > most:
            raise Unreadable("too-large")
        header = " ".join(str(Variable(name)) for name in names)
        lines = [
            "(" + " ".join(_text(row[name], scope) if name in row else "UNDEF" for name in names) + ")"
            for row in rows
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("malformed") from error
    return f"VALUES ({header}) {{ {' '.join(lines)} }}"


def _text(term: Mapping[str, Any], scope: str) -> str:
    return str(_term(term, scope, DEPTH))


def _term(term: Mapping[str, Any], scope: str, depth: int) -> Term:
    """Return the term that *term* is in SPARQL results in JSON.

    :raises ValueError, LookupError, TypeError, AttributeError: where it is none.
    """
    value = term["value"]
    if not isinstance(value, str) and term["type"] != "triple":
        raise TypeError(value)
    match term["type"]:
        case "uri":
            return NamedNode(value)
        case "bnode":
            # A blank node in VALUES would not be one; as an IRI it can at least be compared and counted.
            return NamedNode(f"{BLANK}{scope}/{quote(value, safe='')}")
        case "literal" | "typed-literal":
            language, direction = term.get("xml:lang"), term.get("its:dir")
            if language is not None:
                return Literal(
                    value, language=language, direction=BaseDirection(direction) if direction else None
                )
            datatype = term.get("datatype")
            return Literal(value, datatype=NamedNode(datatype) if datatype is not None else None)
        case "triple" if depth > 0:
            parts = [_term(value[part], scope, depth - 1) for part in ("subject", "predicate", "object")]
            return Triple(*parts)  # type: ignore[arg-type]  # pyoxigraph checks
        case other:
            raise ValueError(other)
