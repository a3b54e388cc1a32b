"""What one evaluation may take: facts, new terms, time. Whatever the rules say, it ends.

SPARQL-RL itself is finite: a rule that makes terms (SET, a new node, a triple term) runs once and waits for
what it reads, so no such rule feeds itself, and general rules only rearrange the terms there are. But finite
is not small: a product of three patterns over ten thousand facts has a million million solutions, and ten
rules that join texts in pairs make more texts than there are atoms. Hence bounds, with errors that name the
rule::

    XiezhiError
    └── InferenceStopped
        ├── inference.too-many-facts    more conclusions than the bound
        ├── inference.too-many-terms    more new terms than the bound, a long text counting as several
        ├── inference.too-slow          the time is over
        ├── inference.too-large         more rows at once than memory and disk hold
        ├── inference.too-many-inputs   an expression with more inputs than can be computed one by one
        ├── inference.too-deep          triple terms nested deeper than anybody can read
        └── inference.rule-too-long     a body of more elements than can be compiled
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Triple

from kb.errors import Text, XiezhiError
from kb.srl.syntax import Negation, Rule, Term

MAX_ELEMENTS = 256
"""So many elements may a body have: to order them takes time that grows with the square of their number."""
INTERVAL = 0.05
"""So often, in seconds, the watch looks at what is running."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many *facts* may be derived, *terms* made, *seconds* taken; a little more before it is noticed.

    *inputs*: so many different ones of one expression are fetched from a database, to be computed here.
    """

    facts: int = 5_000_000
    terms: int = 5_000_000
    seconds: float = 600.0
    inputs: int = 5_000_000


MAX_DEPTH = 64
"""So deep may triple terms be nested: a few thousand levels crash whoever reads them."""
UNATTENDED = Bounds()
"""For work that nobody waits for."""
BULK = Bounds(facts=10_000_000_000, terms=500_000_000, seconds=4 * 3600.0)
"""For a whole archive at once: a million incidents have 200 million conclusions."""
RESPONSE = Bounds(facts=200_000, terms=200_000, seconds=10.0)
"""For one incident, where a server waits: some 300 facts in 3 ms are usual."""
NAMED = 3
"""So many of the rules at work are named."""
CHARACTERS = 256
"""A text counts as one term for each so many characters."""


class InferenceStopped(XiezhiError):
    """An evaluation ran into a bound; nothing of it was kept."""


class TooDeep(Exception):
    """A rule wraps a triple term too often; raised within an evaluation, which names the rule."""


def weight(term: Term) -> int:
    """Return how many terms a new *term* counts as.

    :raises TooDeep: for a triple term nested deeper than :data:`MAX_DEPTH`.
    """
    if isinstance(term, Literal | NamedNode):
        return 1 + len(term.value) // CHARACTERS
    depth = 0
    while isinstance(term, Triple):
        depth, term = depth + 1, term.object
    if depth > MAX_DEPTH:
        raise TooDeep
    return 1


def too_deep(rule: Rule) -> InferenceStopped:
    """*rule* makes a triple term nested deeper than the bound."""
    zh, en = (
        f"规则 {rule.name} 造出的三元组项嵌套超过 {MAX_DEPTH} 层",
        f"{rule.name} nests triple terms more than {MAX_DEPTH} deep",
    )
    repair = ("给内层三元组一个节点（rdf:reifies）", "let a node stand for the inner triple (rdf:reifies)")
    return InferenceStopped.of("inference.too-deep", zh, en, where=str(rule.span), repair=repair)


def require_short(rules: Iterable[Rule]) -> None:
    """Raise ``inference.rule-too-long`` for a body of more than :data:`MAX_ELEMENTS` elements."""
    for rule in rules:
        length = sum(1 + (len(e.inner) if isinstance(e, Negation) else 0) for e in rule.body)
        if length > MAX_ELEMENTS:
            raise InferenceStopped.of(
                "inference.rule-too-long",
                f"规则 {rule.name} 的条件有 {length} 个，最多 {MAX_ELEMENTS} 个",
                f"the body of {rule.name} has {length} elements; {MAX_ELEMENTS} are the most",
                where=str(rule.span),
                repair=(
                    "分成几条规则，逐步得出结论",
                    "cut it into several rules, one concluding what the next needs",
                ),
            )


@dataclass(frozen=True, slots=True)
class Excess:
    """A bound that was exceeded: the code of its error, and what it says of the rules at work."""

    code: str
    zh: str
    en: str

    def error(self, rules: Sequence[Rule], bounds: Bounds = UNATTENDED) -> InferenceStopped:
        """Return the error; a database may run several *rules* in one query, or none."""
        names = ", ".join(rule.name for rule in rules[:NAMED]) or "–"
        names += " …" if len(rules) > NAMED else ""
        where = ", ".join(str(rule.span) for rule in rules[:NAMED])
        zh, en = (text.format(rules=names, bounds=bounds) for text in (self.zh, self.en))
        return InferenceStopped.of(self.code, zh, en, where=where, repair=REPAIR)


REPAIR = Text(
    "检查规则中互不相连的模式（笛卡尔积），用共同的变量把它们连起来，或缩小数据",
    "look for patterns that share no variable (a product of all with all) and join them; or give less",
)
TOO_MANY_FACTS = Excess(
    "inference.too-many-facts",
    "规则 {rules} 使结论超过 {bounds.facts:,} 条",
    "more than {bounds.facts:,} facts, with {rules}",
)
TOO_MANY_TERMS = Excess(
    "inference.too-many-terms",
    "规则 {rules} 造出的新项超过 {bounds.terms:,} 个（长文本按长度折算）",
    "more than {bounds.terms:,} new terms (long texts count more), with {rules}",
)
TOO_SLOW = Excess(
    "inference.too-slow",
    "推理超过 {bounds.seconds:g} 秒，停在规则 {rules}",
    "inference took more than {bounds.seconds:g} s and was stopped in {rules}",
)
TOO_LARGE = Excess(
    "inference.too-large",
    "规则 {rules} 的中间结果超出内存和磁盘",
    "{rules}: more rows at once than memory and disk hold",
)
TOO_MANY_INPUTS = Excess(
    "inference.too-many-inputs",
    "规则 {rules} 有一个表达式，其不同的输入超过 {bounds.inputs:,} 种",
    "{rules}: an expression has more than {bounds.inputs:,} different inputs",
)


@dataclass(slots=True)
class Ticket:
    """One evaluation under watch: what is taken so far, and what to do about too much."""

    bounds: Bounds
    facts: Callable[[], int]
    terms: Callable[[], int]
    stop: Callable[[], None]
    started: float = field(default_factory=time.monotonic)
    exceeded: Excess | None = None

    def look(self, now: float) -> bool:
        """Whether a bound is exceeded; note which."""
        if now - self.started > self.bounds.seconds:
            self.exceeded = TOO_SLOW
        elif self.facts() > self.bounds.facts:
            self.exceeded = TOO_MANY_FACTS
        elif self.terms() > self.bounds.terms:
            self.exceeded = TOO_MANY_TERMS
        return self.exceeded is not None

    def error(self, *rules: Rule) -> InferenceStopped:
        """Return the error for the bound that was exceeded while *rules* ran."""
        assert self.exceeded is not None
        return self.exceeded.error(rules, self.bounds)


class Watch:
    """One thread for the process that stops evaluations at their bounds.

    To count and to look at a clock in every step of a join would cost more than the step. So nobody counts:
    the watch looks from outside at what has grown, and where that is too much takes away what each step needs
    (that is the evaluation's *stop*); the next step fails.
    """

    def __init__(self) -> None:
        self._tickets: dict[int, Ticket] = {}
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def begin(self, ticket: Ticket) -> None:
        """Watch *ticket* until :meth:`end`."""
        if self._thread is None or not self._thread.is_alive():  # not yet, or left behind by a fork
            self._start()
        self._tickets[id(ticket)] = ticket

    def end(self, ticket: Ticket) -> bool:
        """Whether no bound was exceeded; if one was, the evaluation is stopped or will be in a moment."""
        return self._tickets.pop(id(ticket), None) is not None

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="inference watch", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(INTERVAL)
            now = time.monotonic()
            for key, ticket in tuple(self._tickets.items()):
                # Who takes the ticket away decides: one of the two threads, never both.
                if ticket.look(now) and self._tickets.pop(key, None) is not None:
                    ticket.stop()


WATCH = Watch()
