"""Conditions as comparisons of typed columns.

NULL stands for SPARQL's error, and SQL's three-valued logic is SPARQL's (SPARQL 1.2 Query, "Filter
Evaluation"). What compares otherwise than database values do is not translated: :class:`NotNative`.
"""

from __future__ import annotations

from operator import and_, or_
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
from pyoxigraph import Literal, Variable

from kb.inference.relational import families as kinds
from kb.inference.relational.columns import Columns, NotNative, folded
from kb.inference.relational.families import COLUMN, DOUBLE, EXACT, EXOTIC, LANGUAGE, LOCAL, NODE, ZONED
from kb.inference.relational.keys import key
from kb.srl.syntax import Call, Expression, Term

ORDER = {"<", ">", "<=", ">="}
EQUALITY = {"=", "!="}

Operand: TypeAlias = "Variable | Term"


class Native(Columns):
    """Translates conditions over one table or two."""

    def translated(self, expression: Expression) -> ir.BooleanValue:
        """Return the condition that *expression* is.

        :raises NotNative: it does not only compare terms that compare as database values.
        """
        if not isinstance(expression, Call):
            raise NotNative
        operator, arguments = expression.operator, expression.arguments
        if operator in ("&&", "||"):
            return folded(and_ if operator == "&&" else or_, [self.translated(part) for part in arguments])
        if operator == "!":
            return ~self.translated(arguments[0])
        if operator in ORDER:
            return self._ordered(str(operator), *map(_operand, arguments))
        if operator in EQUALITY:
            same = self._equal(*map(_operand, arguments))
            return same if operator == "=" else ~same
        if operator in ("IN", "NOT IN"):
            choices = [self._equal(_operand(arguments[0]), _operand(choice)) for choice in arguments[1:]]
            member = folded(or_, [ibis.literal(False), *choices])
            return member if operator == "IN" else ~member
        raise NotNative

    def _ordered(self, sign: str, left: Operand, right: Operand) -> ir.BooleanValue:
        """Terms of one group are compared; those of two groups, and nodes, are an error."""
        cases = []
        for x in sorted(self._of(left)):
            for y in sorted(self._of(right)):
                if kinds.group(x) != kinds.group(y) or x in (NODE, LANGUAGE):
                    if kinds.group(x) == -1 and kinds.group(y) == -1:
                        raise NotNative
                    continue
                column = self._column(x, y)
                cases.append((x, y, _compared(sign, self._value(left, column), self._value(right, column))))
        return self._choose(left, right, cases, ibis.null("boolean"))

    def _equal(self, left: Operand, right: Operand) -> ir.BooleanValue:
        """Equal values; nodes and text with a language are equal as terms."""
        same = self._same(left, right)
        cases = []
        for x in sorted(self._of(left)):
            for y in sorted(self._of(right)):
                if NODE in (x, y) or (LANGUAGE in (x, y) and max(x, y) < EXOTIC):
                    cases.append((x, y, same))
                elif max(x, y) >= EXOTIC:
                    raise NotNative
                elif kinds.group(x) != kinds.group(y) or {x, y} == {ZONED, LOCAL}:
                    if {x, y} == {ZONED, LOCAL}:
                        raise NotNative
                    cases.append((x, y, ibis.literal(False)))
                else:
                    column = self._column(x, y)
                    cases.append((x, y, self._value(left, column) == self._value(right, column)))
        return self._choose(left, right, cases, ibis.literal(False))

    @staticmethod
    def _column(x: int, y: int) -> str:
        """The column in which two families of one group are compared."""
        if max(x, y) >= EXOTIC or {x, y} == {ZONED, LOCAL}:
            raise NotNative
        return COLUMN[DOUBLE] if {x, y} == {EXACT, DOUBLE} else COLUMN[x]

    def _choose(
        self,
        left: Operand,
        right: Operand,
        cases: list[tuple[int, int, ir.BooleanValue]],
        otherwise: ir.BooleanValue,
    ) -> ir.BooleanValue:
        """Choose by the families of both sides, where more than one pair is possible."""
        if len(self._of(left)) == len(self._of(right)) == 1:
            return cases[0][2] if cases else otherwise
        if not cases:
            return otherwise
        branches = [
            ((self._family(left) == x) & (self._family(right) == y), result) for x, y, result in cases
        ]
        return ibis.cases(*branches, else_=otherwise)

    # ── operands ─────────────────────────────────────────────────────────────────────────────

    def _of(self, operand: Operand) -> frozenset[int]:
        if isinstance(operand, Variable):
            return self.families(operand)
        return frozenset((kinds.family_of(operand),))

    def _family(self, operand: Operand) -> ir.Value:
        if isinstance(operand, Variable):
            return self.typed(operand, "family")
        return ibis.literal(kinds.family_of(operand), "int8")

    def _value(self, operand: Operand, column: str) -> ir.Value:
        if isinstance(operand, Variable):
            return self.typed(operand, column)
        assert isinstance(operand, Literal)
        return kinds.constant(operand, column)

    def _same(self, left: Operand, right: Operand) -> ir.BooleanValue:
        """Whether both are the same term; constants are compared by key."""
        if isinstance(left, Variable) and isinstance(right, Variable):
            return self.number(left) == self.number(right)
        if not isinstance(left, Variable) and not isinstance(right, Variable):
            return ibis.literal(left == right)
        if isinstance(left, Variable):
            return self.typed(left, "key") == ibis.literal(key(right))  # type: ignore[arg-type]
        return self._same(right, left)


def _operand(expression: Expression) -> Operand:
    if isinstance(expression, Call):
        raise NotNative
    return expression


def _compared(sign: str, left: ir.Value, right: ir.Value) -> ir.BooleanValue:
    match sign:
        case "<":
            return left < right
        case ">":
            return left > right
        case "<=":
            return left <= right
    return left >= right
