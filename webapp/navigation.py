"""What stands in the masthead of every page: the places that the reader may go to."""

from __future__ import annotations

from typing import NamedTuple

from flask import Flask, request, url_for

from webapp.access import me
from webapp.i18n import gettext as _


class Place(NamedTuple):
    """A place of the console: its address and name, the key that leads there, whether it is shown now."""

    address: str
    name: str
    key: str | None
    here: bool


def init_app(app: Flask) -> None:
    """Give the templates ``places_to_go()``."""
    app.jinja_env.globals["places_to_go"] = places_to_go


def places_to_go() -> list[Place]:
    """Return the places that the reader of the current request may see, in the order of work."""
    # The view, its name, the action that it takes (none: everybody), its access key.
    every: list[tuple[str, str, str | None, str | None]] = [
        ("pages.start", _("New report"), "report", "n"),
        ("command.show", _("Overview"), "explain", "o"),
        ("map.index", _("Map"), "explain", "m"),
        ("directives.inbox", _("Directives"), "explain", "d"),
        ("risk.index", _("Risk"), None, None),
        ("warnings.index", _("Warnings"), "explain", None),
        ("candidates.index", _("Candidates"), "explain", None),
        ("plans.index", _("Plans"), "explain", None),
        ("network.index", _("Network"), None, None),
        ("knowledge.index", _("Knowledge"), "query", "k"),
        ("datasets.index", _("Data"), None, None),
        ("quarantine.index", _("Quarantine"), "submit", None),
        ("audit.index", _("Audit"), "audit", None),
        ("sparql.endpoint", _("Query"), None, None),
        ("integrate.index", _("Integrate"), "query", None),
    ]
    return [
        Place(url_for(view), name, key, view == request.endpoint)
        for view, name, action, key in every
        if action is None or me().may(action)
    ]
