"""The knowledge on its pages: found by its words, told in words, its cases run; by whom it may be changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kb.access.accounts import Accounts
from kb.ontology.knowledge import over
from kb.services.drafting.shelf import Shelf
from kb.services.releases import desk as steps
from kb.services.workspace import Workspace
from tests.homes import copied
from webapp import create_app

XZ = "https://w3id.org/xiezhi/ns#"
BOMB = "- &a0 [x]\n" + "".join(f"- &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(30))
"""Each list holds the one before nine times."""
CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture(scope="module")
def opened(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A store with an incident in it, and a user for each role that matters here."""
    home = copied(prepared, tmp_path_factory.mktemp("knowledge") / "home")
    with Workspace(home, cities=()) as workspace:
        roles = set(workspace.policies.current.roles)
        accounts = Accounts(home)
        for name in ("expert", "approver", "steward"):
            accounts.add(name, "a long enough password", [name], known=roles)
        yield workspace


@pytest.fixture(scope="module")
def tokens(opened: Workspace) -> dict[str, str]:
    scopes = list(opened.policies.current.actions)
    return {
        name: Accounts(opened.home).issue(name, scopes, days=1)[0]
        for name in ("expert", "approver", "steward")
    }


@pytest.fixture
def visitor(opened: Workspace) -> FlaskClient:
    return create_app(opened, testing=True).test_client()


def text_of(client: FlaskClient, path: str, lang: str = "en", **headers: str) -> str:
    reply = client.get(path, headers={"Accept-Language": lang, "Accept": "text/html", **headers})
    assert reply.status_code == 200, reply.text
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", reply.text)))


def test_a_word_that_callers_use_finds_the_type_and_its_page_tells_everything(visitor: FlaskClient) -> None:
    assert "燃气爆炸" in text_of(visitor, "/knowledge?q=煤气", "zh")
    page = text_of(visitor, f"/knowledge/term?iri={quote(XZ + 'GasExplosion', safe='')}", "zh")
    for told in ("燃气事故", "ontology/packs/gas/types.ttl", "职责（适用类型）", "用例", "又称"):
        assert told in page
    duty = "https://w3id.org/xiezhi/kb/duty/gas-lead"
    page = text_of(visitor, f"/knowledge/term?iri={quote(duty, safe='')}", "en")
    assert "Urban Gas Regulation" in page
    assert "Duty to lead" in page


@pytest.mark.parametrize(
    "path", ["/knowledge", "/knowledge?q=explosion", "/knowledge/rules", "/knowledge/rules/lead"]
)
def test_the_pages_are_complete_in_english(visitor: FlaskClient, path: str) -> None:
    page = text_of(visitor, path).partition("Skip to the content")[2]
    left = page.replace("协治", "").replace("中文", "")
    if path.endswith("/lead"):  # the sentence is shown in both languages
        left = left.replace("承担", "")
        assert "leads by the duty" in page
    else:
        assert not CHINESE.search(left)


def test_a_name_that_nobody_has_finds_what_is_like_it(visitor: FlaskClient) -> None:
    assert "names are like them" in text_of(visitor, "/knowledge?q=gsa+explosion")


def test_a_term_that_is_not_there_is_said_to_be_so(visitor: FlaskClient) -> None:
    for iri in ("nonsense", XZ + "NoSuchThing", "https://w3id.org/xiezhi/incident/1"):
        reply = visitor.get(f"/knowledge/term?iri={quote(iri, safe='')}")
        assert reply.status_code == 404


def test_the_cases_of_a_rule_run_on_the_page_and_say_whether_it_fires(opened: Workspace) -> None:
    app = create_app(opened, testing=True)
    app.config["WTF_CSRF_ENABLED"] = False
    reply = app.test_client().post("/knowledge/rules/lead/run", headers={"Accept-Language": "en"})
    assert reply.status_code == 200
    assert "0 failed" in reply.text
    assert "It fires" in reply.text


def test_rules_are_found_by_their_sentence_folder_and_layer(visitor: FlaskClient) -> None:
    page = text_of(visitor, "/knowledge/rules?q=most+specific+duty&folder=departments")
    assert "Duty to lead" in page
    assert "Order of modules" not in page
    assert visitor.get("/knowledge/rules/no-such-rule").status_code == 404


