"""The pages of the knowledge for reading: search and browse, one term, the rules, one rule and its cases."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from kb.services.browsing import rules as rule_book
from kb.services.browsing.term import about
from webapp.access import me, requires
from webapp.desk import desk
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
    return render_template("knowledge/term.html", about=found, few=FEW)


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
    )


@blueprint.get("/knowledge/rules/<name>")
@requires("query")
def rule(name: str) -> str:
    """Show one rule: its text, sentences, clause, conclusions and cases."""
    found = rule_book.one(desk().library, name)
    return render_template("knowledge/rule.html", found=found, name=name, tried=None, few=FEW)


@blueprint.post("/knowledge/rules/<name>/run")
@requires("query")
def run(name: str) -> str:
    """Run the cases of a rule now; nothing is stored."""
    tried = rule_book.run(desk().library, name)
    if "HX-Request" in request.headers:
        return render_template("knowledge/tried.html", tried=tried)
    found = rule_book.one(desk().library, name)
    return render_template("knowledge/rule.html", found=found, name=name, tried=tried, few=FEW)
