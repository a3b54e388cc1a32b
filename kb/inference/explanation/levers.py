"""What could be changed so that something follows: levers, and plans that pull several of them.

A lever is one reportable fact of the incident and the values worth trying for it. They are found by looking
at what failed (:mod:`kb.inference.explanation.whynot`); whether a plan works is only known after deriving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from pyoxigraph import NamedNode

from kb.srl.syntax import Term

MAX_LEVERS = 3
"""A plan with more changes than these is no small change any more."""
MAX_PLANS = 40
"""So many plans are kept where there are several; those of least effort."""


@dataclass(frozen=True, slots=True)
class Lever:
    """A fact about the incident that a report may give, and how it might be different.

    *values* are those that what failed asked for or compared with; *remove* says that the fact stands in the
    way by being known at all. *effort* orders levers: what is unknown is easier to find out than what was
    reported is to be corrected.
    """

    property: NamedNode
    values: frozenset[Term]
    remove: bool
    effort: float


Plan: TypeAlias = tuple[Lever, ...]
"""Levers to be pulled together, each of another property."""
Plans: TypeAlias = tuple[Plan, ...]
"""Plans of which one is enough, that of least effort first."""

Effort: TypeAlias = Callable[[NamedNode, bool], float | None]
"""How much it asks of a reporter to give a fact with a predicate, or to change it if it is present; ``None``
for what no report says."""

NOTHING: Plans = ((),)
"""Nothing has to be changed."""
IMPOSSIBLE: Plans = ()
"""No change of reportable facts can do it."""


def effort(plan: Plan) -> float:
    """Return how much *plan* asks for."""
    return sum(lever.effort for lever in plan)


def distance(plans: Plans) -> float:
    """Return the effort of the easiest plan; infinity where there is none."""
    return min(map(effort, plans), default=float("inf"))


def any_of(choices: Iterable[Plans]) -> Plans:
    """Return the plans that do one of *choices*."""
    return _easiest(plan for plans in choices for plan in plans)


def all_of(needs: Iterable[Plans]) -> Plans:
    """Return the plans that do all of *needs*."""
    result = NOTHING
    for plans in needs:
        joined = (_join(left, right) for left in result for right in plans)
        result = _easiest(plan for plan in joined if plan is not None)
    return result


def _join(left: Plan, right: Plan) -> Plan | None:
    levers = {lever.property: lever for lever in left}
    for lever in right:
        other = levers.get(lever.property)
        levers[lever.property] = lever if other is None else _either(lever, other)
    if len(levers) > MAX_LEVERS:
        return None
    return tuple(sorted(levers.values(), key=lambda lever: lever.property.value))


def _either(left: Lever, right: Lever) -> Lever:
    """Return the lever of two for one property that has the values of both."""
    return Lever(
        left.property,
        left.values | right.values,
        left.remove or right.remove,
        max(left.effort, right.effort),
    )


def _easiest(plans: Iterable[Plan]) -> Plans:
    """Return the plans of least effort, each combination of properties once."""
    found: dict[tuple[NamedNode, ...], Plan] = {}
    for plan in plans:
        key = tuple(lever.property for lever in plan)
        other = found.get(key)
        found[key] = plan if other is None else tuple(map(_either, plan, other))
    return tuple(sorted(found.values(), key=lambda plan: (effort(plan), len(plan)))[:MAX_PLANS])
