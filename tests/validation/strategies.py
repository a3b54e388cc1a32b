"""Random shapes and random data: every component of SHACL Core, every kind of path, small pools of terms.

The pools are small so that shapes and data meet: most constraints hold for some nodes and fail for others.
Shapes refer only to shapes made before them: what recursive shapes mean is undefined (section 3.4.3).
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kb.namespaces import RDF, RDF_TYPE, RDFS, SH, XSD
from kb.validation.vocabulary import TARGETS

EX = "http://example.org/"
Pair = tuple[list[Triple], list[Triple]]
Term = Any


def ex(name: str) -> NamedNode:
    return NamedNode(EX + name)


def sh(name: str) -> NamedNode:
    return NamedNode(SH + name)


def xsd(value: object, datatype: str) -> Literal:
    return Literal(str(value), datatype=NamedNode(XSD + datatype))


FIRST, REST, NIL = (NamedNode(RDF + name) for name in ("first", "rest", "nil"))
SUBCLASS = NamedNode(RDFS + "subClassOf")
NODES = [ex(name) for name in "abcd"] + [BlankNode("x"), BlankNode("y")]
CLASSES = [ex(name) for name in ("C", "D", "E")]
PROPERTIES = [ex(name) for name in "pqr"]
NUMBERS = [
    *(xsd(n, "integer") for n in (-1, 1, 2, 3, "02")),
    *(xsd(n, "decimal") for n in ("1.0", "2.5")),
    *(xsd(n, "double") for n in ("2.0E0", "NaN")),
    *(xsd(n, "byte") for n in (2, 300)),
]
TIMES = [
    *(xsd(day, "date") for day in ("2026-01-01", "2026-01-02")),
    xsd("2026-01-01T08:00:00", "dateTime"),
    *(xsd(f"2026-01-01T08:00:00{zone}", "dateTime") for zone in ("Z", "+08:00")),
]
WORDS = [
    *(Literal(text) for text in ("", "a", "ab", "abc", "协治", "2")),
    *(Literal(text, language=tag) for text, tag in (("a", "en"), ("b", "en"), ("ab", "en-us"), ("协", "zh"))),
]
OTHERS = [xsd("true", "boolean"), xsd("1", "boolean"), xsd("one", "integer"), xsd("2026-02-30", "date")]
LITERALS = [*NUMBERS, *TIMES, *WORDS, *OTHERS]

node, klass, prop = st.sampled_from(NODES), st.sampled_from(CLASSES), st.sampled_from(PROPERTIES)
literal, comparable = st.sampled_from(LITERALS), st.sampled_from([*NUMBERS, *TIMES])
count = st.sampled_from([xsd(n, "integer") for n in (0, 1, 1, 2, 3)])
length = st.sampled_from([xsd(n, "integer") for n in (0, 1, 2, 3, 20)])
constant = st.one_of(st.sampled_from([term for term in NODES if isinstance(term, NamedNode)]), klass, literal)
datatype = st.sampled_from(
    [
        NamedNode(RDF + "langString"),
        *(NamedNode(XSD + name) for name in ("integer", "decimal", "double", "byte")),
        *(NamedNode(XSD + name) for name in ("string", "date", "dateTime", "boolean")),
    ]
)
KINDS = ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")

statement = st.one_of(
    st.builds(Triple, node, prop, st.one_of(node, literal)),
    st.builds(Triple, node, st.just(RDF_TYPE), klass),
    st.builds(Triple, node, prop, node),
)
hierarchy = st.builds(Triple, klass, st.just(SUBCLASS), klass)


class Maker:
    """Collects the triples of shapes while they are drawn."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.triples: dict[Triple, None] = {}
        self.shapes: list[Term] = []
        self._made = 0

    def blank(self) -> BlankNode:
        self._made += 1
        return BlankNode(f"n{self._made}")

    def add(self, subject: Term, predicate: NamedNode, value: Term) -> None:
        self.triples[Triple(subject, predicate, value)] = None

    def items(self, values: list[Term]) -> Term:
        head: Term = NIL
        for value in reversed(values):
            cell = self.blank()
            self.add(cell, FIRST, value)
            self.add(cell, REST, head)
            head = cell
        return head

    def path(self, depth: int = 2) -> Term:
        others = ["inverse", "seq", "alt", "*", "+", "?"] if depth else []
        kind = self.draw(st.sampled_from(["plain"] * 4 + others))
        if kind == "plain":
            return self.draw(prop)
        if kind == "seq":
            return self.items([self.path(depth - 1) for _ in range(self.draw(st.integers(2, 3)))])
        head = self.blank()
        if kind == "alt":
            inner = self.items([self.path(depth - 1) for _ in range(self.draw(st.integers(2, 3)))])
            self.add(head, sh("alternativePath"), inner)
        else:
            names = {"inverse": "inverse", "*": "zeroOrMore", "+": "oneOrMore", "?": "zeroOrOne"}
            self.add(head, sh(f"{names[kind]}Path"), self.path(depth - 1))
        return head

    def inner(self) -> Term:
        return self.draw(st.sampled_from(self.shapes))

    def inners(self) -> Term:
        return self.items([self.inner() for _ in range(self.draw(st.integers(1, 3)))])

    def shape(self) -> None:
        """Draw one more shape."""
        draw, inside = self.draw, bool(self.shapes)
        name: Term = ex(f"S{len(self.shapes)}") if draw(st.booleans()) else self.blank()
        of_property = draw(st.booleans())
        self.add(name, RDF_TYPE, sh("PropertyShape" if of_property else "NodeShape"))
        if of_property:
            self.add(name, sh("path"), self.path())
        wanted = [*ANYWHERE, *(ON_PATHS if of_property else ["closed"]), *(WITH_SHAPES if inside else ())]
        if of_property and inside:
            wanted += ["qualified", "qualified"]
        for kind in draw(st.lists(st.sampled_from(wanted), min_size=1, max_size=3, unique=True)):
            self.constrain(name, kind)
        if draw(st.integers(0, 9)) == 0:
            self.add(name, sh("severity"), sh(draw(st.sampled_from(["Info", "Warning"]))))
        if draw(st.integers(0, 19)) == 0:
            self.add(name, sh("deactivated"), xsd("true", "boolean"))
        self.shapes.append(name)

    def constrain(self, shape: Term, kind: str) -> None:
        draw = self.draw
        if kind in VALUES:
            self.add(shape, sh(kind), draw(VALUES[kind]))
            if kind == "pattern" and draw(st.booleans()):
                self.add(shape, sh("flags"), Literal("i"))
        elif kind in ("and", "or", "xone"):
            self.add(shape, sh(kind), self.inners())
        elif kind == "not":
            self.add(shape, sh(kind), self.inner())
        elif kind in ("property", "node"):
            wanted = sh("PropertyShape" if kind == "property" else "NodeShape")
            inner = [s for s in self.shapes if Triple(s, RDF_TYPE, wanted) in self.triples]
            if inner:
                self.add(shape, sh(kind), draw(st.sampled_from(inner)))
        elif kind == "in":
            self.add(shape, sh(kind), self.items(draw(st.lists(constant, max_size=5))))
        elif kind == "languageIn":
            tags = draw(st.lists(st.sampled_from(["en", "zh", "en-US", "fr"]), max_size=2))
            self.add(shape, sh(kind), self.items([Literal(tag) for tag in tags]))
        elif kind == "closed":
            self.add(shape, sh(kind), xsd("true", "boolean"))
            if draw(st.booleans()):
                ignored = draw(st.lists(st.sampled_from([RDF_TYPE, *PROPERTIES]), max_size=2))
                self.add(shape, sh("ignoredProperties"), self.items(ignored))
        elif kind == "qualified":
            self.add(shape, sh("qualifiedValueShape"), self.inner())
            bounds = draw(st.sampled_from([("Min",), ("Max",), ("Min", "Max")]))
            for bound in bounds:
                self.add(shape, sh(f"qualified{bound}Count"), draw(count))
            if draw(st.booleans()):
                self.add(shape, sh("qualifiedValueShapesDisjoint"), xsd("true", "boolean"))

    def target(self, shape: Term) -> None:
        draw = self.draw
        kind = draw(st.sampled_from(["targetNode", *sorted(TARGETS)]))
        value = {"targetNode": constant, "targetClass": klass}.get(kind, prop)
        self.add(shape, sh(kind), draw(value))


