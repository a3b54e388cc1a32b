"""Who must be told, by whom, by when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyoxigraph import Literal
from rdflib.xsd_datetime import parse_xsd_duration

from kb.namespaces import DCTERMS_SOURCE, xz
from kb.report.values import plain
from kb.services.findings import Findings
from kb.services.recommendation.bodies import Bodies
from kb.srl.syntax import Term


def reporting(found: Findings, bodies: Bodies) -> list[dict[str, Any]]:
    """Return the duties to report, the most urgent first; time counts from the first receipt."""
    received = datetime.fromisoformat(str(plain(found.reported("receivedAt")[0])))
    result = []
    for rule in found.all("reportingDuty"):
        due = found.one(rule, "dueWithin")
        within = due.value if isinstance(due, Literal) else None
        duration = None if within is None else parse_xsd_duration(within)
        result.append(
            {
                **found.conclusion("reportingDuty", rule),
                "sender": found.text(rule, xz("sender").value),
                "to": [found.value(body) for body in _recipients(found, bodies, rule)],
                "within": within,
                "by": None if duration is None else (received + duration).isoformat(timespec="seconds"),
                "clause": found.clause(found.one(rule, DCTERMS_SOURCE)),
            }
        )
    return sorted(result, key=lambda r: (r["by"] is None, r["by"], r["iri"]))


def _recipients(found: Findings, bodies: Bodies, rule: Term) -> list[Term]:
    """Return who has the rule's function and tier in the areas around the incident."""
    function, tier = found.one(rule, "recipientFunction"), found.one(rule, "recipientTier")
    return [] if function is None else bodies.around(tier, function)
