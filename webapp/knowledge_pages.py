"""The pages of the knowledge for reading: search and browse, one term, the rules, one rule and its cases."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from pyoxigraph import NamedNode
from werkzeug.wrappers import Response

from kb.services.browsing import rules as rule_book
from kb.services.browsing.rules import Tried
from kb.services.browsing.term import about
from kb.services.drafting.jobs import found as kept
from kb.services.releases import notes
from webapp.access import me, requires
from webapp.desk import desk
from webapp.draft_pages import own_drafts
from webapp.highlight import highlight

FEW = 12
"""Things of a list that are shown at once; the rest opens."""
blueprint = Blueprint("knowledge", __name__)
blueprint.add_app_template_filter(highlight)


@blueprint.get("/knowledge")
@requires("query")
def index() -> str:
    """Search the knowledge; without a question, show what there is and the tree of types."""
    library = desk().library
    text, kind, pack = (request.args.get(key, "").strip() for key in ("q", "kind", "pack"))
    asked = bool(text or kind or pack)
    return render_template(
        "knowledge/index.html",
        q=text,
        kind=kind,
        pack=pack,
        kinds=library.index.kinds(),
        packs=library.index.packs(),
        found=library.index.search(text, kind=kind, pack=pack) if asked else None,
        overview=None if asked else library.overview(),
        label_of=library.index.kind_label,
    )


@blueprint.get("/knowledge/term")
@requires("query")
def term() -> str:
    """Show one term: its words, relations, clauses, rules, cases, and incidents to those who may see them."""
    found = about(desk().library, request.args.get("iri", ""), incidents=me().may("explain"))
    said = notes.about(desk().workspace.store, NamedNode(found.iri)) if me().may("explain") else []
    return render_template("knowledge/term.html", about=found, few=FEW, notes=said, drafts=own_drafts())


@blueprint.get("/knowledge/rules")
@requires("query")
def rules() -> str:
    """Show the rules by folder or layer, with their sentences."""
    library = desk().library
    text, folder = (request.args.get(key, "").strip() for key in ("q", "folder"))
    layer = request.args.get("layer", type=int)
    return render_template(
        "knowledge/rules.html",
        q=text,
        folder=folder,
        layer=layer,
        rows=rule_book.rows(library, text, folder, layer),
        folders=rule_book.folders(library),
        layers=sorted(set(library.layers().values())),
        fired=kept(desk().jobs.of_knowledge("firing")),
        job=desk().jobs.running(desk().jobs.of_knowledge("firing")),
    )


@blueprint.get("/knowledge/rules/<name>")
@requires("query")
def rule(name: str) -> str:
    """Show one rule: its text, sentences, clause, conclusions and cases."""
    return _rule(name, None)


@blueprint.post("/knowledge/rules/count")
@requires("explain")
def count() -> Response:
    """Count in the background in how many cases and incidents each rule fires."""
    workspace, jobs = desk().workspace, desk().jobs
    jobs.start("firing", jobs.of_knowledge("firing"), workspace.release)
    return redirect(url_for("knowledge.rules"), 303)


@blueprint.post("/knowledge/rules/<name>/run")
@requires("query")
def run(name: str) -> str:
    """Run the cases of a rule now; nothing is stored."""
    tried = rule_book.run(desk().library, name)
    if "HX-Request" in request.headers:
        return render_template("knowledge/tried.html", tried=tried)
    return _rule(name, tried)


def _rule(name: str, tried: list[Tried] | None) -> str:
    found = rule_book.one(desk().library, name)
    said = notes.about(desk().workspace.store, NamedNode(found.row.iri)) if me().may("explain") else []
    fired = (kept(desk().jobs.of_knowledge("firing")) or {}).get("result")
    return render_template(
        "knowledge/rule.html",
        found=found,
        name=name,
        tried=tried,
        few=FEW,
        notes=said,
        drafts=own_drafts(),
        fired=fired if fired and found.row.iri in fired["rules"] else None,
    )
