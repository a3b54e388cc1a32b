"""A SPARQL 1.1 server as the remote store uses it: query, update, Graph Store Protocol.

::

    StoreError   store.unreachable, store.timeout   no answer; once there is one, the store goes on by itself
                 store.incomplete                   an answer that ends early
                 store.remote                       it refuses, or is no such server
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from typing import IO, cast
from urllib.parse import parse_qs, urlencode, urljoin

from pyoxigraph import (
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    parse_query_results,
)

from kb.errors import StoreError, XiezhiError
from kb.namespaces import graph
from kb.store.address import Address
from kb.store.http import Client, Unanswered

TIMEOUT = 30.0
"""Seconds without a sign of the server after which it counts as lost."""
IN_MEMORY = 32 << 20
"""Bytes of an answer that are kept in memory; what is longer goes to a temporary file."""
NOWHERE = graph("none")
"""A graph that never holds anything: a dataset of it alone is empty, where one of no graphs means "any"."""
QUERY, UPDATE, TRIPLES = "application/sparql-query", "application/sparql-update", "application/n-triples"
TABLE = "application/sparql-results+json"
_FORM = "application/x-www-form-urlencoded"
_PATHS = {"query": "query", "update": "update", "graphs": "store"}
_TRIPLE_TERM = "ASK { FILTER(isTRIPLE(<<( <urn:s> <urn:p> <urn:o> )>>)) }"


class Server:
    """The SPARQL 1.1 server at *url*.

    Below the URL, queries go to ``query``, updates to ``update``, graphs to ``store``, as Oxigraph has them.
    Other servers' paths are told in the URL itself: ``http://host:3030/city?graphs=data`` for Fuseki,
    ``http://host:7200/repositories/city?query=.&update=statements&graphs=rdf-graphs/service`` for GraphDB.

    :param token: a bearer token; ``user:password@`` in the URL is for Basic authentication.
    :raises InputError: ``address.invalid``.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout: float = TIMEOUT) -> None:
        """Connect to nothing yet."""
        self.address = Address(url, token)
        self.shown = self.address.shown.partition("?")[0]
        base = self.address.path.rstrip("/") + "/"
        chosen = {name: values[0] for name, values in parse_qs(self.address.query).items()}
        self._paths = {
            name: urljoin(base, chosen.get(name, path)).rstrip("/") or "/" for name, path in _PATHS.items()
        }
        self._client = Client(self.address, timeout=timeout)

    @contextmanager
    def asked(
        self,
        text: str,
        accept: str,
        dataset: Sequence[tuple[str, str]] = (),
        *,
        deadline: float | None = None,
    ) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Send a query and hand over the media type and the pieces of the answer as they come.

        :raises Unanswered: as :meth:`kb.store.http.Client.open`.
        """
        body, kind = text.encode(), QUERY
        if dataset:  # in a form, since a list of graphs may be longer than an address may be
            body, kind = urlencode([("query", text), *dataset]).encode(), _FORM
        headers = {"Content-Type": kind, "Accept": accept}
        with self._client.open("POST", self._paths["query"], body, headers, deadline=deadline) as reply:
            yield reply.media, reply.pieces()

    def answer(
        self, text: str, accept: str = TABLE, dataset: Sequence[tuple[str, str]] = ()
    ) -> tuple[str, IO[bytes]]:
        """Return the media type of the answer and all of it, as a file to be read from its beginning.

        It is read to its end at once: a view that lasts, and a server that nobody keeps waiting.
        """
        with (
            tempfile.SpooledTemporaryFile(IN_MEMORY) as held,
            self.asked(text, accept, dataset) as (media, pieces),
        ):
            for piece in pieces:
                held.write(piece)
            length = held.tell()
            held.seek(0)
            if length <= IN_MEMORY:
                return media, BytesIO(held.read())
            # The file is gone with its last user, who need not close it.
            return media, cast(IO[bytes], mmap.mmap(held.fileno(), length, access=mmap.ACCESS_READ))

    def rows(self, text: str, dataset: Sequence[tuple[str, str]] = ()) -> QuerySolutions:
        """Answer a ``SELECT``."""
        results = parse_query_results(self.answer(text, TABLE, dataset)[1], QueryResultsFormat.JSON)
        if not isinstance(results, QuerySolutions):
            raise SyntaxError("there are no rows")
        return results

    def holds(self, text: str, dataset: Sequence[tuple[str, str]] = ()) -> bool:
        """Answer an ``ASK``."""
        results = parse_query_results(self.answer(text, TABLE, dataset)[1], QueryResultsFormat.JSON)
        if isinstance(results, QueryBoolean):
            return bool(results)
        del results  # which must end in this thread, where the error with this frame may end in another
        raise SyntaxError("it is neither true nor false")

    def update(self, text: str) -> None:
        """Carry out an update, all of it or nothing."""
        with self._client.open(
            "POST", self._paths["update"], text.encode(), {"Content-Type": UPDATE}
        ) as reply:
            reply.body()

    def post(self, name: NamedNode, triples: str, more: Sequence[tuple[str, str]] = ()) -> None:
        """Add *triples*, in N-Triples, to the graph *name* (Graph Store Protocol); *more* are parameters."""
        target = f"{self._paths['graphs']}?{urlencode([('graph', name.value), *more])}"
        with self._client.open("POST", target, triples.encode(), {"Content-Type": TRIPLES}) as reply:
            reply.body()

    @cached_property
    def speaks_12(self) -> bool:
        """Whether the server knows triple terms, which came with SPARQL 1.2."""
        try:
            return self.holds(_TRIPLE_TERM)
        except Unanswered as error:
            if error.status != 400:
                raise
            return False

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def dataset(default: Iterable[NamedNode] | None, named: Iterable[NamedNode] | None) -> list[tuple[str, str]]:
    """Return the parameters of the SPARQL Protocol for just these graphs; a missing list is an empty one."""
    lists: Mapping[str, list[NamedNode]] = {
        "default-graph-uri": list(default or ()) or [NOWHERE],
        "named-graph-uri": list(named or ()) or [NOWHERE],
    }
    return [(parameter, name.value) for parameter, names in lists.items() for name in names]


@contextmanager
def explained(shown: str) -> Iterator[None]:
    """Turn :class:`Unanswered` into a :class:`StoreError` about the server *shown*."""
    try:
        yield
    except Unanswered as error:
        raise failure(error, shown) from error
    except SyntaxError as error:  # of an answer in a format that we asked for
        raise StoreError.of(
            "store.remote",
            f"远程存储的回答无法读懂：{error}",
            f"the remote store's answer cannot be read: {error}",
            where=shown,
            repair=_CHECK_SERVER,
        ) from error


def failure(error: Unanswered, shown: str) -> XiezhiError:
    """Return what people read where the server *shown* failed."""
    kind = "remote" if error.code in ("status", "marker") else error.code
    if error.status in (401, 403):
        repair = _CHECK_RIGHTS
    else:
        repair = _CHECK_SERVER if kind == "remote" else _CHECK_NETWORK
    return StoreError.of(
        f"store.{kind}", f"远程存储：{error.zh}", f"remote store: {error.en}", where=shown, repair=repair
    )


_CHECK_SERVER = (
    "检查该地址是否为 SPARQL 1.1 服务器、只供此目录使用，并查看其日志",
    "check that a SPARQL 1.1 server for this folder alone is at this address, and look at its log",
)
_CHECK_RIGHTS = (
    "检查 XIEZHI_STORE 中的用户名和密码，或 XIEZHI_STORE_TOKEN",
    "check the user and password in XIEZHI_STORE, or XIEZHI_STORE_TOKEN",
)
_CHECK_NETWORK = (
    "检查服务器是否运行、网络是否可达；恢复后会自动继续",
    "check that the server runs and the network reaches it; once it answers, the store goes on by itself",
)
