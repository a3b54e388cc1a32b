"""The pages of plans in a real browser: author, reviewer, approver, a drill, its evaluation, a revision.

The journey writes ``examples/screenshots/plan-*.png`` where ``XIEZHI_SCREENSHOTS=1``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from kb.access.accounts import Accounts
from kb.errors import Text
from kb.namespaces import PREFIXES, graph
from kb.resources import folder
from kb.services import incident
from kb.services.plans import composing, drawing
from kb.services.workspace import Workspace
from kb.store.protocol import Change
from tests.homes import copied
from tests.webapp.browsing import PASSWORD, PHONE, logged_in
from tests.webapp.conftest import Server
from webapp import create_app

PEOPLE = {"zhang": "expert", "liu": "expert", "wang": "approver", "chen": "duty-officer"}
IRI = re.compile(r"https?://")
CHINESE = re.compile(r"[\u3400-\u9fff]")
STOCKS = (
    "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())
    + """
PREFIX resource: <https://w3id.org/xiezhi/kb/resource/>
<urn:engines> a xz:Stock ; xz:resourceKind resource:fire-engine ; xz:quantity 5.0 ;
    xz:locatedIn division:370202 ."""
)


@pytest.fixture(scope="module")
def opened(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with four people, shared stocks and two fires."""
    home = copied(prepared, tmp_path_factory.mktemp("plans") / "home")
    with Workspace(home, cities=()) as workspace:
        workspace.intake.declare((folder("examples") / "datasets" / "370200.ttl").read_bytes(), actor="test")
        name = graph("source/370200/emergency-management/stocks")
        quads = [Quad(q.subject, q.predicate, q.object, name) for q in parse(STOCKS, format=RdfFormat.TURTLE)]
        workspace.store.commit(Change(quads), actor="test", action="load")
        for identifier in ("fire-1", "fire-2"):
            report = {"type": "建筑火灾", "grid": "370202", "fire": True, "id": identifier}
            incident.report(workspace, report, actor="test")
        roles = set(workspace.policies.current.roles)
        for user, role in PEOPLE.items():
            Accounts(home).add(user, PASSWORD, [role], known=roles)
    return home


@pytest.fixture(scope="module")
def served(start: Callable[..., Server], opened: Path) -> Server:
    return start(opened)


@pytest.fixture
def person(browser: Browser, served: Server) -> Iterator[Any]:
    """Log somebody in: ``person("zhang", "zh-CN")``; at the end nothing may have gone wrong."""
    with logged_in(browser, served, refusals=True) as log_in:
        yield log_in


def take(page: Page, step: str, **fields: str) -> None:
    """Open the form of *step* with the keyboard, fill it in and send it."""
    form = page.locator(
        "details.explore", has=page.locator("summary", has_text=re.compile(rf"^{step}\b|^{step}"))
    )
    if form.get_attribute("open") is None:  # what was refused is shown open
        form.locator("summary").press("Enter")
    for name, value in fields.items():
        field = form.locator(f"[name={name}]").first
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("button").first.press("Enter")
    page.wait_for_load_state()


