"""What is read once for a body of knowledge, when somebody first asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pyoxigraph import NamedNode

from kb.namespaces import CATALOGUE, graph
from kb.ontology import files
from kb.ontology.overview import Overview
from kb.ontology.statements import Place, places
from kb.services import cases, loading
from kb.services.browsing.index import Index
from kb.services.cases import Case
from kb.services.workspace import Workspace
from kb.srl.strata import stratify

T = TypeVar("T")
CITIES = graph("city/").value


class Library:
    """The knowledge in force of *workspace*. Thread-safe; each part is made once."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.index = Index(workspace)
        self._lock = threading.RLock()

    def overview(self) -> Overview:
        """Return packs, the tree of types and the rules in words."""
        return self._made(lambda: self._overview)

    def place(self, iri: str) -> Place | None:
        """Return the file and line that describe *iri*; ``None``: no file of knowledge does."""
        return self._made(lambda: self._places).get(iri)

    def cases(self) -> list[Case]:
        """Return every case of the knowledge."""
        return self._made(lambda: self._cases)

    def layers(self) -> dict[NamedNode, int]:
        """Return the layer, counted from 1, in which each response rule is run."""
        return self._made(lambda: self._layers)

    def path(self, file: Path) -> str:
        """Return *file* as people name it: from ``ontology/`` or ``rules/`` on."""
        base = self.workspace.knowledge
        for part, folder in (("ontology", base.ontology), ("rules", base.rules)):
            if file.is_relative_to(folder):
                return f"{part}/{file.relative_to(folder).as_posix()}"
        return file.name

    def _made(self, make: Callable[[], T]) -> T:
        with self._lock:
            return make()

    @cached_property
    def _overview(self) -> Overview:
        base = self.workspace.knowledge
        return Overview(base.ontology, base.rules)

    @cached_property
    def _places(self) -> dict[str, Place]:
        base = self.workspace.knowledge
        found = files.scan(base.ontology, base.rules)
        # What maps a term to other vocabularies speaks of it, but does not describe it.
        return places(file.path for file in found if "alignments" not in file.path.parts)

    @cached_property
    def _layers(self) -> dict[NamedNode, int]:
        layers = stratify(self.workspace.engine.program.response).layers
        return {
            r.iri: number
            for number, layer in enumerate(layers, 1)
            for r in (*layer.once, *layer.general)
            if r.iri is not None
        }

    @cached_property
    def _cases(self) -> list[Case]:
        base = self.workspace.knowledge
        return [*cases.find(base.rules), *cases.find(base.ontology)]


def is_open(name: object) -> bool:
    """Whether the graph *name* holds what everybody may read: knowledge or a city."""
    if not isinstance(name, NamedNode) or name == CATALOGUE:
        return False
    return loading.is_knowledge(name) or name.value.startswith(CITIES)


def open_graphs(workspace: Workspace) -> Iterator[NamedNode]:
    """Yield the named graphs that everybody may read."""
    return (name for name in workspace.store.graphs() if is_open(name))
