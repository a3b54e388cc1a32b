"""The duty officer's page: report an incident, read the answer, answer the questions.

Every form works without JavaScript; with htmx the answer appears on the same screen.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as BaseResponse

from kb.cap.process import BIGGEST
from kb.errors import Fault, InputError, ReportRejected, Text
from kb.report.reading import ID_PATTERN
from kb.services import incident
from kb.services.life import news
from kb.services.pasted import keeping, telling
from kb.services.pasted.message import is_message, read_message
from kb.words.text import LONGEST
from webapp import directive_pages, forms, listing
from webapp.access import me, requires
from webapp.desk import desk
from webapp.filters import now
from webapp.i18n import language
from webapp.life_pages import course
from webapp.visibility import recommended, visible_to
from webapp.watch import watch

QUEUE = 12
NEAR = 5
"""Places that are named when the one that was typed is unknown."""
blueprint = Blueprint("pages", __name__)


class IncidentId(BaseConverter):
    """The identifier of an incident in a path; anything else is no page."""

    regex = ID_PATTERN.pattern


@blueprint.url_value_preprocessor
def allow_messages(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Give words and messages room before the forgery check reads the form."""
    if endpoint == "pages.words":
        request.max_content_length = request.max_form_memory_size = BIGGEST + 64 * LONGEST


@blueprint.get("/")
def start() -> str | BaseResponse:
    """Show the form for a new report beside the newest incidents; who may not report is sent to query."""
    if not me().may("report") and not me().is_visitor:
        return redirect(url_for("sparql.endpoint"))
    me().require("report")
    return render_template("pages/start.html", **form(forms.blank()), incidents=_queue())


@blueprint.post("/words")
@requires("report")
def words() -> BaseResponse:
    """Fill the form with what a pasted text or an alert in CAP tells; nothing is stored."""
    text, file = request.form.get("text", "").strip(), request.files.get("message")
    try:
        if file is not None and file.filename:
            found = read_message(desk().workspace, file.read(), now())
        elif is_message(text):
            found = read_message(desk().workspace, text.encode("utf-8", "replace"), now())
        else:
            found = telling.read_words(desk().workspace, text, now())
    except InputError as error:
        page = _page(
            "start", "paste", **form(forms.blank()), text=text, refused=error.faults, incidents=_queue()
        )
        response = make_response(page, 422)
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#paste", "outerHTML"
        return response
    read = {one["key"]: one for one in found["fields"]}
    carried = keeping.offered(found["fields"], desk().workspace.store)
    filled = form(forms.of_words(found["fields"], language()), read=read, carried=carried)
    return make_response(_page("start", "report", **filled, text=text, incidents=_queue()))


@blueprint.post("/")
@requires("report")
def report() -> BaseResponse:
    """Take a new report; show the answer, or the form with its faults."""
    data = forms.read(request.form, desk().workspace)
    try:
        answer = incident.report(
            desk().workspace,
            data,
            **watch(),
            key=_key(request.form.get("nonce"), data),
            words=keeping.kept(desk().workspace, request.form.getlist("read"), data),
        )
    except ReportRejected as error:
        page = _page("start", "report", **_again(error), incidents=_queue())
        response = make_response(page, 422)
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#report", "outerHTML"
        return response
    return _answered(recommended(answer))


@blueprint.get("/incident/<incident:identifier>")
@requires("explain")
def show(identifier: str) -> str:
    """Show what is recommended for a known incident."""
    workspace = desk().workspace
    seen = news.last(workspace, identifier)  # first: what happens from here on may not be in the answer
    answer = incident.recall(workspace, identifier)
    return render_template("pages/incident.html", **_answer(recommended(answer), seen=seen))


@blueprint.post("/incident/<incident:identifier>")
@requires("report")
def amend(identifier: str) -> BaseResponse:
    """Take a continued report: one more fact, or the whole report corrected (``mode=replace``)."""
    workspace = desk().workspace
    given = forms.read(request.form, workspace)
    with desk().continuing:
        before = recommended(incident.recall(workspace, identifier))
        if request.form.get("mode") == "replace":
            data = {"id": identifier, **given}
        else:
            data = forms.as_report(before) | given
        try:
            _require_current(identifier, given)
            answer = incident.report(workspace, data, **watch())
        except ReportRejected as error:
            return make_response(_page("incident", "answer", **_answer(before, error)), 422)
    return _answered(recommended(answer))


@blueprint.get("/queue")
@requires("report")
def queue() -> str:
    """Return the newest incidents, which the start page asks for again and again."""
    return render_template("parts/queue.html", incidents=_queue())


