"""What an answer to "why not" is made of: misses, conditions that failed, and what stood in the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kb.inference.explanation.levers import IMPOSSIBLE, Plans
from kb.inference.explanation.solving import Bindings
from kb.inference.explanation.world import Row
from kb.srl.syntax import Element, Rule


class Status(Enum):
    """How a condition fails."""

    UNKNOWN = "unknown"
    """Nobody reported it."""
    FALSE = "false"
    """A fact says otherwise."""
    BLOCKED = "blocked"
    """It must not hold, and it does."""
    UNDERIVED = "underived"
    """Rules could derive it, and none does."""
    IMPOSSIBLE = "impossible"
    """Knowledge has no such thing."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that fails.

    *found* are the facts that say otherwise, or that stand in the way. *misses* say why rules did not derive
    it; *holding* why what stands in the way holds.
    """

    status: Status
    element: Element
    bindings: Bindings
    found: tuple[Row, ...] = ()
    misses: tuple[Miss, ...] = ()
    holding: tuple[Holding, ...] = ()
    plans: Plans = IMPOSSIBLE


@dataclass(frozen=True, slots=True)
class Miss:
    """The partial solution of a rule that comes nearest: what held of its body, and what did not.

    *others* is the number of other partial solutions of the same rule.
    """

    rule: Rule
    bindings: Bindings
    held: tuple[Element, ...]
    unmet: tuple[Unmet, ...]
    others: int = 0
    plans: Plans = IMPOSSIBLE


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that stands in the way, and of each rule that derives it the condition easiest to break."""

    row: Row
    ways: tuple[tuple[Rule, Bindings, Unmet | None], ...]
    plans: Plans
