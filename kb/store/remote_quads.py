"""The engine of a store whose quads are in a SPARQL 1.1 server: every change is one request.

**Atomic and fenced.** A change is one ``DELETE … INSERT … WHERE`` whose condition is the marker that this
store wrote last and whose insertions hold the next one. SPARQL 1.1 Update (section 2.2) wants a request
carried out as a whole; this is even a single operation. If the marker is not the expected one, because the
server came back from an older disk or another folder writes to it too, nothing happens, which the store
notices by asking for the new marker. The same request sent twice is as good as sent once.

**Terms.** Blank nodes travel under names (:mod:`kb.store.skolem`). No text is put together from values:
pyoxigraph serialises them, and what would be read as something else is refused before it is journalled.

**What the server must do**: SPARQL 1.1 Query with the dataset parameters of the Protocol, Update with atomic
requests, Graph Store Protocol. What is tested is Oxigraph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    Quad,
    Variable,
)

from kb.errors import StoreError, XiezhiError
from kb.store import remote_results, server, skolem
from kb.store.engine import APPLIED, SYSTEM, Engine, Marker
from kb.store.http import Unanswered
from kb.store.protocol import Change, Entry, Result, Subject, Term
from kb.store.server import Server

BULK = 1000
"""From so many quads of one graph on, they go through the Graph Store Protocol."""
REQUEST = 20_000
"""The most quads of one request that need not be atomic: it takes a fraction of a second."""
_MARKERS = f"SELECT ?m {{ GRAPH {SYSTEM} {{ {SYSTEM} {APPLIED} ?m }} }}"
_MARKED = f"ASK {{ {SYSTEM} {APPLIED} ?m }}"
_FOREIGN = "ASK { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
_GRAPHS = "SELECT DISTINCT ?g { GRAPH ?g {} FILTER EXISTS { GRAPH ?g { ?s ?p ?o } } }"
_UNION, _BULK = [("union-default-graph", "")], [("no_transaction", "")]
"""Parameters of Oxigraph's own. The second writes tables at once instead of a log: 40 % of the disk, and the
server starts again in a tenth of a second instead of four, after a load of 100,000 quads (measured)."""


class RemoteQuads(Engine):
    """Quads in a SPARQL server, and the marker among them.

    :raises StoreError: where the server cannot be used.
    """

    repair = (
        "一个服务器只供一个目录使用：换一个空的服务器；若日志被截断，从备份恢复",
        "a server serves one folder: use an empty one; if the journal was cut off, restore a backup",
    )

    def __init__(self, sparql: Server) -> None:
        """Look at the marker, or write the first one, and at what the server can do."""
        self.server = sparql
        self.marker = Marker()
        self.reread()
        with server.explained(sparql.shown):
            self._union = self._ways_to_union()

    def reread(self) -> None:
        """See how far the server has come; an empty one begins anew."""
        with server.explained(self.server.shown):
            found = []
            # No comprehension: its frame would keep the engine's rows, and where one cannot be read, the
            # error keeps the frame, to end in another thread, which is not allowed to end the rows.
            for row in self.server.rows(_MARKERS):
                found.append(Marker.of(_plain(row["m"])))
            if not found:
                if self.server.holds(_FOREIGN):
                    raise self._foreign()
                self.server.update(f"INSERT DATA {{ {_blocks([Marker().quad])} }}")
                found = [Marker()]
        # Never more than one, unless somebody else put it there; to replay from the oldest is always right.
        self.marker = min(found, key=lambda marker: marker.sequence)

    def admit(self, change: Change) -> None:
        """Turn away what could not be written down in SPARQL, or would not come back as it is."""
        quads = [skolem.named_quad(quad) for quad in (*change.additions, *change.removals)]
        skolem.lines(quads)
        for quad in (*change.additions, *change.removals):
            if skolem.reserved(quad):
                raise _refused(
                    str(quad),
                    f"{skolem.GENID} 之下的 IRI 属于存储本身",
                    f"IRIs below {skolem.GENID} belong to the store itself",
                )
        if any(map(skolem.modern, quads)):
            with server.explained(self.server.shown):
                if not self.server.speaks_12:
                    raise _refused(
                        self.server.shown,
                        "远程服务器不支持 SPARQL 1.2，不能存三元组项和文字方向",
                        "the remote server does not know SPARQL 1.2: no triple terms, no direction of text",
                    )

    def apply(self, change: Change, entry: Entry) -> None:
        """Apply *change* and the marker of its *entry*, in one operation."""
        self._exchange(change.removals, change.additions, Marker.after(entry))

    def match(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None
    ) -> Iterator[Quad]:
        """Return the quads that fit, but those of ``graph/system``; all are fetched at once."""
        if graph == SYSTEM:
            return iter(())
        given = {"s": s, "p": p, "o": o, "g": graph}
        try:
            at = {name: f"?{name}" if term is None else skolem.text(term) for name, term in given.items()}
        except ValueError:  # nothing that cannot be written down was ever stored
            return iter(())
        query = f"SELECT ?s ?p ?o ?g {{ GRAPH {at['g']} {{ {at['s']} {at['p']} {at['o']} }} }}"
        with server.explained(self.server.shown):
            found = self.server.rows(query)
        names = list(given.items())
        return (
            quad
            for row in found
            if (quad := _quad([term or skolem.blank(row[name]) for name, term in names])).graph_name != SYSTEM
        )

    def query(
        self,
        text: str,
        substitutions: Mapping[Variable, Term] | None,
        default_graph: Sequence[NamedNode] | None,
        named_graphs: Sequence[NamedNode] | None,
    ) -> Result:
        """Answer a query as the protocol says; its answer is fetched at once.

        Substitutions follow the query as ``VALUES``, so it must not end with ``VALUES`` of its own.
        """
        if substitutions:
            variables = " ".join(map(str, substitutions))
            terms = " ".join(map(skolem.text, substitutions.values()))
            text += f"\nVALUES ({variables}) {{ ({terms}) }}"
        if default_graph is None and named_graphs is None:
            parameters = self._everything() if self._union is None else self._union
        else:
            parameters = server.dataset(default_graph, named_graphs)
        with server.explained(self.server.shown):
            media, body = self.server.answer(text, remote_results.ACCEPT, parameters)
            return remote_results.read(media, body)

    def graphs(self) -> Iterator[NamedNode]:
        """Return the names of the graphs with quads in them, but ``graph/system``."""
        with server.explained(self.server.shown):
            names = [row["g"] for row in self.server.rows(_GRAPHS)]
        return (name for name in names if isinstance(name, NamedNode) and name != SYSTEM)

    def empty(self) -> None:
        """Remove everything from the server, to begin anew."""
        with server.explained(self.server.shown):
            self.server.update("DROP ALL")
        self.reread()

    def close(self) -> None:
        """Close the connections."""
        self.server.close()

    def _add(self, quads: Sequence[Quad]) -> None:
        rest: list[Quad] = []
        more = _BULK if self._union == _UNION else ()
        for name, members in _by_graph(map(skolem.named_quad, quads)).items():
            if len(members) < BULK:
                rest += members
                continue
            for part in _parts(members):
                self.server.post(name, skolem.lines(part), more)
        for part in _parts(rest):
            self.server.update(f"INSERT DATA {{ {_blocks(part)} }}")

    def _remove(self, quads: Sequence[Quad]) -> None:
        for part in _parts(quads):
            self.server.update(f"DELETE DATA {{ {_blocks(part)} }}")

    def _mark(self, marker: Marker) -> None:
        self._exchange((), (), marker)

    def _exchange(self, removals: Sequence[Quad], additions: Sequence[Quad], marker: Marker) -> None:
        """Remove, add and put *marker* in the place of the one before, if that is there."""
        before = _blocks([self.marker.quad])
        self.server.update(
            f"DELETE {{ {_blocks(removals)} {before} }}"
            f" INSERT {{ {_blocks(additions)} {_blocks([marker.quad])} }}"
            f" WHERE {{ {before} }}"
        )
        if marker != self.marker and not self.server.holds(f"ASK {{ {_blocks([marker.quad])} }}"):
            raise Unanswered(
                "marker",
                "远程存储的进度标记被他人改动，更改未应用",
                "somebody else moved the remote store's marker; the change was not applied",
            )
        self.marker = marker

    def _ways_to_union(self) -> list[tuple[str, str]] | None:
        """Return the parameters that make the default graph the union of all; ``None``: there are none.

        :raises StoreError: ``store.remote`` where the server takes no heed of a dataset.
        """
        if self.server.holds(_MARKED, server.dataset([], [SYSTEM])) or not self.server.holds(
            _MARKED, server.dataset([SYSTEM], [])
        ):
            raise StoreError.of(
                "store.remote",
                "远程服务器不理会查询指定的数据集",
                "the remote server takes no heed of the dataset that a query asks for",
                where=self.server.shown,
                repair=(
                    "换用支持 SPARQL 1.1 协议的服务器",
                    "use a server with the whole SPARQL 1.1 Protocol",
                ),
            )
        for parameters in ([], _UNION):
            with suppress(Unanswered):  # a parameter of Oxigraph's own: others may refuse it
                if self.server.holds(_MARKED, parameters):
                    return parameters
        return None

    def _everything(self) -> list[tuple[str, str]]:
        names = [*self.graphs(), SYSTEM]
        return server.dataset(names, names)

    def _foreign(self) -> XiezhiError:
        return StoreError.of(
            "store.foreign",
            "远程服务器中有不属于本系统的数据，未做任何更改",
            "the remote server holds data that is not this store's; nothing was changed",
            where=self.server.shown,
            repair=(
                "换一个空的服务器或数据集，或先备份并清空它",
                "use an empty server or dataset, or save that data elsewhere and empty it",
            ),
        )


def _quad(terms: Sequence[object]) -> Quad:
    s, p, o, g = terms
    return Quad(s, p, o, g)  # type: ignore[arg-type]  # pyoxigraph checks, and a server may send anything


def _plain(term: object) -> Term | None:
    return term if isinstance(term, NamedNode | BlankNode | Literal) else None


def _by_graph(quads: Iterable[Quad]) -> dict[NamedNode, list[Quad]]:
    graphs: dict[NamedNode, list[Quad]] = defaultdict(list)
    for quad in quads:
        assert isinstance(quad.graph_name, NamedNode)  # nothing else is admitted
        graphs[quad.graph_name].append(quad)
    return graphs


def _blocks(quads: Iterable[Quad]) -> str:
    """Return *quads* as they stand between the braces of ``INSERT DATA``."""
    graphs = _by_graph(map(skolem.named_quad, quads))
    return " ".join(f"GRAPH {name} {{ {skolem.lines(members)} }}" for name, members in graphs.items())


def _parts(quads: Sequence[Quad]) -> Iterator[list[Quad]]:
    rest = iter(quads)
    while part := list(islice(rest, REQUEST)):
        yield part


def _refused(where: str, zh: str, en: str) -> XiezhiError:
    return StoreError.of("store.refused", zh, en, where=where)
