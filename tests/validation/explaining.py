"""Is a difference between the two engines one that the table knows?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pyoxigraph import Triple

from kb.namespaces import RDF_TYPE, SH
from kb.validation.vocabulary import LISTS, PATHS, SHAPES
from tests.validation import oracle
from tests.validation.differences import KINDS, PYSHACL, SHACL, Kind, Look
from tests.validation.oracle import Report, Result
from tests.validation.strategies import FIRST, NIL, REST, sh

SEEN: Counter[str] = Counter()
"""Which kinds of difference were shown in this session."""
OF_SHAPES = {"Not", "And", "Or", "Xone", "Node", "QualifiedMinCount", "QualifiedMaxCount"}


class Shapes:
    """Looks things up in the triples of some shapes."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.triples = list(triples)
        self._objects: dict[tuple[str, str], list[Any]] = {}
        for triple in self.triples:
            self._objects.setdefault((str(triple.subject), triple.predicate.value), []).append(triple.object)

    def objects(self, subject: str, predicate: str) -> list[Any]:
        return self._objects.get((subject, predicate), [])

    def items(self, head: Any) -> Iterator[Any]:
        while head != NIL:
            yield self.objects(str(head), FIRST.value)[0]
            (head,) = self.objects(str(head), REST.value)

    def parameters(self, shape: str) -> dict[str, list[Any]]:
        return {
            p.removeprefix(SH): v for (s, p), v in self._objects.items() if s == shape and p.startswith(SH)
        }

    def turned(self, path: Any, inverse: bool = False) -> bool:
        """Whether the inverse of a sequence is somewhere in *path*."""
        if self.objects(str(path), FIRST.value):
            return inverse or any(self.turned(item) for item in self.items(path))
        paths = [(name, one) for name in PATHS for one in self.objects(str(path), SH + name)]
        inner = [
            (name, one)
            for name, value in paths
            for one in (self.items(value) if name == "alternativePath" else [value])
        ]
        return any(self.turned(one, inverse != (name == "inversePath")) for name, one in inner)

    def within(self, shape: str) -> set[str]:
        """The shapes inside *shape*, however deep."""
        found: set[str] = set()
        waiting = [shape]
        while waiting:
            for name, values in self.parameters(waiting.pop()).items():
                if name in SHAPES:
                    for value in values:
                        inner = {str(item) for item in (self.items(value) if name in LISTS else [value])}
                        waiting += inner - found
                        found |= inner
        return found

    def beside(self, shape: str) -> set[str]:
        """The property shapes of the same parents: sh:qualifiedValueShapesDisjoint looks at them, too."""
        holds = [t for t in self.triples if t.predicate == sh("property")]
        outer = {str(t.subject) for t in holds if str(t.object) == shape}
        return {str(inner) for one in outer for inner in self.objects(one, SH + "property")}


def differing(mine: Report, other: Report) -> Iterator[tuple[str, Result]]:
    assert not isinstance(mine, str)
    assert not isinstance(other, str)
    for engine, found, missed in ((SHACL, mine, other), (PYSHACL, other, mine)):
        for result in Counter(found) - Counter(missed):
            yield engine, result


def kind_of(shapes: Shapes, data: list[Triple], engine: str, result: Result) -> Kind | None:
    """Return which known kind of difference the *result* of *engine* alone is."""
    focus, _, value, component, _, shape = result
    parameters = shapes.parameters(shape)
    names = {str(term): term for t in [*data, *shapes.triples] for term in (t.subject, t.object)}
    other = [v for name in ("lessThan", "lessThanOrEquals") for v in parameters.get(name, [])]
    compared = [t.object for t in data if str(t.subject) == focus and t.predicate in other]
    name = component.rpartition("#")[2].removesuffix("ConstraintComponent")
    turned = any(shapes.turned(path) for path in parameters.get("path", []))
    look = Look(engine, name, names.get(value), parameters, compared, turned)
    return next((kind for kind in KINDS if kind.of(look)), None)


def everywhere(shapes: Shapes, data: list[Triple]) -> list[Triple]:
    """Return the shapes with every node of the data as a target of each."""
    targets = {sh(name) for name in ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf")}
    kept = [t for t in shapes.triples if t.predicate not in targets]
    constants = {t.object for t in shapes.triples if t.predicate == sh("targetNode")}
    properties = {t.predicate for t in data}
    for shape in {t.subject for t in kept if t.predicate == RDF_TYPE}:
        kept += [Triple(shape, sh("targetNode"), value) for value in constants]
        kept += [Triple(shape, sh("targetSubjectsOf"), prop) for prop in properties]
        kept += [Triple(shape, sh("targetObjectsOf"), prop) for prop in properties]
    return kept


def refused(report: Report) -> Kind | None:
    if not isinstance(report, str):
        return None
    return next((kind for kind in KINDS if kind.refusal and kind.refusal in report), None)


def unexplained(shapes: Shapes, data: list[Triple], mine: Report, other: Report) -> list[str]:
    """Return the differences that the table does not explain."""
    if isinstance(mine, str):
        return [f"refused: {mine}"]
    if isinstance(other, str):
        kind = refused(other)
        SEEN[kind.name if kind else "?"] += 1
        return [] if kind else [other]
    left = []
    for engine, result in differing(mine, other):
        name = result[3].rpartition("#")[2].removesuffix("ConstraintComponent")
        if name in OF_SHAPES and follows(shapes, data, result):
            SEEN["follows from a difference inside"] += 1
            continue
        kind = kind_of(shapes, data, engine, result)
        SEEN[kind.name if kind else "?"] += 1
        if kind is None:
            left.append(f"{engine} alone: {result}")
    return left


def follows(shapes: Shapes, data: list[Triple], result: Result) -> bool:
    """Whether a shape inside, asked alone about every node, shows a difference that the table explains."""
    inside = {inner for shape in {result[5], *shapes.beside(result[5])} for inner in shapes.within(shape)}
    flat = everywhere(shapes, data)
    mine, other = oracle.ours(flat, data), oracle.reference(flat, data)
    if refused(other):
        compared = (
            "lessThan",
            "lessThanOrEquals",
            "minExclusive",
            "minInclusive",
            "maxExclusive",
            "maxInclusive",
        )
        return any(shapes.objects(shape, SH + name) for shape in inside for name in compared)
    if isinstance(mine, str) or isinstance(other, str):
        return False
    return any(
        one[5] in inside and kind_of(shapes, data, engine, one) for engine, one in differing(mine, other)
    )
