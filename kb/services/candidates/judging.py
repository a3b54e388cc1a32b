"""An officer judges a candidate: it is an incident, belongs to one, or is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.errors import InputError
from kb.flow.event import Values
from kb.flow.machine import Actor, Life
from kb.namespaces import xz
from kb.services import incident
from kb.services.candidates import board, signals
from kb.services.incident import together
from kb.services.life import centres, standing
from kb.services.life import terms as life_terms
from kb.services.life.acting import Wish, take
from kb.services.workspace import Workspace

CONFIRM, ATTACH, DISMISS = "confirm", "attach", "dismiss"
KEYS = {CONFIRM: ("report",), ATTACH: ("incident",), DISMISS: ("reason",)}
BECAME = xz("becameIncident")


def judge(
    workspace: Workspace,
    identifier: str,
    step: str,
    data: Mapping[str, Any],
    principal: Principal,
    *,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Let *principal* take *step* with the candidate *identifier*; return what became of it.

    To confirm, *data* may have a ``report`` whose keys go before what the signals say; to attach, the
    ``incident``; to dismiss, the ``reason``.

    :raises NotFound: ``candidate.unknown``, ``incident.unknown``, ``flow.no-step``.
    :raises FlowRefused: somebody judged it already, or the reason is missing.
    :raises Forbidden: ``access.action``.
    """
    at, run = now or datetime.now(UTC), workspace.flows.machine(signals.FLOW)
    run.named(step, (one for one in run.flow.steps.values() if one.name in KEYS))
    principal.require("judge-candidate")
    if not set(data) <= set(KEYS[step]):
        raise InputError.of(
            "candidate.form",
            f"可用字段：{'、'.join(KEYS[step])}",
            f"keys: {', '.join(KEYS[step])}",
            where=step,
        )
    found = board.candidate(workspace, identifier, at)
    members = [one["id"] for one in found["signals"]]
    reason = str(data.get("reason", "")).strip()[:2000]
    with workspace.flows.ledger.lock(*map(signals.timeline, members)):
        lives = {one: signals.life_of(workspace, one) for one in members}
        target = _target(workspace, found, step, data, principal, at)
        values: Values = {} if target is None else {BECAME: (life_terms.incident_iri(target),)}
        changes, key = [], ""
        for one, life in lives.items():
            first = []
            if life.state is None:  # a warning: nobody has noticed it as a signal yet
                first = [signals.taken(workspace, life, signals.NOTICE, principal)]
                life = run.after(Life(life.about), first[0].event(1, at))
            run.check(life, run.flow.steps[step], Actor(principal), reason=reason, values=values)
            last = signals.taken(workspace, life, step, principal, reason=reason, values=values)
            prepared = workspace.flows.ledger.prepare(signals.timeline(one), [*first, last], at=at)
            changes.append(prepared.change)
            key = key or prepared.key
        workspace.store.commit(
            together(*changes),
            actor=principal.name,
            action=f"candidate {step}",
            reason=target or reason,
            key=key,
        )
    return {"candidate": found["id"], "step": step, "signals": members, "incident": target}


def _target(
    workspace: Workspace,
    found: Mapping[str, Any],
    step: str,
    data: Mapping[str, Any],
    principal: Principal,
    at: datetime,
) -> str | None:
    """Return the incident that the candidate becomes or belongs to; ``None``: it is dismissed."""
    if step == CONFIRM:
        own = data.get("report", {})
        if not isinstance(own, Mapping):
            raise InputError.of("candidate.form", "report 应为对象", "report is an object", where="report")
        answer = incident.report(
            workspace,
            {**_report(found), **own},
            actor=principal.name,
            key=f"candidate {found['id']} {len(found['signals'])}",
            now=at,
            body=NamedNode(principal.department) if principal.department else None,
            centre=centres.of(workspace, principal),
        )
        return answer.id
    if step == ATTACH:
        target = str(data.get("incident", "")).strip()
        life, _ = standing.life_of(workspace, target)
        if not standing.is_open(workspace, life):
            raise InputError.of(
                "candidate.over",
                f"事件 {target} 已经结束",
                f"the incident {target} is over",
                where="incident",
            )
        take(workspace, target, Wish("note", _note(found)), principal, now=at)
        return target
    return None


def _report(found: Mapping[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = {"type": found["type"]["iri"], "time": found["time"]}
    if found["grid"]:
        report["grid"] = found["grid"]["iri"]
    if found["point"]:
        report["longitude"], report["latitude"] = found["point"]
    return report


def _note(found: Mapping[str, Any]) -> str:
    said = "；".join(
        f"{one['kind']['label']['zh']} {one['source']} {one['text']}".strip() for one in found["signals"]
    )
    return f"并入线索 / signals attached: {said}"[:2000]
