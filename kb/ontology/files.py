"""The files of knowledge: which there are, and which named graph each goes into.

A folder scan finds them; nothing is registered. Core files go into ``graph/ontology``, the files of a
pack into ``graph/knowledge/<pack>``, shapes into ``graph/shapes``, mappings to other vocabularies into
``graph/alignments``, rule metadata into ``graph/rules``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph
from pyoxigraph import NamedNode, Quad, RdfFormat

from kb.errors import KnowledgeFault
from kb.namespaces import graph


@dataclass(frozen=True, slots=True)
class KnowledgeFile:
    """One Turtle file and the graph that its triples belong to."""

    path: Path
    graph: NamedNode

    @property
    def pack(self) -> str | None:
        """The pack that the file belongs to, by the name of its folder."""
        _, found, name = self.graph.value.partition("/graph/knowledge/")
        return name if found else None

    def quads(self) -> Iterator[Quad]:
        """Yield the file's triples in its graph.

        :raises KnowledgeFault: with file, line and column where the Turtle is wrong.
        """
        try:
            for quad in pyoxigraph.parse(
                path=str(self.path),
                format=RdfFormat.TURTLE,
                without_named_graphs=True,
                rename_blank_nodes=True,
            ):
                yield Quad(quad.subject, quad.predicate, quad.object, self.graph)
        except SyntaxError as error:
            raise KnowledgeFault.of(
                "knowledge.turtle",
                f"Turtle 语法错误：{error.msg}",
                f"not well-formed Turtle: {error.msg}",
                where=f"{self.path}:{error.lineno or 1}:{error.offset or 1}",
            ) from error


def scan(ontology: Path, rules: Path) -> list[KnowledgeFile]:
    """Return every knowledge file below the two folders, in a fixed order.

    :raises KnowledgeFault: where there is none: an empty scan is a broken installation, not an empty city.
    """
    found = [KnowledgeFile(path, _graph_of(path, ontology)) for path in sorted(ontology.rglob("*.ttl"))]
    found += [KnowledgeFile(path, graph("rules")) for path in sorted(rules.rglob("*.ttl"))]
    if not found:
        raise KnowledgeFault.of(
            "knowledge.empty", "没有找到任何知识文件", "no knowledge file was found", where=str(ontology)
        )
    return found


def digest(*folders: Path) -> str:
    """Return the SHA-256 of every Turtle and rule file below *folders*: the identity of a release."""
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".ttl", ".srl"}:
                name = path.relative_to(folder).as_posix().encode()
                content = path.read_bytes()
                total.update(b"%d %s %d " % (len(name), name, len(content)) + content)
    return total.hexdigest()


def _graph_of(path: Path, root: Path) -> NamedNode:
    match path.relative_to(root).parts:
        case ("packs", pack, *_):
            return graph(f"knowledge/{pack}")
        case ("shapes" | "alignments" as folder, *_):
            return graph(folder)
    return graph("ontology")
