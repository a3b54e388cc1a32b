"""The store by itself, embedded and above a SPARQL server, in one run: `xiezhi bench store`.

Both get the same quads and the same questions, one after the other on the same machine, so a figure of the
remote store has the cost of HTTP on the loopback interface in it but not that of a real network: add the
round trip there to each look-up, query and apply. What is timed:

- ``load``: many quads, by the bulk way; until they are readable
- ``commit``: 20 quads until they are durable (the journal's fsync), and until they are readable as well
- ``look-up``: the quads of one subject; on one thread, then on several
- ``query``: a join of three patterns with a value
- ``copy``: a frozen copy for strangers' queries, after one change
- ``reopen``: closed and opened again
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, Variable

from kb.errors import ResourceMissing, Text
from kb.services.latency import quantile
from kb.store.embedded import EmbeddedStore
from kb.store.opening import open_configured
from kb.store.protocol import Change
from kb.store.remote import RemoteStore

KINDS = (Text("嵌入式", "embedded"), Text("远程", "remote"))
THREADS = 4
_GRAPH, _VALUE, _NEXT, _KIND = (NamedNode(f"urn:bench:{name}") for name in ("graph", "value", "next", "kind"))
_KINDS = 50
_ROUND = 20  # quads of a commit
_JOIN = f"SELECT ?s ?v {{ ?s {_NEXT} ?o . ?o {_VALUE} ?v . ?o {_KIND} ?k }}"
_WHO = "bench"


@dataclass(slots=True)
class Figures:
    """Of one kind of store: milliseconds of each run by name, and rates in one second."""

    times: dict[str, list[float]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time of the block to those of *name*."""
        start = time.perf_counter()
        yield
        self.times.setdefault(name, []).append((time.perf_counter() - start) * 1000)


NAMES: Mapping[str, Text] = {
    "load": Text("批量装载（条/秒）", "load (quads/s)"),
    "commit": Text(f"提交 {_ROUND} 条，已落盘", f"commit of {_ROUND} quads, durable"),
    "readable": Text("　　同上，且可读", "  the same, readable as well"),
    "commits": Text("　　每秒", "  a second"),
    "look-up": Text("查一个主语", "look-up of one subject"),
    "look-ups": Text("　　每秒，单线程", "  a second, one thread"),
    "parallel": Text(f"　　每秒，{THREADS} 个线程", f"  a second, {THREADS} threads"),
    "query": Text("SPARQL 连接查询", "SPARQL join"),
    "copy": Text("供外部查询的冻结副本", "frozen copy for strangers' queries"),
    "reopen": Text("重新打开", "reopen"),
}


