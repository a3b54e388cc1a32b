"""What is wrong with one record: shape, place, value, reason, repair; for a wire, a page or a graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kb.errors import Text, both

SHOWN = 500
"""The most characters of a value or of an original cell that are kept."""
HIDDEN = "***"
"""What stands in the place of a personal value: the steward has the file and the position."""


_PLACES = {"row": "第 {} 行", "line": "第 {} 行", "node": "第 {} 个节点"}


def located(position: str) -> Text:
    """Return where a record stands in its file (``row 3``, ``line 12``, ``node 2``, a pointer) for people.

    >>> located("row 3").zh
    '第 3 行'
    """
    word, _, number = position.partition(" ")
    return Text(_PLACES[word].format(number) if word in _PLACES else position, position)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a record.

    *path* is the property, *column* its label as the file has it, *shape* the shape of the contract that is
    broken (all empty where the record as a whole is meant), *component* the kind of constraint.
    """

    message: Text
    repair: Text | None = None
    path: str = ""
    column: str = ""
    value: str = ""
    shape: str = ""
    component: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the problem for JSON."""
        return {
            "path": self.path,
            "column": self.column,
            "value": self.value,
            "shape": self.shape,
            "component": self.component,
            "message": both(self.message),
            "repair": None if self.repair is None else both(self.repair),
        }

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Problem:
        """Return the problem that :meth:`as_json` wrote; texts are cut to their bounds.

        :raises KeyError, TypeError: where it is something else.
        """
        repair = data["repair"]
        return cls(
            _text(data["message"]),
            None if repair is None else _text(repair),
            *(_cut(data[name]) for name in ("path", "column", "value", "shape", "component")),
        )


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that is not stored, and why; *subject* is its IRI where one could be made."""

    position: str
    subject: str
    original: dict[str, Any]
    problems: tuple[Problem, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return {
            "position": self.position,
            "subject": self.subject,
            "original": self.original,
            "problems": [problem.as_json() for problem in self.problems],
        }

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Rejected:
        """Return the record that :meth:`as_json` wrote.

        :raises KeyError, TypeError: where it is something else.
        """
        original = data["original"]
        if not isinstance(original, dict):
            raise TypeError("original")
        return cls(
            _cut(data["position"]),
            _cut(data["subject"]),
            {_cut(key): value for key, value in original.items()},
            tuple(Problem.of_json(problem) for problem in data["problems"]),
        )


def _text(data: Mapping[str, Any]) -> Text:
    return Text(_cut(data["zh"]), _cut(data["en"]))


def _cut(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value[: 2 * SHOWN]
