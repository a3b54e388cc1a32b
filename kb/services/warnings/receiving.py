"""A message is taken in: stored, linked to what it supports, and what it updates or cancels is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pyoxigraph import NamedNode, Quad

from kb.access.principal import Principal
from kb.cap import process
from kb.cap.message import Alert
from kb.errors import Fault, InputError, Text
from kb.flow.event import Values
from kb.flow.ledger import Taken
from kb.flow.machine import Actor, FlowMachine, Life
from kb.services.incident import together
from kb.services.life import centres, standing
from kb.services.warnings import quads, terms
from kb.services.warnings.meaning import meaning
from kb.services.warnings.register import Support
from kb.services.warnings.support import consequences
from kb.services.workspace import Workspace
from kb.store.protocol import Change

BACK = {"Update": terms.SUPERSEDE, "Cancel": terms.CANCEL}
"""The step by which a message takes back those that it refers to."""


class WarningRefused(InputError):
    """A message keeps the standard, but cannot be taken in beside those that are here."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a message: its *key*, what it took *back*, which *incidents* were derived anew.

    *duplicate* says that it was here already.
    """

    key: str
    back: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    duplicate: bool = False


def receive(
    workspace: Workspace, text: bytes, principal: Principal, *, now: datetime | None = None
) -> Received:
    """Take in the message that *text* is, as somebody sent it.

    :raises CapRefused: it is no message in CAP 1.2.
    :raises WarningRefused: see :func:`take_in`.
    :raises Forbidden: ``access.action``.
    """
    principal.require("receive-warning")
    return take_in(workspace, process.read(text), principal, terms.RECEIVE, now=now)


def take_in(
    workspace: Workspace, alert: Alert, principal: Principal, step: str, *, now: datetime | None = None
) -> Received:
    """Store *alert* by the *step* of the flow, with all that follows from it, in one commit.

    The same message again stores nothing. An update or cancellation that comes before what it refers to
    takes that back when it comes.

    :raises WarningRefused: ``warning.changed``: the same identifier with another content;
        ``warning.sender``: it refers to another sender's; ``warning.status``: an exercise to a real one.
    :raises Forbidden: ``access.action``.
    """
    at, key, run = now or datetime.now(UTC), alert.key, workspace.flows.machine(terms.FLOW)
    ledger = workspace.flows.ledger
    others = sorted({one.key for one in alert.references} - {key})
    means = meaning(workspace, alert)
    opened = list(standing.open_incidents(workspace))
    with ledger.lock(*map(terms.timeline, (key, *others)), *opened):
        known = quads.stored(workspace.store, key)
        if known is not None:
            _require_same(alert, known)
            return Received(key, duplicate=True)
        _require_may_refer(workspace, alert, others)
        life = Life(terms.iri(key))
        centre = centres.of(workspace, principal)
        values: Values = {} if centre is None else {terms.AT_CENTRE: (centre,)}
        actor = Actor(
            principal, (), None if principal.department is None else NamedNode(principal.department)
        )
        run.check(life, run.flow.steps[step], actor, values=values)
        first = taken(run, life, step, actor, values)
        steps = [first]
        earlier = _taken_back_by(workspace, alert)
        if earlier is not None:
            after = run.after(life, first.event(1, at))
            steps.append(
                taken(run, after, BACK[earlier.kind], actor, {terms.BY_MESSAGE: (terms.iri(earlier.key),)})
            )
        prepared = [ledger.prepare(terms.timeline(key), steps, at=at)]
        back = _standing(workspace, run, others) if alert.kind in BACK else {}
        for other, its in back.items():
            gone = taken(run, its, BACK[alert.kind], actor, {terms.BY_MESSAGE: (terms.iri(key),)})
            prepared.append(ledger.prepare(terms.timeline(other), [gone], at=at))
        register = workspace.warned.all()
        removed = [
            q for other in back for q in workspace.store.match(None, None, None, terms.support_graph(other))
        ]
        added: list[Quad] = []
        remaining: list[Support] = [one for one in register if one.key not in back]
        if alert.status == terms.ACTUAL and alert.kind in terms.DRIVING and earlier is None:
            added = list(quads.of_support(alert, means))
            support = workspace.warned.of_quads(key, added)
            assert support is not None
            remaining.append(support)
        follows, incidents = consequences(workspace, remaining, at, opened)
        change = together(
            Change([*quads.of_message(alert, at), *added], removed),
            *(one.change for one in prepared),
            follows,
        )
        workspace.store.commit(
            change, actor=principal.name, action=f"warning {step}", reason=key, key=prepared[0].key
        )
    return Received(key, tuple(back), tuple(incidents))


def taken(run: FlowMachine, life: Life, step: str, actor: Actor, values: Values, reason: str = "") -> Taken:
    """Return *step* of the message of *life* as it is to be written."""
    key = terms.key_of(life.about)
    iri = run.flow.steps[step].iri
    return Taken(run, life, terms.states_graph(key), iri, actor.principal.name, actor.body, reason, values)


def _standing(workspace: Workspace, run: FlowMachine, keys: list[str]) -> dict[str, Life]:
    """Return the lives of those of the messages that are here and were not taken back yet."""
    ledger = workspace.flows.ledger
    lives = {key: ledger.stored(terms.iri(key), terms.states_graph(key)) for key in keys}
    return {key: life for key, life in lives.items() if life.state == run.flow.start}


def _taken_back_by(workspace: Workspace, alert: Alert) -> Alert | None:
    """Return the message that came first and takes *alert* back, or ``None``."""
    for key in quads.referring(workspace.store, alert.key):
        other = quads.stored(workspace.store, key)
        if (
            other is not None
            and other.kind in BACK
            and (other.sender, other.status) == (alert.sender, alert.status)
        ):
            return other
    return None


def _require_same(alert: Alert, known: Alert) -> None:
    if quads.canonical(alert) != quads.canonical(known):
        raise WarningRefused.of(
            "warning.changed",
            f"编号 {alert.identifier} 已有另一内容的消息",
            f"there is another message with the identifier {alert.identifier}",
            where="identifier",
            repair=("请发送方用更新（Update）修改", "ask the sender to change it by an update"),
        )


def _require_may_refer(workspace: Workspace, alert: Alert, others: list[str]) -> None:
    """Insist that *alert* takes back only messages of its own sender and status."""
    if alert.kind not in BACK:
        return
    faults = []
    for reference in alert.references:
        if reference.sender != alert.sender:
            faults.append(
                Fault(
                    "warning.sender",
                    Text(
                        f"{alert.sender} 不能更新或取消 {reference.sender} 的消息",
                        f"{alert.sender} may not update or cancel a message of {reference.sender}",
                    ),
                    "references",
                    Text("由原发布者更新或取消", "let its own sender do it"),
                )
            )
    for key in others:
        other = quads.stored(workspace.store, key)
        if other is not None and other.status != alert.status:
            faults.append(
                Fault(
                    "warning.status",
                    Text(
                        f"{alert.status} 消息不能更新或取消 {other.status} 消息",
                        f"a message of status {alert.status} may not take back one of {other.status}",
                    ),
                    "status",
                    Text("改用相同的 status", "use the same status"),
                )
            )
    if faults:
        raise WarningRefused(faults)
