"""HTTP to one server, and to nowhere else: what both the remote store and federated queries speak.

Written on ``http.client`` because of what it does not do: it follows no redirect (which would carry our
credentials, or our request, to another host), asks no proxy of the environment, keeps no cookies and decodes
no compressed bodies. Connections are kept open: a look-up then takes 0.13 ms where SPARQLWrapper, which opens
one for each and follows redirects, takes 0.72 (measured against a server on the same machine).
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeAlias

from kb.store.address import Address

PIECE = 64 * 1024
"""Bytes of an answer that are read at once."""
TOLD = 300
"""Characters of a server's own error message that people get to read."""
_KEPT = 16  # idle connections
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


Dial: TypeAlias = Callable[[float], socket.socket]
"""Opens a connection within so many seconds."""


class Unanswered(OSError):
    """A server did not answer as it should; *zh* and *en* say how, *code* in one word.

    *code* is ``unreachable``, ``timeout``, ``incomplete`` or ``status``; the last has the *status* of HTTP.
    """

    def __init__(self, code: str, zh: str, en: str, status: int = 0) -> None:
        """Keep what happened."""
        super().__init__(en)
        self.code, self.zh, self.en, self.status = code, zh, en, status


class Reply:
    """The beginning of an answer: its media type; the rest is read piece by piece."""

    def __init__(
        self, response: http.client.HTTPResponse, explained: Callable[[Exception], Unanswered]
    ) -> None:
        """Keep the response."""
        self._response, self._explained = response, explained
        self.media = response.headers.get_content_type()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body.

        :raises Unanswered: ``incomplete`` where it ends early: what came must not be taken for the whole.
        """
        while piece := self._read():
            yield piece

    def _read(self) -> bytes:
        try:
            piece = self._response.read(PIECE)
            if not piece and self._response.length:
                raise http.client.IncompleteRead(b"", self._response.length)
        except (OSError, http.client.HTTPException) as error:
            raise self._explained(error) from error
        return piece

    def body(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces())


class Client:
    """Connections to the server at *address*; thread-safe.

    :param timeout: seconds without a sign of the server after which it counts as lost.
    :param dial: opens a connection within the seconds that it is given; by default to the address.
    """

    def __init__(self, address: Address, *, timeout: float, dial: Dial | None = None) -> None:
        """Connect to nothing yet."""
        self.address, self._timeout = address, timeout
        self._dial: Dial = dial or partial(socket.create_connection, (address.host, address.port))
        self._idle: list[_Connection] = []
        self._lock, self._closed = threading.Lock(), False
        # Certificates are checked against the system's authorities and the host's name.
        self._trust = ssl.create_default_context() if address.secure else None

    @contextmanager
    def open(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        deadline: float | None = None,
    ) -> Iterator[Reply]:
        """Send a request for *target*, a path with its query, and hand over the reply.

        :param deadline: seconds for all of it, reading included; then the connection is cut.
        :raises Unanswered: also for any status but those of success.
        """
        sent = {"Accept-Encoding": "identity", "User-Agent": "Xiezhi", **(headers or {})}
        if self.address.authorization is not None:
            sent["Authorization"] = self.address.authorization
        with _Watch(deadline) as watch:
            try:
                connection, response = self._send(watch, method, target, body, sent)
                if watch.struck:
                    raise TimeoutError
            except (OSError, http.client.HTTPException) as error:
                raise self._explained(error, watch) from error
            try:
                reply = Reply(response, lambda error: self._explained(error, watch))
                if not 200 <= response.status < 300:
                    raise _status(response.status, reply)
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise self._explained(http.client.UnknownTransferEncoding("Content-Encoding"), watch)
                yield reply
            finally:
                self._put_back(connection, response)

    def close(self) -> None:
        """Close all connections; those in use, when their answers have been read."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _send(
        self, watch: _Watch, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[_Connection, http.client.HTTPResponse]:
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return kept, self._exchange(kept, watch, method, target, body, headers)
            except _STALE:  # the server closed it meanwhile; all that is sent here may be sent twice
                if watch.struck:
                    raise
        fresh = self._connection(watch)
        return fresh, self._exchange(fresh, watch, method, target, body, headers)

    def _connection(self, watch: _Watch) -> _Connection:
        timeout = self._timeout if watch.seconds is None else min(self._timeout, watch.seconds)
        return _Connection(self.address, self._dial, self._trust, timeout)

    @staticmethod
    def _exchange(
        connection: _Connection,
        watch: _Watch,
        method: str,
        target: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        connection.watch = watch
        try:
            if connection.sock is None:
                connection.connect()
            watch.guard(connection.sock)
            connection.request(method, target, body or None, headers)
            return connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def _put_back(self, connection: _Connection, response: http.client.HTTPResponse) -> None:
        """Keep the connection if the whole answer was read, else close it."""
        with self._lock:
            whole = response.isclosed() and connection.sock is not None
            if whole and not self._closed and len(self._idle) < _KEPT:
                self._idle.append(connection)
                return
        response.close()  # one that ends with its connection is not closed by that
        connection.close()

    def _explained(self, error: Exception, watch: _Watch) -> Unanswered:
        shown = self.address.shown
        if watch.struck or isinstance(error, TimeoutError):
            return Unanswered(
                "timeout", f"{shown} 未在限定时间内回答", f"{shown} did not answer within the time allowed"
            )
        if isinstance(error, OSError) and not isinstance(error, http.client.RemoteDisconnected):
            return Unanswered(
                "unreachable", f"无法连接 {shown}：{error}", f"{shown} cannot be reached: {error}"
            )
        return Unanswered(
            "incomplete",
            f"{shown} 的回答不完整：{error!r}",
            f"the answer of {shown} is not complete: {error!r}",
        )


class _Connection(http.client.HTTPConnection):
    """A connection that *dial* opens, with TLS where there is *trust*."""

    def __init__(self, address: Address, dial: Dial, trust: ssl.SSLContext | None, timeout: float) -> None:
        super().__init__(address.host, address.port, timeout=timeout)
        self._limit, self._dial, self._trust = timeout, dial, trust
        self.watch = _Watch(None)
        self.default_port = 443 if address.secure else 80  # left out of the header Host

    def connect(self) -> None:
        """Connect; the handshake comes when the watch can already cut the connection."""
        self.sock = self._dial(self._limit)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._trust is not None:
            secured = self._trust.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = secured
            self.watch.guard(secured)
            secured.do_handshake()


class _Watch:
    """Cuts the connection after *seconds*: a server that sends a byte a second would go on for ever."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds, self.struck = seconds, False
        self._guarded: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._strike) if seconds is not None else None

    def guard(self, connected: socket.socket) -> None:
        """Cut this one when the time comes.

        :raises TimeoutError: if it has come.
        """
        self._guarded = connected
        if self.struck:
            raise TimeoutError

    def __enter__(self) -> _Watch:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _strike(self) -> None:
        self.struck = True
        if self._guarded is not None:
            with suppress(OSError):  # closed already
                self._guarded.shutdown(socket.SHUT_RDWR)


def _status(status: int, reply: Reply) -> Unanswered:
    """Return the error for an answer that is none; redirects among them, which nobody follows."""
    said = next(reply.pieces(), b"").decode(errors="replace")[:TOLD]
    said = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return Unanswered(
        "status", f"服务器回答 HTTP {status}：{said}", f"the server answered HTTP {status}: {said}", status
    )
