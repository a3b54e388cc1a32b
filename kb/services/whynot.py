"""Why not: what was missing for a conclusion, in words, and the smallest change that would bring it about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from pyoxigraph import Triple

from kb.errors import Text, both
from kb.inference.explanation.levers import Plans, any_of, distance
from kb.inference.explanation.misses import Holding, Miss, Status, Unmet
from kb.inference.explanation.whynot import WhyNot
from kb.services import targets
from kb.services.audience import Visible, everything
from kb.services.conditions import Conditions
from kb.services.explaining import Explainer, withheld
from kb.services.incident import recall
from kb.services.smallest import MAX_DERIVATIONS, Found, effort_of, search
from kb.services.trials import Trial
from kb.services.views import View
from kb.services.whatif import change
from kb.services.words import Node, Words
from kb.services.workspace import Workspace
from kb.srl.syntax import Assignment, Rule

MAX_MISSES = 2
"""So many rules are told for what another rule needed, the nearest; for what was asked about, all."""


def why_not(
    workspace: Workspace,
    identifier: str,
    target: str = "",
    *,
    relation: str | None = None,
    triple: Sequence[str] | None = None,
    visible: Visible = everything,
) -> dict[str, Any]:
    """Return why an incident lacks a conclusion, once for each relation in which *target* could stand to it.

    :param target: the IRI or a label of a department, module, grade, level, ….
    :param relation: only this relation (``leadDepartment``, ``牵头部门``, an IRI).
    :param triple: a whole triple by names or IRIs instead of *target*; ``this`` is the incident.
    :param visible: which named graphs the reader may see.
    :raises NotFound: there is no such incident, relation or target; the nearest ones are named.
    """
    view = View.of(workspace, recall(workspace, identifier), visible)
    if triple is not None:
        wanted = [targets.named_triple(view, triple)]
    else:
        wanted = targets.wanted(view, target, relation)
    answers, budget = list[Node](), MAX_DERIVATIONS
    for place, one in enumerate(wanted):
        answers.append(_Teller(view).tell(one, budget // min(2, len(wanted) - place)))
        budget -= (answers[-1]["change"] or {"tried": 0})["tried"]
    return {
        "incident": view.answer.id,
        "answers": answers,
        "note": view.note,
        "release": workspace.release,
    }


def summary(view: View, wanted: Triple, budget: int) -> list[Text]:
    """Return in a few sentences why *view* lacks *wanted*, trying no more than *budget* changes of facts."""
    told = _Teller(view).tell(wanted, budget)
    sentences = [Text(text["zh"], text["en"]) for text in told["summary"]]
    for miss in told["misses"][:MAX_MISSES]:
        label = miss["rule"]["label"]
        name = miss["rule"]["iri"].rsplit("/", 1)[-1]
        sentences.append(Text(f"规则：{label['zh']}（rule:{name}）", f"rule: {label['en']} (rule:{name})"))
    return sentences


class _Teller:
    """Says why one conclusion is missing."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._words = Words(view)
        self._conditions = Conditions(self._words)
        self._trial = Trial(view)
        self._told: set[str] = set()

    def tell(self, wanted: Triple, budget: int) -> Node:
        view, row = self._view, (wanted.subject, wanted.predicate, wanted.object)
        statement = self._words.statement(row)
        answer: Node = {
            "relation": self._words.named(wanted.predicate),
            "target": self._words.named(wanted.object),
            "statement": both(statement),
        }
        if view.world.holds(row):
            holds = Text(f"已经得出：{statement.zh}。问“为什么”可看证明。",
                         f"It was concluded: {statement.en}. Ask “why” for its proof.")  # fmt: skip
            return {**answer, "status": "holds", "summary": [both(holds)], "misses": [], "change": None,
                    "withheld": 0}  # fmt: skip
        hidden = int(view.restricted and view.shown.holds(row))
        asker = WhyNot(view.shown, effort_of(view.workspace))
        misses = () if hidden else asker.misses(row)
        plans = any_of(miss.plans for miss in misses)
        found = self._search(plans, wanted, budget)
        cause = _cause(misses)
        return {
            **answer,
            "status": "missing",
            "summary": [both(text) for text in self._summary(statement, cause, found, misses, bool(hidden))],
            "misses": [self._miss(miss) for miss in misses],
            "change": self._change(found, asker.cut),
            "withheld": hidden,
        }

    def _search(self, plans: Plans, wanted: Triple, budget: int) -> Found:
        if not self._view.sees_report:  # values that fit the facts would tell them
            return Found((), 0, complete=False)
        return search(self._view, self._trial, plans, wanted, budget=budget)

    # ── three sentences ──────────────────────────────────────────────────────────────────────

    def _summary(
        self,
        statement: Text,
        cause: _Cause | None,
        found: Found,
        misses: Sequence[Miss],
        hidden: bool,
    ) -> list[Text]:
        texts = [Text(f"没有得出：{statement.zh}。", f"Not concluded: {statement.en}.")]
        if hidden:
            said = withheld(1)
            return [*texts, Text(said.zh + "。", said.en[0].upper() + said.en[1:] + ".")]
        if not misses:
            texts.append(Text("没有规则能得出这样的结论。", "No rule concludes such a thing."))
        if cause is not None:
            said = self._cause(*cause)
            texts.append(Text(f"最接近时：{said.zh}。", f"At the nearest: {said.en}."))
        if found.changes:
            parts = [change(self._view, k, self._present(k), v)["text"] for k, v in found.changes[0].items()]
            texts.append(
                Text(
                    "若" + "，且".join(part["zh"] for part in parts) + "，即可得出。",
                    "It would follow with " + " and ".join(part["en"] for part in parts) + ".",
                )
            )
        elif found.complete:
            texts.append(
                Text(
                    "改变可报告的事实不能使其得出：这取决于知识（规定、职责、机构）。",
                    "No change of reportable facts brings it about: it is a matter of knowledge "
                    "(provisions, duties, bodies).",
                )
                if not found.tried
                else Text(
                    f"试过 {found.tried} 种事实的改变，都不能使其得出。",
                    f"{found.tried} changes of facts were tried; none brings it about.",
                )
            )
        else:
            texts.append(
                Text(
                    f"试过 {found.tried} 种改变后停止，尚未找到。",
                    f"The search stopped after {found.tried} changes and found none.",
                )
            )
        return texts

    def _cause(self, unmet: Unmet, rule: Rule, above: tuple[Unmet, Rule] | None) -> Text:
        """Say what failed at the bottom, and for what it was needed."""
        said = self._conditions.said(unmet, rule)
        if above is None or unmet.status in (Status.UNKNOWN, Status.IMPOSSIBLE):
            return said
        for_what = self._conditions.said(*above)
        return Text(f"{for_what.zh}（{said.zh}）", f"{for_what.en} ({said.en})")

    def _change(self, found: Found, cut: bool) -> Node:
        return {
            "found": [
                {
                    "facts": [change(self._view, k, self._present(k), v) for k, v in changes.items()],
                    "report": {k: v if not hasattr(v, "as_tuple") else float(v) for k, v in changes.items()},  # type: ignore[arg-type]
                }
                for changes in found.changes
            ],
            "tried": found.tried,
            "complete": found.complete and not cut,
        }

    def _present(self, key: str) -> Any:
        return self._trial.data.get(key)

    # ── what held and what failed ────────────────────────────────────────────────────────────

    def _miss(self, miss: Miss) -> Node:
        document = self._view.workspace.engine.program.document(miss.rule)
        assert miss.rule.iri is not None
        bindings = dict(miss.bindings)
        clause = Explainer(self._view).clause(miss.rule, bindings)
        nearness = distance(miss.plans)
        return {
            "kind": "miss",
            "rule": {"iri": miss.rule.iri.value, "label": both(document.label)},
            "clause": None if clause is None else self._words.named(clause),
            "reachable": nearness != float("inf"),
            "others": miss.others,
            "held": [
                both(self._words.conjunction([element], bindings))
                for element in miss.held
                if not isinstance(element, Assignment)
            ],
            "failed": [self._unmet(unmet, miss.rule) for unmet in sorted(miss.unmet, key=_is_block)],
        }

    def _unmet(self, unmet: Unmet, rule: Rule) -> Node:
        statement = self._conditions.said(unmet, rule)
        node: Node = {
            "kind": "condition",
            "status": unmet.status.value,
            "statement": both(statement),
            "found": [both(self._words.statement(row)) for row in unmet.found],
            "because": [],
        }
        if unmet.status in (Status.UNDERIVED, Status.BLOCKED):
            if statement.zh in self._told:
                return {**node, "kind": "repeated"}
            self._told.add(statement.zh)
        if unmet.status is Status.UNDERIVED:
            node["because"] = [self._miss(miss) for miss in _worth_telling(unmet.misses)]
        if unmet.status is Status.BLOCKED:
            node["because"] = [self._holding(holding) for holding in unmet.holding if holding.ways]
        return node

    def _holding(self, holding: Holding) -> Node:
        """Say why something holds that stands in the way."""
        statement = both(self._words.statement(holding.row))
        node: Node = {"kind": "holding", "statement": statement, "because": []}
        if statement["zh"] in self._told:
            return {**node, "kind": "repeated"}
        self._told.add(statement["zh"])
        for rule, bindings, unmet in holding.ways[:MAX_MISSES]:
            document = self._view.workspace.engine.program.document(rule)
            assert rule.iri is not None
            node["because"].append(
                {
                    "kind": "derived",
                    "statement": statement,
                    "sentence": both(self._words.sentence(document.sentence, dict(bindings))),
                    "rule": {"iri": rule.iri.value, "label": both(document.label)},
                    "because": [] if unmet is None else [self._unmet(unmet, rule)],
                }
            )
        return node


