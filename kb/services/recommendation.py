"""The recommendation in JSON: one contract for the command line, the API, the page and the rule cases.

Every value is ``{"iri", "label": {"zh", "en"}}``; every conclusion has ``because``: the rule that drew it and
the clause that it rests on. Keys and their order are stable; see README, "The recommendation".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import networkx
from pyoxigraph import Literal, NamedNode
from rdflib.xsd_datetime import parse_xsd_duration

from kb.errors import both
from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, xz
from kb.report.places import code_of, full_name
from kb.report.values import in_json, plain
from kb.services.findings import Findings
from kb.services.incident import Answer
from kb.services.workspace import Workspace
from kb.srl.syntax import Term


def recommend(workspace: Workspace, answer: Answer) -> dict[str, Any]:
    """Return what is recommended for the incident of *answer*."""
    return _Writer(workspace, answer).write()


class _Writer:
    """Turns one derivation into the JSON contract."""

    def __init__(self, workspace: Workspace, answer: Answer) -> None:
        self._workspace = workspace
        self._answer = answer
        self._found = Findings(workspace, answer)
        self._asserted: dict[NamedNode, list[Term]] = {}
        for triple in answer.facts:
            self._asserted.setdefault(triple.predicate, []).append(triple.object)

    def write(self) -> dict[str, Any]:
        """Return the whole recommendation."""
        return {
            "incident": self._incident(),
            "type": self._type(),
            "grade": self._grade(),
            "warning": self._found.first("warningLevel"),
            "response": self._response(),
            "lead": [
                self._department(d, "leadDepartment", ["leadDuty"]) for d in self._found.all("leadDepartment")
            ],
            "support": self._departments("supportDepartment", ["supportDuty"]),
            "firstResponders": self._departments("firstResponder", ["supportDuty"]),
            "assisting": self._departments("assistingDepartment", []),
            "modules": self._modules(),
            "reporting": self._reporting(),
            "cascades": [self._found.conclusion("mayLeadTo", t) for t in self._found.all("mayLeadTo")],
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
                "value": in_json(plain(term)) if isinstance(term, Literal) else self._found.value(term),
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
            "time": plain(self._asserted[xz("occurredAt")][0]),
            "received": plain(self._asserted[xz("receivedAt")][0]),
            "facts": facts,
        }

    def _type(self) -> dict[str, Any]:
        types = [t for t in self._asserted_types() if t != xz("Incident")]
        return self._found.value(types[0] if types else xz("Incident"))

    def _asserted_types(self) -> list[Term]:
        return [t.object for t in self._answer.facts if t.predicate.value.endswith("#type")]

    def _grade(self) -> dict[str, Any]:
        not_applicable = self._found.all("gradeNotApplicable")
        result: dict[str, Any] = {"status": self._grade_status(), "value": self._found.first("grade")}
        if not_applicable:
            result["because"] = self._found.because("gradeNotApplicable", not_applicable[0])
        result["regimes"] = [
            {
                "regime": self._found.value(self._found.one(criterion, "regime")),
                "value": self._found.value(self._found.one(criterion, "setsGrade")),
                "criterion": self._found.value(criterion),
                "clause": self._found.clause(self._found.one(criterion, DCTERMS_SOURCE)),
                "because": self._found.because("decidedBy", criterion),
            }
            for criterion in sorted(self._found.all("decidedBy"), key=str)
        ]
        result["ifMissingDied"] = self._found.first("gradeIfMissingDied")
        return result

    def _grade_status(self) -> str:
        """Say what kind of answer the grade is; an absent grade has three different reasons."""
        if self._found.all("gradeNotApplicable"):
            return "notApplicable"
        if self._found.all("grade"):
            return "preliminary"
        graded = any(
            xz("GradingRegime") in self._found.values(r, RDF_TYPE) for r in self._found.all("applicable")
        )
        return "undetermined" if graded else "noRegime"

    def _response(self) -> dict[str, Any]:
        binding = next(iter(self._found.all("activatedUnder")), None)
        return {
            "plan": self._found.first("underPlan"),
            "level": self._found.first("responseLevel"),
            "binding": None if binding is None else self._found.conclusion("activatedUnder", binding),
            "activatedBy": self._found.first("activatedBy"),
            "commandedBy": self._found.first("commandedBy"),
            "advanceCommand": self._found.first("advanceCommandedBy"),
        }

    def _departments(self, relation: str, duties: list[str]) -> list[dict[str, Any]]:
        written = [self._department(department, relation, duties) for department in self._found.all(relation)]
        return sorted(written, key=lambda d: (not d["duties"], -len(d["duties"]), d["iri"]))

    def _department(self, department: Term, relation: str, duties: list[str]) -> dict[str, Any]:
        functions = set(self._found.values(department, "performs"))
        listed = [
            {
                **self._found.value(duty),
                "clause": self._found.clause(self._found.one(duty, DCTERMS_SOURCE)),
                "because": self._found.because(name, duty),
            }
            for name in duties
            for duty in self._found.all(name)
            if functions & set(self._found.values(duty, "function"))
        ]
        modules = [
            self._found.value(module)
            for module in self._found.all("activates")
            if duties and functions & set(self._found.values(module, "responsibleFunction"))
        ]
        return {
            **self._found.conclusion(relation, department),
            "tier": self._found.value(self._found.one(department, "tier")),
            "duties": listed,
            "modules": modules,
        }

    def _modules(self) -> list[dict[str, Any]]:
        lead = self._found.all("leadDepartment")
        engaged = [*lead, *self._found.all("supportDepartment"), *self._found.all("firstResponder")]
        result = []
        for number, module in enumerate(self._in_order(self._found.all("activates")), 1):
            functions = set(self._found.values(module, "responsibleFunction"))
            bodies = (
                [b for b in engaged if functions & set(self._found.values(b, "performs"))]
                if functions
                else lead
            )
            result.append(
                {
                    "order": number,
                    **self._found.conclusion("activates", module),
                    "phase": self._found.value(self._found.one(module, "phase")),
                    "task": self._found.text(module, "http://www.w3.org/2004/02/skos/core#definition"),
                    "responsible": [self._found.value(body) for body in bodies],
                }
            )
        return result

    def _in_order(self, modules: list[Term]) -> list[Term]:
        """Order modules by phase, and by ``xz:after`` among them (lexicographic topological sort)."""
        graph: networkx.DiGraph[Term] = networkx.DiGraph()
        graph.add_nodes_from(modules)
        for module in modules:
            graph.add_edges_from(
                (earlier, module) for earlier in self._found.values(module, "after") if earlier in graph
            )

        def place(module: Term) -> str:
            phase = self._found.one(module, "phase")
            rank = None if phase is None else self._found.one(phase, "rank")
            return f"{rank.value if isinstance(rank, Literal) else 9} {module}"

        return list(networkx.lexicographical_topological_sort(graph, key=place))

    def _reporting(self) -> list[dict[str, Any]]:
        received = datetime.fromisoformat(str(plain(self._asserted[xz("receivedAt")][0])))
        result = []
        for rule in self._found.all("reportingDuty"):
            due = self._found.one(rule, "dueWithin")
            within = due.value if isinstance(due, Literal) else None
            duration = None if within is None else parse_xsd_duration(within)
            result.append(
                {
                    **self._found.conclusion("reportingDuty", rule),
                    "sender": self._found.text(rule, xz("sender").value),
                    "to": [self._found.value(body) for body in self._recipients(rule)],
                    "within": within,
                    "by": None if duration is None else (received + duration).isoformat(timespec="seconds"),
                    "clause": self._found.clause(self._found.one(rule, DCTERMS_SOURCE)),
                }
            )
        return sorted(result, key=lambda r: (r["by"] is None, r["by"], r["iri"]))

    def _recipients(self, rule: Term) -> list[Term]:
        """Return who has the rule's function and tier in the areas around the incident."""
        function, tier = self._found.one(rule, "recipientFunction"), self._found.one(rule, "recipientTier")
        return [
            body
            for area in self._found.all("within")
            if tier in set(self._found.values(area, "hasBodiesOf"))
            for body in self._workspace.engine.source.holders(area, xz("jurisdiction"))
            if function in set(self._found.values(body, "performs"))
            and tier in set(self._found.values(body, "tier"))
        ]

    def _questions(self) -> list[dict[str, Any]]:
        criteria, uses = (
            [*self._found.all("openCriterion"), *self._found.all("openIfMissingDied")],
            self._found.all("openUse"),
        )
        result = []
        for measure in self._found.all("asks"):
            grades = [self._found.one(c, "setsGrade") for c in criteria if self._tests(c, measure)]
            modules = [self._found.one(u, "module") for u in uses if self._tests(u, measure)]
            decided = [g for g in dict.fromkeys(grades) if g is not None]
            field = (
                self._workspace.vocabulary.of_property(measure) if isinstance(measure, NamedNode) else None
            )
            best = min((self._found.rank(g) for g in decided), default=9)
            result.append(
                {
                    **self._found.conclusion("asks", measure),
                    "key": field.key if field else None,
                    "question": both(field.question) if field and field.question else None,
                    "couldRaiseTo": [self._found.value(g) for g in sorted(decided, key=self._found.rank)],
                    "couldBringIn": [self._found.value(m) for m in dict.fromkeys(modules) if m is not None],
                    "weight": best,
                }
            )
        result.sort(key=lambda q: (q["weight"], -len(q["couldRaiseTo"]), -len(q["couldBringIn"]), q["iri"]))
        return [{key: value for key, value in question.items() if key != "weight"} for question in result]

    def _tests(self, record: Term, measure: Term) -> bool:
        """Whether a condition of *record* tests *measure*, or a total into which it is counted."""
        for condition in self._found.values(record, "condition"):
            for tested in self._found.values(condition, "measure"):
                totals = [tested, *self._found.values(tested, "countedWith")]
                if tested == measure or any(
                    measure in self._found.values(total, "totalOf") for total in totals
                ):
                    return True
        return False
