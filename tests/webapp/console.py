"""Every screen of the console, found in the URL map: a new one is tried without anybody listing it here.

A screen is an address that answers a reader with a whole HTML page. Its arguments, if it has any, are
those of :data:`ARGUMENTS`: an incident with directives, a dataset with records in quarantine.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize

import webapp
from kb.access.policy import role_names
from kb.namespaces import ROOT
from kb.resources import folder
from kb.sensing import synthetic
from kb.services.risk.proposals import Proposals
from kb.services.workspace import Workspace
from tests.catalogue.conftest import DELIVERED, RISKS, deliver
from tests.homes import copied
from tests.risk.conftest import CITY as CITY_OF_RISK
from tests.risk.conftest import EXTENT, KINDS, assess_made_up
from tests.webapp.browsing import CUT, DESK, PASSWORD, PHONE, Officer, People, enrol
from tests.webapp.conftest import Server
from webapp.pages import IncidentId

CITY = f"{ROOT}city/370200/dept/370200"
PEOPLE: People = {
    "everybody": (role_names(folder("ontology")), f"{CITY}/emergency-management"),
    "zhao": (role_names(folder("ontology")), f"{CITY}/emergency-management"),
    "wang": (["duty-officer"], None),
    "steward": (["steward"], f"{CITY}/emergency-management"),
    "water": (["steward"], f"{CITY}/water"),
    "auditor": (["auditor"], None),
    "integrator": (["integrator"], None),
}
INCIDENT = {"id": "console", "type": "燃气爆炸", "grid": "370202", "deaths": 4, "seriousInjuries": 12}
ARGUMENTS = {"identifier": "console", "number": "1", "path": RISKS, "code": "370202", "name": "lead"}
"""What arguments of addresses stand for; an address with another one is no screen that is tried."""
NEEDED = {
    "explain.why": "conclusion=牵头部门",
    "catalogue.harvest": "format=html",
    "knowledge.term": f"iri={ROOT}ns#GasExplosion",
}
"""What a screen must be asked for beside its address."""
DATA = ("/api/", "/static/", "/download/")
"""How addresses begin that answer programs."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ORDER = ["heading-order", "page-has-heading-one", "empty-heading", "landmark-one-main", "skip-link"]
"""Rules of axe-core that WCAG's level AA leaves open, and without which a screen reader loses its way."""
AXE = Axe()
EDITOR = "CodeMirror-scroll"
"""The lines of the SPARQL editor scroll with its cursor, so they need no focus of their own."""
STRAY = """chinese => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  const strange = chinese ? /https?:|\\bxz:/ : /https?:|\\bxz:|[\\u3400-\\u9fff]/;
  const data = "code, pre, q, .quoting, script, .CodeMirror, .CodeMirror-hints, "
    + (chinese ? "[lang|=en]" : "[lang|=zh]");
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (strange.test(node.data) && element.checkVisibility() && !element.closest(data)) {
      found.push(node.data.trim().slice(0, 120));
    }
  }
  return [...new Set(found)];
}"""
"""Text that stands where a label belongs: an IRI, a prefixed name, in English also Chinese.

What is Chinese by nature, such as the words of somebody's report, stands in ``q`` or ``code``, a message that
quotes it in ``.quoting``, or it has ``lang``.
"""
REFUSED = ("status of 503 (SERVICE UNAVAILABLE)", "[object Event]")
"""What a browser logs where a stream of events is refused, and the page asks again and again instead.

Streams of pages that were left count until their next heartbeat, and here one reader opens dozens of pages in
seconds. A page that itself answers so fails (:meth:`Console.is_screen`).
"""
UNSEEN = """() => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
  .filter(element => element.checkVisibility() && !element.disabled && !element.closest(".CodeMirror"))
  .filter(element => {
    element.focus({ focusVisible: true, preventScroll: true });
    return document.activeElement === element && getComputedStyle(element).outlineStyle === "none";
  }).map(element => element.outerHTML.slice(0, 120))"""
"""Elements that do not show that they have the focus."""


@dataclass(frozen=True)
class Console:
    """A server with a city, shared data, an incident and people in every role."""

    server: Server
    _cookies: dict[str, str] = field(default_factory=dict)

    def cookie(self, name: str) -> str:
        """Log *name* in, once, and return the session."""
        if name not in self._cookies:
            fields, headers = self.server.client.form("/login")
            data = {**fields, "name": name, "password": PASSWORD}
            reply = self.server.client.post_form("/login", data, headers)
            assert reply.status == 303, reply.text
            self._cookies[name] = reply.headers["Set-Cookie"].split(";")[0]
        return self._cookies[name]

    def officer(
        self, browser: Browser, name: str, lang: str = "zh-CN", size: ViewportSize = DESK, **options: Any
    ) -> Officer:
        """Return a page of *browser* in which *name* is logged in."""
        made = Officer(browser, self.server, lang, size, **options)
        key, _, value = self.cookie(name).partition("=")
        made.context.add_cookies([{"name": key, "value": value, "url": self.server.url}])
        return made

    def get(self, name: str, path: str, lang: str = "en") -> tuple[int, str, str]:
        """Return status, media type and text of *path* as *name* reads it; of other media types no text."""
        host = urlsplit(self.server.url)
        assert host.hostname is not None
        connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
        headers = {"Cookie": self.cookie(name), "Accept": "text/html", "Accept-Language": lang}
        try:
            connection.request("GET", path, headers=headers)
            reply = connection.getresponse()
            media = reply.headers.get_content_type()
            if (kept := reply.headers.get("Set-Cookie", "")).startswith("session="):
                self._cookies[name] = kept.split(";")[0]  # with the secret of its forms
            # A stream of events never ends: it is not read.
            return reply.status, media, reply.read().decode() if media == "text/html" else ""
        finally:
            connection.close()

    def post(self, name: str, path: str, data: Mapping[str, str], form: str) -> tuple[int, str, str]:
        """Send a form as *name*, with the hidden fields of the page *form*; return status, place and text."""
        page = self.get(name, form)[2]
        token = re.search(r'name="csrf_token" value="([^"]*)"', page)
        assert token is not None, page
        headers = {"Cookie": self.cookie(name), "Accept-Language": "en"}
        reply = self.server.client.post_form(path, {"csrf_token": token[1], **data}, headers)
        return reply.status, reply.headers.get("Location", ""), reply.text

    def is_screen(self, path: str) -> bool:
        """Whether *path* is a whole page. Fails where the server fails."""
        status, media, text = self.get("everybody", path)
        assert status < 500, path
        return status == 200 and media == "text/html" and "<html" in text