VALUES: dict[str, st.SearchStrategy[Term]] = {
    "class": klass,
    "datatype": datatype,
    "nodeKind": st.sampled_from(KINDS).map(sh),
    **dict.fromkeys(["minExclusive", "minInclusive", "maxExclusive", "maxInclusive"], comparable),
    **dict.fromkeys(["minLength", "maxLength"], length),
    "pattern": st.sampled_from([Literal(text) for text in ("^a", "b$", "A", "^.$", "协", "[0-9]+", "^http")]),
    **dict.fromkeys(["equals", "disjoint"], prop),
    "hasValue": constant,
    **dict.fromkeys(["minCount", "maxCount"], count),
    "uniqueLang": st.just(xsd("true", "boolean")),
    **dict.fromkeys(["lessThan", "lessThanOrEquals"], prop),
}
ON_PATHS = ("minCount", "maxCount", "uniqueLang", "lessThan", "lessThanOrEquals")
ANYWHERE = (*(kind for kind in VALUES if kind not in ON_PATHS), "in", "languageIn")
WITH_SHAPES = ("not", "and", "or", "xone", "node", "node", "property", "property")


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Up to five shapes, some of them with targets, and up to a dozen statements."""
    maker = Maker(draw)
    for _ in range(draw(st.integers(1, 5))):
        maker.shape()
    for shape in draw(st.lists(st.sampled_from(maker.shapes), min_size=1, max_size=3)):
        maker.target(shape)
    for _ in range(draw(st.integers(0, 2))):
        maker.target(maker.shapes[-1])
    data = draw(st.lists(statement, min_size=1, max_size=12)) + draw(st.lists(hierarchy, max_size=2))
    return list(maker.triples), list(dict.fromkeys(data))
