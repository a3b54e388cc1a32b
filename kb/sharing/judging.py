"""Records against the shapes of their contract; runs in the worker.

This adds to a violation (:mod:`kb.validation`) what a steward needs beside the message of the shape: which
column it is, and what would have been right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pyoxigraph import NamedNode, RdfFormat, parse

from kb.errors import Text
from kb.namespaces import SH
from kb.sharing.csvw import Table
from kb.sharing.mapping import Mapped
from kb.sharing.problems import HIDDEN, SHOWN, Problem
from kb.validation.shapes import Shapes
from kb.validation.violation import Violation

_BOUNDS = ("MinInclusive", "MaxInclusive", "MinExclusive", "MaxExclusive")


class Judge:
    """The compiled shapes of a contract."""

    def __init__(self, shapes: str, table: Table, personal: Iterable[str]) -> None:
        """Compile *shapes*, which are Turtle and the product's own."""
        self._shapes = Shapes.from_turtle(shapes)
        self._columns = {column.property: column for column in reversed(table.columns)}
        self._personal = frozenset(personal)
        self._by_path = _by_path(shapes)

    def judge(self, records: Sequence[Mapped]) -> None:
        """Note in each of *records* what breaks a shape, but not where its cells were wrong already.

        What shares its IRI with an earlier record is judged with nobody else; what has none, not at all.
        """
        by_subject: dict[str, Mapped] = {}
        for mapped in (one for one in records if one.subject):
            if by_subject.setdefault(mapped.subject, mapped) is not mapped:
                self._judge({mapped.subject: mapped})
        self._judge(by_subject)
        for mapped in records:
            if mapped.problems:
                mapped.problems = [self._with_shape(problem) for problem in mapped.problems]

    def _judge(self, records: Mapping[str, Mapped]) -> None:
        text = "".join(" .\n".join(mapped.lines) + " .\n" for mapped in records.values())
        for violation in self._shapes.validate(text):
            assert isinstance(violation.focus, NamedNode)  # a record has an IRI, and only records have shapes
            mapped = records[violation.focus.value]
            path = violation.predicate.value if violation.predicate else ""
            if path not in mapped.handled:
                mapped.problems.append(self._problem(violation, path))

    def _problem(self, violation: Violation, path: str) -> Problem:
        column, value = self._columns.get(path), violation.value
        shown = "" if value is None else value.value[:SHOWN]
        return Problem(
            violation.message,
            violation.repair or self._repair(violation),
            path,
            column.label.zh if column else "",
            HIDDEN if shown and path in self._personal else shown,
            violation.root.value if violation.root else "",
            violation.kind,
        )

    def _with_shape(self, problem: Problem) -> Problem:
        if problem.shape:
            return problem
        return replace(problem, shape=self._by_path.get(problem.path, self._by_path[""]))

    def _repair(self, violation: Violation) -> Text | None:
        parameters = self._shapes.parameters(violation.shape)

        def first(*names: str) -> str:
            return next((str(getattr(parameters[n][0], "value", "")) for n in names if parameters.get(n)), "")

        kind = violation.kind
        if kind in _BOUNDS:
            low, high = first("minInclusive", "minExclusive"), first("maxInclusive", "maxExclusive")
            if low and high:
                return Text(f"允许范围：{low} 至 {high}", f"the allowed range is {low} to {high}")
            return (
                Text(f"不小于 {low}", f"{low} or more") if low else Text(f"不大于 {high}", f"{high} or less")
            )
        if kind == "In":
            values = [str(getattr(value, "value", value)) for value in parameters.get("in", ())]
            return Text("可用：" + "、".join(values), "one of: " + ", ".join(values))
        if kind in ("LessThan", "LessThanOrEquals"):
            other = self._columns.get(first("lessThan", "lessThanOrEquals"))
            label = other.label if other else Text("另一项", "the other value")
            return Text(f"与“{label.zh}”核对", f"compare it with “{label.en}”")
        simple = {
            "MinCount": Text("补上此项", "fill it in"),
            "MaxCount": Text("只保留一个值", "keep one value"),
            "MaxLength": Text(f"不超过 {first('maxLength')} 字", f"at most {first('maxLength')} characters"),
            "Pattern": Text(f"须符合 {first('pattern')}", f"it must match {first('pattern')}"),
        }
        return simple.get(kind)


def _by_path(text: str) -> dict[str, str]:
    """Return the first named shape for each property; for no property, that of the record as a whole."""
    found = {"": ""}
    for quad in parse(text, format=RdfFormat.TURTLE):
        if quad.predicate.value == SH + "targetClass" and isinstance(quad.subject, NamedNode):
            found[""] = quad.subject.value
        named = isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode)
        if quad.predicate.value == SH + "path" and named:
            found.setdefault(quad.object.value, quad.subject.value)
    return found
