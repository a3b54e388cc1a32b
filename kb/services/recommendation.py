"""The recommendation in JSON: one contract for the command line, the API, the page and the rule cases.

Every value is ``{"iri", "label": {"zh", "en"}}``; every conclusion has ``because``: the rule that drew it and
the clause that it rests on. Keys and their order are stable; see README, "The recommendation".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import networkx
from pyoxigraph import Literal, NamedNode, Triple

from kb.errors import both
from kb.inference.interactive.derivation import Derivation
from kb.namespaces import DCTERMS, RDF_TYPE, xz
from kb.report.places import code_of, full_name
from kb.services.incident import Answer
from kb.services.workspace import Workspace
from kb.srl.syntax import Term

SOURCE = NamedNode(DCTERMS + "source")
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def recommend(workspace: Workspace, answer: Answer) -> dict[str, Any]:
    """Return what is recommended for the incident of *answer*."""
    return _Writer(workspace, answer).write()


class _Writer:
    """Turns one derivation into the JSON contract."""

    def __init__(self, workspace: Workspace, answer: Answer) -> None:
        self._workspace = workspace
        self._answer = answer
        self._derivation: Derivation = answer.derivation
        self._knowledge = workspace.engine.source
        self._asserted: dict[NamedNode, list[Term]] = {}
        for triple in answer.facts:
            self._asserted.setdefault(triple.predicate, []).append(triple.object)

    def write(self) -> dict[str, Any]:
        """Return the whole recommendation."""
        return {
            "incident": self._incident(),
            "type": self._type(),
            "grade": self._grade(),
            "warning": self._first("warningLevel"),
            "response": self._response(),
            "lead": [
                self._department(d, "leadDepartment", ["leadDuty"]) for d in self._all("leadDepartment")
            ],
            "support": self._departments("supportDepartment", ["supportDuty"]),
            "firstResponders": self._departments("firstResponder", ["supportDuty"]),
            "assisting": self._departments("assistingDepartment", []),
            "modules": self._modules(),
            "reporting": self._reporting(),
            "cascades": [self._conclusion("mayLeadTo", t) for t in self._all("mayLeadTo")],
            "questions": self._questions(),
            "release": self._workspace.release,
        }

    # ── parts ────────────────────────────────────────────────────────────────────────────────

    def _incident(self) -> dict[str, Any]:
        place = self._asserted[xz("place")][0]
        assert isinstance(place, NamedNode)
        store, names = self._workspace.store, self._workspace.names
        facts = [
            {
                "key": field.key,
                "label": both(field.label),
                "value": _plain(term) if isinstance(term, Literal) else self._value(term),
                "unit": both(field.unit) if field.unit else None,
            }
            for key, field in self._workspace.vocabulary.fields.items()
            if key not in {"grid", "time"}
            for term in self._asserted.get(field.property, [])
        ]
        return {
            "id": self._answer.id,
            "iri": self._answer.incident.value,
            "grid": {
                "iri": place.value,
                "code": code_of(place, store),
                "label": both(full_name(place, store, names)),
            },
            "time": _plain(self._asserted[xz("occurredAt")][0]),
            "received": _plain(self._asserted[xz("receivedAt")][0]),
            "facts": facts,
        }

    def _type(self) -> dict[str, Any]:
        types = [t for t in self._asserted_types() if t != xz("Incident")]
        return self._value(types[0] if types else xz("Incident"))

    def _asserted_types(self) -> list[Term]:
        return [t.object for t in self._answer.facts if t.predicate.value.endswith("#type")]

    def _grade(self) -> dict[str, Any]:
        not_applicable = self._all("gradeNotApplicable")
        result: dict[str, Any] = {"status": self._grade_status(), "value": self._first("grade")}
        if not_applicable:
            result["because"] = self._because("gradeNotApplicable", not_applicable[0])
        result["regimes"] = [
            {
                "regime": self._value(self._one(criterion, "regime")),
                "value": self._value(self._one(criterion, "setsGrade")),
                "criterion": self._value(criterion),
                "clause": self._clause(self._one(criterion, SOURCE)),
                "because": self._because("decidedBy", criterion),
            }
            for criterion in sorted(self._all("decidedBy"), key=str)
        ]
        result["ifMissingDied"] = self._first("gradeIfMissingDied")
        return result

    def _grade_status(self) -> str:
        """Say what kind of answer the grade is; an absent grade has three different reasons."""
        if self._all("gradeNotApplicable"):
            return "notApplicable"
        if self._all("grade"):
            return "preliminary"
        graded = any(xz("GradingRegime") in self._values(r, RDF_TYPE) for r in self._all("applicable"))
        return "undetermined" if graded else "noRegime"

    def _response(self) -> dict[str, Any]:
        binding = next(iter(self._all("activatedUnder")), None)
        return {
            "plan": self._first("underPlan"),
            "level": self._first("responseLevel"),
            "binding": None if binding is None else self._conclusion("activatedUnder", binding),
            "activatedBy": self._first("activatedBy"),
            "commandedBy": self._first("commandedBy"),
            "advanceCommand": self._first("advanceCommandedBy"),
        }

    def _departments(self, relation: str, duties: list[str]) -> list[dict[str, Any]]:
        written = [self._department(department, relation, duties) for department in self._all(relation)]
        return sorted(written, key=lambda d: (not d["duties"], -len(d["duties"]), d["iri"]))

    def _department(self, department: Term, relation: str, duties: list[str]) -> dict[str, Any]:
        functions = set(self._values(department, "performs"))
        listed = [
            {
                **self._value(duty),
                "clause": self._clause(self._one(duty, SOURCE)),
                "because": self._because(name, duty),
            }
            for name in duties
            for duty in self._all(name)
            if functions & set(self._values(duty, "function"))
        ]
        modules = [
            self._value(module)
            for module in self._all("activates")
            if duties and functions & set(self._values(module, "responsibleFunction"))
        ]
        return {
            **self._conclusion(relation, department),
            "tier": self._value(self._one(department, "tier")),
            "duties": listed,
            "modules": modules,
        }

    def _modules(self) -> list[dict[str, Any]]:
        lead = self._all("leadDepartment")
        engaged = [*lead, *self._all("supportDepartment"), *self._all("firstResponder")]
        result = []
        for number, module in enumerate(self._in_order(self._all("activates")), 1):
            functions = set(self._values(module, "responsibleFunction"))
            bodies = (
                [b for b in engaged if functions & set(self._values(b, "performs"))] if functions else lead
            )
            result.append(
                {
                    "order": number,
                    **self._conclusion("activates", module),
                    "phase": self._value(self._one(module, "phase")),
                    "task": self._text(module, "http://www.w3.org/2004/02/skos/core#definition"),
                    "responsible": [self._value(body) for body in bodies],
                }
            )
        return result

    def _in_order(self, modules: list[Term]) -> list[Term]:
        """Order modules by phase, and by ``xz:after`` among them (lexicographic topological sort)."""
        graph: networkx.DiGraph[Term] = networkx.DiGraph()
        graph.add_nodes_from(modules)
        for module in modules:
            graph.add_edges_from(
                (earlier, module) for earlier in self._values(module, "after") if earlier in graph
            )

        def place(module: Term) -> str:
            phase = self._one(module, "phase")
            rank = None if phase is None else self._one(phase, "rank")
            return f"{rank.value if isinstance(rank, Literal) else 9} {module}"

        return list(networkx.lexicographical_topological_sort(graph, key=place))

    def _reporting(self) -> list[dict[str, Any]]:
        received = datetime.fromisoformat(str(_plain(self._asserted[xz("receivedAt")][0])))
        result = []
        for rule in self._all("reportingDuty"):
            due = self._one(rule, "dueWithin")
            within = due.value if isinstance(due, Literal) else None
            duration = _duration(within)
            result.append(
                {
                    **self._conclusion("reportingDuty", rule),
                    "sender": self._text(rule, xz("sender").value),
                    "to": [self._value(body) for body in self._recipients(rule)],
                    "within": within,
                    "by": None if duration is None else (received + duration).isoformat(timespec="seconds"),
                    "clause": self._clause(self._one(rule, SOURCE)),
                }
            )
        return sorted(result, key=lambda r: (r["by"] is None, r["by"], r["iri"]))

    def _recipients(self, rule: Term) -> list[Term]:
        """Return who has the rule's function and tier in the areas around the incident."""
        function, tier = self._one(rule, "recipientFunction"), self._one(rule, "recipientTier")
        return [
            body
            for area in self._all("within")
            if tier in set(self._values(area, "hasBodiesOf"))
            for body in self._knowledge.holders(area, xz("jurisdiction"))
            if function in set(self._values(body, "performs")) and tier in set(self._values(body, "tier"))
        ]

    def _questions(self) -> list[dict[str, Any]]:
        criteria, uses = [*self._all("openCriterion"), *self._all("openIfMissingDied")], self._all("openUse")
        result = []
        for measure in self._all("asks"):
            grades = [self._one(c, "setsGrade") for c in criteria if self._tests(c, measure)]
            modules = [self._one(u, "module") for u in uses if self._tests(u, measure)]
            decided = [g for g in dict.fromkeys(grades) if g is not None]
            field = (
                self._workspace.vocabulary.of_property(measure) if isinstance(measure, NamedNode) else None
            )
            best = min((self._rank(g) for g in decided), default=9)
            result.append(
                {
                    **self._conclusion("asks", measure),
                    "key": field.key if field else None,
                    "question": both(field.question) if field and field.question else None,
                    "couldRaiseTo": [self._value(g) for g in sorted(decided, key=self._rank)],
                    "couldBringIn": [self._value(m) for m in dict.fromkeys(modules) if m is not None],
                    "weight": best,
                }
            )
        result.sort(key=lambda q: (q["weight"], -len(q["couldRaiseTo"]), -len(q["couldBringIn"]), q["iri"]))
        return [{key: value for key, value in question.items() if key != "weight"} for question in result]

    def _tests(self, record: Term, measure: Term) -> bool:
        """Whether a condition of *record* tests *measure*, or a total into which it is counted."""
        for condition in self._values(record, "condition"):
            for tested in self._values(condition, "measure"):
                totals = [tested, *self._values(tested, "countedWith")]
                if tested == measure or any(measure in self._values(total, "totalOf") for total in totals):
                    return True
        return False

    # ── words ────────────────────────────────────────────────────────────────────────────────

    def _first(self, relation: str) -> dict[str, Any] | None:
        found = self._all(relation)
        return self._conclusion(relation, found[0]) if found else None

    def _conclusion(self, relation: str, term: Term) -> dict[str, Any]:
        return {**self._value(term), "because": self._because(relation, term)}

    def _value(self, term: Term | None) -> dict[str, Any]:
        if term is None:
            return {"iri": None, "label": None}
        iri = term.value if isinstance(term, NamedNode) else None
        return {"iri": iri, "label": both(self._workspace.describer.text(term))}

    def _because(self, relation: str, term: Term) -> dict[str, Any]:
        because = self._derivation.because(Triple(self._answer.incident, xz(relation), term))
        assert because is not None
        rule = because.rule
        assert rule.iri is not None
        document = self._workspace.engine.program.document(rule)
        clause = next(
            (
                c
                for c in (
                    self._one(because.bindings[v], SOURCE)
                    for v in rule.own_variables
                    if v.value != "incident"
                )
                if c
            ),
            document.source,
        )
        return {"rule": rule.iri.value, "label": both(document.label), "clause": self._clause(clause)}

    def _clause(self, clause: Term | None) -> dict[str, Any] | None:
        return None if clause is None else self._value(clause)

    def _text(self, subject: Term, predicate: str) -> dict[str, str] | None:
        assert isinstance(subject, NamedNode)
        text = self._workspace.names.texts(subject, NamedNode(predicate))
        return None if text is None else both(text)

    def _all(self, relation: str) -> list[Term]:
        return self._derivation.objects(self._answer.incident, xz(relation))

    def _values(self, subject: Term, relation: str | NamedNode) -> Iterable[Term]:
        predicate = xz(relation) if isinstance(relation, str) else relation
        return self._knowledge.values(subject, predicate)

    def _one(self, subject: Term, relation: str | NamedNode) -> Term | None:
        return next(iter(self._values(subject, relation)), None)

    def _rank(self, term: Term) -> int:
        rank = self._one(term, "rank")
        return int(rank.value) if isinstance(rank, Literal) else 9


def _plain(term: Term) -> str | int | float | bool:
    assert isinstance(term, Literal)
    kind = term.datatype.value.rsplit("#", 1)[-1]
    if kind == "integer":
        return int(term.value)
    if kind == "decimal":
        return float(term.value)
    if kind == "boolean":
        return term.value == "true"
    return term.value


def _duration(text: str | None) -> timedelta | None:
    match = DURATION.fullmatch(text) if text else None
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
