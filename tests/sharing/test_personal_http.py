"""Personal fields from a real file to the page of who may see them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pyoxigraph import NamedNode

from kb.access.accounts import Accounts
from kb.cli import main
from kb.namespaces import xz
from kb.resources import folder
from kb.services.workspace import Workspace
from kb.sharing.incoming import Incoming
from kb.sharing.intake import Intake
from kb.sharing.personal.master import FILE, KEY, Master
from webapp import create_app

ROSTER = "370200/emergency-management/roster"
RECORD = f"https://w3id.org/xiezhi/dataset/{ROSTER}/2026-07-20-01"
PERSON, PHONE = "甲某某", "13800000001"
PASSWORD = "a long enough password"
REASON = "call him to the site"


@pytest.fixture(scope="module")
def app_of(declared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The samples delivered under a key, and a commander and an officer who may log in."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("personal") / "home"
        key = home.parent / "master.key"
        Master.new().write(key)
        patch.delenv(KEY, raising=False)
        patch.setenv(FILE, str(key))
        shutil.copytree(declared, home)
        with Workspace(home, cities=()) as workspace:
            file = Incoming.of(folder("examples") / "datasets" / "roster.csv", "roster.csv")
            dataset = workspace.intake.datasets.find(ROSTER)
            outcome = workspace.intake.submit(dataset, file, actor="li")
            assert (outcome.stored, outcome.quarantined) == (2, 0)
            roles = set(workspace.policies.current.roles)
            for name, role in (("chen", "commander"), ("wu", "duty-officer"), ("gao", "administrator")):
                Accounts(home).add(name, PASSWORD, [role], known=roles)
            yield workspace


@pytest.fixture
def client(app_of: Workspace) -> FlaskClient:
    return create_app(app_of, testing=True).test_client()


def token(app_of: Workspace, user: str, *scopes: str) -> dict[str, str]:
    text, _ = Accounts(app_of.home).issue(user, scopes)
    return {"Authorization": f"Bearer {text}"}


def log_in(client: FlaskClient, name: str) -> None:
    form = client.get("/login?lang=en").text
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', form)[0]
    answer = client.post("/login", data={"csrf_token": csrf, "name": name, "password": PASSWORD})
    assert answer.status_code == 303


def last(workspace: Workspace) -> tuple[str, str, str]:
    (entry,) = workspace.store.entries(workspace.store.sequence - 1)
    return entry.actor, entry.action, entry.reason


def test_a_real_file_leaves_masked_values_and_ciphertext(app_of: Workspace) -> None:
    store, record = app_of.store, NamedNode(RECORD)
    quads = list(store.match(record, None, None))
    values = {getattr(quad.object, "value", "") for quad in quads}
    assert {"甲*", "138****0001"} <= values
    assert not {PERSON, PHONE} & values
    assert sum(quad.predicate == xz("phone") for quad in quads) == 2
    assert not any(PHONE in str(q) for e in store.entries(store.sequence - 9) for q in e.change.additions)


def test_the_page_shows_masks_and_by_post_with_a_reason_the_values(
    app_of: Workspace, client: FlaskClient
) -> None:
    log_in(client, "chen")
    page = client.get("/personal", query_string={"record": RECORD, "lang": "en", "reason": REASON})
    assert page.status_code == 200
    assert "138****0001" in page.text
    assert PHONE not in page.text
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
    form = {"csrf_token": csrf, "record": RECORD, "reason": REASON}
    refused = client.post("/personal", data=form | {"reason": ""})
    assert refused.status_code == 422
    assert PHONE not in refused.text
    forged = client.post("/personal", data={"record": RECORD, "reason": REASON})
    assert forged.status_code == 400
    assert PHONE not in forged.text
    answer = client.post("/personal", data=form)
    assert answer.status_code == 200
    assert PHONE in answer.text
    assert PERSON in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    actor, action, reason = last(app_of)
    assert (actor, action) == ("chen", "read personal")
    assert REASON in reason


def test_the_page_tells_who_may_not_nothing(app_of: Workspace, client: FlaskClient) -> None:
    log_in(client, "wu")
    page = client.get("/personal", query_string={"record": RECORD})
    assert page.status_code == 404  # a withheld dataset
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)[0]
    answer = client.post("/personal", data={"csrf_token": csrf, "record": RECORD, "reason": REASON})
    assert answer.status_code == 403
    assert PHONE not in answer.text
    assert last(app_of)[1] == "refused"


def test_the_api_tells_only_tokens_of_that_scope_and_only_json(
    app_of: Workspace, client: FlaskClient
) -> None:
    body = {"record": RECORD, "reason": REASON}
    good = token(app_of, "chen", "personal")
    answer = client.post("/api/personal/read", json=body, headers=good)
    assert answer.status_code == 200
    fields = {one["property"]["iri"]: one for one in answer.json["fields"]}  # type: ignore[index]
    assert fields[xz("phone").value]["values"] == [PHONE]
    assert fields[xz("phone").value]["masked"] == ["138****0001"]
    assert client.get("/api/personal/read", headers=good).status_code == 405
    assert client.post("/api/personal/read", data=body, headers=good).status_code == 415
    assert client.post("/api/personal/read", json={"record": RECORD}, headers=good).status_code == 422
    for user, scope in (("chen", "query"), ("wu", "personal"), ("gao", "administer")):
        refused = client.post("/api/personal/read", json=body, headers=token(app_of, user, scope))
        assert refused.status_code == 403
        assert PHONE not in refused.text
    assert client.post("/api/personal/read", json=body).status_code == 401


def test_an_administrator_erases_without_seeing(app_of: Workspace, client: FlaskClient) -> None:
    headers = token(app_of, "gao", "administer")
    held = client.get("/api/personal", headers=headers).json
    assert held["datasets"][0]["records"] == 2  # type: ignore[index]
    other = RECORD.replace("-01", "-02")
    body = {"records": [other], "reason": "he asked for it"}
    assert client.post("/api/personal/erase", json={"records": [other]}, headers=headers).status_code == 422
    assert (
        client.post("/api/personal/erase", json=body, headers=token(app_of, "chen", "personal")).status_code
        == 403
    )
    answer = client.post("/api/personal/erase", json=body, headers=headers)
    assert answer.json == {"records": 1}
    assert last(app_of) == (f"gao (token {_id(headers)})", "erase personal", "he asked for it")
    assert client.post("/api/personal/expire", json={}, headers=headers).json == {"records": 0}
    gone = client.post(
        "/api/personal/read",
        json={"record": other, "reason": REASON},
        headers=token(app_of, "chen", "personal"),
    )
    assert gone.status_code == 404


def _id(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ").split("_")[1]


def test_without_a_key_the_refusal_says_how_to_make_one(app_of: Workspace) -> None:
    keyless = Intake(app_of.store, app_of.home, folder("ontology") / "shapes")
    with pytest.raises(Exception, match=r"dataset\.keeper") as caught:
        keyless.submit(
            keyless.datasets.find(ROSTER),
            Incoming.of(folder("examples") / "datasets" / "roster.csv", "roster.csv"),
            actor="li",
            again=True,
        )
    assert "xiezhi key new" in str(caught.value)


def test_the_command_line_makes_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key"
    for expected in (0, 1):
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(tmp_path / "home"), "--lang", "en", "key", "new", str(key)])
        assert (ended.value.code or 0) == expected
    assert Master.of_file(key).id in capsys.readouterr().err


def test_a_dataset_with_personal_fields_must_say_how_long_they_are_kept(app_of: Workspace) -> None:
    text = (folder("examples") / "datasets" / "370200.ttl").read_text(encoding="utf-8")
    without = re.sub(r' ;\s+xz:retention "P90D"\^\^xsd:duration', "", text)
    assert without != text
    with pytest.raises(Exception, match=r"dataset\.retention"):
        app_of.intake.declare(without.encode(), actor="test")
