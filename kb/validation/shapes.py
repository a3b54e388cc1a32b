"""Compiled shapes, and what of some data breaks them. The one place that calls the engine.

The engine names blank nodes by a number of its own. Blank shapes are therefore given IRIs while they are
compiled, so that a result leads back to the shape as it was written; blank nodes of the data keep their kind
(``sh:nodeKind`` asks for it) and are found again by their order of appearance, by which they are numbered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import shacl
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse, serialize

from kb.errors import InputError, Text
from kb.namespaces import SH, XZ
from kb.validation import wellformed
from kb.validation.sentences import sentence
from kb.validation.violation import Shape, Term, Violation, term
from kb.validation.vocabulary import LISTS, PATHS
from kb.validation.wellformed import FIRST, REST, Node, ShapesFault

DEEPEST = 4
"""Triple terms within triple terms; thousands of them would end the process (attack 8)."""
_BLANK = "urn:xiezhi:blank-shape:"
_ENGINE_BLANK = re.compile(r"_:0_b(\d+)")
_LABELS = re.compile(r'<[^<>"\s]*>|"(?:[^"\\]|\\.)*"|#[^\n]*|_:([^\s<>"]+)')
_QUOTED = re.compile(r'<[^<>"\s]*>|"(?:[^"\\]|\\.)*"|(<<)|(>>)')


class DataFault(InputError):
    """Data that cannot be read, or that no engine should be given."""


class Shapes:
    """A compiled shapes graph; immutable, so threads may share it.

    >>> shapes = Shapes.from_turtle('''
    ...     @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .
    ...     ex:Named sh:targetSubjectsOf ex:age ; sh:property [ sh:path ex:name ; sh:minCount 1 ] .''')
    >>> found = shapes.validate('<http://example.org/a> <http://example.org/age> "7" .')
    >>> found[0].message.en
    'at least 1 value(s) needed'
    """

    def __init__(self, triples: Iterable[Triple]) -> None:
        """Compile *triples*.

        :raises ShapesFault: if they are not well-formed, recursive, or nested too deeply.
        """
        facts: dict[Node, dict[str, list[Node]]] = {}
        for triple in dict.fromkeys(triples):
            subject, value = triple.subject, triple.object
            if isinstance(subject, Triple) or isinstance(value, Triple):
                continue  # a statement about a statement is no constraint
            facts.setdefault(subject, {}).setdefault(triple.predicate.value, []).append(value)
        self._facts = facts
        wellformed.check(facts)
        text, self._blanks = _named(facts)
        try:
            self._engine = shacl.Shapes.from_text(text, "ntriples")
        except ValueError as error:
            raise _engine_fault(str(error)) from error

    @classmethod
    def from_turtle(cls, text: str, where: str = "") -> Shapes:
        """Compile Turtle; *where* names its file in errors.

        :raises ShapesFault: as the constructor does, or if it is not Turtle.
        """
        return cls(_read(text, where))

    @classmethod
    def from_files(cls, *paths: Path) -> Shapes:
        """Compile Turtle files as one graph, whose blank nodes stay apart.

        :raises ShapesFault: as the constructor does, or if one is not Turtle.
        """
        texts = ((path.read_text(encoding="utf-8"), str(path)) for path in paths)
        return cls(triple for text, where in texts for triple in _read(text, where))

    def __len__(self) -> int:
        """Return how many shapes there are."""
        return len(self._engine)

    def validate(self, data: str | Iterable[Triple], *, limit: int | None = None) -> list[Violation]:
        """Return what of *data*, N-Triples or triples of one graph, breaks the shapes.

        With *limit*, stop at so many violations. Safe in several threads; the interpreter's lock is released.

        :raises DataFault: if the data cannot be read.
        :raises ShapesFault: if a constraint cannot be evaluated.
        """
        if isinstance(data, str):
            text = data
        else:
            text = (serialize(data, format=RdfFormat.N_TRIPLES) or b"").decode()
        if "<<" in text and _depth(text) > DEEPEST:
            zh, en = f"三元组项嵌套超过 {DEEPEST} 层", f"triple terms are nested more than {DEEPEST} deep"
            raise DataFault.of("validation.depth", zh, en)
        try:
            report = self._engine.validate_text(text, "ntriples", max_results=limit)
        except ValueError as error:
            if str(error).startswith("parse error"):
                zh, en = f"数据不是 N-Triples：{error}", f"the data are not N-Triples: {error}"
                raise DataFault.of("validation.data", zh, en) from error
            raise _engine_fault(str(error)) from error
        return [] if not report.results else list(_Reading(self, text).violations(report.results))

    def values(self, shape: Shape, predicate: str) -> Sequence[Node]:
        """Return the objects of *shape* and the IRI *predicate* in the shapes graph."""
        return self._facts.get(shape, {}).get(predicate, [])

    def texts(self, shape: Shape, predicate: str) -> Text | None:
        """Return the objects that are sentences, one in each language; ``None`` if there is none."""
        literals = [value for value in self.values(shape, predicate) if isinstance(value, Literal)]
        found = {(value.language or ""): value.value for value in literals}
        if not found:
            return None
        plain = found.get("", next(iter(found.values())))
        return Text(found.get("zh", plain), found.get("en", plain))

    def parameters(self, shape: Shape) -> dict[str, Sequence[Node]]:
        """Return the values of the SHACL properties of *shape* by local name, lists opened."""
        found: dict[str, Sequence[Node]] = {}
        for predicate, values in self._facts.get(shape, {}).items():
            if predicate.startswith(SH):
                name = predicate.removeprefix(SH)
                if name in LISTS:
                    values = [item for head in values for item in wellformed.members(self._facts, head) or ()]
                found[name] = values
        return found

    def written(self, iri: str) -> Shape:
        """Return the shape that the engine calls *iri*, as it was written."""
        return BlankNode(iri.removeprefix(_BLANK)) if iri.startswith(_BLANK) else NamedNode(iri)

    @cached_property
    def _outer(self) -> dict[Node, Node]:
        return {
            inner: shape
            for shape, properties in self._facts.items()
            for inner in properties.get(SH + "property", [])
        }

    def root(self, shape: Shape) -> NamedNode | None:
        """Return the nearest shape with an IRI around *shape*, itself included."""
        node: Node | None = shape
        while isinstance(node, BlankNode):
            node = self._outer.get(node)
        return node if isinstance(node, NamedNode) else None

    @property
    def blanks(self) -> int:
        """How many blank nodes the engine counted before those of the data."""
        return self._blanks


class _Reading:
    """Reads the results of one run."""

    def __init__(self, shapes: Shapes, text: str) -> None:
        self._shapes = shapes
        self._text = text
        self._said: dict[tuple[str, str], tuple[Shape, Text, Text | None]] = {}

    def violations(self, results: Sequence[shacl.Result]) -> Iterator[Violation]:
        for result in results:
            shape, message, repair = self._about(result)
            yield Violation(
                self._term(result.focus_node),
                result.path,
                None if result.value is None else self._term(result.value),
                result.component_iri,
                shape,
                self._shapes.root(shape),
                result.severity_iri,
                message,
                repair,
            )

    def _about(self, result: shacl.Result) -> tuple[Shape, Text, Text | None]:
        key = result.source_shape or "", result.component_iri
        found = self._said.get(key)
        if found is not None:
            return found
        shape = self._shapes.written(key[0].removeprefix("<").removesuffix(">"))
        message = self._shapes.texts(shape, SH + "message")
        if message is None and result.messages:  # of a query: filled in for each result, so not remembered
            return shape, _spoken(result.messages), self._shapes.texts(shape, XZ + "repair")
        if message is None:
            kind = result.component.removesuffix("ConstraintComponent")
            message = sentence(kind, self._shapes.parameters(shape))
        self._said[key] = shape, message, self._shapes.texts(shape, XZ + "repair")
        return self._said[key]

    def _term(self, text: str) -> Term:
        blank = _ENGINE_BLANK.fullmatch(text)
        if blank is None:
            return term(text)
        return BlankNode(self._labels[int(blank[1]) - self._shapes.blanks])

    @cached_property
    def _labels(self) -> list[str]:
        found = (match[1] for match in _LABELS.finditer(self._text))
        return list(dict.fromkeys(label.rstrip(".") for label in found if label))


def _spoken(messages: Sequence[str]) -> Text:
    """Tell the languages apart by their script: the engine drops the tags of messages that it filled in."""
    chinese = [text for text in messages if any("\u4e00" <= letter <= "\u9fff" for letter in text)]
    others = [text for text in messages if text not in chinese]
    return Text((chinese or others)[0], (others or chinese)[0])


def _read(text: str, where: str) -> Iterator[Triple]:
    try:
        for quad in parse(
            text, format=RdfFormat.TURTLE, base_iri="urn:xiezhi:shapes", rename_blank_nodes=True
        ):
            yield quad.triple
    except SyntaxError as error:
        zh, en = f"不是 Turtle：{error}", f"this is not Turtle: {error}"
        raise ShapesFault.of("validation.syntax", zh, en, where=where) from error


def _named(facts: wellformed.Facts) -> tuple[str, int]:
    """Return the graph as N-Triples with IRIs for blank shapes, and how many blank nodes are left in it."""
    path_nodes = set(wellformed.paths(facts))
    path_terms = {FIRST.value, REST.value, *(SH + name for name in PATHS)}
    shapes = {
        node: NamedNode(_BLANK + node.value)
        for node, properties in facts.items()
        if isinstance(node, BlankNode) and node not in path_nodes and not path_terms.issuperset(properties)
    }
    triples = [
        Triple(shapes.get(subject, subject), NamedNode(predicate), shapes.get(value, value))  # type: ignore[arg-type]
        for subject, properties in facts.items()
        for predicate, values in properties.items()
        for value in values
    ]
    left = {
        end for triple in triples for end in (triple.subject, triple.object) if isinstance(end, BlankNode)
    }
    return (serialize(triples, format=RdfFormat.N_TRIPLES) or b"").decode(), len(left)


def _engine_fault(said: str) -> ShapesFault:
    return ShapesFault.of(
        "validation.engine", f"形状无法执行：{said}", f"the shapes cannot be evaluated: {said}"
    )


def _depth(text: str) -> int:
    level = deepest = 0
    for match in _QUOTED.finditer(text):
        if match[1]:
            level += 1
            deepest = max(deepest, level)
        elif match[2]:
            level -= 1
    return deepest
