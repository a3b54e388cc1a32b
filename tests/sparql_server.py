"""Real SPARQL servers for the tests: ``oxigraph serve`` (PyPI), each with a folder and a port of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "oxigraph"


class SparqlServer:
    """One server process; its data survive :meth:`stop` and :meth:`start`, as on any machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        if self._process is not None:
            return
        bind = f"127.0.0.1:{self.port}"
        command = [PROGRAM, "serve", "--location", self.folder, "--bind", bind]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60  # after a kill, RocksDB reads its log again
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("oxigraph serve does not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def update(self, text: str) -> None:
        headers = {"Content-Type": "application/sparql-update"}
        request = urllib.request.Request(f"{self.url}/update", text.encode(), headers)
        urllib.request.urlopen(request, timeout=20).close()

    def clear(self) -> None:
        self.start()
        self.update("DROP ALL")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class SparqlServers:
    """As many servers as a test asks for; each begins empty and is used again by the next test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all: list[SparqlServer] = []
        self._free: list[SparqlServer] = []

    def take(self) -> SparqlServer:
        if self._free:
            return self._free.pop()
        server = SparqlServer(self._folder / str(len(self._all)))
        self._all.append(server)
        return server

    def give_back(self, server: SparqlServer) -> None:
        server.clear()
        self._free.append(server)

    def stop(self) -> None:
        for server in self._all:
            server.stop()
