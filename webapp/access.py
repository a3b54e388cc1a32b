"""Who sends a request, and whether he may: sessions for people, tokens for programs.

In this order: a token (``Authorization: Bearer``, or Basic with the token as password), the key of the
command line on this machine (``server.json``), the session of a logged-in browser, the operator of this
machine while there are no users at all, a visitor.

What a page of another site makes a browser send never counts as the user's or the operator's: cookies are
``SameSite=Lax``, and a cross-site request without a token is a visitor's.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, g, request
from flask_login import LoginManager, current_user
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from kb.access.accounts import Accounts, User
from kb.access.policy import Policies, Policy
from kb.access.principal import THROUGH, VISITOR, Operator, Principal
from kb.access.trail import Trail

P = ParamSpec("P")
R = TypeVar("R")
REALM = "Xiezhi"


class Gatekeeper:
    """Knows who is who: the accounts, the policy and the key of the command line."""

    def __init__(self, accounts: Accounts, policies: Policies, trail: Trail, key: str | None = None) -> None:
        self.accounts, self.policies, self.trail = accounts, policies, trail
        self._key = key

    def of_user(self, user: User, scopes: frozenset[str] | None = None, through: str = "") -> Principal:
        """Return *user* as a principal; *through* says by which token."""
        return Principal(user.name + through, user.roles, self.policies.current, user.department, scopes)

    def identify(self, asked: Request) -> Principal:
        """Return who sent the request.

        :raises Unauthorized: for a token that is wrong, expired or revoked.
        """
        policy = self.policies.current
        if (token := _token(asked)) is not None:
            if self._key is not None and secrets.compare_digest(token.encode(), self._key.encode()):
                return Operator("operator", frozenset(policy.roles), policy)
            found = self.accounts.bearer(token)
            if found is None:
                raise Unauthorized(
                    "the token is wrong, expired or revoked",
                    www_authenticate=WWWAuthenticate("bearer", {"realm": REALM, "error": "invalid_token"}),
                )
            return self.of_user(found[0], found[1].scopes, f"{THROUGH}{found[1].id})")
        if _is_cross_site(asked):
            return visitor(asked, policy)
        if current_user.is_authenticated:
            return self.of_user(current_user.user)
        if _is_loopback(asked.remote_addr) and not self.accounts.any():
            return Operator("operator", frozenset(policy.roles), policy)
        return visitor(asked, policy)


def visitor(asked: Request, policy: Policy) -> Principal:
    """Return whoever sent the request as somebody unknown."""
    return Principal(f"visitor {asked.remote_addr}", frozenset([VISITOR]), policy)


class SessionUser:
    """A user as Flask-Login wants him; the session ends when his epoch grows."""

    is_authenticated, is_active, is_anonymous = True, True, False

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        """Return what the session keeps."""
        return f"{self.user.name}:{self.user.epoch}"


def init_app(app: Flask, gatekeeper: Gatekeeper) -> None:
    """Let *app* ask *gatekeeper*; templates get ``me``."""
    app.extensions["gatekeeper"] = gatekeeper
    manager = LoginManager(app)
    manager.session_protection = "basic"

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(identifier: str) -> SessionUser | None:
        name, _, epoch = identifier.rpartition(":")
        user = gatekeeper.accounts.find(name)
        return SessionUser(user) if user and not user.disabled and str(user.epoch) == epoch else None

    app.context_processor(lambda: {"me": me()})


def gatekeeper() -> Gatekeeper:
    """Return the gatekeeper of the application that handles the current request."""
    return cast(Gatekeeper, current_app.extensions["gatekeeper"])


def me() -> Principal:
    """Return who sent the current request."""
    if "principal" not in g:
        keeper = gatekeeper()
        # For the page that says so, whoever brings a wrong token is a visitor.
        g.principal = visitor(request, keeper.policies.current)
        g.principal = keeper.identify(request)
    return cast(Principal, g.principal)


def again() -> Principal:
    """Return who sent the current request as he is now: for answers that go on for minutes.

    :raises Unauthorized: as :meth:`Gatekeeper.identify`.
    """
    for remembered in ("principal", "_login_user"):  # ours, and Flask-Login's
        g.pop(remembered, None)
    return me()


def requires(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a route run only for who may take *action*; a refusal goes into the journal."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            me().require(action)
            return view(*args, **kwargs)

        return guarded

    return decorate


def _token(asked: Request) -> str | None:
    given = asked.authorization
    if given is None:
        return None
    return given.token if given.type == "bearer" else given.password


def _is_cross_site(asked: Request) -> bool:
    """Whether a page of another site makes the browser send this (Fetch Metadata; else the Origin header)."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        # Following a link from elsewhere to a page of ours is not an attack: reading, in a tab of its own.
        navigates = asked.headers.get("Sec-Fetch-Mode") == "navigate" and asked.method in ("GET", "HEAD")
        return site in ("cross-site", "same-site") and not navigates
    origin = asked.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != asked.host


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return address in ("", None)  # a socket in the file system, or a test client
