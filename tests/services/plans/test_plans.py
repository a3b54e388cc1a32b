"""Plans that live: editions, four eyes, dates that decide, clocks, composition, and cards on paper."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.clock import today
from kb.errors import Forbidden, NotFound
from kb.flow import Conflict, FlowRefused
from kb.namespaces import ROOT, graph, xz
from kb.services import incident
from kb.services.directives import confirming
from kb.services.plans import composing, desk, editions, listing, printing, requests
from kb.services.plans.clocks import Clocks
from kb.services.plans.composing import Part, compose
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace
from kb.store.protocol import Change

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
DAY = date(2026, 11, 25)
PLANS = itertools.cycle(("gas", "flood", "fire", "hazmat", "metro", "quake"))


@pytest.fixture
def plan(workspace: Workspace) -> NamedNode:
    """A plan for one test."""
    return editions.find(workspace, next(PLANS))


def who(workspace: Workspace, role: str, name: str = "") -> Principal:
    return Principal(name or role, frozenset([role]), workspace.policies.current)


def published(workspace: Workspace, plan: NamedNode, on: date, author: str = "zhang") -> int:
    """Draft, submit and approve an edition; return its number."""
    expert, approver = who(workspace, "expert", author), who(workspace, "approver", "wang")
    desk.draft(workspace, plan, expert, now=NOW)
    desk.take(workspace, plan, "submit", expert, now=NOW)
    desk.take(workspace, plan, "approve", approver, on=on, now=NOW)
    return len(editions.editions(workspace, plan))


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
    desk.take(workspace, plan, "drill", expert, reason="桌面推演", now=NOW)
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
    revised = editions.editions(workspace, plan)[second - 1].one(editions.REVISES)
    assert revised == editions.edition_iri(plan, first)
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
        editions.find(workspace, "no such plan")
    with pytest.raises(NotFound, match=r"plan\.no-edition"):
        desk.take(workspace, plan, "submit", expert, number=99, now=NOW)


def test_the_clocks_of_plans_look_at_what_the_flow_recorded(workspace: Workspace) -> None:
    plan = editions.find(workspace, "crowd")
    published(workspace, plan, DAY)
    label, clocks = workspace.describer.text(plan).zh, Clocks(workspace)

    def due(on: date) -> set[str]:
        return {f.fault.message.zh for f in clocks.findings(on) if f.fault.message.zh.startswith(label)}

    assert not due(DAY)
    late = due(DAY + timedelta(days=60))
    assert any("备案" in text for text in late)
    desk.take(workspace, plan, "file", who(workspace, "expert"), now=NOW)
    assert not any("备案" in text for text in due(DAY + timedelta(days=60)))
    assert any("演练" in text for text in due(DAY + timedelta(days=4 * 365)))


def test_a_module_lives_as_a_plan_does(workspace: Workspace) -> None:
    module = editions.find(workspace, "医疗救治")
    assert editions.slug_of(module) == "module-medical"
    assert published(workspace, module, DAY) == listing.show(workspace, module, DAY)["inForce"]


# ── What an edition keeps, and how editions differ ──────────────────────────────────────────────


def test_an_edition_keeps_every_provision_with_a_digest(workspace: Workspace) -> None:
    plan = editions.find(workspace, "gas")
    desk.draft(workspace, plan, who(workspace, "expert"), now=NOW)
    number = len(editions.editions(workspace, plan))
    told = listing.provisions(workspace, plan, number, DAY)
    kinds = {group["kind"]["label"]["en"]: group["provisions"] for group in told["kinds"]}
    for kind, label in (
        ("Duty", "Put out fires, dilute and disperse gas, search for people"),  # its own
        ("Duty", "Organise first aid, transport, treatment and counselling"),  # of every incident
        ("Duty", "Assess whether damaged buildings stand safely"),  # of a narrower type alone
        ("Criterion", "households without gas ≥ 30,000 households"),
        ("Plan module", "Medical care"),
        ("Need of a resource", "Breathing apparatus × 12"),
        ("Level binding", "Larger → Level III response"),
        ("Clause", "Urban Gas Regulation (2010, revised 2016), article 42"),
    ):
        assert label in {one["label"]["en"] for one in kinds[kind]}, (kind, label)
    assert told["count"] > 300
    digests = [one["digest"] for group in kinds.values() for one in group]
    assert len(set(digests)) == len(digests)
    assert not any("http" in one["label"]["zh"] for group in kinds.values() for one in group)
    assert not any(one["clauses"] == [] for one in kinds["Duty"])
    now = listing.difference(workspace, plan, number, None, DAY)
    assert (now["added"], now["removed"], now["changed"], now["same"]) == ([], [], [], told["count"])


def test_two_editions_say_what_was_added_removed_and_changed_and_how(fresh: Workspace) -> None:
    plan = editions.find(fresh, "gas")
    desk.draft(fresh, plan, who(fresh, "expert"), now=NOW)
    pack, kb = graph("knowledge/gas"), f"{ROOT}kb/"
    fire, power = NamedNode(kb + "duty/gas-fire"), NamedNode(kb + "duty/gas-power")
    old = Literal("灭火、稀释驱散燃气、搜救人员", language="zh")
    power_quads = list(fresh.store.match(power, None, None, pack))
    new = NamedNode(kb + "duty/gas-drone")
    copied = [Quad(new, q.predicate, q.object, pack) for q in power_quads]
    fresh.store.commit(
        Change(
            [Quad(fire, xz("task"), Literal("灭火、驱散燃气", language="zh"), pack), *copied],
            [Quad(fire, xz("task"), old, pack), *power_quads],
        ),
        actor="test",
        action="edit",
    )
    assert listing.show(fresh, plan, DAY)["editions"][0]["changedSince"]
    desk.draft(fresh, plan, who(fresh, "expert"), now=NOW)
    told = listing.difference(fresh, plan, 1, 2, DAY)
    assert [one["iri"] for one in told["added"]] == [new.value]
    assert [(one["iri"], one["label"]["zh"]) for one in told["removed"]] == [
        (power.value, "切断泄漏区电源，防止引燃")
    ], "what is gone keeps its words"
    (changed,) = told["changed"]
    assert changed["text"]["zh"] == (
        "灭火、驱散燃气：任务由“灭火、稀释驱散燃气、搜救人员”改为“灭火、驱散燃气”"
    )
    assert changed["changes"][0]["property"]["label"]["en"] == "task"
    with pytest.raises(NotFound, match=r"plan\.no-edition"):
        listing.difference(fresh, plan, 1, 9, DAY)


# ── Guards ──────────────────────────────────────────────────────────────────────────────────────


def test_the_modules_of_a_plan_are_published_with_it_in_one_step(fresh: Workspace) -> None:
    plan, medical = editions.find(fresh, "gas"), editions.find(fresh, "module-medical")
    number = published(fresh, plan, DAY)
    told = listing.show(fresh, medical, DAY)
    (edition,) = told["editions"]
    assert told["inForce"] == 1
    assert edition["goesWith"]["slug"] == "gas"
    assert edition["goesWith"]["edition"] == number
    assert edition["provisions"] == 8
    assert [(one["name"], one["actor"]) for one in told["timeline"]] == [
        ("draft", "zhang"),
        ("submit", "zhang"),
        ("approve", "wang"),
    ]
    published(fresh, editions.find(fresh, "fire"), DAY)
    assert len(editions.editions(fresh, medical)) == 1, "it says the same: the edition in force stays"
    with pytest.raises(FlowRefused, match="正在使用该模块"):
        desk.take(fresh, medical, "withdraw", who(fresh, "approver"), reason="不用了", now=NOW)


def test_a_plan_is_not_approved_while_a_module_of_it_is_drafted_by_itself(fresh: Workspace) -> None:
    plan, medical = editions.find(fresh, "gas"), editions.find(fresh, "module-medical")
    desk.draft(fresh, medical, who(fresh, "expert"), now=NOW)
    with pytest.raises(FlowRefused, match="医疗救治"):
        published(fresh, plan, DAY)
    assert listing.show(fresh, plan, DAY)["inForce"] is None
    desk.take(fresh, medical, "withdraw", who(fresh, "approver"), reason="随预案发布", now=NOW)
    desk.take(fresh, plan, "approve", who(fresh, "approver"), on=DAY, now=NOW)
    assert listing.show(fresh, medical, DAY)["inForce"] == 2


def test_who_wrote_an_edition_does_not_approve_its_revision_either(workspace: Workspace) -> None:
    plan = editions.find(workspace, "environment")
    published(workspace, plan, DAY, author="zhang")
    both = Principal("zhang", frozenset(["expert", "approver"]), workspace.policies.current)
    desk.draft(workspace, plan, who(workspace, "expert", "liu"), now=NOW)
    desk.take(workspace, plan, "submit", who(workspace, "expert", "liu"), now=NOW)
    with pytest.raises(Forbidden, match=r"flow\.four-eyes"):
        desk.take(workspace, plan, "approve", both, now=NOW)
    desk.take(workspace, plan, "approve", who(workspace, "approver", "wang"), now=NOW)


def test_days_before_the_approval_and_days_to_come_are_refused(workspace: Workspace) -> None:
    plan, expert, approver = (
        editions.find(workspace, "radiation"), who(workspace, "expert"), who(workspace, "approver"),
    )  # fmt: skip
    desk.draft(workspace, plan, expert, now=NOW)
    desk.take(workspace, plan, "submit", expert, now=NOW)
    for day, moment in ((DAY - timedelta(days=1), NOW), (DAY, NOW - timedelta(hours=1))):
        with pytest.raises(FlowRefused, match=r"flow\.guard"):
            desk.take(workspace, plan, "approve", approver, on=day, now=moment)
    desk.take(workspace, plan, "approve", approver, on=DAY + timedelta(days=9), now=NOW)
    for step in ("file", "drill", "evaluate"):
        for day in (DAY - timedelta(days=1), DAY + timedelta(days=1)):
            with pytest.raises(FlowRefused, match=r"flow\.guard"):
                desk.take(workspace, plan, step, expert, reason="x", on=day, now=NOW)


def test_an_incident_is_no_drill_and_both_may_be_evaluated(workspace: Workspace) -> None:
    plan, expert = editions.find(workspace, "structure"), who(workspace, "expert")
    report = {"type": "建筑物坍塌", "grid": "370202", "id": "collapse-1"}
    incident.report(workspace, report, actor="test")
    published(workspace, plan, DAY)
    desk.take(workspace, plan, "drill", expert, reason="桌面推演", exercise="gas-explosion", now=NOW)
    later = NOW + timedelta(days=30)
    desk.take(workspace, plan, "evaluate", expert, reason="可用", now=later)
    desk.take(workspace, plan, "execute", expert, reason="实战", incident="collapse-1", now=later)
    desk.take(workspace, plan, "evaluate", expert, reason="通信不畅", now=later)
    edition = listing.show(workspace, plan, DAY + timedelta(days=31))["editions"][-1]
    assert edition["drilledOn"] == "2026-11-25", "the clock of drills runs on"
    assert (edition["executedOn"], edition["evaluatedOn"]) == ("2026-12-25", "2026-12-25")
    told = [one["for"] for one in listing.show(workspace, plan, DAY)["timeline"] if one["for"]]
    assert told == ["gas-explosion", "collapse-1"]
    with pytest.raises(FlowRefused, match="executedFor"):
        desk.take(workspace, plan, "execute", expert, reason="没有事件", now=later)


def test_unknown_incidents_and_exercises_and_incidents_of_other_plans_are_refused(
    workspace: Workspace,
) -> None:
    plan, expert = editions.find(workspace, "traffic"), who(workspace, "expert")
    incident.report(workspace, {"type": "内涝", "grid": "370202", "id": "flood-9"}, actor="test")
    published(workspace, plan, DAY)
    with pytest.raises(NotFound, match=r"incident\.unknown"):
        desk.take(workspace, plan, "execute", expert, reason="x", incident="no-such", now=NOW)
    with pytest.raises(FlowRefused, match="不适用"):
        desk.take(workspace, plan, "execute", expert, reason="x", incident="flood-9", now=NOW)
    with pytest.raises(FlowRefused, match="没有推演方案"):
        desk.take(workspace, plan, "drill", expert, reason="x", exercise="no-such", now=NOW)


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


def pages_of(pdf: bytes) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)]


def text_of(pdf: bytes) -> str:
    return "".join(pages_of(pdf))


def test_an_action_card_says_what_one_department_is_to_do(workspace: Workspace) -> None:
    report = {"type": "燃气爆炸", "grid": "370202", "deaths": 1, "id": "card-1"}
    incident.report(workspace, report, actor="test")
    confirming.confirm(workspace, "card-1", who(workspace, "duty-officer"))
    told = requests.cards(workspace, "card-1", "市南区公安分局", "zh")
    text = text_of(told)
    assert "行动卡" in text
    assert "警戒与交通管制" in text
    assert "突发事件应对法" in text
    assert "Action card" in text_of(requests.cards(workspace, "card-1", "市南区公安分局", "en"))
    with pytest.raises(NotFound, match=r"card\.department"):
        requests.cards(workspace, "card-1", "没有这个局", "zh")
    pages = pages_of(requests.cards(workspace, "card-1", None, "zh"))
    bodies = printing.engaged(recommend(workspace, incident.recall(workspace, "card-1")))
    assert len(bodies) > 5
    for body in bodies:
        assert any(f"行动卡 · {body['label']['zh']}" in page for page in pages), "each has a page of its own"


def test_a_plan_has_a_card_for_every_department_of_an_area_in_one_document(workspace: Workspace) -> None:
    pages = pages_of(requests.plan_cards(workspace, "gas", "370200", "zh"))
    lines = [line.strip() for page in pages for line in page.splitlines()]
    titles = [line for line in lines if line.startswith("行动卡 · ")]
    assert "行动卡 · 青岛市消防救援支队" in titles
    assert "行动卡 · 青岛市城市管理局" in titles, "which administers gas in Qingdao"
    assert len(titles) == len(set(titles)) > 10
    fire = next(page for page in pages if "行动卡 · 青岛市消防救援支队" in page)
    for said in ("搜救与灭火", "灭火、稀释驱散燃气、搜救人员", "城镇燃气管理条例", "空气呼吸器 × 12"):
        assert said in fire.replace("\r\n", ""), said
    assert "Action card" in pages_of(requests.plan_cards(workspace, "gas", "370200", "en"))[0]
    for area in ("990000", "x"):
        with pytest.raises(NotFound, match=r"network\.(city|area)"):
            requests.plan_cards(workspace, "gas", area, "zh")


def test_a_plan_is_printed_with_its_editions_and_clauses(workspace: Workspace) -> None:
    plan = editions.find(workspace, "power")
    published(workspace, plan, today())
    text = text_of(requests.printed(workspace, "power", "zh"))
    assert workspace.describer.text(plan).zh[:4] in text
    assert "已发布" in text