@pytest.mark.browser
def test_a_plan_goes_from_its_author_over_a_comment_to_its_revision(person: Any) -> None:
    author = person("zhang")
    page = author.open("/plans")
    page.get_by_role("link", name="燃气事故应急预案").click()
    expect(page.locator("h1")).to_contain_text("尚未起草")
    page.get_by_role("button", name="起草第一版").press("Enter")
    expect(page.locator("h1 .tag")).to_have_text("草案")
    take(page, "送审")
    expect(page.locator("h1 .tag")).to_have_text("送审")

    reviewer = person("liu", "en-US").open("/plan/gas")
    take(reviewer, "comment on it", reason="Who calls the gas company at night?")
    expect(reviewer.locator(".comments blockquote")).to_have_text("Who calls the gas company at night?")

    approver = person("wang")
    page = approver.open("/plan/gas")
    expect(page.locator(".comments blockquote")).to_have_text("Who calls the gas company at night?")
    take(page, "批准发布", on="2020-01-01")
    expect(page.locator(".complaint[role=alert]")).to_contain_text("早于批准日")
    take(page, "批准发布", on="")
    expect(page.locator("h1 .tag")).to_have_text("已发布")
    expect(page.locator(".due")).to_contain_text("两年一演练")
    approver.picture("plan-zh")

    page = author.open("/plan/gas")
    take(page, "备案")
    take(page, "演练", reason="桌面推演", exercise="gas-explosion")
    expect(page.locator(".states [aria-current]")).to_contain_text("已执行")
    take(page, "评估", reason="联络表需更新")
    expect(page.locator("h1 .tag")).to_have_text("已评估")
    page.get_by_role("button", name="起草新版本").press("Enter")
    expect(page.locator("h1 .tag")).to_have_text("草案")
    expect(page.get_by_role("region", name="各版本").first).to_contain_text("已由第 2 版修订")
    page.locator("select[name=from]").select_option("1")
    page.locator("select[name=to]").select_option("2")
    page.get_by_role("button", name="比较").press("Enter")
    expect(page.locator("#difference-title ~ p")).to_contain_text("新增 0，删除 0，变更 0")
    module = page.locator("details.part", has_text="搜救与灭火").first
    module.locator("summary").press("Enter")
    expect(module.locator(".provisions")).to_contain_text("消防车 × 4")
    expect(page.get_by_role("region", name="模块所需资源与储备").first).to_contain_text("消防车")
    assert not IRI.search(page.locator("main").inner_text())

    english = person("liu", "en-US", size=PHONE)
    page = english.open("/plan/gas")
    words = page.locator("main").inner_text()
    for said in ("Who calls the gas company at night?", "桌面推演", "联络表需更新"):
        words = words.replace(said, "")
    assert not CHINESE.search(words)
    english.check()
    english = person("liu", "en-US")
    english.open("/plan/gas")
    english.picture("plan-en")
    english.open("/plans")
    english.picture("plans-en")
    page = english.open("/plan/module-medical")
    expect(page.get_by_role("region", name="Editions").first).to_contain_text("Gas accident plan")


@pytest.mark.browser
def test_a_duty_officer_takes_resources_which_the_next_incident_then_misses(person: Any) -> None:
    duty = person("chen")
    page = duty.open("/incident/fire-1/resources")
    row = page.locator("tr", has_text="消防车")
    expect(row).to_contain_text("4 （可用 5）")
    page.get_by_role("button", name="占用全部可调用资源").press("Enter")
    expect(row.locator(".held")).to_contain_text("4")
    page = duty.open("/incident/fire-2/resources")
    expect(row).to_contain_text("1 （可用 1）")
    expect(row).to_contain_text("缺 3")
    expect(row).to_contain_text("4 已被占用： 建筑火灾")
    duty.picture("resources-zh")
    page = duty.open("/incident/fire-1/resources")
    row.get_by_role("button", name="归还").press("Enter")
    expect(page.locator("tr", has_text="消防车").locator(".held")).to_have_count(0)


def test_a_form_from_elsewhere_takes_no_step_and_a_role_sees_its_own_steps_alone(
    prepared: Path, tmp_path: Path
) -> None:
    home = copied(prepared, tmp_path / "home")
    with Workspace(home, cities=()) as workspace:
        asked = create_app(workspace, testing=True).test_client()
        assert asked.post("/plan/gas/steps/draft", data={}).status_code == 400, (
            "without the token of the form"
        )
        assert asked.post("/incident/x/resources/reserve", data={}).status_code == 400
        assert asked.get("/plan/gas?edition=9").status_code == 404
        assert asked.get("/plan/gas?edition=x").status_code == 400
        assert asked.get("/plan/no-such").status_code == 404
        drawn = asked.get("/plan/gas/composition")
        assert drawn.mimetype == "image/svg+xml"
        assert "搜救与灭火" in drawn.text
        assert asked.get("/plan/gas/print").data.startswith(b"%PDF")
        Accounts(home).add("audrey", PASSWORD, ["auditor"], known=set(workspace.policies.current.roles))
        token, _ = Accounts(home).issue("audrey", ["query"])
        page = asked.get("/plan/gas", headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"})
        assert page.status_code in (200, 403)
        assert "Draft the first edition" not in page.text


def test_modules_that_wait_for_one_another_and_missing_states_are_drawn_in_words() -> None:
    one, two, three = (NamedNode(f"urn:{name}") for name in ("one", "two", "three"))
    a, b, c = (NamedNode(f"urn:state-{name}") for name in "abc")
    parts = [
        composing.Part(one, frozenset([a]), frozenset([b])),
        composing.Part(two, frozenset([b]), frozenset([a])),
        composing.Part(three, frozenset([c]), frozenset()),
    ]
    drawn = drawing.draw(parts, composing.compose(parts), lambda node: Text(node.value, node.value), "en")
    text = drawn.decode()
    assert text.count("(waits for itself)") == 2
    assert "missing: urn:state-c" in " ".join(re.findall(r"<text[^>]*>([^<]*)", text))
