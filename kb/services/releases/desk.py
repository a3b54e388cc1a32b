"""The steps of a release as people take them: draft, submit, approve, roll back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from kb.clock import today
from kb.errors import Fault, InputError, KnowledgeFault, NotFound
from kb.ontology.knowledge import Knowledge
from kb.services import cases
from kb.services.checking import check
from kb.services.releases import life
from kb.services.releases.archive import Archive
from kb.services.releases.calendar import in_force
from kb.services.releases.life import Event, Release
from kb.services.workspace import TrialWorkspace, Workspace


def draft(workspace: Workspace, knowledge: Knowledge, title: str, by: str) -> Release:
    """Keep *knowledge* as the draft of a release.

    :raises InputError: ``release.same``: it is a release already.
    """
    archive = Archive(workspace.home)
    name = archive.keep(knowledge)
    known = life.read(workspace.store).get(name)
    if known is not None:
        raise InputError.of(
            "release.same",
            f"内容与版本 {known.id}（{known.title}）完全相同，没有可发布的变化",
            f"this is release {known.id} ({known.title}) to the letter: there is nothing to release",
            where=known.id,
        )
    return life.record(workspace.store, Release(name, title), Event("draft", by, life.now()))


def submit(
    workspace: Workspace, name: str, by: str, reason: str = "", *, faults: Sequence[Fault] | None = None
) -> Release:
    """Hand a draft in for review. It must be sound, and all its cases must pass.

    :param faults: what :func:`examined` found already, perhaps in another process; ``None``: look now.
    :raises KnowledgeFault: with every error and every failing case.
    """
    release = life.find(life.read(workspace.store).values(), name)
    knowledge = Archive(workspace.home).open(release.digest)
    found = examined(workspace, knowledge) if faults is None else list(faults)
    if found:
        raise KnowledgeFault(found)
    return life.record(workspace.store, release, Event("submit", by, life.now(), reason=reason))


def examined(workspace: Workspace, knowledge: Knowledge) -> list[Fault]:
    """Return every error of *knowledge*, or else every case of it that fails."""
    verdict = check(knowledge, None, today())
    faults = [finding.fault for finding in verdict.findings] if not verdict.sound else []
    if not faults:
        trial = TrialWorkspace(workspace, knowledge)
        results = cases.run(trial, knowledge.rules, knowledge.ontology)
        faults = [result.fault for result in results if result.differences]
    return faults


def step(
    workspace: Workspace, name: str, action: str, by: str, *, effective: date | None = None, reason: str = ""
) -> Release:
    """Take another step: ``return``, ``withdraw`` or ``approve`` (from the day *effective* on; today).

    :raises InputError: the state does not allow it, or the day lies in the past.
    :raises Forbidden: whoever approves had a hand in the draft.
    """
    release = life.find(life.read(workspace.store).values(), name)
    if action in ("approve", "restore"):
        effective = effective or today()
        if effective < today():
            raise InputError.of(
                "release.past",
                f"生效日期 {effective} 已经过去：已经处置的事件不能改按新知识",
                f"the day {effective} is past: incidents that were handled cannot come under other knowledge",
                where=release.id,
                repair=("生效日期取今天或以后", "let it take effect today or later"),
            )
        Archive(workspace.home).open(release.digest)
    return life.record(workspace.store, release, Event(action, by, life.now(), effective, reason))


def rollback(workspace: Workspace, by: str, *, to: str | None = None, reason: str = "") -> Release:
    """Put the release that was in force before today's (or *to*) in force again, from today on.

    :raises NotFound: there is none before it.
    """
    releases = life.read(workspace.store)
    if to is None:
        now = in_force(releases.values(), today())
        steps = [
            (event.effective, event.at, release)
            for release in releases.values()
            for event in release.events
            if event.effective is not None and event.effective <= today()
        ]
        before = [
            r for _, _, r in sorted(steps, key=lambda s: s[:2]) if now is None or r.digest != now.digest
        ]
        if not before:
            raise NotFound.of(
                "release.none-before", "此前没有其他版本生效过", "no other release was ever in force before"
            )
        to = before[-1].digest
    return step(workspace, to, "restore", by, reason=reason)
