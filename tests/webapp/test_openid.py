"""Logging in through an OpenID provider: a real one in a process of its own."""

from __future__ import annotations

import http.cookiejar
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from kb.access.accounts import Accounts
from kb.access.openid import Provider
from kb.access.policy import role_names
from kb.errors import InputError
from kb.resources import folder
from tests.webapp.conftest import Server

KNOWN, STRANGER = "officer-7", "somebody"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of an OpenID provider that believes whatever name it is given."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=2).close()
            break
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory, provider: str) -> Server:
    """A server that knows one identity of the provider."""
    home = tmp_path_factory.mktemp("openid")
    subject = f"{provider} {KNOWN}"
    Accounts(home).add("chen", None, ["duty-officer"], known=role_names(folder("ontology")), subject=subject)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XIEZHI_OIDC_ISSUER", provider)
        environment.setenv("XIEZHI_OIDC_CLIENT_ID", "xiezhi")
        environment.setenv("XIEZHI_OIDC_CLIENT_SECRET", "a secret between two servers")
        return start(home)


class Browser:
    """Follows redirects and keeps cookies."""

    def __init__(self) -> None:
        cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))

    def open(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, address and text of where *url* leads."""
        request = urllib.request.Request(url, urlencode(form).encode() if form else None)
        request.add_header("Accept", "text/html")
        request.add_header("Accept-Language", "en")
        try:
            with self._opener.open(request, timeout=20) as reply:
                return reply.status, reply.url, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.url, error.read().decode()


def through(browser: Browser, server: Server, who: str) -> tuple[int, str, str]:
    """Log in at the provider as *who*, on the way to the account page."""
    status, address, _ = browser.open(f"{server.url}/login/openid?next=/account")
    assert status == 200
    assert server.url not in address, "the browser is at the provider"
    return browser.open(address, {"sub": who})


def test_the_login_page_offers_the_provider(server: Server, provider: str) -> None:
    _, _, page = Browser().open(f"{server.url}/login")
    assert "/login/openid" in page
    assert provider.removeprefix("http://") in page


def test_who_is_known_is_logged_in_and_sent_where_he_wanted_to_go(server: Server) -> None:
    status, address, page = through(Browser(), server, KNOWN)
    assert (status, address) == (200, f"{server.url}/account")
    assert "You are logged in as chen" in page


def test_who_is_not_known_learns_what_the_administrator_has_to_do(server: Server, provider: str) -> None:
    browser = Browser()
    status, _, page = through(browser, server, STRANGER)
    assert status == 403
    assert f"{provider} {STRANGER}" in page
    assert "xiezhi user add" in page
    assert "chen" not in browser.open(f"{server.url}/account")[2]


def test_an_answer_that_belongs_to_no_question_logs_nobody_in(server: Server) -> None:
    status, _, page = Browser().open(f"{server.url}/login/openid/back?code=stolen&state=made-up")
    assert status == 403
    assert re.search("did not succeed", page)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"XIEZHI_OIDC_ISSUER": "http://login.example.org"}, "openid.address"),
        ({"XIEZHI_OIDC_ISSUER": "https://login.example.org"}, "openid.client"),
    ],
)
def test_a_provider_that_is_half_configured_is_an_error_at_the_start(
    given: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as error:
        Provider.of(given)
    assert error.value.faults[0].code == code


def test_without_a_provider_nothing_is_offered() -> None:
    assert Provider.of({}) is None
