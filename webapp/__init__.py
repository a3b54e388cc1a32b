"""The web face of Xiezhi: pages, HTTP API and SPARQL Protocol (Flask).

::

    create_app ── pages     the duty officer's page          (pages.py, templates/)
               ├─ integrate the service, a check of payloads  (integrate_pages.py)
               ├─ api       reports and recommendations       (api.py, openapi.yaml)
               ├─ explain   why, why not, ask next, what if   (explain_pages.py, explain_api.py)
               ├─ life      timelines, steps, contention      (life_pages.py, life_api.py)
               ├─ later     what an answer leaves for later   (later_pages.py)
               ├─ map       areas, incidents, what is around  (map_pages.py, map_api.py)
               ├─ command   everything open on one screen    (command_pages.py)
               ├─ graph     collaboration around an incident  (graph_pages.py)
               ├─ live      what changes, as it changes       (live_api.py, live.py)
               ├─ releases  which there are, replay           (release_api.py)
               ├─ examples  vetted queries, terms to complete (examples_api.py, terms.py)
               ├─ sparql    SPARQL 1.1 Protocol               (sparql.py)
               ├─ graphs    Graph Store Protocol              (graphs.py)
               ├─ accounts  log in, tokens                    (accounts.py, oidc.py)
               ├─ personal  fields about persons              (personal.py, personal_api.py)
               ├─ audit     the journal                       (audit_pages.py, audit_api.py)
               ├─ datasets  what departments share, how good  (dataset_pages.py)
               │            declarations, deliveries          (datasets_api.py)
               │            quarantine, repair, upload        (quarantine_pages.py)
               ├─ catalogue DCAT, VoID, downloads             (catalogue.py)
               ├─ network   who works with whom, outages      (network_pages.py)
               │            the same for programs, roster     (network_api.py)
               ├─ directives confirm, board, inbox, steps         (directive_pages.py, directives_api.py)
               ├─ plans     life, provisions, resources       (plan_pages.py, plans_api.py)
               ├─ grids     where a point falls, what is covered (grid_api.py)
               ├─ warnings  received, issued, what they support   (warnings_pages.py, warnings_api.py)
               ├─ risk      maps, factors, proposals          (risk_pages.py)
               │            the same for programs, observations (risk_api.py)
               ├─ candidates signals that belong together          (candidates_pages.py, candidates_api.py)
               ├─ knowledge terms and rules, drafts, releases, gaps (knowledge_pages.py, draft_pages.py,
               │                                     release_pages.py, coverage_pages.py)
               └─ access, security, cors, packing, i18n, problems, filters, navigation: what all of them share

:func:`webapp.serve.serve` opens a home folder and runs the application on waitress.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from flask import Flask

from kb.access.accounts import Accounts
from kb.access.openid import Provider
from kb.access.trail import Trail
from kb.errors import ResourceMissing
from kb.report.document import MAX_BYTES
from kb.services.workspace import Workspace
from kb.store.workers import Service
from kb.store.writing import Writes
from webapp import (
    access,
    accounts,
    api,
    audit_api,
    audit_pages,
    candidates_api,
    candidates_pages,
    catalogue,
    command_pages,
    cors,
    coverage_pages,
    dataset_pages,
    datasets_api,
    directive_pages,
    directives_api,
    draft_pages,
    examples_api,
    explain_api,
    explain_pages,
    filters,
    graph_pages,
    graphs,
    grid_api,
    i18n,
    integrate_pages,
    knowledge_pages,
    later_pages,
    life_api,
    life_pages,
    live_api,
    map_api,
    map_pages,
    navigation,
    network_api,
    network_pages,
    packing,
    pages,
    personal,
    personal_api,
    plan_pages,
    plans_api,
    problems,
    quarantine_pages,
    release_api,
    release_pages,
    risk_api,
    risk_pages,
    security,
    warnings_api,
    warnings_pages,
)
from webapp import sparql as protocol
from webapp.desk import Desk
from webapp.live import STREAMS

__all__ = ["create_app"]

PAGES = (
    pages,
    explain_pages,
    life_pages,
    later_pages,
    live_api,
    map_pages,
    graph_pages,
    command_pages,
    accounts,
    personal,
    dataset_pages,
    quarantine_pages,
    audit_pages,
    integrate_pages,
    network_pages,
    directive_pages,
    warnings_pages,
    candidates_pages,
    plan_pages,
    knowledge_pages,
    draft_pages,
    release_pages,
    coverage_pages,
    risk_pages,
)
"""What people open; their forms carry a token against forgery."""
PROGRAMS = (
    api,
    explain_api,
    life_api,
    release_api,
    examples_api,
    audit_api,
    personal_api,
    datasets_api,
    network_api,
    map_api,
    grid_api,
    plans_api,
    directives_api,
    warnings_api,
    candidates_api,
    risk_api,
    catalogue,
    protocol,
    graphs,
)
"""What programs call."""

for _blueprint in (protocol.blueprint, graphs.blueprint, catalogue.blueprint):
    cors.open_to_other_sites(_blueprint)  # once a process, which may have several applications
    packing.pack(_blueprint)

SESSION_HOURS = 12
"""A session ends after a shift without a request."""


def create_app(
    workspace: Workspace,
    *,
    sparql: Service | None = None,
    writes: Writes | None = None,
    secret: bytes | None = None,
    key: str | None = None,
    hosts: Sequence[str] = (),
    openid: Provider | None = None,
    streams: int = STREAMS,
    testing: bool = False,
) -> Flask:
    """Return the application that serves *workspace*.

    :param sparql: the sandboxed query service; without it ``/sparql`` answers 503.
    :param writes: takes updates and uploads; without it they are answered with 503.
    :param key: the token of the command line on this machine, which may do everything.
    :param secret: the key that signs sessions; without it a new one, which ends open sessions.
    :param hosts: names by which browsers may address the server, beside IP addresses and ``localhost``.
    :param openid: the provider through which users may log in too.
    :param streams: pages that may follow changes at once; each holds a thread of the server.
    :raises ResourceMissing: ``openid.library``, with *openid* where its library is not installed.
    """
    app = Flask(__name__)
    app.config.update(
        TESTING=testing,
        SECRET_KEY=secret or secrets.token_bytes(32),
        MAX_CONTENT_LENGTH=MAX_BYTES,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        # A page stays open for a whole shift: its form must still work in the last hour.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract fixes the order of keys
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.converters["incident"] = pages.IncidentId
    app.extensions["xiezhi"] = Desk(workspace, sparql, writes, streams)

    i18n.init_app(app)
    navigation.init_app(app)
    filters.init_app(app)
    live_api.init_app(app)
    problems.init_app(app)
    store = workspace.store
    accounts_of, trail = Accounts(workspace.home), Trail(store)
    trail.adopt(accounts_of)
    access.init_app(app, access.Gatekeeper(accounts_of, workspace.policies, trail, key))
    csrf = security.init_app(app, hosts)
    if openid is not None:
        _offer(app, openid)
    for part in PAGES:
        app.register_blueprint(part.blueprint)
    for part in PROGRAMS:
        # Programs send no forgery token. What a page of another site sends is a visitor's (webapp.access),
        # and no form can send application/json.
        csrf.exempt(part.blueprint)
        app.register_blueprint(part.blueprint)
    return app


def _offer(app: Flask, openid: Provider) -> None:
    """Let users log in to *app* through *openid* too."""
    try:
        from webapp import oidc  # Authlib is an extra of the package
    except ImportError as error:
        raise ResourceMissing.of(
            "openid.library",
            "没有安装 OpenID 所需的库",
            "the library for OpenID is not installed",
            repair=(
                "安装 xiezhi-governance[openid]",
                "install xiezhi-governance[openid]",
            ),
        ) from error
    oidc.init_app(app, openid)
