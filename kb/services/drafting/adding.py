"""Files for new things, out of a form: the templates of ``xiezhi new``, written into a draft."""

from __future__ import annotations

from kb.ontology import knowledge as bodies
from kb.ontology import scaffolding
from kb.ontology.knowledge import Knowledge
from kb.ontology.scaffolding import Wanted
from kb.services.drafting.shelf import Draft, Shelf


def add(shelf: Shelf, draft: Draft, base: Knowledge, wanted: Wanted, by: str) -> tuple[Draft, list[str]]:
    """Write the files that *wanted* needs into *draft*; return it and their paths, the main one first.

    The draft is laid over *base* first, so that a new thing may build on others of the same draft.

    :raises KnowledgeFault: for a name, type, pack or record that cannot be, or what is there already.
    """
    files = shelf.files(draft) if draft.origins else None
    with bodies.over(files, base) as laid:
        scaffold = scaffolding.plan(laid.ontology.parent, wanted)
    for path, text in scaffold.made.items():
        draft = shelf.write(draft, path, text, by)
    return draft, list(scaffold.made)
