"""Forged requests, rebound names, injected scripts, secrets on disk."""

from __future__ import annotations

import hashlib
import re
import socket
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kb.services.workspace import Workspace
from tests.webapp.conftest import Client, Server
from webapp import create_app

VENDOR = Path(__file__).parents[2] / "webapp" / "static" / "vendor"


def test_a_form_without_its_token_is_refused(client: Client) -> None:
    _, session = client.form()
    facts = {"type": "燃气爆炸", "grid": "370102"}
    before = client.get("/api/incidents").json
    for token in ({}, {"csrf_token": "x"}):
        assert client.post_form("/", {**facts, **token}, session).status == 400
    assert client.get("/api/incidents").json == before


def test_a_token_of_another_session_is_refused(client: Client) -> None:
    hidden, _ = client.form()
    _, other = client.form()
    assert client.post_form("/", {**hidden, "type": "燃气爆炸", "grid": "370102"}, other).status == 400


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "", "a b", "[::1", "127.0.0.1:x", "évil"],
)
@pytest.mark.parametrize("path", ["/", "/api/incidents", "/sparql?query=ASK%7B%7D", "/static/xiezhi.css"])
def test_a_strange_host_is_refused_so_that_no_name_can_be_rebound(
    client: Client, host: str, path: str
) -> None:
    assert client.get(path, Host=host).status == 400


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "192.168.1.7:8000", "[::1]:8000"]
)
def test_localhost_and_addresses_are_our_own(client: Client, host: str) -> None:
    assert client.get("/", Host=host).status == 200


@pytest.mark.parametrize("path", ["/", "/api", "/api/incidents", "/nothing", "/sparql", "/static/xiezhi.js"])
def test_every_answer_carries_the_policy(client: Client, path: str) -> None:
    headers = client.get(path, "text/html").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Server" not in headers


def test_pages_have_no_inline_script_style_or_foreign_address(client: Client) -> None:
    page = client.get("/").text
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
    assert " on" + "click=" not in page
    assert not re.search(r'(src|href|action|hx-\w+)="(https?:)?//', page)


def test_cookies_are_out_of_reach_of_scripts_and_foreign_forms(client: Client) -> None:
    cookie = client.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_pages_with_casualties_are_not_kept_by_the_browser(
    client: Client, recommendation: dict[str, Any]
) -> None:
    assert client.get(f"/incident/{recommendation['incident']['id']}").headers["Cache-Control"] == "no-store"


def test_the_secret_is_its_owners_alone(server: Server) -> None:
    secret = server.home / "secret.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32


def test_headers_that_only_a_proxy_may_send_are_ignored(client: Client) -> None:
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
    }
    assert "evil.example" not in client.get("/sparql", "text/turtle", **forged).text


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",  # noqa: E501
        b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: session="
        + b"\xff" * 50
        + b"\r\nConnection: close\r\n\r\n",
    ],
)
def test_hostile_bytes_never_take_the_server_down(client: Client, request_: bytes) -> None:
    address = urlsplit(client.url)
    with socket.create_connection((str(address.hostname), address.port), timeout=10) as connection:
        connection.settimeout(10)
        connection.sendall(request_)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert b" 500 " not in answer.split(b"\r\n")[0]
    assert client.get("/").status == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: Client) -> None:
    hidden, session = client.form()
    assert client.post_form("/", {**hidden, "type": "x" * 80_000, "grid": "370102"}, session).status == 413


def test_what_comes_from_others_is_the_file_that_was_reviewed() -> None:
    lines = [line for line in (VENDOR / "VERSIONS").read_text().splitlines() if line.startswith("sha256")]
    recorded = {name: digest for _, digest, name in (line.split() for line in lines)}
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.glob("*.min.*")}
    assert recorded == files != {}
    for name in files:
        assert (VENDOR / f"{name.split('.')[0]}.LICENSE.txt").is_file()


def test_without_a_query_service_sparql_says_so(workspace: Workspace) -> None:
    app = create_app(workspace, testing=True)
    reply = app.test_client().get("/sparql?query=ASK{}")
    assert reply.status_code == 503
    assert reply.get_json()["faults"][0]["code"] == "query.off"
