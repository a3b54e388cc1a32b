"""The server process: opens a home folder, serves it, leaves it tidy.

While it runs, ``server.json`` in the home folder says where (``url``), who (``pid``) and by which ``key`` it
knows the owner of the store, so that the command line, which cannot open a store that a server has open, can
ask the server instead.
"""

from __future__ import annotations

import gc
import ipaddress
import json
import logging
import os
import resource
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from waitress.server import create_server

from kb.access.accounts import Accounts
from kb.access.openid import Provider
from kb.errors import InputError, XiezhiError
from kb.services.directives import watching
from kb.services.loading import Progress
from kb.services.warnings import support
from kb.services.workspace import Workspace
from kb.store.endpoints import endpoints
from kb.store.workers import Service
from kb.store.writing import Writes
from webapp import create_app
from webapp.desk import Desk
from webapp.live import STREAMS
from webapp.security import secret_key

NOTE = "server.json"
CHECKPOINTS = "checkpoints"
THREADS = 96
"""More than queries can run or wait (:class:`kb.store.workers.Limits`): however many strangers ask, some are
left for the duty officer's page. Streams have threads of their own (:data:`webapp.live.STREAMS`)."""
CONNECTIONS = 2_000
"""A connection that sends nothing, or a byte now and then, costs a descriptor but no thread."""
SILENCE = 30
"""Seconds of silence after which a connection is closed."""
DAY, WATCH = 86_400.0, 15.0
"""Seconds: how often keys expire; how often overdue directives are looked for."""
LARGEST_BODY = 256 << 20
"""Bytes that waitress takes from the wire; each route then has its own, mostly far smaller limit."""
_log = logging.getLogger(__name__)


def serve(
    home: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    cities: Sequence[str] | None = None,
    *,
    hosts: Sequence[str] = (),
    store: str | None = None,
    federate: Sequence[str] = (),
    streams: int = STREAMS,
    progress: Progress | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve *home* until SIGTERM or SIGINT (Ctrl+C); then finish what is running and return.

    :param port: 0 takes any free one.
    :param cities: division codes of the cities to load; ``None``: the model cities.
    :param hosts: further names by which browsers may address this server; IP addresses always may.
    :param store: the address of the SPARQL server that holds the quads; ``None``: *home* does.
    :param federate: endpoints that ``SERVICE`` may name, beside the list in *home*
        (:mod:`kb.store.endpoints`).
    :param streams: pages that may follow changes at once (:mod:`webapp.live`).
    :param ready: is called with the address once it answers.
    Until there is a user, everyone on this machine may do everything, so nobody else is let in.

    :raises StoreError: another process has *home* open, or the journal's chain is broken.
    :raises InputError: ``server.address``, the address cannot be listened on; ``server.no-users``, others
        could connect and there is no user; what is wrong with the OpenID provider (:mod:`kb.access.openid`);
        ``federation.*``, what is wrong with the list of endpoints.
    """
    _require_users(home, host)
    _allow_descriptors()
    openid = Provider.of(os.environ)
    allowed = endpoints(home, federate)
    with (
        _stopped_by_signals() as stopping,
        _listen(host, port) as listener,
        Workspace(home, cities=cities, progress=progress, store=store) as workspace,
        Service(workspace.store, home / CHECKPOINTS, endpoints=allowed) as sparql,
        Writes(workspace.store, sparql, home / "writing") as writes,
    ):
        workspace.store.verify()  # a broken chain is said before anybody is answered
        names = [socket.gethostname(), *hosts, *([] if _is_address(host) else [host])]
        key = secrets.token_urlsafe(32)
        app = create_app(
            workspace,
            sparql=sparql,
            writes=writes,
            secret=secret_key(home),
            key=key,
            hosts=names,
            openid=openid,
            streams=streams,
        )
        desk: Desk = app.extensions["xiezhi"]
        stopping.append(desk.live.close)  # the server waits for its threads, which streams hold
        server = create_server(
            app,
            sockets=[listener],
            threads=THREADS + streams,
            connection_limit=CONNECTIONS,
            asyncore_use_poll=True,  # select() knows only 1,024 descriptors
            channel_timeout=SILENCE,
            cleanup_interval=SILENCE // 3,
            max_request_body_size=LARGEST_BODY,
            ident=None,
            clear_untrusted_proxy_headers=True,
            channel_request_lookahead=1,  # so that a stream hears at once that its reader has left
        )
        # The first officer who types a place should not wait for the index of places.
        desk.places.suggest("1")
        # What is here now stays: a full collection that looks through it holds an answer up by 0.2 seconds.
        gc.collect()
        gc.freeze()
        url = _url(host, listener.getsockname()[1])
        with (
            _repeated(DAY, workspace.vault.expire),
            _repeated(WATCH, partial(watching.tick, workspace)),
            _repeated(WATCH, partial(support.reconcile, workspace)),
            _noted(home / NOTE, url, key),
        ):
            if ready is not None:
                ready(url)
            try:
                server.run()  # returns after SIGTERM or Ctrl+C
            finally:
                server.close()


@contextmanager
def _repeated(seconds: float, work: Callable[[], object]) -> Iterator[None]:
    """Do *work* now, and every so many *seconds* until the end of the block."""
    work()
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            try:
                work()
            except XiezhiError as error:  # next time it may work; now somebody should read why not
                _log.error("repeated work: %s", error)

    thread = threading.Thread(target=run, name="repeated", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _allow_descriptors() -> None:
    """Raise the number of files that may be open, which shells set low, to what connections may need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(2 * CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _require_users(home: Path, host: str) -> None:
    if host in ("localhost", "127.0.0.1", "::1") or Accounts(home).any():
        return
    raise InputError.of(
        "server.no-users",
        f"还没有用户，不能监听 {host}：别的机器上的任何人都可以做任何事",
        f"there is no user yet, so {host} cannot be listened on: anybody elsewhere could do everything",
        repair=(
            "先建一个管理员：xiezhi user add NAME --role administrator",
            "make an administrator first: xiezhi user add NAME --role administrator",
        ),
    )


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
def _noted(note: Path, url: str, key: str) -> Iterator[None]:
    """Keep the note about the running server while it runs, readable by the owner of the store alone."""
    draft = note.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"url": url, "pid": os.getpid(), "key": key}, file)
    draft.replace(note)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


@contextmanager
def _stopped_by_signals() -> Iterator[list[Callable[[], None]]]:
    """Turn SIGTERM into an exception, as Ctrl+C is one, so that every folder is left tidy.

    What is put into the list is called first, whichever of the two it is.
    """
    first: list[Callable[[], None]] = []
    if threading.current_thread() is not threading.main_thread():
        yield first
        return

    def stop(number: int, frame: FrameType | None) -> None:
        for call in first:
            call()
        raise SystemExit(0) if number == signal.SIGTERM else KeyboardInterrupt

    previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield first
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


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
