"""Why a case failed: what was missing for what it expected, and what led to what it forbids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pyoxigraph import NamedNode, Triple

from kb.errors import InputError, Text
from kb.services import targets, whynot
from kb.services.cases import Case, Difference
from kb.services.explaining import Explainer
from kb.services.incident import Answer, derive
from kb.services.views import View
from kb.services.workspace import Workspace

BUDGET = 80
"""How many changes of facts are tried for one expectation: enough for a near miss, and never slow."""


def reasons(workspace: Workspace, case: Case, difference: Difference) -> Iterator[Text]:
    """Yield sentences on why *difference* is so; none where the report was refused."""
    if difference.relation is None:
        return
    report = workspace.reader.read(case.given, incident_id="case", received=datetime.now(UTC))
    facts = (*report.facts, *case.records)
    answer = Answer(report.id, report.incident, facts, derive(workspace, report.incident, facts))
    view = View.of(workspace, answer)
    if difference.missing:
        yield from _missing(view, difference)
        return
    triple = Triple(report.incident, difference.relation, NamedNode(difference.value))
    if answer.derivation.because(triple) is not None:
        because = Explainer(view).because(triple)
        name = because["rule"]["iri"].rsplit("/", 1)[-1]
        yield Text(
            f"{because['sentence']['zh']}（rule:{name}）", f"{because['sentence']['en']} (rule:{name})"
        )


def _missing(view: View, difference: Difference) -> Iterator[Text]:
    assert difference.relation is not None
    try:
        wanted = targets.wanted(view, difference.value, difference.relation.value)
    except InputError as error:
        yield from (Text(fault.render("zh"), fault.render("en")) for fault in error.faults)
        return
    for triple in wanted[:1]:
        yield from whynot.summary(view, triple, BUDGET)
