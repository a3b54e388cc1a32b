"""One entry of the list of endpoints as something to be asked: over HTTP, within its limits.

No redirect is followed, no proxy of the environment asked, no compressed body read, no cookie or credential
sent (:mod:`kb.store.http`); the connection goes only where it may (:mod:`kb.store.reach`). Before its first
question an endpoint is asked for the marker that every store of this system holds in ``graph/system``: one
that shows it is such a store itself, with no rights before it, under whatever name it was put on the list.

::

    InputError
    └── QueryRefused    query.service-address  the name stands for an address that it may not (HTTP 403)
                        query.service-store    the endpoint is an unguarded store of this system (403)
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from urllib.parse import urlencode

from pyoxigraph import Literal

from kb.errors import QueryRefused, XiezhiError
from kb.store import endpoint_rows
from kb.store.endpoint_rows import Unreadable
from kb.store.endpoints import Endpoint
from kb.store.engine import APPLIED, SYSTEM, Marker
from kb.store.http import Client, Unanswered
from kb.store.reach import OutOfReach, dial

_MARKERS = f"SELECT ?marker {{ GRAPH {SYSTEM} {{ {SYSTEM} {APPLIED} ?marker }} }} LIMIT 1"
_FORM = "application/x-www-form-urlencoded"
_SMALL = 1 << 16


class Agency:
    """What *endpoint* stands for; thread-safe.

    :param seconds: for each request, *size* in bytes and *rows* of each answer, where the list says nothing.
    """

    def __init__(self, endpoint: Endpoint, *, seconds: float, size: int, rows: int) -> None:
        """Connect to nothing yet."""
        self.endpoint = endpoint
        self._seconds, self._size = endpoint.seconds or seconds, endpoint.size or size
        self._rows = endpoint.rows or rows
        self._client = Client(
            endpoint.address, timeout=self._seconds, dial=lambda timeout: dial(endpoint, timeout)
        )
        self._looked_at = False

    def values(self, query: str, variables: Collection[str], seconds: float) -> str:
        """Return the answer to *query* as ``VALUES``, by *seconds* from now at the latest.

        :raises Unanswered, Unreadable: where there is none that can be used.
        :raises QueryRefused: see above.
        """
        if not self._looked_at:
            self._require_guarded(seconds)
            self._looked_at = True
        return endpoint_rows.values(self._ask(query, self._size, seconds), variables, self._rows)

    def document(self, accept: Collection[str], seconds: float) -> tuple[bytes, str]:
        """Return the document, in one of the types *accept*, and its type; errors as of :meth:`values`."""
        headers = {"Accept": ", ".join(accept)}
        body, media = self._request("GET", b"", headers, self._size, seconds)
        if media not in accept:
            raise Unreadable("media-type")
        return body, media

    def require_few(self, count: int) -> None:
        """Refuse a document of *count* triples, if that is more than allowed.

        :raises Unreadable: ``too-large``.
        """
        if count > self._rows:
            raise Unreadable("too-large")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _require_guarded(self, seconds: float) -> None:
        try:
            answer = self._ask(_MARKERS, _SMALL, seconds)
        except Unanswered as error:
            if error.code != "status":
                raise
        except Unreadable:
            pass  # whatever it is, it is none of ours
        else:
            if _shows_marker(answer):
                raise _unguarded(self.endpoint)

    def _ask(self, query: str, size: int, seconds: float) -> bytes:
        headers = {"Content-Type": _FORM, "Accept": endpoint_rows.MEDIA_TYPE}
        body, media = self._request("POST", urlencode({"query": query}).encode(), headers, size, seconds)
        endpoint_rows.require_media(media)
        return body

    def _request(
        self, method: str, sent: bytes, headers: Mapping[str, str], size: int, seconds: float
    ) -> tuple[bytes, str]:
        """Return the body and the media type of the answer to one request."""
        address = self.endpoint.address
        target = address.path + (f"?{address.query}" if address.query else "")
        answer = bytearray()
        # Without time left there is no answer; a deadline of zero would be none at all to some.
        deadline = max(min(seconds, self._seconds), 0.001)
        try:
            with self._client.open(method, target, sent, headers, deadline=deadline) as reply:
                for piece in reply.pieces():
                    answer += piece
                    if len(answer) > size:
                        raise Unreadable("too-large")
        except OutOfReach as error:
            raise _out_of_reach(self.endpoint, error.address) from error
        return bytes(answer), reply.media


def _shows_marker(answer: bytes) -> bool:
    try:
        (row,) = json.loads(answer)["results"]["bindings"]
        Marker.of(Literal(row["marker"]["value"]))
    except (ValueError, LookupError, TypeError, RecursionError, OSError):
        return False
    return True


def _out_of_reach(endpoint: Endpoint, address: str) -> XiezhiError:
    return QueryRefused.of(
        "query.service-address",
        f"{endpoint.label.zh}：其名称指向非公网地址 {address}，名单未允许",
        f"{endpoint.label.en}: its name stands for {address}, which is not public and not on the list",
        where=endpoint.iri,
        repair=(
            "若确应如此，请管理员在名单中写明 xz:withinNetwork",
            "if that is right, ask the administrator to put xz:withinNetwork on the list",
        ),
    )


def _unguarded(endpoint: Endpoint) -> XiezhiError:
    return QueryRefused.of(
        "query.service-store",
        f"{endpoint.label.zh}：此端点是未经权限过滤的存储，不得查询",
        f"{endpoint.label.en}: the endpoint is a store that knows no rights, and is not queried",
        where=endpoint.iri,
        repair=(
            "请管理员改列其对外的查询地址（…/sparql）",
            "ask the administrator to list its public query address (…/sparql) instead",
        ),
    )
