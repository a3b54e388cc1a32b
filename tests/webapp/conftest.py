"""A real server process with one city, and an HTTP client that sends just what a test says."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest

from kb.access.accounts import Accounts
from tests.homes import copied

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.webapp.console import Console

CITY = "370100"
REPORT = {"type": "燃气爆炸", "grid": "370102", "deaths": 4, "seriousInjuries": 12, "missing": 8}
SERVE = """
import sys
from pathlib import Path
from webapp.serve import serve
serve(Path(sys.argv[1]), port=int(sys.argv[2]), cities=sys.argv[3:], ready=lambda url: print(url, flush=True))
"""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Message  # names in any case
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Plain HTTP without a cookie jar or redirects, but for the cookies that a test hands on."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        assert self._host is not None
        connection = http.client.HTTPConnection(self._host, self._port, timeout=60)
        try:
            data = body.encode() if isinstance(body, str) else body
            connection.request(method, path, data, dict(headers or {}))
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, accept: str = "*/*", **headers: str) -> Reply:
        return self.ask("GET", path, headers={"Accept": accept, **headers})

    def post_json(self, path: str, data: Any, headers: Mapping[str, str] | None = None) -> Reply:
        return self.ask(
            "POST",
            path,
            data if isinstance(data, bytes) else json.dumps(data),
            {"Content-Type": "application/json", **(headers or {})},
        )

    def post_form(
        self, path: str, data: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(data), {**kind, **(headers or {})})

    def form(self, path: str = "/", lang: str = "en") -> tuple[dict[str, str], dict[str, str]]:
        """Return hidden fields of the report's form at *path* (else the first), and its session."""
        reply = self.get(path, **{"Accept-Language": lang})
        forms = reply.text.split("</form>")
        form = next((one for one in forms if 'name="nonce"' in one), forms[0])
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
        cookie = reply.headers["Set-Cookie"].split(";")[0]
        return hidden, {"Cookie": cookie, "Accept-Language": lang}


@dataclass(frozen=True)
class Server:
    url: str
    home: Path
    process: subprocess.Popen[str]

    @property
    def client(self) -> Client:
        return Client(self.url)


@contextmanager
def servers(request: pytest.FixtureRequest) -> Iterator[Callable[..., Server]]:
    """Start servers: ``start(home, *cities)``; those still running at the end are ended.

    A home that holds no store yet gets a copy of the prepared one: loading takes eleven seconds.
    """
    running: list[subprocess.Popen[str]] = []

    def run(home: Path, *cities: str, port: int = 0) -> Server:
        if not (home / "journal.sqlite").exists():
            ready = request.getfixturevalue("prepared" if cities else "bare")
            copied(ready, home)
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(home), str(port), *cities],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        running.append(process)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, f"the server ended with {process.wait()}"
        return Server(address, home, process)

    yield run
    for process in running:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="module")
def start(request: pytest.FixtureRequest) -> Iterator[Callable[..., Server]]:
    """Start servers that end with the module: each holds half a gigabyte."""
    with servers(request) as start:
        yield start


@pytest.fixture(scope="session")
def start_for_all(request: pytest.FixtureRequest) -> Iterator[Callable[..., Server]]:
    """Start servers that many modules ask."""
    with servers(request) as start:
        yield start


@pytest.fixture(scope="session")
def server(start_for_all: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server that most tests share."""
    return start_for_all(tmp_path_factory.mktemp("web") / "home", CITY)


@pytest.fixture
def client(server: Server) -> Client:
    return server.client


@pytest.fixture(scope="session")
def recommendation(server: Server) -> dict[str, Any]:
    """A gas explosion with four dead in Lixia District, reported over the API."""
    reply = server.client.post_json("/api/recommend", REPORT)
    assert reply.status == 201, reply.text
    data: dict[str, Any] = reply.json
    return data


@pytest.fixture(scope="session")
def endpoint(start_for_all: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server without cities that has users: one visits, one writes."""
    home = tmp_path_factory.mktemp("endpoint") / "home"
    Accounts(home).add("weather", None, ["integrator"], known=["integrator"])
    return start_for_all(home)


@pytest.fixture(scope="session")
def writer(endpoint: Server) -> dict[str, str]:
    """The headers of a program that may query and update."""
    text, _ = Accounts(endpoint.home).issue("weather", ["query", "update"], days=1)
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of the whole session."""
    from tests.webapp.browsing import launched

    with launched() as running:
        yield running


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """The same. A module that imports this name does not start another."""
    return chromium


@pytest.fixture(scope="session")
def console(
    start_for_all: Callable[..., Server], prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Console:
    """A server with a city, shared data, an incident, and people in every role."""
    from tests.webapp.console import open_console

    return open_console(start_for_all, prepared, tmp_path_factory.mktemp("console"))
