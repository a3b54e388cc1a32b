"""The recommendation in JSON: one contract for the command line, the API, the page and the rule cases.

Every value is ``{"iri", "label": {"zh", "en"}}``; every conclusion has ``because``: the rule that drew it and
the clause that it rests on. Keys and their order are stable; see README, "The recommendation". The modules of
this package write one part each; what a part concludes is in the folder of rules of about the same name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kb.services.audience import Visible, everything
from kb.services.findings import Findings
from kb.services.incident import Answer
from kb.services.recommendation import (
    command,
    departments,
    exposure,
    grading,
    life,
    measures,
    modules,
    questions,
    reporting,
    situation,
    stale,
)
from kb.services.recommendation.bodies import Bodies
from kb.services.workspace import Workspace


def recommend(
    workspace: Workspace, answer: Answer, *, visible: Visible = everything, now: datetime | None = None
) -> dict[str, Any]:
    """Return what is recommended for the incident of *answer*.

    :param visible: which named graphs the reader may see: records in others are not named.
    :param now: when it is told; shared data may have become stale since the incident was reported.
    :raises KnowledgeFault: where the modules to start wait for one another in a circle.
    """
    found = Findings(workspace, answer)
    bodies = Bodies(found)
    types = situation.types(found)
    return {
        "incident": situation.incident(workspace, answer, found),
        "type": types[0],
        "types": types,
        "grade": grading.grade(found),
        "regrading": life.regrading(found),
        "warning": found.first("warningLevel"),
        "response": command.response(found),
        "lead": departments.lead(found, bodies),
        "support": departments.supporting(found, "supportDepartment"),
        "firstResponders": departments.supporting(found, "firstResponder"),
        "assisting": departments.assisting(found),
        "contention": departments.contention(found, bodies),
        "groups": command.groups(found, bodies),
        "modules": modules.modules(found, bodies),
        "measures": measures.menus(found),
        "reporting": reporting.reporting(found, bodies),
        "transitions": life.transitions(found, bodies),
        "cascades": life.cascades(found),
        "exposed": exposure.exposed(workspace.shared, found, visible),
        "questions": questions.questions(workspace, found),
        "stale": stale.stale(workspace.shared, found, now or datetime.now(UTC), visible),
        "release": workspace.release,
    }
