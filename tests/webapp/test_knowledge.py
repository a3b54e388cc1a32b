"""The knowledge on its pages: found by its words, told in words, its cases run; by whom it may be changed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kb.access.accounts import Accounts
from kb.services.workspace import Workspace
from webapp import create_app

XZ = "https://w3id.org/xiezhi/ns#"
CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture(scope="module")
def opened(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A store with an incident in it, and a user for each role that matters here."""
    home = Path(shutil.copytree(prepared, tmp_path_factory.mktemp("knowledge") / "home"))
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
