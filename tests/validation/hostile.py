"""Hostile shapes and data; ``python hostile.py NAME …`` prints how each ended, and how soon."""

from __future__ import annotations

import json
import sys
import time

from kb.errors import InputError
from kb.validation.shapes import Shapes

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://e/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
"""
ON_P = "ex:S a sh:NodeShape ; sh:targetSubjectsOf ex:p ;"
PATH = "ex:S a sh:PropertyShape ; sh:targetSubjectsOf ex:p ; sh:minCount 1 ; sh:path"
REGEX = "ex:S a sh:NodeShape ; sh:targetObjectsOf ex:p ; sh:pattern"
SELECT = f"{ON_P} sh:sparql [ sh:select"
DEEP = 20_000
"""Ten times what it takes to overflow a stack or the interpreter's limit."""


def chain(length: int) -> str:
    return "".join(f"<http://e/n{n}> <http://e/p> <http://e/n{n + 1}> .\n" for n in range(length))


def text(value: str) -> str:
    return f'<http://e/x> <http://e/p> "{value}" .\n'


def nested(predicate: str) -> str:
    return "".join(f"ex:s{n} {predicate} ex:s{n + 1} .\n" for n in range(DEEP))


def stars(deep: int, inner: str = "{0}") -> str:
    path = "ex:p"
    for _ in range(deep):
        path = f"[ sh:zeroOrMorePath {inner.format(path)} ]"
    return path


BRANCHES = "[ sh:alternativePath ( ex:p ex:p ) ] "
CROSSING = "".join(f"<http://e/{a}> <http://e/p> <http://e/{b}> .\n" for a in "xy" for b in "xy")
CASES: dict[str, tuple[str, str, str]] = {
    # name: shapes, data, how it must end
    "catastrophic pattern": (f'{REGEX} "^(a+)+$" .', text("a" * 100_000 + "!"), "1 found"),
    "overlapping alternatives": (f'{REGEX} "^(a|a|aa)*$" .', text("a" * 100_000 + "!"), "1 found"),
    "pattern that explodes": (f'{REGEX} "((a{{1000}}){{1000}}){{1000}}" .', text("a"), "validation.engine"),
    "pattern with a back reference": (f'{REGEX} "(a)\\\\1" .', text("aa"), "validation.engine"),
    "shape within itself": (f"{ON_P} sh:node ex:S .", chain(3), "validation.recursive"),
    "shape that denies itself": (f"{ON_P} sh:not ex:S .", chain(3), "validation.recursive"),
    "circle over a path": (
        f"{ON_P} sh:property [ sh:path ex:p ; sh:node ex:S ] .",
        chain(DEEP),
        "validation.recursive",
    ),
    "circle in a list": (
        f"{ON_P} sh:or ( ex:T ex:U ) . ex:T sh:and ( ex:S ) .",
        chain(3),
        "validation.recursive",
    ),
    "list that bites its tail": (
        f"{ON_P} sh:in _:l . _:l rdf:first 1 ; rdf:rest _:l .",
        chain(3),
        "validation.list",
    ),
    "alternatives that bite their tail": (
        *(f"{ON_P} sh:or _:l . _:l rdf:first ex:T ; rdf:rest _:l .", chain(3)),
        "validation.list",
    ),
    "path that bites its tail": (
        f"{PATH} _:l . _:l rdf:first ex:p ; rdf:rest _:l .",
        chain(3),
        "validation.steps",
    ),
    "path inside itself": (f"{PATH} _:l . _:l sh:inversePath _:l .", chain(3), "validation.steps"),
    "30 stars within one another": (f"{PATH} {stars(30)} .", chain(300), "validation.steps"),
    "path that doubles 12 times": (f"{PATH} {stars(12, '( {0} {0} )')} .", chain(100), "validation.steps"),
    "200 crossings": (f"{PATH} ( {BRANCHES * 200} ) .", CROSSING, "0 found"),
    "star over a chain": (f"{PATH} {stars(1)} .", chain(300), "0 found"),
    "20,000 negations": (f"{ON_P} sh:not ex:s0 . {nested('sh:not')}", chain(3), "validation.nested"),
    "20,000 brackets": (
        *(f"{ON_P} sh:not {'[ sh:not ' * DEEP} ex:T {']' * DEEP} .", chain(3)),
        "validation.nested",
    ),
    "path of 20,000 steps back": (
        *(
            f"{PATH} _:l0 . {nested('sh:inversePath').replace('ex:s', '_:l')} _:l{DEEP} sh:inversePath ex:p.",
            chain(3),
        ),
        "validation.steps",
    ),
    "list of 50,000": (f"{ON_P} sh:in ({' 1' * 50_000} ) .", chain(3), "3 found"),
    "20,000 subclasses": (
        f"ex:S a sh:NodeShape ; sh:targetClass ex:n{DEEP} ; sh:nodeKind sh:Literal .",
        chain(DEEP).replace("http://e/p", "http://www.w3.org/2000/01/rdf-schema#subClassOf")
        + "<http://e/x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://e/n0> .\n",
        "1 found",
    ),
    "50,000 triple terms in one another": (
        *(
            f"{ON_P} sh:nodeKind sh:Literal .",
            "<http://e/x> <http://e/p> " + "<<( <http://e/x> <http://e/p> " * 50_000,
        ),
        "validation.depth",
    ),
    "query that asks another server": (
        *(
            f'{SELECT} "SELECT $this WHERE {{ SERVICE <http://127.0.0.1:9/> {{ $this ?p ?o }} }}" ] .',
            chain(3),
        ),
        "validation.engine",
    ),
    "query of 20,000 brackets": (
        *(f'{SELECT} "SELECT $this WHERE {{ {"{" * 20_000}$this ?p ?o{"}" * 20_000} }}" ] .', chain(3)),
        "validation.query",
    ),
    "import of a file and of an address": (
        "ex: <http://www.w3.org/2002/07/owl#imports> <http://127.0.0.1:9/x>, <file:///etc/hostname> . "
        f"{ON_P} sh:nodeKind sh:Literal .",
        *(chain(3), "3 found"),
    ),
    "count that fits no number": (
        f"{PATH} ex:q . ex:S sh:maxCount {'9' * 40} .",
        chain(3),
        "validation.engine",
    ),
    "blob": (f"{ON_P} sh:nodeKind sh:Literal .", "\x00\xff" * 1000, "validation.data"),
}


def ended(name: str) -> str:
    shapes, data, _ = CASES[name]
    try:
        return f"{len(Shapes.from_turtle(PREFIXES + shapes).validate(data))} found"
    except InputError as error:
        return error.faults[0].code


if __name__ == "__main__":
    for name in sys.argv[1:]:
        begun = time.monotonic()
        print(json.dumps([name, ended(name), time.monotonic() - begun]), flush=True)