# ── Drafts: who may, what is refused ────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def ask(opened: Workspace, tokens: dict[str, str]) -> Callable[..., Any]:
    """Send a form in somebody's name: ``ask("expert", "POST", path, key="value")``."""
    app = create_app(opened, testing=True)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()

    def send(name: str, method: str, path: str, /, **form: str) -> Any:
        headers = {"Authorization": f"Bearer {tokens[name]}", "Accept": "text/html", "Accept-Language": "en"}
        return client.open(path, method=method, data=form or None, headers=headers)

    return send


@pytest.fixture(scope="module")
def draft(ask: Callable[..., Any]) -> str:
    """The address of an empty draft of the expert."""
    reply = ask("expert", "POST", "/knowledge/drafts", title="Gas stations")
    assert reply.status_code == 303, reply.text
    return str(reply.headers["Location"])


def test_only_experts_write_drafts_and_only_they_and_approvers_read_them(
    ask: Callable[..., Any], draft: str, visitor: FlaskClient
) -> None:
    assert ask("steward", "GET", "/knowledge/drafts").status_code == 403
    assert ask("approver", "GET", draft).status_code == 200
    assert ask("approver", "POST", "/knowledge/drafts", title="Mine").status_code == 403
    for path in ("/add", "/copy", "/run/check", "/submit", "/discard"):
        assert ask("approver", "POST", draft + path, path="x").status_code == 403, path
    with_users = visitor.get("/knowledge/drafts", headers={"Sec-Fetch-Site": "cross-site"})
    assert with_users.status_code in (302, 401, 403)


def test_a_draft_without_a_title_or_with_a_strange_file_is_refused_with_a_repair(
    ask: Callable[..., Any], draft: str
) -> None:
    assert ask("expert", "POST", "/knowledge/drafts", title=" ").status_code == 422
    for path in (
        "../../accounts.sqlite",
        "ontology/../../x.ttl",
        "/etc/passwd",
        "ontology/access.ttl",
        "ontology/shapes/knowledge.ttl",
        "rules/plan/x.py",
        "rules/" + "a" * 200 + "/x.srl",
    ):
        reply = ask("expert", "POST", draft + "/copy", path=path)
        assert reply.status_code == 422, path
        assert "such as" in reply.text
        assert ask("expert", "POST", f"{draft}/edit?path={quote(path)}", text="x").status_code == 422


def test_the_form_adds_a_type_and_a_duty_that_builds_on_it(ask: Callable[..., Any], draft: str) -> None:
    reply = ask(
        "expert",
        "POST",
        draft + "/add",
        kind="incident-type",
        name="gas-station-fire",
        label_zh="加气站火灾",
        label_en="Gas station fire",
        parent="Gas accident",
        definition_zh="燃气加气站发生的火灾。",
        definition_en="A fire at a gas filling station.",
        spoken="加气站着火、加气机起火",
    )
    assert reply.status_code == 303, reply.text
    page = ask("expert", "GET", reply.headers["Location"])
    assert "加气机起火" in page.text
    assert "It can be read" in page.text
    reply = ask(
        "expert",
        "POST",
        draft + "/add",
        kind="duty",
        name="gas-station-watch",
        label_zh="看护加气站",
        label_en="Watch the gas station",
        parent="加气站火灾",
        function="消防救援",
        role="Support",
        clause="《城镇燃气管理条例》（2010年公布，2016年修订）第5条",
    )
    assert reply.status_code == 303, reply.text
    text = ask("expert", "GET", reply.headers["Location"]).text
    assert "function:fire-rescue" in text
    reply = ask("expert", "POST", draft + "/add", kind="incident-type", name="Ä", parent="Gas accident")
    assert reply.status_code == 422


