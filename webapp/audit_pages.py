"""The page of the audit journal: who did what, when and why, for auditors; and the same as a file.

Who takes the journal away is journalled himself, before the first line leaves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, render_template, request

from kb.access import trail
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import InputError, StoreError
from kb.services import auditing
from kb.services.auditing import Wanted
from kb.sharing import cells
from kb.sharing.personal import vault
from webapp.access import gatekeeper, me, requires
from webapp.desk import desk
from webapp.i18n import gettext as _

PAGE = 100
"""Entries on one page."""
EXPORTED = 100_000
"""Entries that one file may have."""
blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@requires("audit")
def index() -> str:
    """Show the newest entries that are wanted, and search among all."""
    return _page()


@blueprint.post("/audit")
@requires("audit")
def verify() -> str:
    """Check every entry of the chain, and say how many there are or which one is broken."""
    try:
        return _page(verified=auditing.verified(desk().workspace.store))
    except StoreError as error:
        return _page(broken=error.faults)


@blueprint.get("/audit.csv")
@requires("audit")
def export() -> Response:
    """Return the wanted entries, oldest first, as CSV."""
    wanted, _faults = _wanted()
    gatekeeper().trail.record(me().name, trail.EXPORT, f"audit journal: {request.query_string.decode()}")
    found = auditing.listed(desk().workspace.store, wanted, limit=EXPORTED)
    names = ("sequence", "time", "actor", "action", "reason", "hash")
    rows = [list(names), *([str(entry[name]) for name in names] for entry in found)]
    lines = (line.encode() for line in cells.lines(rows))
    response = Response(lines, content_type="text/csv; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename="audit.csv")
    return response


def _page(**more: object) -> str:
    keeper = gatekeeper()
    keeper.trail.adopt(keeper.accounts)
    wanted, faults = _wanted()
    store = desk().workspace.store
    page = auditing.newest(store, wanted, before=request.args.get("before", type=int), limit=PAGE)
    asked = {name: request.args.get(name, "") for name in FIELDS if request.args.get(name)}
    return render_template(
        "audit/index.html",
        page=page,
        asked=asked,
        faults=faults,
        names=names_of_actions(),
        actions=sorted({*names_of_actions(), *auditing.actions(store)}),
        views=[
            (_("Personal data seen"), vault.READ),
            (_("Refusals"), trail.REFUSED),
            (_("Data taken away"), trail.EXPORT),
            (_("Restricted data read"), trail.READ),
        ],
        **more,
    )


FIELDS = ("actor", "action", "graph", "about", "since", "until")
"""What one may ask for."""


def _wanted() -> tuple[Wanted, tuple[object, ...]]:
    """Return what the reader asks for, and what of it cannot be understood."""
    asked = {name: request.args.get(name, "").strip()[:500] for name in FIELDS}
    faults: list[object] = []
    for name, whole in (("since", False), ("until", True)):
        try:
            asked[name] = _instant(asked[name], end=whole)
        except ValueError:
            fault = InputError.of(
                "audit.time",
                f"不是时间：{asked[name]}",
                f"this is no time: {asked[name]}",
                where=name,
                repair=("如 2026-06-13 或 2026-06-13 08:30", "such as 2026-06-13 or 2026-06-13 08:30"),
            )
            faults += fault.faults
            asked[name] = ""
    return Wanted(**asked), tuple(faults)


def _instant(text: str, *, end: bool) -> str:
    """Return a day or a time in China as the journal writes times; a day as *end* is meant with its night."""
    if not text:
        return ""
    time = datetime.fromisoformat(text)
    if end and len(text) <= len("2026-06-13"):
        time += timedelta(days=1)
    time = time if time.tzinfo else time.replace(tzinfo=CHINA_STANDARD_TIME)
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def names_of_actions() -> dict[str, str]:
    """Return what actions are called on the page; one that is not here is shown as the journal has it."""
    return {
        trail.LOGIN: _("log in"),
        trail.READ: _("read restricted data"),
        trail.EXPORT: _("take data away"),
        trail.REFUSED: _("was refused"),
        trail.ADMINISTER: _("look after users"),
        trail.FEDERATE: _("ask other servers"),
        vault.READ: _("see personal data"),
        vault.ERASE: _("erase personal data"),
        vault.EXPIRE: _("erase personal data whose time is over"),
        vault.ROTATE: _("renew a key"),
        "load knowledge": _("load knowledge"),
        "load city": _("load a city"),
        "background rules": _("derive in the background"),
        "measure quality": _("measure quality"),
        "declare dataset": _("declare datasets"),
        "deliver": _("deliver data"),
        "refuse delivery": _("refuse a delivery"),
        "withdraw dataset": _("withdraw a dataset"),
        "dismiss record": _("dismiss a quarantined record"),
        "report incident": _("report an incident"),
        "merge incident": _("merge incidents"),
        "confirm response": _("confirm a response"),
        "draft directive": _("draft a directive"),
        "release ship": _("install a release"),
    }
