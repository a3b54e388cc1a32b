"""Who may what: logging in, tokens, roles; what is refused, and what the journal says of it."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from kb.access.accounts import Accounts
from kb.access.policy import role_names
from kb.resources import folder
from tests.webapp.conftest import CITY, REPORT, Client, Server

PASSWORD = "correct horse battery"
ROLES = role_names(folder("ontology"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one user for each role, named after it."""
    path = tmp_path_factory.mktemp("access")
    accounts = Accounts(path)
    for role in ROLES:
        accounts.add(role, PASSWORD, [role], known=ROLES)
    return path


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], home: Path) -> Server:
    """A server that has users."""
    return start(home, CITY)


@pytest.fixture
def client(server: Server) -> Client:
    return server.client


def login(client: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
    """Log in like a browser; return the reply."""
    page = client.get("/login", "text/html")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    cookie = page.headers["Set-Cookie"].split(";")[0]
    form = {"name": name, "password": password, "csrf_token": token[1], **more}
    return client.post_form("/login", form, {"Cookie": cookie, "Accept": "text/html"})


def session(client: Client, name: str) -> dict[str, str]:
    """Return the headers of a logged-in browser."""
    reply = login(client, name)
    assert reply.status == 303
    return cookie(reply)


def cookie(reply: Any) -> dict[str, str]:
    """Return the header that hands on the session that *reply* set."""
    given = [text.split(";")[0] for text in reply.headers.get_all("Set-Cookie")]
    return {"Cookie": next(text for text in given if text.startswith("session="))}


def token(home: Path, user: str, *scopes: str, days: float = 1) -> dict[str, str]:
    """Return the headers of a program with a new token of *user*."""
    text, _ = Accounts(home).issue(user, scopes, days=days)
    return {"Authorization": f"Bearer {text}"}


def journal(client: Client, home: Path, **wanted: str) -> list[dict[str, Any]]:
    """Return the entries that an auditor sees."""
    reply = client.get(
        "/api/audit?" + urlencode({"limit": 10_000, **wanted}), **token(home, "auditor", "audit")
    )
    assert reply.status == 200, reply.text
    entries: list[dict[str, Any]] = reply.json["entries"]
    return entries


def test_whoever_is_not_logged_in_is_asked_to(client: Client) -> None:
    page = client.get("/?lang=en", "text/html")
    assert page.status == 302
    assert page.headers["Location"].startswith("/login?next=")
    reply = client.get("/api/incidents")
    assert reply.status == 401
    assert reply.json["faults"][0]["code"] == "access.action"
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_duty_officer_logs_in_reports_and_logs_out(client: Client) -> None:
    officer = session(client, "duty-officer")
    page = client.get("/?lang=en", "text/html", **officer)
    assert page.status == 200
    assert "duty-officer" in page.text
    reply = client.post_json("/api/recommend", REPORT, officer)
    assert reply.status == 201
    account = client.get("/account?lang=zh", "text/html", **officer)
    assert "值班员" in account.text
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', account.text)
    assert csrf is not None
    gone = client.post_form("/logout", {"csrf_token": csrf[1]}, cookie(account))
    assert gone.status == 303


def test_two_pages_that_are_opened_at_once_after_the_login_can_both_be_sent(client: Client) -> None:
    new = session(client, "duty-officer")
    one, other = (client.get("/account", "text/html", **new) for _ in range(2))
    token = re.search(r'name="csrf_token" value="([^"]+)"', one.text)
    assert token is not None
    # The browser keeps the session of whichever answer came last.
    kept = cookie(other) if "Set-Cookie" in other.headers else new
    assert client.post_form("/logout", {"csrf_token": token[1]}, kept).status == 303


def test_who_reports_nothing_is_sent_from_the_first_page_to_the_queries(client: Client) -> None:
    reply = client.get("/", "text/html", **session(client, "administrator"))
    assert (reply.status, reply.headers["Location"]) == (302, "/sparql")


def test_who_may_not_is_told_in_words_what_and_who_may(client: Client) -> None:
    told = session(client, "administrator")
    reply = client.ask("POST", "/api/recommend", b"{}", {"Content-Type": "application/json", **told})
    (fault,) = reply.json["faults"]
    assert fault["message"] == {"zh": "没有权限：报送事件", "en": "you may not report incidents"}
    assert "值班员" in fault["repair"]["zh"]
    assert "Duty officer" in fault["repair"]["en"]


def test_a_form_of_another_site_can_neither_log_in_nor_out(client: Client) -> None:
    officer = session(client, "duty-officer")
    assert client.post_form("/login", {"name": "duty-officer", "password": PASSWORD}).status == 400
    assert client.post_form("/logout", {}, officer).status == 400
    update = {"update": "INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> 1 } }"}
    admin = session(client, "administrator")
    assert client.post_form("/sparql", update, {**admin, "Sec-Fetch-Site": "cross-site"}).status == 401
    assert client.post_form("/sparql", update, {**admin, "Origin": "https://evil.example"}).status == 401
    assert client.post_form("/sparql", update, {**admin, "Sec-Fetch-Site": "same-origin"}).status == 204


def test_after_logging_in_one_is_sent_to_no_other_site(client: Client) -> None:
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert login(client, "commander", next=target).headers["Location"] == "/"
    assert login(client, "commander", next="/sparql").headers["Location"] == "/sparql"


def test_names_and_passwords_cannot_be_tried_out(client: Client) -> None:
    wrong = login(client, "expert", "wrong password")
    unknown = login(client, "nobody-here", "wrong password")
    assert wrong.status == unknown.status == 403
    faults = [re.search(r'role="alert">([^<]+)', reply.text) for reply in (wrong, unknown)]
    assert faults[0] is not None
    assert faults[1] is not None
    assert faults[0][1] == faults[1][1]
    for _ in range(5):
        login(client, "monitor", "wrong password")
    assert login(client, "monitor").status == 403  # locked, even with the right one


def test_a_session_ends_when_its_user_is_changed(client: Client, home: Path) -> None:
    approver = session(client, "approver")
    assert client.get("/api/incidents", **approver).status == 200
    Accounts(home).change("approver", disabled=True)
    assert client.get("/api/incidents", **approver).status == 401
    Accounts(home).change("approver", disabled=False)
    assert client.get("/api/incidents", **approver).status == 401  # he logs in again
    assert client.get("/api/incidents", **session(client, "approver")).status == 200


def test_a_token_may_do_its_scopes_until_it_expires_or_is_revoked(client: Client, home: Path) -> None:
    query = "/sparql?" + urlencode({"query": "ASK { ?s ?p ?o }"})
    asks = token(home, "integrator", "query")
    assert client.get(query, **asks).status == 200
    assert client.get("/api/incidents", **asks).status == 403  # not in its scopes
    basic = base64.b64encode(f"integrator:{asks['Authorization'][7:]}".encode()).decode()
    assert client.get(query, Authorization=f"Basic {basic}").status == 200
    short = token(home, "integrator", "query", days=0.00001)
    time.sleep(1)
    assert client.get(query, **short).status == 401
    assert client.get(query, Authorization="Bearer xz_0_guess").status == 401
    accounts = Accounts(home)
    accounts.revoke(accounts.tokens("integrator")[1].id)
    assert client.get(query, **asks).status == 401
    beyond = token(home, "duty-officer", "administer", "update")
    assert client.post_form("/sparql", {"update": "DROP ALL"}, beyond).status == 403


def test_the_key_of_the_command_line_is_the_owners(client: Client, server: Server) -> None:
    note = json.loads((server.home / "server.json").read_text())
    assert client.get("/api/incidents", Authorization=f"Bearer {note['key']}").status == 200
    assert client.get("/api/incidents", Authorization=f"Bearer {note['key']}x").status == 401


def test_the_journal_tells_who_logged_in_and_who_was_refused(client: Client, home: Path) -> None:
    session(client, "commander")
    client.get("/api/audit", **token(home, "commander", "audit", "query"))
    assert any(e["actor"] == "commander" for e in journal(client, home, action="log in"))
    refused = journal(client, home, action="refused")
    assert any(e["actor"].startswith("commander (token") and "/api/audit" in e["reason"] for e in refused)
    assert any(
        "made" in e["reason"] or "added user" in e["reason"] for e in journal(client, home, actor="accounts")
    )
    reply = client.get("/api/audit/verify", **token(home, "auditor", "audit"))
    assert reply.json["entries"] > 0
    assert len(reply.json["head"]) == 64


def test_a_stranger_who_is_refused_again_and_again_does_not_fill_the_journal(
    client: Client, home: Path
) -> None:
    before = len(journal(client, home, action="refused", actor="visitor"))
    for _ in range(30):
        assert client.get("/api/incidents").status == 401
    assert len(journal(client, home, action="refused", actor="visitor")) <= before + 1


def test_a_server_without_users_lets_nobody_from_elsewhere_in(tmp_path: Path) -> None:
    from kb.errors import InputError
    from webapp.serve import serve

    with pytest.raises(InputError, match="no-users"):
        serve(tmp_path, "0.0.0.0", 0)
