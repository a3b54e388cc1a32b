"""A warning as JSON: what it says, what it means here, where it stands, what it supports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from kb.access.principal import Principal
from kb.cap.message import Alert, Info
from kb.cap.writing import moment
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import NotFound, Text, both
from kb.flow.machine import Actor, Life
from kb.namespaces import RDF_TYPE, graph, xz
from kb.report.places import code_of, full_name
from kb.services.findings import Findings
from kb.services.incident import Answer
from kb.services.life import terms as life_terms
from kb.services.life.brief import brief
from kb.services.naming import named
from kb.services.warnings import meaning, quads, terms
from kb.services.workspace import Workspace

STANDINGS = {
    "inForce": Text("有效", "in force"),
    "notYet": Text("尚未生效", "not yet in force"),
    "expired": Text("已失效", "expired"),
    "superseded": Text("已被取代", "superseded"),
    "cancelled": Text("已取消", "cancelled"),
    "notReal": Text("不是实际预警，不驱动响应", "not actual: it drives no response"),
    "answer": Text("只更新、取消或者回复其他消息", "only updates, cancels or answers another message"),
}
FEW = 200
"""So many areas are told one by one."""
_BACK = {terms.SUPERSEDED: "superseded", terms.CANCELLED: "cancelled"}


@dataclass(frozen=True)
class _Known:
    """A message with where it stands, from when until when it holds."""

    alert: Alert
    life: Life
    start: datetime
    end: datetime

    def standing(self, now: datetime) -> str:
        if self.life.state in _BACK:
            return _BACK[self.life.state]
        if self.alert.kind not in terms.DRIVING:
            return "answer"
        if self.alert.status != terms.ACTUAL:
            return "notReal"
        return "notYet" if now < self.start else "expired" if now >= self.end else "inForce"


def listed(workspace: Workspace, *, all_: bool = False, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the warnings that are in force or will be, the highest level first; *all_*: every message."""
    at = now or datetime.now(UTC)
    found = [_line(workspace, key, at) for key in _keys(workspace)]
    if not all_:
        found = [one for one in found if one["standing"]["name"] in ("inForce", "notYet")]
    newest = sorted(found, key=lambda one: datetime.fromisoformat(one["sent"]), reverse=True)
    return sorted(newest, key=lambda one: (one["standing"]["name"] != "inForce", one["rank"]))


def told(
    workspace: Workspace, key: str, *, reader: Principal | None = None, now: datetime | None = None
) -> dict[str, Any]:
    """Return everything about the message *key*.

    :param reader: adds the steps that he may take.
    :raises NotFound: ``warning.unknown``.
    """
    at = now or datetime.now(UTC)
    key = find(workspace, key)
    known = _known(workspace, key)
    alert, means = known.alert, meaning.meaning(workspace, known.alert)
    line = _line(workspace, key, at)
    support = next((one for one in workspace.warned.all() if one.key == key), None)
    linked = sorted(one.value for one in support.incidents if isinstance(one, NamedNode)) if support else []
    in_force = line["standing"]["name"] == "inForce"
    return {
        **line,
        "infos": [_info(workspace, info) for info in alert.infos],
        "references": [
            {
                "id": one.key,
                "sender": one.sender,
                "identifier": one.identifier,
                "known": quads.stored(workspace.store, one.key) is not None,
            }
            for one in alert.references
        ],
        "referredBy": quads.referring(workspace.store, key),
        "areas": [_place(workspace, one) for one in means.places[:FEW]],
        "areasTotal": len(means.places),
        "unplaced": [both(one) for one in means.unplaced],
        "supports": [
            brief(workspace, life_terms.identifier_of(NamedNode(iri))) for iri in (linked if in_force else ())
        ],
        **_concluded(workspace, known),
        "revision": known.life.revision,
        "steps": [] if reader is None else _steps(workspace, known, reader),
        "events": _events(workspace, key),
        "own": own(workspace, key),
    }


def find(workspace: Workspace, text: str) -> str:
    """Return the key of the message that *text* names: by key, or by its identifier.

    :raises NotFound: ``warning.unknown``.
    """
    if text.isascii() and text.isalnum() and quads.stored(workspace.store, text) is not None:
        return text
    found = {
        quad.graph_name.value.rpartition("/")[2]
        for quad in workspace.store.match(None, xz("alertIdentifier"), Literal(text))
        if isinstance(quad.graph_name, NamedNode)
        and quad.graph_name.value.startswith(graph("warning/").value)
    }
    if len(found) == 1:
        return found.pop()
    raise NotFound.of(
        "warning.unknown",
        f"没有编号为 {text[:80]} 的预警",
        f"there is no warning {text[:80]}",
        where=text[:80],
        repair=("xiezhi warning list --all 列出全部", "xiezhi warning list --all names them all"),
    )


def life_of(workspace: Workspace, key: str) -> Life:
    """Return where the message *key* stands."""
    return workspace.flows.ledger.stored(terms.iri(key), terms.states_graph(key))


def _known(workspace: Workspace, key: str) -> _Known:
    alert = quads.stored(workspace.store, key)
    assert alert is not None
    return _Known(alert, life_of(workspace, key), *meaning.window(workspace, alert))


def _keys(workspace: Workspace) -> list[str]:
    found = workspace.store.match(None, RDF_TYPE, terms.WARNING)
    return [terms.key_of(quad.subject) for quad in found if isinstance(quad.subject, NamedNode)]


