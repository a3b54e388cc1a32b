"""What to ask next: how much of the answer each unknown fact decides, found out by trying its values.

A value is worth trying where some condition that applies, or nearly applies, changes its mind. For each the
response is derived, and what differs is counted. The questions that the recommendation asks come first; after
them, what decides something although no rule asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.errors import both
from kb.namespaces import RDF_TYPE, XSD, xz
from kb.report.values import Value, in_json, plain
from kb.report.vocabulary import Field
from kb.services.audience import Visible, everything
from kb.services.incident import Answer, recall
from kb.services.smallest import INTEGERS
from kb.services.trials import Trial, shown
from kb.services.views import View
from kb.services.whatif import difference, response, share
from kb.services.words import Node, Words
from kb.services.workspace import Workspace
from kb.srl.syntax import Term

MAX_DERIVATIONS = 200
TOLD = 3
"""So many outcomes of one question are told: the values that change most."""
APPLICABLE, LACKS, ASKS = xz("applicable"), xz("lacks"), xz("asks")
MEASURE, CONDITION, REGIME, TOTAL_OF = xz("measure"), xz("condition"), xz("regime"), xz("totalOf")
COUNTED_WITH = xz("countedWith")


def ask_next(
    workspace: Workspace, identifier: str, *, visible: Visible = everything, budget: int = MAX_DERIVATIONS
) -> dict[str, Any]:
    """Return the unknown facts of an incident, those first that decide most of the answer.

    :param visible: which named graphs the reader may see.
    :param budget: the most derivations to make.
    :raises NotFound: there is no such incident.
    """
    view = View.of(workspace, recall(workspace, identifier), visible)
    asker = _Asker(view, budget)
    # What is asked tells what is known.
    questions = list(asker.questions()) if view.sees_report else []
    return {
        "incident": identifier,
        "questions": questions,
        "tried": asker.trial.tried,
        "complete": view.sees_report and not asker.cut,
        "note": view.note,
        "release": workspace.release,
    }


class _Asker:
    def __init__(self, view: View, budget: int) -> None:
        self._view = view
        self._workspace = view.workspace
        self._budget = budget
        self._before = response(view, view.seen)
        self.trial = Trial(view)
        self.cut = False

    def questions(self) -> Iterator[Node]:
        derivation, incident = self._view.seen.derivation, self._view.answer.incident
        asked = {term: place for place, term in enumerate(derivation.objects(incident, ASKS))}
        bounds = self._bounds()
        fields = [
            field
            for key, field in self._workspace.vocabulary.fields.items()
            if key not in self.trial.data and field.property in bounds
        ]
        fields.sort(key=lambda field: (asked.get(field.property, len(asked)), field.key))
        outcomes = [(field, self._outcomes(field, bounds[field.property])) for field in fields]
        ranked = sorted(
            outcomes, key=lambda pair: (pair[0].property not in asked, -_most(pair[1]), pair[0].key)
        )
        for field, found in ranked:
            if found or field.property in asked:
                yield self._question(field, found, field.property in asked)

    # ── which values to try ──────────────────────────────────────────────────────────────────

    def _bounds(self) -> dict[NamedNode, set[Term]]:
        """Return for each measure what conditions compare it with that apply, or would if they held."""
        result: dict[NamedNode, set[Term]] = {}
        for condition in self._conditions():
            values: list[Term] = [
                value
                for _, predicate, value in self._view.shown.match(condition, None, None, evaldata=False)
                if predicate not in (MEASURE, RDF_TYPE)
            ]
            for measure in self._values(condition, MEASURE):
                for part in self._parts(measure):
                    result.setdefault(part, set()).update(values)
        return result

    def _conditions(self) -> Iterable[Term]:
        incident, world = self._view.answer.incident, self._view.shown
        found: dict[Term, None] = {}
        for relation in (APPLICABLE, LACKS):
            for _, _, provision in world.match(incident, relation, None):
                records = [
                    provision,
                    *(row[0] for row in world.match(None, REGIME, provision, evaldata=False)),
                ]
                for record in records:
                    found |= dict.fromkeys(self._values(record, CONDITION))
        return found

    def _parts(self, measure: Term) -> Iterator[NamedNode]:
        """Yield *measure*, and what is counted into a total that stands for it."""
        for total in (measure, *self._values(measure, COUNTED_WITH)):
            for part in (total, *self._values(total, TOTAL_OF)):
                if isinstance(part, NamedNode):
                    yield part

    def _values(self, subject: Term, relation: NamedNode) -> list[Term]:
        return [row[2] for row in self._view.shown.match(subject, relation, None, evaldata=False)]

    def _candidates(self, field: Field, bounds: set[Term]) -> list[Value]:
        """Return the values of a fact between which some condition changes its mind."""
        kind = field.range.value
        if kind == XSD + "boolean":
            return [True, False]
        if not kind.startswith(XSD):
            return list(dict.fromkeys(member.iri.value for member in self._view.names.members(field.range)))
        step = Decimal(1) if kind in INTEGERS else Decimal("0.1")
        numbers = {Decimal(0)}
        known = {Decimal(v) for v in self.trial.data.values() if type(v) in (int, Decimal)}
        for bound in bounds:
            if isinstance(bound, Literal) and type(value := plain(bound)) in (int, Decimal):
                exact = Decimal(value)
                numbers |= {exact, exact + step}
                numbers |= {exact - other for other in known if field.property in self._in_totals}
        kept = sorted(n for n in numbers if n >= 0)
        return [int(n) if n == n.to_integral_value() else n for n in kept]

    @property
    def _in_totals(self) -> set[Term]:
        return {row[2] for row in self._view.shown.match(None, TOTAL_OF, None, evaldata=False)}

    # ── what each value changes ──────────────────────────────────────────────────────────────

    def _outcomes(self, field: Field, bounds: set[Term]) -> list[tuple[float, Value, Answer]]:
        """Return the values that change something, those that change most first."""
        found = []
        for value in self._candidates(field, bounds):
            if self.trial.tried >= self._budget:
                self.cut = True
                break
            after = self.trial.attempt({field.key: value})
            if after is not None:
                changed = share(self._before.keys(), response(self._view, after).keys())
                if changed:
                    found.append((changed, value, after))
        found.sort(key=lambda outcome: -outcome[0])
        return found

    def _question(self, field: Field, found: list[tuple[float, Value, Answer]], asked: bool) -> Node:
        told: list[Node] = []
        seen: set[str] = set()
        for changed, value, after in found:
            told_of = difference(self._view, self._view.seen, after, reasons=False)
            same = str([(r["relation"]["iri"], _named(r)) for r in told_of["relations"]])
            if same in seen:
                continue
            seen.add(same)
            told.append(
                {
                    "value": in_json(value),
                    "label": (shown(self._workspace, self._view.describer.text, field.key, value) or {})[
                        "label"
                    ],
                    "share": changed,
                    "relations": told_of["relations"],
                }
            )
            if len(told) == TOLD:
                break
        return {
            "key": field.key,
            **Words(self._view).named(field.property),
            "question": both(field.question) if field.question else None,
            "unit": both(field.unit) if field.unit else None,
            "asked": asked,
            "share": _most(found),
            "outcomes": told,
        }


def _most(found: list[tuple[float, Value, Answer]]) -> float:
    return max((changed for changed, _, _ in found), default=0.0)


def _named(relation: Node) -> list[Any]:
    return [[thing["iri"] for thing in relation[part]] for part in ("added", "removed")] + [
        [(pair["from"]["iri"], pair["to"]["iri"]) for pair in relation["changed"]]
    ]
