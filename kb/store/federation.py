"""Federated queries: what other agencies know enters a query as plain values, before it is run.

Workers have no network, so the server asks in their place. Every ``SERVICE`` is cut out of the text
(:mod:`kb.store.outgoing`) and sent to its endpoint as ``SELECT * { … }``; the rows that come back stand in
its place as ``VALUES``, and the worker joins them: a ``SERVICE`` is evaluated by itself and joined (SPARQL
1.1 Federated Query, section 4). A ``LOAD`` in an update becomes ``INSERT DATA`` with the triples of the
document. The address that is connected to is the list's, never one from the text.

What is sent is the reader's own text: the declarations before the block, and the block. **No data of ours
travel**: rows of the query are not sent along, so nothing that the reader may see, let alone what he may not,
leaves by itself, and a block should be selective by itself. Its relative IRIs, where the text declares no
``BASE``, are the endpoint's to resolve. Blank nodes of an answer come as IRIs.

::

    InputError
    └── QueryRefused    query.service, query.load    (HTTP 403) see :mod:`kb.store.outgoing`
                        query.service-address, query.service-store    (403) see :mod:`kb.store.agency`
    QueryStopped        query.service-failed         (503) no answer, or more than is allowed
                        query.busy                   (503)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from kb.errors import QueryRefused, QueryStopped, XiezhiError
from kb.store import outgoing
from kb.store.agency import Agency
from kb.store.endpoint_rows import Unreadable
from kb.store.endpoints import Endpoint
from kb.store.http import Unanswered
from kb.store.outgoing import Load, Service


@dataclass(frozen=True, slots=True)
class Limits:
    """What the ``SERVICE`` blocks and ``LOAD`` operations of one text may use together.

    *deadline* in seconds for all of them; *blocks*; *rows* of each answer, *triples* of each document, bytes
    (*size*) of either; *text*, the characters of a query with all values in it, which its worker takes. Too
    much is an error: with a part of the rows the answer would be wrong. *at_once*, the texts that may wait
    for others at a time: slow agencies shall not keep the threads of the server.
    """

    deadline: float = 5.0
    blocks: int = 4
    rows: int = 10_000
    triples: int = 50_000
    size: int = 8 << 20
    text: int = 768 << 10
    at_once: int = 4


Parse = Callable[[bytes, str, str], str]
"""Returns a document, given its media type and its address, in N-Triples."""


class Federation:
    """Asks the *endpoints*, by IRI, that texts name. Thread-safe; to be closed."""

    def __init__(self, endpoints: Mapping[str, Endpoint], limits: Limits = Limits()) -> None:
        """Connect to nothing yet."""
        self.endpoints, self._limits = endpoints, limits
        self._places = threading.BoundedSemaphore(limits.at_once)
        self._agencies = {
            iri: Agency(
                endpoint,
                seconds=limits.deadline,
                size=limits.size,
                rows=limits.triples if endpoint.document else limits.rows,
            )
            for iri, endpoint in endpoints.items()
        }

    def query(self, text: str, before: Callable[[], None] | None = None) -> str:
        """Return the query *text* with what the endpoints answer in the place of each ``SERVICE``.

        A text without one is returned as it is. The text has passed the gate; the result is not to pass it
        again, as the values may be more than a query may hold.

        :param before: called before anybody is asked; what it raises refuses the text.
        :raises QueryRefused, QueryStopped: see above. ``SERVICE SILENT`` has no solution but the empty one
            where its endpoint fails, as the specification says, whatever went wrong.
        """
        return self._filled(text, before, None, ())

    def update(
        self, text: str, parse: Parse, accept: Collection[str], before: Callable[[], None] | None = None
    ) -> str:
        """Return the update *text* with values and data in the place of each ``SERVICE`` and ``LOAD``.

        :param parse: reads a document, in one of the media types *accept*.
        :raises QueryRefused, QueryStopped: as :meth:`query`; what *parse* raises.
        """
        return self._filled(text, before, parse, accept)

    def close(self) -> None:
        """Close the connections."""
        for agency in self._agencies.values():
            agency.close()

    def _filled(
        self, text: str, before: Callable[[], None] | None, parse: Parse | None, accept: Collection[str]
    ) -> str:
        found = outgoing.find(text, self.endpoints)
        if not found:
            return text
        limits = self._limits
        if len(found) > limits.blocks:
            raise QueryRefused.of(
                "query.service",
                f"SERVICE 和 LOAD 多于 {limits.blocks} 个",
                f"there are more than {limits.blocks} of SERVICE and LOAD",
                repair=("拆成几个查询", "split the query"),
            )
        if before is not None:
            before()
        if not self._places.acquire(blocking=False):
            raise QueryStopped.of(
                "query.busy",
                "太多查询正在等待其他机构",
                "too many queries are waiting for other agencies",
                repair=("稍后再试", "try again in a moment"),
            )
        try:
            return self._replaced(text, found, parse, accept)
        finally:
            self._places.release()

    def _replaced(
        self, text: str, found: Sequence[Service | Load], parse: Parse | None, accept: Collection[str]
    ) -> str:
        limits = self._limits
        until = time.monotonic() + limits.deadline
        parts, done, length = [], 0, len(text)
        for each in found:
            agency, seconds = self._agencies[each.endpoint.iri], until - time.monotonic()
            try:
                if isinstance(each, Service):
                    new = agency.values(each.query, each.variables, seconds)
                    length += len(new)
                    if length > limits.text:
                        raise Unreadable("too-large")
                else:
                    assert parse is not None  # the gate lets no LOAD into a query
                    new = _inserted(each, agency, seconds, parse, accept)
            except (Unanswered, Unreadable) as error:
                if not each.silent:
                    raise _failed(each.endpoint, error) from error
                new = "{ }" if isinstance(each, Service) else "INSERT DATA { }"
            parts += [text[done : each.start], " ", new, " "]
            done = each.end
        return "".join((*parts, text[done:]))


def _inserted(load: Load, agency: Agency, seconds: float, parse: Parse, accept: Collection[str]) -> str:
    body, media = agency.document(accept, seconds)
    try:
        triples = parse(body, media, load.endpoint.iri)
    except XiezhiError:
        if load.silent:
            return "INSERT DATA { }"
        raise
    agency.require_few(triples.count("\n"))
    return (
        f"INSERT DATA {{ {triples} }}"
        if load.graph is None
        else (f"INSERT DATA {{ GRAPH {load.graph} {{ {triples} }} }}")
    )


def _failed(endpoint: Endpoint, error: Unanswered | Unreadable) -> XiezhiError:
    return QueryStopped.of(
        "query.service-failed",
        f"{endpoint.label.zh}：{error.zh}",
        f"{endpoint.label.en}: {error.en}",
        where=endpoint.iri,
        repair=(
            "缩小 SERVICE 中的查询，或用 SILENT，或稍后再试",
            "narrow the query inside SERVICE, use SILENT, or try again later",
        ),
    )
