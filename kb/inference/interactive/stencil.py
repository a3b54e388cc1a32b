"""Python statements with gaps: what generated code is made of.

A stencil is written as Python and parsed once. Filling it copies the syntax tree and puts expressions in
place of names, and the statements that come next in place of the line ``BODY``. Nothing is ever pasted into
source text, so no name or value of a rule can change what the code means.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

Body: TypeAlias = list[ast.stmt]
BODY = "BODY"
HERE: dict[str, Any] = {"lineno": 1, "col_offset": 0}
"""Where every statement claims to stand: generated code has no lines, and the compiler asks for some."""


class Stencil:
    """Statements whose names may be replaced."""

    def __init__(self, text: str) -> None:
        self._statements = ast.parse(text).body

    def fill(self, body: Sequence[ast.stmt] = (), **parts: ast.expr | str) -> Body:
        """Return the statements with *parts* in place of the names they are given for; a text is a name."""
        filler = _Filler(
            body, {key: read(part) if isinstance(part, str) else part for key, part in parts.items()}
        )
        return filler.statements(self._statements)


class _Filler:
    """Copies a syntax tree, with other nodes where gaps are."""

    def __init__(self, body: Sequence[ast.stmt], parts: Mapping[str, ast.expr]) -> None:
        self._body = body
        self._parts = parts

    def statements(self, statements: Iterable[ast.stmt]) -> Body:
        return [filled for statement in statements for filled in self._statement(statement)]

    def _statement(self, statement: ast.stmt) -> Iterable[ast.stmt]:
        if (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Name)
            and statement.value.id == BODY
        ):
            return self._body
        copied = self._node(statement)
        assert isinstance(copied, ast.stmt)
        return (copied,)

    def _node(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Name) and (part := self._parts.get(node.id)) is not None:
            if isinstance(part, ast.Name):
                return ast.Name(part.id, node.ctx, **HERE)  # assigned to where the gap is assigned to
            return part
        if not node._fields:
            return node  # an operator or a context: always the same
        return type(node)(*[self._field(getattr(node, name)) for name in node._fields], **HERE)

    def _field(self, value: object) -> object:
        if isinstance(value, list):
            if value and isinstance(value[0], ast.stmt):
                return self.statements(value)
            return [self._field(item) for item in value]
        return self._node(value) if isinstance(value, ast.AST) else value


def read(name: str) -> ast.Name:
    """The value of a name."""
    return ast.Name(name, ast.Load(), **HERE)


def constant(value: int | None) -> ast.Constant:
    """A number, or ``None``."""
    return ast.Constant(value, **HERE)


def number_of(expression: ast.expr) -> int | None:
    """Return the number that *expression* is, or ``None`` where it is only known when the code runs."""
    value = expression.value if isinstance(expression, ast.Constant) else None
    return value if isinstance(value, int) else None


def tuple_of(parts: Iterable[ast.expr]) -> ast.Tuple:
    """A tuple of *parts*."""
    return ast.Tuple(list(parts), ast.Load(), **HERE)


def item(container: ast.expr, key: ast.expr) -> ast.Subscript:
    """``container[key]``."""
    return ast.Subscript(container, key, ast.Load(), **HERE)


def call(function: ast.expr, arguments: Iterable[ast.expr]) -> ast.Call:
    """``function(arguments…)``."""
    return ast.Call(function, list(arguments), [], **HERE)


def function(name: str, parameters: Iterable[str], body: Body) -> ast.FunctionDef:
    """``def name(parameters…)`` with *body*."""
    arguments = ast.arguments(
        posonlyargs=[ast.arg(parameter, **HERE) for parameter in parameters],
        args=[],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    return ast.FunctionDef(name, arguments, body, decorator_list=[], **HERE)