def measure(quads: int, rounds: int, server: str | None = None) -> tuple[Figures, Figures]:
    """Return the figures of the embedded and of the remote store.

    :param quads: how many are loaded first; *rounds*: how often everything else is done.
    :param server: the address of an empty SPARQL server; ``None`` starts one on this machine.
    :raises ResourceMissing: ``bench.oxigraph``, where the program to be started is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="xiezhi-bench-") as name:
        folder = Path(name)
        embedded = _measure(folder / "embedded", None, quads, rounds)
        if server is not None:
            return embedded, _measure(folder / "remote", server, quads, rounds)
        with oxigraph_server(folder / "server") as url:
            return embedded, _measure(folder / "remote", url, quads, rounds)


def render(found: tuple[Figures, Figures], lang: str) -> str:
    """Return the figures as a table: p50 / p99 in milliseconds, where no unit is named."""
    head = Text("毫秒，p50 / p99", "ms, p50 / p99").in_(lang)
    lines = [f"{head:<36}" + "".join(f"{kind.in_(lang):>18}" for kind in KINDS)]
    for name, label in NAMES.items():
        cells = [_cell(figures, name) for figures in found]
        lines.append(f"{label.in_(lang):<36}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


@contextmanager
def oxigraph_server(folder: Path) -> Iterator[str]:
    """Start ``oxigraph serve`` with its data in *folder* and yield its address; kill it at the end.

    :raises ResourceMissing: ``bench.oxigraph``.
    """
    program = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")
    if program is None:
        raise ResourceMissing.of(
            "bench.oxigraph",
            "没有安装 oxigraph 服务程序",
            "the server program oxigraph is not installed",
            repair=(
                "pip install oxigraph，或用 --server 指定",
                "pip install oxigraph, or name one by --server",
            ),
        )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    command = [program, "serve", "--location", str(folder), "--bind", place]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - found above
    try:
        host, port = place.split(":")
        until = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection((host, int(port)), 1).close()
                break
            except OSError:
                time.sleep(0.01)
        yield f"http://{place}"
    finally:
        process.kill()
        process.wait()


def _measure(folder: Path, address: str | None, quads: int, rounds: int) -> Figures:
    figures = Figures()
    with open_configured(folder, address) as store:
        start = time.perf_counter()
        store.load(_data(quads), actor=_WHO, action=_WHO)
        _ = store.sequence
        figures.rates["load"] = quads / (time.perf_counter() - start)
        subjects = [NamedNode(f"urn:bench:{n % (quads // 3)}") for n in range(rounds)]
        figures.rates["commits"] = _rate(rounds, lambda n: _commit(store, n, figures))
        figures.rates["look-ups"] = _rate(rounds, lambda n: _look_up(store, subjects[n], figures))
        with ThreadPoolExecutor(THREADS) as threads:
            start = time.perf_counter()
            list(threads.map(lambda subject: len(list(store.match(subject, None, None))), subjects))
            figures.rates["parallel"] = rounds / (time.perf_counter() - start)
        for subject in subjects:
            _join(store, subject, figures)
        store.checkpoint(folder / "first")
        for n in range(5):
            store.commit(Change(_some(rounds + n)), actor=_WHO, action=_WHO)
            with figures.timed("copy"):
                store.checkpoint(folder / f"copy-{n}")
    with figures.timed("reopen"):
        open_configured(folder, address).close()
    return figures


def _data(count: int) -> Iterator[Quad]:
    """Three quads a node: a chain, with kinds and values."""
    for n in range(count // 3):
        node = NamedNode(f"urn:bench:{n}")
        yield Quad(node, _NEXT, NamedNode(f"urn:bench:{n + 1}"), _GRAPH)
        yield Quad(node, _KIND, NamedNode(f"urn:bench:kind:{n % _KINDS}"), _GRAPH)
        yield Quad(node, _VALUE, Literal(n), _GRAPH)


def _some(n: int) -> list[Quad]:
    return [Quad(NamedNode(f"urn:new:{n}"), _VALUE, Literal(k), _GRAPH) for k in range(_ROUND)]


def _commit(store: EmbeddedStore | RemoteStore, n: int, figures: Figures) -> None:
    change = Change(_some(n))
    with figures.timed("readable"):
        with figures.timed("commit"):
            store.commit(change, actor=_WHO, action=_WHO)
        _ = store.sequence


def _look_up(store: EmbeddedStore | RemoteStore, subject: NamedNode, figures: Figures) -> None:
    with figures.timed("look-up"):
        list(store.match(subject, None, None))


def _join(store: EmbeddedStore | RemoteStore, subject: NamedNode, figures: Figures) -> None:
    with figures.timed("query"):
        found = store.query(_JOIN, substitutions={Variable("s"): subject})
        assert isinstance(found, QuerySolutions)
        list(found)


def _rate(rounds: int, run: Callable[[int], None]) -> float:
    start = time.perf_counter()
    for n in range(rounds):
        run(n)
    return rounds / (time.perf_counter() - start)


def _cell(figures: Figures, name: str) -> str:
    if name in figures.rates:
        return f"{figures.rates[name]:,.0f}"
    times = figures.times[name]
    if len(times) == 1:
        return f"{times[0]:,.0f}"
    return f"{quantile(times, 0.5):.2f} / {quantile(times, 0.99):.2f}"
