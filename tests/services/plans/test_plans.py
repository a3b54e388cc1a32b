"""Plans that live: editions, four eyes, dates that decide, clocks, composition, and cards on paper."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.clock import today
from kb.errors import Forbidden, NotFound
from kb.flow import Conflict, FlowRefused
from kb.namespaces import ROOT
from kb.services import incident
from kb.services.directives import confirming
from kb.services.plans import composing, desk, listing, requests
from kb.services.plans.composing import Part, compose
from kb.services.workspace import Workspace

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
DAY = date(2026, 11, 25)
PLANS = itertools.cycle(("gas", "flood", "fire", "hazmat", "metro", "quake"))


@pytest.fixture
def plan(workspace: Workspace) -> NamedNode:
    """A plan for one test."""
    return desk.find(workspace, next(PLANS))


def who(workspace: Workspace, role: str, name: str = "") -> Principal:
    return Principal(name or role, frozenset([role]), workspace.policies.current)


def published(workspace: Workspace, plan: NamedNode, on: date, author: str = "zhang") -> int:
    """Draft, submit and approve an edition; return its number."""
    expert, approver = who(workspace, "expert", author), who(workspace, "approver", "wang")
    desk.draft(workspace, plan, expert, now=NOW)
    desk.take(workspace, plan, "submit", expert, now=NOW)
    desk.take(workspace, plan, "approve", approver, on=on, now=NOW)
    return len(desk.editions(workspace, plan))


def test_an_edition_goes_from_draft_to_evaluation_and_every_step_is_kept(
    workspace: Workspace, plan: NamedNode
) -> None:
    expert, approver = who(workspace, "expert"), who(workspace, "approver")
    desk.draft(workspace, plan, expert, now=NOW)
    desk.take(workspace, plan, "submit", expert, now=NOW)
    desk.take(workspace, plan, "comment", approver, reason="第三节太长", now=NOW)
    desk.take(workspace, plan, "return", approver, reason="请精简", now=NOW)
    desk.take(workspace, plan, "submit", expert, now=NOW)
    desk.take(workspace, plan, "approve", approver, on=DAY, now=NOW)
    desk.take(workspace, plan, "file", expert, now=NOW)
    desk.take(workspace, plan, "execute", expert, reason="桌面推演", now=NOW)
    desk.take(workspace, plan, "evaluate", expert, reason="联络表需更新", now=NOW)
    told = listing.show(workspace, plan, DAY)
    edition = told["editions"][-1]
    assert edition["state"]["name"] == "evaluated"
    assert {edition[k] for k in ("publishedOn", "filedOn", "drilledOn", "evaluatedOn")} == {"2026-11-25"}
    steps = [event["step"]["en"] for event in told["timeline"]][-9:]
    assert steps[:3] == ["draft it", "submit it", "comment on it"]
    assert "请精简" in [event["reason"] for event in told["timeline"]]


def test_whoever_drafted_or_submitted_it_does_not_approve_it(workspace: Workspace, plan: NamedNode) -> None:
    policy = workspace.policies.current
    both = Principal("li", frozenset(["expert", "approver"]), policy)
    desk.draft(workspace, plan, both, now=NOW)
    desk.take(workspace, plan, "submit", both, now=NOW)
    with pytest.raises(Forbidden, match=r"flow\.four-eyes"):
        desk.take(workspace, plan, "approve", both, now=NOW)
    with pytest.raises(Forbidden, match=r"access\.action"):
        desk.take(workspace, plan, "approve", who(workspace, "expert"), now=NOW)
    desk.take(workspace, plan, "withdraw", who(workspace, "approver"), reason="重写", now=NOW)


def test_a_later_edition_supersedes_the_earlier_on_its_day_and_not_before(
    workspace: Workspace, plan: NamedNode
) -> None:
    first = published(workspace, plan, DAY)
    second = published(workspace, plan, DAY + timedelta(days=30))
    for day, in_force in (
        (DAY, first),
        (DAY + timedelta(days=29), first),
        (DAY + timedelta(days=30), second),
    ):
        assert listing.show(workspace, plan, day)["inForce"] == in_force
    later = listing.show(workspace, plan, DAY + timedelta(days=30))["editions"]
    assert later[first - 1]["standing"]["en"] == "superseded"
    assert listing.show(workspace, plan, DAY)["editions"][second - 1]["standing"]["en"] == "not yet in force"
    revised = desk.editions(workspace, plan)[second - 1].one(desk.REVISES)
    assert revised == desk.edition_iri(plan, first)
    desk.take(workspace, plan, "withdraw", who(workspace, "approver"), reason="不用了", now=NOW)
    assert listing.show(workspace, plan, DAY + timedelta(days=30))["inForce"] == first


def test_illegal_steps_stale_sight_and_unknown_plans_are_refused(
    workspace: Workspace, plan: NamedNode
) -> None:
    expert = who(workspace, "expert")
    desk.draft(workspace, plan, expert, now=NOW)
    with pytest.raises(FlowRefused, match=r"flow\.step"):
        desk.take(workspace, plan, "evaluate", expert, reason="x", now=NOW)
    with pytest.raises(Conflict, match=r"flow\.changed"):
        desk.take(workspace, plan, "submit", expert, expected=0, now=NOW)
    with pytest.raises(NotFound, match=r"flow\.no-step"):
        desk.take(workspace, plan, "dance", expert, now=NOW)
    with pytest.raises(NotFound, match=r"plan\.unknown"):
        desk.find(workspace, "no such plan")
    with pytest.raises(NotFound, match=r"plan\.no-edition"):
        desk.take(workspace, plan, "submit", expert, number=99, now=NOW)


def test_the_clocks_of_plans_look_at_what_the_flow_recorded(workspace: Workspace) -> None:
    plan = desk.find(workspace, "crowd")
    published(workspace, plan, DAY)
    label = workspace.describer.text(plan).zh

    def due(on: date) -> set[str]:
        return {
            f.fault.message.zh for f in listing.due(workspace, on) if f.fault.message.zh.startswith(label)
        }

    assert not due(DAY)
    late = due(DAY + timedelta(days=60))
    assert any("备案" in text for text in late)
    desk.take(workspace, plan, "file", who(workspace, "expert"), now=NOW)
    assert not any("备案" in text for text in due(DAY + timedelta(days=60)))
    assert any("演练" in text for text in due(DAY + timedelta(days=4 * 365)))


def test_a_module_lives_as_a_plan_does(workspace: Workspace) -> None:
    module = desk.find(workspace, "医疗救治")
    assert desk.slug_of(module) == "module-medical"
    assert published(workspace, module, DAY) == listing.show(workspace, module, DAY)["inForce"]


# ── Composition ─────────────────────────────────────────────────────────────────────────────────


def test_the_whole_library_goes_together(workspace: Workspace) -> None:
    parts = composing.library(workspace)
    found = compose(parts.values())
    assert found.sound
    assert set(found.order) == set(parts)


def test_a_missing_provider_is_named_with_the_modules_that_would_help(workspace: Workspace) -> None:
    told = requests.compose(workspace, ["医疗救治"])
    assert not told["sound"]
    (missing,) = told["missing"]
    assert missing["state"]["label"]["zh"] == "现场初步控制"
    assert [one["label"]["zh"] for one in missing["providers"]] == ["先期处置"]


def part(name: str, needs: set[int], achieves: set[int]) -> Part:
    def states(numbers: set[int]) -> frozenset[NamedNode]:
        return frozenset(NamedNode(f"{ROOT}state/{n}") for n in numbers)

    return Part(NamedNode(f"{ROOT}module/{name}"), states(needs), states(achieves))


def test_modules_that_wait_for_one_another_are_named() -> None:
    circle = [part("a", {1}, {2}), part("b", {2}, {1}), part("c", set(), {3})]
    found = compose(circle)
    assert [[m.value[-1] for m in one] for one in found.circles] == [["a", "b"]]
    assert [m.value[-1] for m in found.order] == ["c"]
    assert found.missing == {}


NUMBERS = st.sets(st.integers(0, 6), max_size=3)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8))
def test_whatever_is_ordered_finds_what_it_needs_and_whatever_is_not_has_a_reason(
    given_: list[tuple[set[int], set[int]]],
) -> None:
    parts = [part(str(n), needs, achieves) for n, (needs, achieves) in enumerate(given_)]
    found, by_name = compose(parts), {one.module: one for one in parts}
    reached: set[NamedNode] = set()
    for module in found.order:
        assert by_name[module].needs <= reached
        reached |= by_name[module].achieves
    left = [one for one in parts if one.module not in found.order]
    assert bool(left) == (not found.sound or any(one.needs & one.achieves for one in left))
    assert all(one.needs - reached for one in left)


# ── On paper ────────────────────────────────────────────────────────────────────────────────────


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "".join(page.get_textpage().get_text_range() for page in document)


def test_an_action_card_says_what_one_department_is_to_do(workspace: Workspace) -> None:
    report = {"type": "燃气爆炸", "grid": "370202", "deaths": 1, "id": "card-1"}
    incident.report(workspace, report, actor="test")
    confirming.confirm(workspace, "card-1", who(workspace, "duty-officer"))
    told = requests.card(workspace, "card-1", "市南区公安分局", "zh")
    text = text_of(told)
    assert "行动卡" in text
    assert "警戒与交通管制" in text
    assert "突发事件应对法" in text
    assert "Action card" in text_of(requests.card(workspace, "card-1", "市南区公安分局", "en"))
    with pytest.raises(NotFound, match=r"card\.department"):
        requests.card(workspace, "card-1", "没有这个局", "zh")


def test_a_plan_is_printed_with_its_editions_and_clauses(workspace: Workspace) -> None:
    plan = desk.find(workspace, "power")
    published(workspace, plan, today())
    text = text_of(requests.printed(workspace, "power", "zh"))
    assert workspace.describer.text(plan).zh[:4] in text
    assert "已发布" in text