def open_console(start: Callable[..., Server], prepared: Path, folder_: Path) -> Console:
    """Return the console of a new server over a copy of *prepared* in *folder_*."""
    home = copied(prepared, folder_ / "home")
    with Workspace(home, cities=["370200"]) as workspace:
        deliver(workspace, DELIVERED[2:])
        deliver(workspace, DELIVERED[:1])
        _assess_risk(workspace, folder_)
    enrol(home, PEOPLE)
    server = start(home, "370200")
    key = json.loads((home / "server.json").read_text())["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert server.client.post_json("/api/recommend", INCIDENT, headers).status == 201
    confirmed = server.client.post_json(f"/api/incidents/{INCIDENT['id']}/confirm", {}, headers)
    assert confirmed.status == 201, confirmed.text
    return Console(server)


def _assess_risk(workspace: Workspace, folder_: Path) -> None:
    """Assess the risk of Qingdao from made-up observations, and propose warnings for one hour."""
    observed = folder_ / "made-up.parquet"
    synthetic.write(observed, 10_000, EXTENT, KINDS, places=1_000)
    views = assess_made_up(workspace, observed)
    Proposals(workspace, views).propose(CITY_OF_RISK, datetime(2026, 7, 1, 18, tzinfo=UTC), actor="test")


def addresses() -> dict[str, str]:
    """Return every address that may be a screen, by its rule."""
    return dict(_addresses())


def _addresses() -> Iterator[tuple[str, str]]:
    app = Flask("screens")
    app.url_map.converters["incident"] = IncidentId
    for part in (*webapp.PAGES, *webapp.PROGRAMS):
        app.register_blueprint(part.blueprint)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        data = rule.rule.startswith(DATA) or rule.rule.endswith((".csv", ".svg"))
        if "GET" in (rule.methods or ()) and rule.arguments <= ARGUMENTS.keys() and not data:
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: ARGUMENTS[match[1]], rule.rule)
            more = NEEDED.get(rule.endpoint)
            yield rule.rule, quote(path) + (f"?{quote(more, safe='=&')}" if more else "")


def barriers(page: Page, *, only: list[str] | None = None) -> list[str]:
    """Return what axe-core finds on *page* against WCAG 2.0 to 2.2, levels A and AA: rule, element, reason.

    :param only: nothing but these rules.
    """
    wanted = {"type": "rule", "values": only} if only else {"type": "tag", "values": TAGS}
    rules = {} if only else {rule: {"enabled": True} for rule in ("target-size", *ORDER)}
    options = {"resultTypes": ["violations"], "runOnly": wanted, "rules": rules}
    return [
        f"{violation['id']}: {node['html'][:160]} – {node['failureSummary'].splitlines()[-1].strip()}"
        for violation in AXE.run(page, options=options).response["violations"]
        for node in violation["nodes"]
        if EDITOR not in node["html"]
    ]


def faults(reader: Officer, path: str, lang: str) -> Iterator[str]:
    """Open *path* in one language and yield what is wrong with it, on a desk and a phone, light and dark."""
    reader.wrong.clear()
    reader.page.set_viewport_size(DESK)
    page, chinese = reader.open(path), lang.startswith("zh")
    yield from _fits(reader, "desk")
    yield from (f"stray text: {text}" for text in page.evaluate(STRAY, chinese))
    if chinese:
        yield from (f"desk: {one}" for one in barriers(page))
        page.emulate_media(color_scheme="dark")
        yield from (f"dark: {one}" for one in barriers(page, only=["color-contrast"]))
        page.emulate_media(color_scheme="light")
        yield from (f"unseen focus: {one}" for one in page.evaluate(UNSEEN))
    page.set_viewport_size(PHONE)
    yield from _fits(reader, "phone")
    if not chinese:
        yield from (f"phone: {one}" for one in barriers(page))
    yield from (text for text in reader.wrong if not text.endswith(REFUSED))


def _fits(reader: Officer, size: str) -> Iterator[str]:
    wide = reader.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        yield f"{size}: {wide} pixels too wide"
    yield from (f"{size}: cut {one}" for one in reader.page.evaluate(CUT))
