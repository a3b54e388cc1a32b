"""A term as it stands in JSON: its IRI and what it is called in both languages."""

from __future__ import annotations

from typing import Any, overload

from pyoxigraph import NamedNode

from kb.errors import both
from kb.services.workspace import Workspace
from kb.store.protocol import Term


@overload
def named(workspace: Workspace, term: Term) -> dict[str, Any]: ...
@overload
def named(workspace: Workspace, term: Term | None) -> dict[str, Any] | None: ...
def named(workspace: Workspace, term: Term | None) -> dict[str, Any] | None:
    """Return *term* as ``{"iri", "label"}``, a literal without an IRI; ``None`` for none."""
    if term is None:
        return None
    iri = term.value if isinstance(term, NamedNode) else None
    return {"iri": iri, "label": both(workspace.describer.text(term))}