def _line(workspace: Workspace, key: str, now: datetime) -> dict[str, Any]:
    known = _known(workspace, key)
    alert = known.alert
    level = meaning.level(workspace, alert)
    standing = known.standing(now)
    centre = known.life.one(terms.AT_CENTRE)
    zh, en = alert.said(True), alert.said(False)
    return {
        "id": key,
        "identifier": alert.identifier,
        "sender": alert.sender,
        "sent": moment(alert.sent),
        "status": _code(workspace, "status", alert.status),
        "kind": _code(workspace, "msg-type", alert.kind),
        "scope": alert.scope,
        "note": alert.note,
        "standing": {"name": standing, "label": both(STANDINGS[standing])},
        "from": moment(known.start),
        "until": moment(known.end),
        "headline": {"zh": _title(zh, alert), "en": _title(en, alert)},
        "types": [named(workspace, one) for one in meaning.types(workspace, alert)],
        "level": named(workspace, level),
        "rank": 9 if level is None else meaning.rank(workspace, level),
        "centre": named(workspace, centre),
    }


def _title(info: Info | None, alert: Alert) -> str:
    return alert.identifier if info is None else info.headline or info.event


def _concluded(workspace: Workspace, known: _Known) -> dict[str, Any]:
    """Return level and hand-over with the rules that concluded them."""
    alert = known.alert
    about = terms.iri(alert.key)
    centre = known.life.one(terms.AT_CENTRE)
    around = [Triple(about, RDF_TYPE, terms.WARNING)]
    if centre is not None:
        around.append(Triple(about, terms.AT_CENTRE, centre))
    day = alert.sent.astimezone(CHINA_STANDARD_TIME).date()
    drives = known.life.state not in _BACK and alert.kind in terms.DRIVING and alert.status == terms.ACTUAL
    best: dict[str, Any] = {"because": None, "handOverTo": None}
    rank = 99
    for info in alert.infos:
        facts = (*meaning.said(workspace, alert, info), *around)
        derivation = workspace.engine.derive(about, facts, on=day)
        found = Findings(workspace, Answer(alert.key, about, facts, derivation))
        level = found.first("warningLevel")
        if level is None:
            continue
        here = found.rank(NamedNode(level["iri"]))
        if here < rank:
            rank = here
            best = {
                "because": _first_reason(found) or level["because"],
                "handOverTo": found.first("handOverTo") if drives else None,
            }
    return best


def _first_reason(found: Findings) -> dict[str, Any] | None:
    """Return why the level is a candidate: stated, or by severity, urgency and certainty."""
    candidate = found.first("warningCandidate")
    return None if candidate is None else candidate["because"]


def _info(workspace: Workspace, info: Info) -> dict[str, Any]:
    return {
        "language": info.language,
        "event": info.event,
        "headline": info.headline,
        "description": info.description,
        "instruction": info.instruction,
        "senderName": info.sender_name,
        "categories": list(info.categories),
        "responses": list(info.responses),
        "urgency": _code(workspace, "urgency", info.urgency),
        "severity": _code(workspace, "severity", info.severity),
        "certainty": _code(workspace, "certainty", info.certainty),
        "areas": [area.description for area in info.areas],
        "expires": None if info.expires is None else moment(info.expires),
        "onset": None if info.onset is None else moment(info.onset),
    }


def _place(workspace: Workspace, place: meaning.Place) -> dict[str, Any]:
    return {
        "iri": place.area.value,
        "code": code_of(place.area, workspace.store),
        "label": both(full_name(place.area, workspace.store, workspace.names)),
        "by": place.by,
        "share": None if place.share is None else round(place.share, 3),
    }


def _code(workspace: Workspace, scheme: str, value: str) -> dict[str, Any]:
    return {"code": value, **named(workspace, quads.code(scheme, value))}


def _steps(workspace: Workspace, known: _Known, reader: Principal) -> list[dict[str, Any]]:
    run = workspace.flows.machine(terms.FLOW)
    offered = [one for one in run.open_to(known.life, Actor(reader)) if one.name == terms.HAND_OVER]
    return [{"name": one.name, "label": both(one.label), "needsReason": one.needs_reason} for one in offered]


def _events(workspace: Workspace, key: str) -> list[dict[str, Any]]:
    steps = {step.iri: step for step in workspace.flows.machine(terms.FLOW).flow.steps.values()}
    return [
        {
            "number": event.number,
            "at": event.at.isoformat(),
            "step": {"name": steps[event.step].name, "label": both(steps[event.step].label)},
            "actor": event.actor,
            "reason": event.reason,
            "to": named(workspace, _one(event.values.get(terms.AT_CENTRE, ()))),
            "by": _key(event.values.get(terms.BY_MESSAGE, ())),
        }
        for event in workspace.flows.ledger.events(terms.timeline(key))
    ]


def own(workspace: Workspace, key: str) -> bool:
    """Whether the message was issued here."""
    issue = workspace.flows.machine(terms.FLOW).flow.steps[terms.ISSUE].iri
    return any(event.step == issue for event in workspace.flows.ledger.events(terms.timeline(key)))


def _one(values: Iterable[Any]) -> Any:
    return next(iter(values), None)


def _key(values: Iterable[Any]) -> str | None:
    found = _one(values)
    return terms.key_of(found) if isinstance(found, NamedNode) else None
