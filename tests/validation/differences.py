"""THE table: every difference between the two engines that is known, and which of them is right.

Each has a name, the engine that is right, the section of the Recommendation (Shapes Constraint Language,
2017) that says so, and words. One of W3C's tests is known by its name. A kind of difference between random
pairs has a specimen, which must still differ, and a test that tells whether a difference is of this kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <http://example.org/> .
"""
SHACL, PYSHACL = "shacl", "pySHACL"


@dataclass(frozen=True)
class OfSuite:
    """A test of W3C that one engine does not pass."""

    test: str
    right: str
    section: str
    words: str


OF_SUITE = [
    OfSuite(
        "core/property/uniqueLang-002",
        SHACL,
        "4.4.5",
        'Only the literal true turns sh:uniqueLang on; pySHACL takes "1"^^xsd:boolean for it.',
    ),
    OfSuite(
        "sparql/node/prefixes-001",
        SHACL,
        "5.2.1",
        "Prefixes come from the sh:declare of what sh:prefixes names and of what that imports; pySHACL "
        "misses the imported ones.",
    ),
    OfSuite(
        "sparql/pre-binding/shapesGraph-001",
        SHACL,
        "5.3.1",
        "$shapesGraph is optional; pySHACL cannot do it and says so.",
    ),
    OfSuite(
        "sparql/pre-binding/unsupported-sparql-004",
        PYSHACL,
        "5.2.1",
        "A subquery must return all variables that are bound beforehand; the engine runs the query all the "
        "same. No shape of ours has a subquery.",
    ),
]


@dataclass(frozen=True)
class Look:
    """One result that only one engine has, with what is needed to judge it."""

    engine: str
    kind: str
    value: Any
    parameters: Mapping[str, Sequence[Any]]
    compared: Sequence[Any]
    """For sh:lessThan: the values of the other property."""
    turned: bool
    """Whether the path has the inverse of a sequence in it."""


@dataclass(frozen=True)
class Kind:
    """A kind of difference between random pairs, with a specimen."""

    name: str
    right: str
    section: str
    words: str
    shapes: str
    data: str
    of: Callable[[Look], bool]
    refusal: str = ""
    """What pySHACL says where it gives up the whole run."""


NUMERIC = {
    *("integer", "decimal", "double", "float", "byte"),
}
WELL_TYPED: dict[str, Callable[[str], bool]] = {
    "integer": lambda text: text.lstrip("+-").isdigit(),
    "byte": lambda text: text.lstrip("+-").isdigit() and -128 <= int(text) <= 127,
    "boolean": lambda text: text in {"true", "false", "1", "0"},
    "date": lambda text: not text.endswith("02-30"),
}
RANGES = {"MinExclusive", "MinInclusive", "MaxExclusive", "MaxInclusive"}
ORDER = {"LessThan", "LessThanOrEquals"}


def family(term: Any) -> str:
    """Return what *term* can be compared with in SPARQL: terms of the same family; "" with nothing."""
    datatype = getattr(term, "datatype", None)
    if datatype is None or getattr(term, "language", None):
        return ""
    name = datatype.value.rpartition("#")[2]
    if not WELL_TYPED.get(name, lambda _: True)(term.value) or term.value == "NaN":
        return ""
    return "number" if name in NUMERIC else name


def bound(look: Look) -> Any:
    name = look.kind[0].lower() + look.kind[1:]
    return look.parameters[name][0]


def _incomparable(look: Look) -> bool:
    return (
        look.engine == SHACL
        and look.kind in RANGES
        and (family(look.value) == "" or family(look.value) != family(bound(look)))
    )


def _order(look: Look) -> bool:
    return (
        look.engine == SHACL
        and look.kind in ORDER
        and any(family(look.value) == "" or family(look.value) != family(other) for other in look.compared)
    )


def _no_length(look: Look) -> bool:
    return (
        look.engine == SHACL
        and look.kind == "MinLength"
        and str(look.value).startswith("_:")
        and bound(look).value == "0"
    )


def _too_large(look: Look) -> bool:
    compared = (
        [look.value, *(look.compared if look.kind in ORDER else [bound(look)])]
        if look.kind in RANGES | ORDER
        else []
    )
    return look.engine == PYSHACL and any(_is_byte(term) and family(term) == "" for term in compared)


def _is_byte(term: Any) -> bool:
    return str(getattr(getattr(term, "datatype", None), "value", "")).endswith("#byte")


KINDS = [
    Kind(
        "the inverse of a sequence goes through it backwards",
        SHACL,
        "2.3.1.4",
        "^(p/q) is ^q/^p; pySHACL turns each step round and leaves their order, as if ^p/^q were written.",
        "ex:S sh:targetNode ex:a ; sh:path [ sh:inversePath ( ex:p ex:q ) ] ; sh:nodeKind sh:Literal .",
        "ex:c ex:p ex:b . ex:b ex:q ex:a .",
        lambda look: look.turned,
    ),
    Kind(
        "what cannot be compared is out of range",
        SHACL,
        "4.3.1 to 4.3.4",
        "There is a result for each value where the comparison does not return true, also because the two "
        "cannot be compared: a number and a date, NaN, an ill-typed literal. pySHACL orders by datatype.",
        "ex:S sh:targetNode 1 ; sh:minExclusive '2026-01-02'^^xsd:date .",
        "ex:a ex:p 1 .",
        _incomparable,
    ),
    Kind(
        "what cannot be ordered is not less",
        SHACL,
        "4.5.3, 4.5.4",
        "The same for sh:lessThan and sh:lessThanOrEquals, also between IRIs.",
        "ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:lessThanOrEquals ex:q .",
        "ex:a ex:p '2026-01-02'^^xsd:date ; ex:q 1 .",
        _order,
    ),
    Kind(
        "blank nodes are not less either",
        SHACL,
        "4.5.3, 4.5.4",
        "SPARQL's < means nothing for blank nodes, so each is a result; pySHACL ends the whole run.",
        "ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:lessThan ex:q .",
        "ex:a ex:p _:b ; ex:q 1 .",
        lambda look: False,
        refusal="Cannot use sh:lessThan",
    ),
    Kind(
        "NaN is not greater than a decimal",
        SHACL,
        "4.3.1 to 4.3.4",
        "The comparison is false, so the value is a result; pySHACL ends the whole run with Python's error.",
        "ex:S sh:targetNode 1.0 ; sh:minExclusive 'NaN'^^xsd:double .",
        "ex:a ex:p 1 .",
        lambda look: False,
        refusal="decimal.InvalidOperation",
    ),
    Kind(
        "a blank node has no length",
        SHACL,
        "4.4.1",
        "A blank node is a result of sh:minLength whatever the length; pySHACL looks at none where it is 0.",
        "ex:S sh:targetObjectsOf ex:p ; sh:minLength 0 .",
        "ex:a ex:p _:b .",
        _no_length,
    ),
    Kind(
        "a number that its datatype does not hold is no number",
        PYSHACL,
        "4.3.1 to 4.3.4, 4.5.3, 4.5.4",
        '"300"^^xsd:byte is ill-typed, so it compares with nothing; the engine reads the digits all the '
        "same. Our contracts ask for the datatype beside a range, and sh:datatype finds it in both engines.",
        "ex:S sh:targetNode '300'^^xsd:byte ; sh:minExclusive -1 .",
        "ex:a ex:p 1 .",
        _too_large,
    ),
]
