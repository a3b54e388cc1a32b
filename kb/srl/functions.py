"""The built-in functions of SPARQL-RL: their names, and those that are computed natively ([118], SPARQL 1.2).

What is in neither :data:`TESTS` nor :data:`FUNCTIONS` is computed by Oxigraph, apart from ``IF`` and ``NOW``,
which the compiler knows (:mod:`kb.srl.expressions`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kb.srl.iris import resolve
from kb.srl.syntax import Term
from kb.srl.values import (
    STRING,
    ExpressionError,
    add,
    asked,
    at_most,
    divide,
    equal,
    less,
    multiply,
    negate,
    subtract,
)

MANY = 10**9
"""More arguments than a document can hold."""
MAX_TEXT = 256 * 1024
"""So many characters may a text have that CONCAT or REPLACE makes: forty rules that double a text would fill
any memory."""

ARITY: dict[str, tuple[int, int]] = {
    name: (low, high)
    for low, high, names in (
        (0, 0, "NOW UUID STRUUID"),
        (0, 1, "BNODE"),
        (0, MANY, "CONCAT"),
        (1, 1, "STR LANG LANGDIR DATATYPE IRI URI ABS CEIL FLOOR ROUND STRLEN UCASE LCASE ENCODE_FOR_URI"),
        (1, 1, "YEAR MONTH DAY HOURS MINUTES SECONDS TIMEZONE TZ SUBJECT PREDICATE OBJECT"),
        (1, 1, "ISIRI ISURI ISBLANK ISLITERAL ISNUMERIC ISTRIPLE HASLANG HASLANGDIR"),
        (2, 2, "LANGMATCHES CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER STRLANG STRDT SAMETERM"),
        (2, 3, "SUBSTR REGEX"),
        (3, 3, "IF STRLANGDIR TRIPLE"),
        (3, 4, "REPLACE"),
    )
    for name in names.split()
}
"""The least and the greatest number of arguments, by the name in capitals."""

SYNONYMS = {"URI": "IRI", "ISURI": "ISIRI"}
"""Names that the abstract syntax does not keep, with those that it has instead."""


def _text(term: Term) -> Literal:
    """Return *term* if it is a string, with a language or without."""
    if isinstance(term, Literal) and (term.datatype == STRING or term.language is not None):
        return term
    raise ExpressionError


def _compatible(whole: Term, part: Term) -> tuple[str, str]:
    """Return the texts of two strings (SPARQL, "Argument Compatibility Rules"): the second fits the first."""
    one, other = _text(whole), _text(part)
    if other.datatype != STRING and (one.language, one.direction) != (other.language, other.direction):
        raise ExpressionError
    return one.value, other.value


def _contains(whole: Term, part: Term) -> bool:
    text, sought = _compatible(whole, part)
    return sought in text


def _starts(whole: Term, part: Term) -> bool:
    text, sought = _compatible(whole, part)
    return text.startswith(sought)


def _ends(whole: Term, part: Term) -> bool:
    text, sought = _compatible(whole, part)
    return text.endswith(sought)


def _string(term: Term) -> Term:
    """``STR``: the text as it was written, so ``"007"`` for ``007``."""
    if isinstance(term, Literal | NamedNode):
        return Literal(term.value)
    raise ExpressionError


def _language(term: Term) -> Term:
    if isinstance(term, Literal):
        return Literal(term.language or "")
    raise ExpressionError


def _datatype(term: Term) -> Term:
    if isinstance(term, Literal):
        return term.datatype
    raise ExpressionError


def _length(term: Term) -> Term:
    return Literal(len(_text(term).value))


def _concatenated(*terms: Term) -> Term:
    texts = [_text(term) for term in terms]
    if sum(len(text.value) for text in texts) > MAX_TEXT:
        raise ExpressionError
    joined = "".join(text.value for text in texts)
    kinds = {(text.language, text.direction) for text in texts}
    if len(kinds) == 1:
        language, direction = kinds.pop()
        return Literal(joined, language=language, direction=direction)
    return Literal(joined)


def _replaced(whole: Term, pattern: Term, replacement: Term, *flags: Term) -> Term:
    """``REPLACE`` by Oxigraph, unless what it makes could be beyond all memory."""
    if len(_text(whole).value) * len(_text(replacement).value) > 256 * MAX_TEXT:
        raise ExpressionError
    result = asked("REPLACE", whole, pattern, replacement, *flags)
    if len(_text(result).value) > MAX_TEXT:
        raise ExpressionError
    return result


def _iri(term: Term, base: Term | None = None) -> Term:
    """``IRI``: *base* is the base IRI in force where the call was written."""
    if isinstance(term, NamedNode):
        return term
    if not isinstance(term, Literal) or term.datatype != STRING:
        raise ExpressionError
    try:
        return NamedNode(resolve(base.value, term.value) if isinstance(base, NamedNode) else term.value)
    except ValueError:
        raise ExpressionError from None


def _blank_node(label: Term | None = None) -> Term:
    """``BNODE``: another node for every call, whatever the label (`eval-expression`)."""
    if label is not None and not (isinstance(label, Literal) and label.datatype == STRING):
        raise ExpressionError
    return BlankNode()


def _triple(subject: Term, predicate: Term, object_: Term) -> Term:
    if isinstance(subject, NamedNode | BlankNode) and isinstance(predicate, NamedNode):
        return Triple(subject, predicate, object_)
    raise ExpressionError


def _part(name: str) -> Callable[[Term], Term]:
    def part(term: Term) -> Term:
        if isinstance(term, Triple):
            found: Term = getattr(term, name)
            return found
        raise ExpressionError

    return part


TESTS: dict[str, Callable[..., bool]] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": less,
    ">": lambda left, right: less(right, left),
    "<=": at_most,
    ">=": lambda left, right: at_most(right, left),
    "SAMETERM": lambda left, right: left == right,
    "ISIRI": lambda term: isinstance(term, NamedNode),
    "ISBLANK": lambda term: isinstance(term, BlankNode),
    "ISLITERAL": lambda term: isinstance(term, Literal),
    "ISTRIPLE": lambda term: isinstance(term, Triple),
    "CONTAINS": _contains,
    "STRSTARTS": _starts,
    "STRENDS": _ends,
}
"""Operators and functions that give a truth value."""

FUNCTIONS: dict[str, Callable[..., Term]] = {
    "+": lambda left, right=None: asked("+", left) if right is None else add(left, right),
    "-": lambda left, right=None: negate(left) if right is None else subtract(left, right),
    "*": multiply,
    "/": divide,
    "STR": _string,
    "LANG": _language,
    "DATATYPE": _datatype,
    "STRLEN": _length,
    "CONCAT": _concatenated,
    "REPLACE": _replaced,
    "IRI": _iri,
    "BNODE": _blank_node,
    "UUID": lambda: NamedNode(f"urn:uuid:{uuid.uuid4()}"),
    "STRUUID": lambda: Literal(str(uuid.uuid4())),
    "TRIPLE": _triple,
    "SUBJECT": _part("subject"),
    "PREDICATE": _part("predicate"),
    "OBJECT": _part("object"),
}
"""Operators and functions that give a term."""
