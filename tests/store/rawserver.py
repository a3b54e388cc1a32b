"""A server of a few lines that misbehaves on purpose and remembers what it was sent."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from urllib.request import Request, urlopen


class RawServer:
    """Answers every connection with *answer* as it is, or never, and keeps the requests.

    *every* seconds one byte; after it *forever*, again and again. With *trust* it speaks TLS.
    """

    def __init__(
        self,
        answer: bytes | None = None,
        *,
        every: float = 0.0,
        forever: bytes = b"",
        host: str = "127.0.0.1",
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answer, self._every, self._forever, self._trust = answer, every, forever, trust
        self.sent = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        plain.settimeout(20)
        try:
            connection = self._trust.wrap_socket(plain, server_side=True) if self._trust else plain
        except OSError:
            plain.close()
            return
        with connection:
            try:
                self.requests.append(_request(connection))
                if self._answer is None:
                    connection.recv(1)
                    return
                if not self._every:
                    connection.sendall(self._answer)
                    while self._forever:
                        connection.sendall(self._forever)
                        self.sent += len(self._forever)
                    return
                for byte in self._answer:
                    connection.sendall(bytes([byte]))
                    time.sleep(self._every)
            except OSError:
                return


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = sum(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(
    status: str = "200 OK", body: bytes = b"", media: str = "application/sparql-results+json", extra: str = ""
) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


@contextmanager
def raw_server(
    answer: bytes | None = None,
    *,
    every: float = 0.0,
    forever: bytes = b"",
    trust: ssl.SSLContext | None = None,
) -> Iterator[RawServer]:
    server = RawServer(answer, every=every, forever=forever, trust=trust)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def deaf_server(real: str) -> Iterator[str]:
    """Stand before the server *real* and answer every query from all its graphs, whatever was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body, kind = self.rfile.read(int(self.headers["Content-Length"])), self.headers["Content-Type"]
            if kind.endswith("urlencoded"):
                body, kind = parse_qs(body)[b"query"][0], "application/sparql-query"
            headers = {"Content-Type": kind, "Accept": self.headers.get("Accept", "*/*")}
            url = f"{real}{self.path}{'?union-default-graph=' * (self.path == '/query')}"
            with urlopen(Request(url, body, headers)) as response:
                answer, media = response.read(), response.headers.get("Content-Type", "text/plain")
            self.send_response(200)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