def _is_block(unmet: Unmet) -> bool:
    return unmet.status is Status.BLOCKED


def _worth_telling(misses: Sequence[Miss]) -> Sequence[Miss]:
    """Return the nearest misses: where some can be reached, those that cannot would only distract."""
    reachable = [miss for miss in misses if miss.plans]
    return (reachable or list(misses))[:MAX_MISSES]


_Cause: TypeAlias = tuple[Unmet, Rule, tuple[Unmet, Rule] | None]


def _cause(misses: Sequence[Miss]) -> _Cause | None:
    """Return the condition at the bottom of the nearest miss, and the one above it that needs it."""
    seen: set[int] = set()
    trail: list[tuple[Unmet, Rule]] = []
    candidates = [(one, misses[0].rule) for one in misses[0].unmet] if misses else []
    while candidates:
        unmet, rule = min(candidates, key=lambda one: (_is_block(one[0]), distance(one[0].plans)))
        if id(unmet) in seen:
            break
        seen.add(id(unmet))
        trail.append((unmet, rule))
        if unmet.misses:
            candidates = [(one, unmet.misses[0].rule) for one in unmet.misses[0].unmet]
        else:
            candidates = [
                (inner, way)
                for holding in unmet.holding
                for way, _, inner in holding.ways
                if inner is not None
            ]
    if not trail:
        return None
    return *trail[-1], trail[-2] if len(trail) > 1 else None
