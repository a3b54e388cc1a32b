"""The server process: opens a home folder, serves it, leaves it tidy.

While it runs, ``server.json`` in the home folder says where (``url``) and who (``pid``), so that the command
line, which cannot open a store that a server has open, can ask the server instead.
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from waitress.server import create_server

from kb.errors import InputError, XiezhiError
from kb.services.loading import Progress
from kb.services.workspace import Workspace
from kb.store.workers import Service
from webapp import create_app
from webapp.security import secret_key

NOTE = "server.json"
CHECKPOINTS = "checkpoints"
THREADS = 8
LARGEST_BODY = 1 << 20
"""Bytes that waitress takes from the wire; each route then has its own, smaller limit."""


def serve(
    home: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    cities: Sequence[str] | None = None,
    *,
    hosts: Sequence[str] = (),
    progress: Progress | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve *home* until SIGTERM or SIGINT (Ctrl+C); then finish what is running and return.

    :param port: 0 takes any free one.
    :param cities: division codes of the cities to load; ``None``: the model cities.
    :param hosts: further names by which browsers may address this server; IP addresses always may.
    :param ready: is called with the address once it answers.
    :raises StoreError: another process has *home* open, or the journal's chain is broken.
    :raises InputError: ``server.address``, the address cannot be listened on.
    """
    with (
        _stopped_by_signals(),
        _listen(host, port) as listener,
        Workspace(home, cities=cities, progress=progress) as workspace,
        Service(workspace.store, home / CHECKPOINTS) as sparql,
    ):
        workspace.store.verify()  # a broken chain is said before anybody is answered
        names = [socket.gethostname(), *hosts, *([] if _is_address(host) else [host])]
        app = create_app(workspace, sparql=sparql, secret=secret_key(home), hosts=names)
        server = create_server(
            app,
            sockets=[listener],
            threads=THREADS,
            max_request_body_size=LARGEST_BODY,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        # The first officer who types a place should not wait for the index of places.
        app.extensions["xiezhi"].places.suggest("1")
        url = _url(host, listener.getsockname()[1])
        with _noted(home / NOTE, url):
            if ready is not None:
                ready(url)
            try:
                server.run()  # returns after SIGTERM or Ctrl+C
            finally:
                server.close()


def _listen(host: str, port: int) -> socket.socket:
    """Take the address before the long work of loading: a taken port should not cost half a minute."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise _unusable(host, port, error) from error


def _unusable(host: str, port: int, error: Exception) -> XiezhiError:
    return InputError.of(
        "server.address",
        f"无法监听 {host}:{port}：{error}",
        f"cannot listen on {host}:{port}: {error}",
        repair=("换一个端口，如 --port 0", "choose another port, such as --port 0"),
    )


@contextmanager
def _noted(note: Path, url: str) -> Iterator[None]:
    """Keep the note about the running server while it runs."""
    draft = note.with_suffix(".part")
    draft.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    draft.replace(note)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Turn SIGTERM into the exception that Ctrl+C raises, so that every folder is left tidy."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _url(host: str, port: int) -> str:
    """Return an address that works on this machine."""
    if host in {"0.0.0.0", ""}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
