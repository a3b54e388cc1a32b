"""Logging in and out, the own password, and tokens for programs."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from kb.access.accounts import User
from kb.access.trail import LOGIN
from kb.errors import Forbidden, InputError, XiezhiError
from webapp.access import SessionUser, gatekeeper, me
from webapp.problems import status_of

SCOPES = ("query", "federate", "report", "explain", "submit", "update")
"""The actions that a token may be given on the page, as far as its user may take them himself."""
blueprint = Blueprint("accounts", __name__)


@blueprint.get("/login")
def form() -> str:
    """Show the form."""
    return render_template("accounts/login.html", next=local(request.args.get("next")), fault=None, name="")


@blueprint.post("/login")
def login() -> BaseResponse:
    """Log in and go where the user wanted to go."""
    name, password = request.form.get("name", "").strip().lower(), request.form.get("password", "")
    target = local(request.form.get("next"))
    keeper = gatekeeper()
    try:
        user = keeper.accounts.login(name, password)
    except Forbidden as error:
        keeper.trail.refused(f"visitor {request.remote_addr}", f"log in as {name[:64]}", stranger=True)
        return not_logged_in(error, target, name)
    return begin(user, target)


def begin(user: User, target: str) -> BaseResponse:
    """Begin a session of *user* and send him to *target*, a path of this server."""
    keeper = gatekeeper()
    session.clear()  # whatever an earlier visitor of this browser left
    session.permanent = True
    login_user(SessionUser(user))
    generate_csrf()  # now: two pages opened at once would each make a token, and the session would keep one
    keeper.trail.adopt(keeper.accounts)
    keeper.trail.record(user.name, LOGIN, f"from {request.remote_addr}")
    return redirect(target or url_for("pages.start"), 303)


def not_logged_in(error: XiezhiError, target: str, name: str = "") -> BaseResponse:
    """Show the form again, with what was wrong."""
    page = render_template("accounts/login.html", next=target, fault=error.faults[0], name=name)
    return make_response(page, status_of(error))


@blueprint.post("/logout")
def logout() -> BaseResponse:
    """End the session."""
    logout_user()
    session.clear()
    return redirect(url_for("accounts.form"), 303)


@blueprint.get("/account")
def account() -> BaseResponse:
    """Show who one is, what one may do, and one's tokens."""
    return _account()


@blueprint.post("/account/password")
def password() -> BaseResponse:
    """Change the own password; all sessions of the user end."""
    name = _user()
    keeper = gatekeeper()
    try:
        keeper.accounts.login(name, request.form.get("old", ""))
        keeper.accounts.change(name, password=request.form.get("new", ""))
    except InputError as error:
        return _account(error)
    keeper.trail.adopt(keeper.accounts)
    return logout()


@blueprint.post("/account/tokens")
def issue() -> BaseResponse:
    """Make a token and show it, once."""
    name = _user()
    scopes = [scope for scope in request.form.getlist("scope") if scope in SCOPES and me().may(scope)]
    days = request.form.get("days", 90, type=int)
    try:
        text, _ = gatekeeper().accounts.issue(name, scopes, label=request.form.get("label", ""), days=days)
    except InputError as error:
        return _account(error)
    gatekeeper().trail.adopt(gatekeeper().accounts)
    return _account(issued=text)


@blueprint.post("/account/tokens/<identifier>/revoke")
def revoke(identifier: str) -> BaseResponse:
    """End a token."""
    name = _user()
    gatekeeper().accounts.revoke(identifier, user=name)
    gatekeeper().trail.adopt(gatekeeper().accounts)
    return redirect(url_for("accounts.account"), 303)


def _account(error: InputError | None = None, issued: str | None = None) -> Response:
    name = me().name
    user = gatekeeper().accounts.find(name)
    page = render_template(
        "accounts/account.html",
        user=user,
        tokens=gatekeeper().accounts.tokens(name) if user else [],
        scopes=[scope for scope in SCOPES if me().may(scope)],
        faults=error.faults if error else [],
        issued=issued,
        policy=me().policy,
    )
    return make_response(page, status_of(error) if error else 200)


def _user() -> str:
    """Return the name of the user whose session it is.

    :raises Forbidden: ``access.session``: tokens and operators have no password and make no tokens.
    """
    name = me().name
    if gatekeeper().accounts.find(name) is None:
        raise Forbidden.of("access.session", "请先以用户身份登录", "log in as a user first")
    return name


def local(target: str | None) -> str:
    """Return *target* if it is a path of this server: nobody shall be sent elsewhere after logging in."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return ""
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else ""
