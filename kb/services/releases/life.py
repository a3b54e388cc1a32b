"""The life of a release: draft, review, approved, withdrawn, as a state machine over recorded events.

Every step is an event in ``graph/releases`` and none is ever changed: replaying the events gives the state.
Whether an approved release is in force on a day, or superseded, follows from the dates of the approvals
(:mod:`kb.services.releases.calendar`). The approver must not have had a hand in the draft (four-eyes
principle).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad
from transitions import Machine, MachineError

from kb.errors import Forbidden, InputError, NotFound, Text
from kb.namespaces import DCTERMS, PROV, RDF_TYPE, ROOT, XSD, graph, xz
from kb.services.releases.archive import SHORT
from kb.store.protocol import Change, Store

GRAPH = graph("releases")
STATES = {
    "draft": Text("草案", "draft"),
    "review": Text("送审", "in review"),
    "approved": Text("已批准", "approved"),
    "withdrawn": Text("已撤回", "withdrawn"),
}
STEPS: list[Any] = [
    {"trigger": "submit", "source": "draft", "dest": "review"},
    {"trigger": "return", "source": "review", "dest": "draft"},
    {"trigger": "withdraw", "source": ["draft", "review"], "dest": "withdrawn"},
    {"trigger": "approve", "source": "review", "dest": "approved"},
    {"trigger": "restore", "source": "approved", "dest": "approved"},
]
"""``restore`` puts an approved release in force again: that is how one rolls back."""
WORDS = {
    "draft": Text("起草", "drafted"),
    "ship": Text("随产品提供", "shipped with the product"),
    "submit": Text("送审", "submitted"),
    "return": Text("退回", "returned"),
    "withdraw": Text("撤回", "withdrawn"),
    "approve": Text("批准", "approved"),
    "restore": Text("恢复生效", "put in force again"),
}
WRITERS = {"draft", "submit"}
"""Whoever did one of these had a hand in the draft."""


@dataclass(frozen=True, slots=True)
class Event:
    """One step: what, by whom, when, why, and from which day on it holds."""

    action: str
    actor: str
    at: datetime
    effective: date | None = None
    reason: str = ""


@dataclass
class Release:
    """A release with its events so far.

    :param id: the first characters of the digest, by which people name it.
    """

    digest: str
    title: str
    events: list[Event] = field(default_factory=list)

    @property
    def id(self) -> str:
        """How people name it."""
        return self.digest[:SHORT]

    @property
    def shipped(self) -> bool:
        """Whether it came with the product and needed no approval."""
        return self.events[0].action == "ship"

    @property
    def state(self) -> str:
        """The state that its events lead to."""
        return "approved" if self.shipped else _Steps([e.action for e in self.events]).state


class _Steps:
    """The state machine, run over actions."""

    state: str

    def __init__(self, actions: Sequence[str]) -> None:
        self._machine = Machine(
            self, states=[*STATES], transitions=STEPS, initial="draft", auto_transitions=False
        )
        for action in actions[1:]:
            self.trigger(action)  # type: ignore[attr-defined]

    def may(self) -> list[str]:
        """Return what may be done next."""
        return self._machine.get_triggers(self.state)


def read(store: Store) -> dict[str, Release]:
    """Return every release in *store* by its digest, in the order of their first events."""
    facts: dict[str, dict[str, list[str]]] = {}
    for quad in store.match(None, None, None, GRAPH):
        assert isinstance(quad.subject, NamedNode)
        value = quad.object.value if isinstance(quad.object, Literal | NamedNode) else ""
        facts.setdefault(quad.subject.value, {}).setdefault(quad.predicate.value, []).append(value)
    releases = {
        iri: Release(about[xz("contentDigest").value][0], about[DCTERMS + "title"][0])
        for iri, about in facts.items()
        if xz("contentDigest").value in about
    }
    events = [(iri, about) for iri, about in facts.items() if xz("stepOf").value in about]
    for _, about in sorted(events, key=lambda pair: int(pair[0].rsplit("/", 1)[-1])):
        day = about.get(xz("effectiveFrom").value)
        releases[about[xz("stepOf").value][0]].events.append(
            Event(
                about[xz("action").value][0],
                about[xz("actor").value][0],
                datetime.fromisoformat(about[PROV + "atTime"][0]),
                date.fromisoformat(day[0]) if day else None,
                about.get(DCTERMS + "description", [""])[0],
            )
        )
    found = sorted(releases.values(), key=lambda release: release.events[0].at)
    return {release.digest: release for release in found}


def find(releases: Iterable[Release], name: str) -> Release:
    """Return the one of *releases* that *name*, the beginning of a digest, means.

    :raises NotFound: none, or more than one.
    """
    found = [release for release in releases if release.digest.startswith(name)]
    if len(found) != 1 or len(name) < 4:
        raise unknown(name)
    return found[0]


def unknown(name: str) -> NotFound:
    """Return the error for a number that is none, or that several begin with."""
    return NotFound.of(
        "release.unknown",
        f"没有编号为 {name} 的版本，或编号不够长",
        f"there is no release {name}, or the number is too short",
        where=name,
        repair=("xiezhi release list 列出全部版本", "xiezhi release list shows them all"),
    )


def record(store: Store, release: Release, event: Event) -> Release:
    """Write *event* of *release*, and the release itself if it is the first; return it with the event.

    :raises InputError: ``release.step``: the state does not allow it.
    :raises Forbidden: ``release.four-eyes``: whoever approves had a hand in the draft.
    """
    _require(release, event)
    node = NamedNode(f"{ROOT}release/{release.digest}")
    number = sum(1 for _ in store.match(None, xz("stepOf"), None, GRAPH)) + 1
    step = NamedNode(f"{ROOT}release-event/{number}")
    quads = [
        Quad(step, RDF_TYPE, xz("ReleaseEvent"), GRAPH),
        Quad(step, xz("stepOf"), node, GRAPH),
        Quad(step, xz("action"), Literal(event.action), GRAPH),
        Quad(step, xz("actor"), Literal(event.actor), GRAPH),
        Quad(step, NamedNode(PROV + "atTime"), _typed(event.at.isoformat(), "dateTime"), GRAPH),
    ]
    if event.effective is not None:
        quads.append(Quad(step, xz("effectiveFrom"), _typed(event.effective.isoformat(), "date"), GRAPH))
    if event.reason:
        quads.append(Quad(step, NamedNode(DCTERMS + "description"), Literal(event.reason), GRAPH))
    if not release.events:
        quads += [
            Quad(node, RDF_TYPE, xz("Release"), GRAPH),
            Quad(node, xz("contentDigest"), Literal(release.digest), GRAPH),
            Quad(node, NamedNode(DCTERMS + "title"), Literal(release.title), GRAPH),
        ]
    store.commit(Change(quads), actor=event.actor, action=f"release {event.action}", reason=release.id)
    return Release(release.digest, release.title, [*release.events, event])


def now() -> datetime:
    """Return the present moment, as events record it."""
    return datetime.now(UTC)


def _require(release: Release, event: Event) -> None:
    if not release.events:
        if event.action not in ("draft", "ship"):
            raise AssertionError(event.action)
        return
    if release.shipped and event.action == "restore":
        return
    steps = _Steps([e.action for e in release.events]) if not release.shipped else None
    try:
        if steps is None:
            raise MachineError("shipped")
        steps.trigger(event.action)  # type: ignore[attr-defined]
    except MachineError as error:
        may = "、".join(f"{WORDS[name].zh}（{name}）" for name in steps.may()) if steps else "—"
        can = ", ".join(steps.may()) if steps else "—"
        state = STATES[release.state]
        raise InputError.of(
            "release.step",
            f"版本 {release.id} 现在是“{state.zh}”，不能{WORDS[event.action].zh}",
            f"release {release.id} is {state.en}: it cannot be {WORDS[event.action].en}",
            where=release.id,
            repair=(f"现在可以：{may}", f"possible now: {can}"),
        ) from error
    writers = {e.actor.casefold() for e in release.events if e.action in WRITERS}
    if event.action == "approve" and event.actor.casefold() in writers:
        raise Forbidden.of(
            "release.four-eyes",
            f"{event.actor} 参与了起草，不能批准自己的版本",
            f"{event.actor} had a hand in the draft and cannot approve it",
            where=release.id,
            repair=("请另一人批准（--by）", "let somebody else approve it (--by)"),
        )


def _typed(text: str, datatype: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + datatype))
