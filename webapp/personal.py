"""The page of one record's personal fields: masked for all, shown to who may and says why.

Only POST shows them, with the forgery token of every form: no link, image or page of another site can.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from kb.errors import Forbidden, InputError, NotFound
from kb.services import personal
from kb.sharing.personal.vault import LONGEST, MAY, SHORTEST
from webapp.access import me, requires
from webapp.desk import desk
from webapp.problems import status_of

blueprint = Blueprint("personal", __name__)


@blueprint.get("/personal")
@requires("query")
def masked() -> Response:
    """Show what everybody sees of the record ``?record=``, and the form that asks for the rest."""
    if not request.args.get("record"):
        return _page({"record": "", "fields": []})
    iri = personal.record(request.args["record"])
    return _page(personal.told(desk().workspace, iri, desk().workspace.vault.masked(iri, me())))


@blueprint.post("/personal")
@requires(MAY)
def shown() -> Response:
    """Show the fields of a record, once the reason is in the journal."""
    vault, iri = desk().workspace.vault, personal.record(request.form.get("record", ""))
    try:
        found = vault.read(iri, me(), request.form.get("reason", ""))
    except (Forbidden, NotFound):
        raise
    except InputError as error:
        return _page(personal.told(desk().workspace, iri, vault.masked(iri, me())), error)
    return _page(personal.told(desk().workspace, iri, found))


def _page(found: dict[str, object], error: InputError | None = None) -> Response:
    html = render_template(
        "pages/personal.html",
        found=found,
        faults=error.faults if error else [],
        may=me().may(MAY),
        shortest=SHORTEST,
        longest=LONGEST,
    )
    return make_response(html, status_of(error) if error else 200)
