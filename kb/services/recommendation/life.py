"""What changes over the life of an incident: the grade, the response, and what the incident leads to."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from pyoxigraph import Literal
from rdflib.xsd_datetime import Duration, parse_xsd_duration

from kb.namespaces import DCTERMS_SOURCE, SKOS
from kb.services.findings import Findings
from kb.services.incident import day_of
from kb.services.recommendation.bodies import Bodies
from kb.services.recommendation.situation import main_first
from kb.srl.syntax import Term


def regrading(found: Findings) -> dict[str, Any] | None:
    """Return until when changed casualties set the grade anew; ``None`` where nothing says so.

    The parts of a compound incident may have windows of their own: the one that closes last counts, as the
    grade stays open that long. Days count from the local day of the incident.
    """
    day = day_of(found.answer.facts)
    windows = []
    for window in found.all("regradingWindow"):
        due = found.one(window, "dueWithin")
        within = due.value if isinstance(due, Literal) else None
        until = None if within is None else _later(day, parse_xsd_duration(within))
        windows.append((until or day, str(window), window, within, until))
    if not windows:
        return None
    _, _, window, within, until = max(windows, key=lambda w: w[:2])
    return {
        **found.conclusion("regradingWindow", window),
        "within": within,
        "until": None if until is None else until.isoformat(),
        "clause": found.clause(found.one(window, DCTERMS_SOURCE)),
    }


def cascades(found: Findings) -> list[dict[str, Any]]:
    """Return the types of incident that may follow, those first that the main type leads to."""
    known = sorted((p for p in found.all("applicable") if found.one(p, "mayCause") is not None), key=str)
    effects = [effect for p in main_first(found, known) for effect in found.values(p, "mayCause")]
    places = {effect: place for place, effect in enumerate(dict.fromkeys(effects))}
    follow = sorted(found.all("mayLeadTo"), key=lambda term: places.get(term, len(places)))
    return [found.conclusion("mayLeadTo", term) for term in follow]


def transitions(found: Findings, bodies: Bodies) -> dict[str, list[dict[str, Any]]]:
    """Return the transitions that are due, and those that wait for facts or for a judgement."""
    return {"due": _told(found, bodies, "transition"), "awaited": _told(found, bodies, "awaits")}


def _told(found: Findings, bodies: Bodies, relation: str) -> list[dict[str, Any]]:
    result = [_transition(found, bodies, relation, transition) for transition in found.all(relation)]
    return sorted(result, key=lambda t: (t["kind"]["iri"] or "", not t["conditions"], t["iri"]))


def _transition(found: Findings, bodies: Bodies, relation: str, transition: Term) -> dict[str, Any]:
    tier, function = found.one(transition, "toTier"), found.one(transition, "toFunction")
    return {
        **found.conclusion(relation, transition),
        "kind": found.value(found.one(transition, "transitionKind")),
        "definition": found.text(transition, SKOS + "definition"),
        "toTier": None if tier is None else found.value(tier),
        "toFunction": None if function is None else found.value(function),
        "to": [found.value(body) for body in _receiving(bodies, tier, function)],
        "conditions": [
            {**found.value(condition), "status": _status(found, condition)}
            for condition in sorted(found.values(transition, "condition"), key=str)
        ],
        "clause": found.clause(found.one(transition, DCTERMS_SOURCE)),
    }


def _receiving(bodies: Bodies, tier: Term | None, function: Term | None) -> list[Term]:
    """Return who takes over: of a tier alone its government, of a function alone who performs it here."""
    if tier is None:
        return [] if function is None else bodies.performing(function)
    return bodies.around(tier, class_="Government") if function is None else bodies.around(tier, function)


def _status(found: Findings, condition: Term) -> str:
    """Say whether *condition* is ``met`` or ``notMet``; ``unknown`` where the facts do not tell."""
    if condition in found.all("satisfies"):
        return "met"
    known = set(found.all("knows"))
    for measure in found.values(condition, "measure"):
        parts = set(found.values(measure, "totalOf")) or {measure}
        if measure in known or parts <= known:
            return "notMet"
    return "unknown"


def _later(day: date, length: Duration | timedelta) -> date:
    moment: datetime = datetime.combine(day, time()) + length
    return moment.date()
