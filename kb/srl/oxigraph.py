"""Functions that Oxigraph computes: one SELECT over nothing, the arguments handed in as bindings.

The text of a query holds no argument, so nothing that a user wrote is ever part of it, and Oxigraph may keep
its plan. Only literals that have no native path come here (:mod:`kb.srl.values`).
"""

from __future__ import annotations

from functools import lru_cache

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store, Variable

from kb.srl.syntax import Term

_NOTHING = Store()
_RESULT = Variable("r")
_ARGUMENTS = tuple(Variable(f"a{number}") for number in range(4))

_OPERATORS = {
    # Oxigraph 0.5 compares substituted variables by term (1 = 1.0 is false); COALESCE keeps it from doing so.
    "=": "COALESCE(?a0, 0) = COALESCE(?a1, 0)",
    **{operator: f"?a0 {operator} ?a1" for operator in ("<", "<=", "+", "-", "*", "/")},
}


MAX_KEPT = 1024
"""Values of arguments longer than this are not kept: thousands of long texts would fill the memory."""


def ask_oxigraph(function: str | NamedNode, arguments: tuple[Term, ...]) -> Term | None:
    """Return the value of an operator, built-in or cast; None is SPARQL's error.

    All of them give the same for the same arguments, so values are kept.
    """
    long = any(isinstance(term, Literal | NamedNode) and len(term.value) > MAX_KEPT for term in arguments)
    return (_compute.__wrapped__ if long else _compute)(function, arguments)


@lru_cache(maxsize=16384)
def _compute(function: str | NamedNode, arguments: tuple[Term, ...]) -> Term | None:
    names = _ARGUMENTS[: len(arguments)]
    if function in _OPERATORS and len(arguments) == 2:
        expression = _OPERATORS[str(function)]
    elif function in ("+", "-"):
        expression = f"{function} ?a0"
    else:
        expression = f"{function}({', '.join(map(str, names))})"
    # A variable that is substituted has to be projected.
    query = f"SELECT ({expression} AS ?r) {' '.join(map(str, names))} {{}}"
    try:
        solutions = _NOTHING.query(query, substitutions=dict(zip(names, arguments, strict=True)))
        assert isinstance(solutions, QuerySolutions)  # it is a SELECT
        result: Term | None = next(solutions)[_RESULT]
    except RuntimeError:  # a function that Oxigraph does not have
        return None
    return result