@blueprint.get("/places")
def places() -> str:
    """Return suggestions for the place that is being typed."""
    text, known = request.args.get("grid", ""), desk().places
    return render_template("parts/places.html", places=known.suggest(text), exact=known.name(text))


def _page(page: str, part: str, **context: Any) -> str:
    """Return *part* for htmx, which puts it into the page that is open; else the whole *page*."""
    name = f"parts/{part}.html" if "HX-Request" in request.headers else f"pages/{page}.html"
    return render_template(name, **context)


def _answered(recommendation: Mapping[str, Any]) -> BaseResponse:
    address = url_for("pages.show", identifier=recommendation["incident"]["id"])
    if "HX-Request" not in request.headers:
        # The browser's "reload" must not report a second time.
        return redirect(address, 303)
    response: Response = make_response(render_template("parts/answer.html", **_answer(recommendation)))
    response.headers["HX-Push-Url"] = address
    return response


def _require_current(identifier: str, given: Mapping[str, Any]) -> None:
    """Insist that nobody continued the report since the sender looked at it, as far as that matters.

    A correction replaces everything; an answer matters only where somebody else gave another.

    :raises ReportRejected: ``report.overtaken``: the form is shown again, with what happened meanwhile.
    """
    seen = request.form.get("seen", type=int)
    if seen is None:
        return
    visible = visible_to(request)
    since = news.news(desk().workspace, identifier, news.REPORT, seen, visible=visible)
    corrects = request.form.get("mode") == "replace"
    faults = [
        Fault(
            "report.overtaken",
            Text(
                f"{event['actor']} 刚刚续报：{change['text']['zh']}",
                f"{event['actor']} has just continued the report: {change['text']['en']}",
            ),
            "" if corrects else change["key"],
            Text("核对后再次提交，以您填写的为准", "look at it; sent again, what you entered holds"),
        )
        for event in since
        for change in event["changes"]
        if corrects or change["key"] in given
    ]
    if faults:
        raise ReportRejected(faults)


def _answer(
    recommendation: Mapping[str, Any], error: ReportRejected | None = None, *, seen: int | None = None
) -> dict[str, Any]:
    identifier = recommendation["incident"]["id"]
    seen = news.last(desk().workspace, identifier) if seen is None else seen
    lean = "HX-Request" in request.headers and error is None
    filled = form(forms.filled(recommendation, language()), error, named=False)
    if error is not None:
        filled["values"] |= forms.typed(request.form)
    return {
        "recommendation": recommendation,
        "seen_report": seen,
        "mode": request.form.get("mode", ""),
        "lean": lean,
        **course(identifier, lean=lean),
        **directive_pages.of_incident(identifier, recommendation),
        **filled,
    }


def _again(error: ReportRejected) -> dict[str, Any]:
    """Return the form that was sent, with its faults; of what was read it still has the words."""
    carried = request.form.getlist("read")[: keeping.MOST]
    read = {key: {"words": [words]} for key, words in keeping.parsed(carried).items()}
    return form(forms.typed(request.form), error, read=read, carried=carried)


def form(
    values: Mapping[str, Any],
    error: ReportRejected | None = None,
    *,
    read: Mapping[str, Any] | None = None,
    carried: Sequence[str] = (),
    named: bool = True,
) -> dict[str, Any]:
    """Return what the form of a report needs.

    :param read: what words told of its values; *carried*: the same, to be kept with the report.
    :param named: with the names of all types, two thirds of a form; else it asks for them when it needs them.
    """
    workspace, places = desk().workspace, desk().places
    controls = forms.controls(workspace)
    faults = {} if error is None else forms.faults_by_field(error)
    return {
        "values": dict(values),
        "places_on_the_map": next(iter(desk().grids.cities(visible_to(request))), None),
        "faults": faults,
        "types": forms.type_names(workspace, language()) if named else [],
        "main": controls,
        "more": forms.more(controls),
        "place": places.name(values.get("grid", "")),
        "near": places.suggest(values.get("grid", ""), NEAR) if "grid" in faults else [],
        "read": read or {},
        "carried": carried,
        "longest": LONGEST,
        "nonce": secrets.token_urlsafe(12),
    }


def _queue() -> list[dict[str, Any]]:
    return listing.recent(desk().workspace, QUEUE, merged=False)


def _key(nonce: str | None, data: Mapping[str, Any]) -> str | None:
    """The idempotency key of a form: a double click is one report, a changed form is another."""
    if not nonce:
        return None
    return "form:" + hashlib.sha256(f"{nonce} {sorted(data.items())}".encode("utf-8", "replace")).hexdigest()
