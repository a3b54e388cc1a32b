"""Terms that SET makes, computed by the database: texts, IRIs out of texts, sums of integers.

Each translation comes with a condition that says for which rows it is right. Where it is right for all, the
database makes the terms; else :mod:`kb.srl.expressions` does, once for each distinct input.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add, and_

import ibis
import ibis.expr.types as ir
from pyoxigraph import Literal, Variable

from kb.inference.relational.columns import Columns, NotNative, folded
from kb.inference.relational.families import EXACT, EXOTIC, LANGUAGE, NODE, NUMERIC_KINDS, STRING
from kb.srl.functions import MAX_TEXT
from kb.srl.syntax import Call, Expression
from kb.srl.terms import XSD
from kb.srl.values import value

DIGITS = 15
"""Integers of so many digits are added here: sums of several of them still fit a column."""
LARGEST = 10 ** (DIGITS + 2)
_INTEGER = rf'^"[+-]?[0-9]{{1,{DIGITS}}}"\^\^<{XSD}({"|".join(NUMERIC_KINDS)})>$'
_IRI = (
    r"^(https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?"
    r"|urn:[A-Za-z0-9][A-Za-z0-9._~!$&'()*+,;=:@/-]*)(#[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?$"
)
"""Absolute IRIs that nobody disputes."""


@dataclass(frozen=True)
class Made:
    """A column of values, and which of them are right; the *family* is that of the terms."""

    value: ir.Value
    right: ir.BooleanValue
    family: int


class Making(Columns):
    """Translates expressions that give terms."""

    def translated(self, expression: Expression) -> Made:
        """Return the keys (:mod:`kb.inference.relational.keys`) of the terms that *expression* gives.

        :raises NotNative: there is no translation.
        """
        if not isinstance(expression, Call):
            raise NotNative  # it makes no term
        if expression.operator == "IRI":
            text = self._text(expression.arguments[0])
            return Made("<" + text.value + ">", text.right & text.value.re_search(_IRI), NODE)
        if expression.operator in ("STR", "CONCAT"):
            text = self._text(expression)
            return Made('"' + text.value + '"', text.right, STRING)
        number = self._integer(expression)
        written = number.value.cast("string")
        return Made('"' + written + f'"^^<{XSD}integer>', number.right, EXACT)

    def _text(self, expression: Expression) -> Made:
        """Return the text of a string without a language."""
        if isinstance(expression, Literal) and expression.datatype.value == XSD + "string":
            return Made(ibis.literal(expression.value), _ALWAYS, STRING)
        if isinstance(expression, Variable) and self.families(expression) == {STRING}:
            return Made(self.typed(expression, "lexical"), _ALWAYS, STRING)
        if not isinstance(expression, Call):
            raise NotNative
        if expression.operator == "STR" and isinstance(expression.arguments[0], Variable):
            return self._written(expression.arguments[0])
        if expression.operator != "CONCAT" or not expression.arguments:
            raise NotNative
        parts = [self._text(argument) for argument in expression.arguments]
        joined = folded(add, [part.value for part in parts])
        right = folded(and_, [part.right for part in parts])
        return Made(joined, right & (joined.length() <= MAX_TEXT), STRING)

    def _written(self, variable: Variable) -> Made:
        """Return what STR gives."""
        families = self.families(variable)
        if families == {NODE}:
            key = self.typed(variable, "key")
            return Made(key.substr(1, key.length() - 2), key.startswith("<"), STRING)
        if NODE in families or EXOTIC in families or LANGUAGE in families:
            raise NotNative
        return Made(self.typed(variable, "lexical"), _ALWAYS, STRING)

    def _integer(self, expression: Expression) -> Made:
        if isinstance(expression, Variable) and self.families(expression) == {EXACT}:
            right = self.typed(expression, "key").re_search(_INTEGER)
            return Made(self.typed(expression, "exact").cast("int64"), right, EXACT)
        if isinstance(expression, Literal) and isinstance(number := value(expression), int):
            if isinstance(number, bool) or abs(number) >= 10**DIGITS:
                raise NotNative
            return Made(ibis.literal(number, "int64"), _ALWAYS, EXACT)
        if isinstance(expression, Call) and expression.operator in ("+", "-"):
            parts = [self._integer(argument) for argument in expression.arguments]
            if len(parts) == 2:
                one, other = (part.value for part in parts)
                total = one + other if expression.operator == "+" else one - other
                right = parts[0].right & parts[1].right & (total.abs() < LARGEST)
                return Made(total, right, EXACT)
        raise NotNative


_ALWAYS = ibis.literal(True)