def test_what_is_wrong_is_said_at_its_line_in_the_language_of_the_reader(
    ask: Callable[..., Any], draft: str
) -> None:
    path = "rules/stations/cordon.srl"
    address = f"{draft}/faults?path={path}"
    reply = ask(
        "expert",
        "POST",
        address,
        text="PREFIX xz: <http://x/>\nRULE xz:r { ?a xz:b ?c } WHERE { ?a xz:d ?e }\n",
    )
    assert 'data-line="2"' in reply.text
    assert "?c" in reply.text
    reply = ask("expert", "POST", f"{draft}/faults?path=ontology/packs/gas/x.ttl", text="xz:A a xz:B .")
    assert "declare it with @prefix" in reply.text
    reply = ask(
        "expert", "POST", f"{draft}/faults?path=rules/a/x.cases.yaml", text="- title: x\n  given: {a: b\n"
    )
    assert 'data-line="3"' in reply.text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ontology/packs/gas/x.ttl", "[" * 100_000),
        ("rules/a/x.srl", "RULE <http://x/> { } WHERE { " + "{" * 50_000),
        ("rules/a/x.cases.yaml", BOMB),
        ("rules/a/x.cases.yaml", "[" * 50_000),
    ],
    ids=["turtle", "rule", "yaml-bomb", "yaml"],
)  # fmt: skip
def test_a_hostile_text_kills_at_most_the_process_that_reads_it(
    ask: Callable[..., Any], draft: str, path: str, text: str
) -> None:
    reply = ask("expert", "POST", f"{draft}/faults?path={path}", text=text)
    assert reply.status_code == 200
    assert ask("expert", "GET", draft).status_code == 200


def test_too_much_text_is_refused_and_told(ask: Callable[..., Any], draft: str) -> None:
    reply = ask("expert", "POST", f"{draft}/edit?path=rules/a/x.srl", text="a" * 600_000)
    assert reply.status_code == 422
    assert "512 KB" in reply.text


def test_a_draft_that_was_not_tried_cannot_be_submitted(ask: Callable[..., Any], draft: str) -> None:
    reply = ask("expert", "POST", draft + "/submit")
    assert reply.status_code == 422
    assert "not run since the last change" in reply.text


def test_a_note_names_the_rule_that_it_concerns_and_is_read_at_the_rule(
    ask: Callable[..., Any], opened: Workspace
) -> None:
    release = f"/knowledge/releases/{opened.release}"
    reply = ask("approver", "POST", release + "/notes", text="Which tier?", about="Duty to lead")
    assert reply.status_code == 303, reply.text
    assert "Which tier?" in ask("expert", "GET", "/knowledge/rules/lead-duty").text
    reply = ask("approver", "POST", release + "/notes", text="Which?", about="No such rule")
    assert reply.status_code == 422
    assert "choose one of the list" in reply.text
    assert ask("steward", "POST", release + "/notes", text="x").status_code == 403


def test_who_drafted_a_release_cannot_approve_it_and_a_return_needs_a_reason(
    ask: Callable[..., Any], opened: Workspace, draft: str, tmp_path: Path
) -> None:
    shelf = Shelf(opened.home)
    mine = shelf.find(draft.rsplit("/", 1)[1])
    with over(shelf.files(mine), opened.knowledge) as base:
        made = steps.draft(opened, base, "Gas stations", "expert")
    steps.submit(opened, made.digest, "expert", faults=[])
    release = f"/knowledge/releases/{made.id}"
    page = ask("approver", "GET", release)
    assert "gas-station-fire.ttl" in page.text
    assert "Approve" in page.text
    assert ask("expert", "POST", release + "/approve").status_code == 403
    assert ask("approver", "POST", release + "/return").status_code == 422
    assert ask("approver", "POST", release + "/approve", **{"from": "2020-01-01"}).status_code == 422
    assert ask("approver", "POST", release + "/approve", **{"from": "soon"}).status_code == 422
    assert ask("approver", "POST", release + "/return", reason="say which stations").status_code == 303
    assert "say which stations" in ask("expert", "GET", release).text
    assert ask("expert", "POST", release + "/withdraw").status_code == 303


def test_an_approver_who_drafted_has_no_eyes_of_his_own(opened: Workspace) -> None:
    text, _ = Accounts(opened.home).issue("expert", ["draft-release"], days=1)
    app = create_app(opened, testing=True)
    app.config["WTF_CSRF_ENABLED"] = False
    headers = {"Authorization": f"Bearer {text}", "Accept": "text/html"}
    reply = app.test_client().post("/knowledge/drafts", data={"title": "By token"}, headers=headers)
    made = Shelf(opened.home).find(reply.headers["Location"].rsplit("/", 1)[1])
    assert made.author == "expert", "the token does not make another person of him"
