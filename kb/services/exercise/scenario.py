"""What a scenario says: who reports what and when, how people behave, and what must come of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from kb.errors import Text


@dataclass(frozen=True, slots=True)
class Wait:
    """How long something takes, in minutes.

    Triangular between *low* and *high* with the peak *mode*; or, with *spread*, lognormal with the median
    *mode*: two thirds of the waits lie between *mode* / *spread* and *mode* × *spread*.
    """

    mode: float
    low: float = 0.0
    high: float = 0.0
    spread: float | None = None

    def draw(self, chance: Random) -> timedelta:
        """Return one wait, to the second."""
        if self.spread is not None:
            minutes = chance.lognormvariate(math.log(self.mode), math.log(self.spread))
        else:
            minutes = chance.triangular(self.low, self.high, self.mode)
        return timedelta(seconds=round(minutes * 60))


@dataclass(frozen=True, slots=True)
class Name:
    """A name as a scenario has it, and where it stands there, as ``file:line``."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a department behaves: how long it waits before each step, by the name of the step.

    *returns* is the chance that it returns a directive, for a *reason*; *passes_on*, that it does so with one
    that another department has returned before; *silent*, that it does nothing with one until the directive
    has been escalated.
    """

    waits: Mapping[str, Wait] = field(default_factory=dict)
    returns: float = 0.0
    passes_on: float = 0.0
    reason: str = ""
    silent: float = 0.0


@dataclass(frozen=True, slots=True)
class Command:
    """How the command behaves: when it confirms, and how long it waits before each step.

    *cancel* is the wait before it cancels what a continued report has made obsolete; ``None``: it lets it go
    on. *overrides* are changes to what is recommended for the first incident, as JSON has them.
    """

    confirm: Wait
    waits: Mapping[str, Wait] = field(default_factory=dict)
    cancel: Wait | None = None
    overrides: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Continued:
    """A continued report of the incident *of* (its number): *facts* replace those with the same key."""

    after: timedelta
    facts: Mapping[str, Any]
    of: int = 1


@dataclass(frozen=True, slots=True)
class Another:
    """Another incident is reported."""

    after: timedelta
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Down:
    """Departments can do nothing for a time: their line, their power, their people are out."""

    after: timedelta
    body: Name
    until: timedelta


@dataclass(frozen=True, slots=True)
class Asking:
    """A department asks another for help, or with *part* gives it a part of its own directive."""

    after: timedelta
    sender: Name
    to: Name
    task: Text
    part: bool = False
    of: int = 1


Inject = Continued | Another | Down | Asking


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often something has to happen: at least and at most; ``None``: as often as it likes."""

    least: int = 0
    most: int | None = None

    def hold(self, count: int) -> bool:
        """Whether *count* is within."""
        return self.least <= count and (self.most is None or count <= self.most)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be true at the end.

    *grade*, *level* and *lead* are of the first incident. *steps* counts steps of directives by name, those
    that the *system* took apart; *overrides*, changes to what was recommended. *taken_over* names departments
    that hold at the end what others returned; *closed* says that every directive has ended, *within* a time
    from the first report.
    """

    grade: Name | None = None
    level: Name | None = None
    lead: tuple[Name, ...] = ()
    steps: Mapping[str, Bounds] = field(default_factory=dict)
    system: Mapping[str, Bounds] = field(default_factory=dict)
    overrides: Bounds | None = None
    taken_over: tuple[Name, ...] = ()
    closed: bool = True
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario; *name* is its file's name without the ending, *start* the moment of the first report.

    *departments* are how those behave that are named, each with all that it says and the rest of *default*.
    The exercise stops *limit* after its start, whatever is left open.
    """

    file: Path
    name: str
    title: Text
    about: Text
    city: str
    seed: int
    start: datetime
    limit: timedelta
    report: Mapping[str, Any]
    default: Conduct
    departments: tuple[tuple[Name, Conduct], ...]
    command: Command
    injects: tuple[Inject, ...] = ()
    expect: Expectation = Expectation()
