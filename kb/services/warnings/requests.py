"""What somebody asks for in JSON: to receive, issue, update, cancel a warning, or to hand it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.access.principal import Operator, Principal
from kb.cap.message import Alert
from kb.cap.writing import written
from kb.errors import InputError, Text
from kb.flow.machine import Actor
from kb.services.life import centres
from kb.services.warnings import issuing, quads, receiving, telling, terms, wishing
from kb.services.warnings.receiving import Received, WarningRefused
from kb.services.workspace import Workspace


def receive(
    workspace: Workspace, text: bytes, principal: Principal, *, now: datetime | None = None
) -> dict[str, Any]:
    """Take in the message *text*; return it with what it took back and which incidents it changed."""
    return _done(workspace, receiving.receive(workspace, text, principal, now=now), principal, now)


def issue(
    workspace: Workspace, data: Mapping[str, Any], principal: Principal, *, now: datetime | None = None
) -> dict[str, Any]:
    """Issue a warning as *data* says (:data:`kb.services.warnings.wishing.KEYS`)."""
    principal.require("issue-warning")
    at = now or datetime.now(UTC)
    alert = issuing.composed(workspace, wishing.understood(workspace, data, at), principal, at)
    return _out(workspace, alert, principal, at)


def update(
    workspace: Workspace,
    key: str,
    data: Mapping[str, Any],
    principal: Principal,
    *,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Issue an update of the warning *key*: what *data* does not say stays as it was."""
    principal.require("issue-warning")
    at = now or datetime.now(UTC)
    old = _ours(workspace, key)
    wish = wishing.updated(workspace, wishing.recalled(workspace, old), data, at)
    alert = issuing.composed(workspace, wish, principal, at, kind="Update", references=(old.reference,))
    return _out(workspace, alert, principal, at)


def cancel(
    workspace: Workspace,
    key: str,
    data: Mapping[str, Any],
    principal: Principal,
    *,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Cancel the warning *key*, for the ``reason`` in *data*."""
    principal.require("issue-warning")
    at = now or datetime.now(UTC)
    old = _ours(workspace, key)
    reason = data.get("reason")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > 2000 or set(data) != {"reason"}:
        raise InputError.of(
            "warning.form", "取消须说明理由", "a reason is needed to cancel it", where="reason"
        )
    wish = wishing.recalled(workspace, old)
    texts = {"note": Text(reason.strip(), reason.strip())}
    alert = issuing.composed(
        workspace, replace(wish, texts=texts), principal, at, kind="Cancel", references=(old.reference,)
    )
    return _out(workspace, alert, principal, at)


def hand_over(
    workspace: Workspace,
    key: str,
    data: Mapping[str, Any],
    principal: Principal,
    *,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Hand the warning *key* over ``to`` a centre, or to the one that the rules say, for a ``reason``."""
    principal.require("hand-over")
    at = now or datetime.now(UTC)
    key = telling.find(workspace, key)
    run, ledger = workspace.flows.machine(terms.FLOW), workspace.flows.ledger
    reason, to = (data.get(name) or "" for name in ("reason", "to"))
    if not (isinstance(reason, str) and isinstance(to, str)) or len(reason) > 2000 or len(to) > 300:
        raise InputError.of("warning.form", "reason 和 to 应为文字", "texts are needed", where="reason")
    with ledger.lock(terms.timeline(key)):
        life = telling.life_of(workspace, key)
        present = life.one(terms.AT_CENTRE)
        _require_watch(workspace, principal, present)
        centre = centres.find(workspace, to) if to else _due(workspace, key)
        actor = Actor(principal, (), NamedNode(principal.department) if principal.department else None)
        values = {terms.AT_CENTRE: (centre,)}
        run.check(life, run.flow.steps[terms.HAND_OVER], actor, reason=reason, values=values)
        step = receiving.taken(run, life, terms.HAND_OVER, actor, values, reason.strip())
        ledger.append(terms.timeline(key), [step], at=at, action="warning hand-over")
    return telling.told(workspace, key, reader=principal, now=now)


def document(workspace: Workspace, key: str) -> bytes:
    """Return the warning *key* as XML.

    :raises NotFound: ``warning.unknown``.
    """
    alert = quads.stored(workspace.store, telling.find(workspace, key))
    assert alert is not None
    return written(alert)


def _out(workspace: Workspace, alert: Alert, principal: Principal, at: datetime) -> dict[str, Any]:
    return _done(
        workspace, receiving.take_in(workspace, alert, principal, terms.ISSUE, now=at), principal, at
    )


def _done(
    workspace: Workspace, received: Received, principal: Principal, now: datetime | None
) -> dict[str, Any]:
    return {
        "warning": telling.told(workspace, received.key, reader=principal, now=now),
        "takenBack": list(received.back),
        "incidents": list(received.incidents),
        "duplicate": received.duplicate,
    }


def _ours(workspace: Workspace, key: str) -> Alert:
    key = telling.find(workspace, key)
    alert = quads.stored(workspace.store, key)
    assert alert is not None
    if not telling.own(workspace, key):
        raise WarningRefused.of(
            "warning.not-ours",
            f"这是 {alert.sender} 的预警，只能由其更新或取消",
            f"this is a warning of {alert.sender}, who alone may update or cancel it",
            where=key,
            repair=("接收其更新或取消消息", "receive the message by which he does"),
        )
    life = telling.life_of(workspace, key)
    if life.state != workspace.flows.machine(terms.FLOW).flow.start or alert.kind not in terms.DRIVING:
        raise WarningRefused.of(
            "warning.over",
            "该预警已被取代或取消",
            "it was superseded or cancelled already",
            where=key,
        )
    return alert


def _due(workspace: Workspace, key: str) -> NamedNode:
    """Return the centre that rules say; else the one that commands."""
    found = telling.told(workspace, key)["handOverTo"]
    if found is not None:
        return NamedNode(found["iri"])
    return centres.commanding(workspace)


def _require_watch(workspace: Workspace, principal: Principal, present: Any) -> None:
    if isinstance(principal, Operator) or not isinstance(present, NamedNode):
        return
    if not centres.staffed_by(workspace.store, present) & principal.roles:
        label = workspace.describer.text(present)
        raise WarningRefused.of(
            "warning.centre",
            f"预警在{label.zh}，只有在那里值守的人可以移交",
            f"the warning is at the {label.en}, and only who is on watch there may hand it over",
            where="to",
        )
