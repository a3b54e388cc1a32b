"""The contracts of shared data, found by a folder scan: for each, its shapes and its table mapping.

``<contract>.ttl`` holds the shapes and the contract's own description, ``<contract>.csv-metadata.json``
beside it what the columns mean (:mod:`kb.sharing.csvw`). Shapes without a mapping are no contract of shared
data.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode, RdfFormat, parse
from rapidfuzz import process

from kb.errors import KnowledgeFault, NotFound, Text
from kb.namespaces import RDF_TYPE, RDFS_LABEL, ROOT, SH, xz
from kb.sharing import csvw
from kb.sharing.csvw import Table
from kb.sharing.reading.rdf import context

MAPPING = ".csv-metadata.json"


@dataclass(frozen=True)
class Contract:
    """One contract; *name* is that of its files."""

    name: str
    shapes: str
    """The shapes, as Turtle."""
    mapping: dict[str, Any]
    table: Table

    @property
    def iri(self) -> NamedNode:
        """The contract in the graph."""
        return NamedNode(f"{ROOT}kb/contract/{self.name}")

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of shapes and mapping: with another, the same file may be judged otherwise."""
        text = self.shapes + json.dumps(self.mapping, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def classes(self) -> list[str]:
        """The classes of a record."""
        return [
            column.value.text
            for column in self.table.columns
            if column.property == RDF_TYPE.value and column.value is not None
        ]

    @cached_property
    def predicates(self) -> frozenset[str]:
        """The only properties that a record can have."""
        return frozenset(column.property for column in self.table.columns if column.property)

    @cached_property
    def maskings(self) -> dict[str, NamedNode]:
        """The properties that tell of a person, and how their shapes say to mask them (``xz:masking``)."""
        quads = list(parse(self.shapes, format=RdfFormat.TURTLE))
        kinds = {
            quad.subject: quad.object
            for quad in quads
            if quad.predicate == xz("masking") and isinstance(quad.object, NamedNode)
        }
        return {
            quad.object.value: kinds[quad.subject]
            for quad in quads
            if quad.predicate.value == SH + "path"
            and quad.subject in kinds
            and isinstance(quad.object, NamedNode)
        }

    @cached_property
    def personal(self) -> frozenset[str]:
        """The properties that tell of a person."""
        return frozenset(self.maskings)

    @cached_property
    def label(self) -> Text:
        """The contract's name in both languages."""
        found = {
            quad.object.language: quad.object.value
            for quad in parse(self.shapes, format=RdfFormat.TURTLE)
            if quad.subject == self.iri and quad.predicate == RDFS_LABEL and isinstance(quad.object, Literal)
        }
        return Text(found.get("zh", self.name), found.get("en", self.name))

    @cached_property
    def contexts(self) -> dict[str, Any]:
        """The JSON-LD contexts that a delivery may name, by IRI."""
        return {f"{ROOT}context/{self.name}": context(self.table)}


class Contracts:
    """The contracts in the folder *shapes*, read when they are asked for."""

    def __init__(self, shapes: Path) -> None:
        self._folder = shapes
        self._read: dict[str, Contract] = {}

    def names(self) -> list[str]:
        """Return the names of all contracts."""
        return sorted(path.name.removesuffix(MAPPING) for path in self._folder.glob(f"*{MAPPING}"))

    def get(self, name: str) -> Contract:
        """Return the contract called *name*.

        :raises NotFound: ``contract.unknown``, naming the nearest.
        :raises KnowledgeFault: where its files are wrong.
        """
        if name not in self._read:
            names = self.names()
            if name not in names:
                near = [
                    found for found, _, _ in process.extract(name, names, limit=3, score_cutoff=40)
                ] or names
                raise NotFound.of(
                    "contract.unknown",
                    f"没有契约 {name[:60]}",
                    f"there is no contract {name[:60]}",
                    repair=(f"有：{'、'.join(near)}", f"there are: {', '.join(near)}"),
                )
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> Contract:
        path = self._folder / f"{name}{MAPPING}"
        try:
            mapping = json.loads(path.read_text(encoding="utf-8"))
            shapes = (self._folder / f"{name}.ttl").read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise KnowledgeFault.of(
                "contract.mapping",
                f"契约文件无法读取：{error}",
                f"a file of the contract cannot be read: {error}",
                where=str(path),
            ) from error
        return Contract(name, shapes, mapping, csvw.read(mapping, str(path)))
