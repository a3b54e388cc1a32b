"""Users, passwords and tokens: what is kept, what is refused, what the journal learns."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from kb.access import accounts as module
from kb.access.accounts import FILE, LOCKED, TRIES, Accounts
from kb.access.trail import INTERVAL, REFUSED, Trail
from kb.errors import Forbidden, InputError
from kb.store.embedded import open_store

ROLES = ["duty-officer", "expert"]
PASSWORD = "correct horse battery"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """Accounts with one user."""
    made = Accounts(tmp_path)
    made.add("li", PASSWORD, ["duty-officer"], known=ROLES)
    return made


def code(error: pytest.ExceptionInfo[InputError]) -> str:
    return error.value.faults[0].code


def test_the_file_is_its_owners_and_holds_neither_passwords_nor_tokens(
    accounts: Accounts, tmp_path: Path
) -> None:
    text, _ = accounts.issue("li", ["query"])
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    held = file.read_bytes()
    assert PASSWORD.encode() not in held
    assert text.rpartition("_")[2].encode() not in held
    assert b"$argon2id$" in held


@pytest.mark.parametrize(
    ("name", "password", "roles", "expected"),
    [
        ("Li Lei", PASSWORD, ["expert"], "access.name"),
        ("../li", PASSWORD, ["expert"], "access.name"),
        ("wang", "short", ["expert"], "access.password"),
        ("wang", "x" * 201, ["expert"], "access.password"),
        ("wang", PASSWORD, ["emperor"], "access.role"),
        ("li", PASSWORD, ["expert"], "access.known"),
    ],
)
def test_a_user_who_is_not_well_described_is_refused(
    accounts: Accounts, name: str, password: str, roles: list[str], expected: str
) -> None:
    with pytest.raises(InputError) as error:
        accounts.add(name, password, roles, known=ROLES)
    assert code(error) == expected
    assert len(accounts.users()) == 1


def test_a_name_is_locked_after_some_wrong_passwords_and_opens_again(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(TRIES):
        with pytest.raises(Forbidden) as error:
            accounts.login("li", "wrong")
        assert code(error) == "access.login"
    with pytest.raises(Forbidden) as error:
        accounts.login("li", PASSWORD)
    assert code(error) == "access.locked"
    later = time.time() + LOCKED + 1
    monkeypatch.setattr(module.time, "time", lambda: later)
    assert accounts.login("li", PASSWORD).name == "li"


def test_an_unknown_name_is_refused_in_the_same_words_as_a_wrong_password(accounts: Accounts) -> None:
    said = []
    for name in ("li", "nobody"):
        with pytest.raises(Forbidden) as error:
            accounts.login(name, "wrong")
        said.append(str(error.value))
    assert said[0] == said[1]


def test_who_is_disabled_can_neither_log_in_nor_use_his_tokens(accounts: Accounts) -> None:
    text, _ = accounts.issue("li", ["query"])
    assert accounts.bearer(text)
    accounts.change("li", disabled=True)
    assert accounts.bearer(text) is None
    with pytest.raises(Forbidden):
        accounts.login("li", PASSWORD)


def test_a_change_ends_open_sessions(accounts: Accounts) -> None:
    before = accounts.find("li")
    accounts.change("li", roles=["expert"], known=ROLES)
    after = accounts.find("li")
    assert before is not None
    assert after is not None
    assert (after.epoch, after.roles) == (before.epoch + 1, {"expert"})


def test_a_token_ends_when_its_time_is_over_or_it_is_revoked(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, _ = accounts.issue("li", ["query"], days=1)
    other, token = accounts.issue("li", ["query", "report"], days=90)
    found = accounts.bearer(other)
    assert found is not None
    assert found[1].scopes == {"query", "report"}
    later = time.time() + 2 * 86400
    monkeypatch.setattr(module.time, "time", lambda: later)
    assert accounts.bearer(short) is None
    assert accounts.bearer(other) is not None
    with pytest.raises(InputError):
        accounts.revoke(token.id, user="somebody else")
    accounts.revoke(token.id, user="li")
    assert accounts.bearer(other) is None


@pytest.mark.parametrize(
    "text", ["", "xz_", "xz__", "nonsense", "xz_0000000000000000_x", "\ud800", "xz_' OR 1=1_x"]
)
def test_what_is_no_token_is_nobodys(accounts: Accounts, text: str) -> None:
    assert accounts.bearer(text) is None


@pytest.mark.parametrize("days", [0, -1, 367, float("nan")])
def test_a_token_lasts_a_year_at_most(accounts: Accounts, days: float) -> None:
    with pytest.raises(InputError, match=r"access\.expiry"):
        accounts.issue("li", ["query"], days=days)


def test_the_journal_learns_of_every_change_once(accounts: Accounts, tmp_path: Path) -> None:
    accounts.change("li", password="another good password")
    with open_store(tmp_path / "store") as store:
        trail = Trail(store)
        trail.adopt(accounts)
        trail.adopt(accounts)
        told = [entry.reason for entry in store.entries(0)]
    assert [reason.split(" (")[0] for reason in told] == [
        "added user li: duty-officer",
        "changed user li: password",
    ]
    assert "another good password" not in " ".join(told)


def test_a_stranger_who_knocks_a_thousand_times_makes_one_entry_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(tmp_path / "store") as store:
        trail = Trail(store)
        for _ in range(1000):
            trail.refused("visitor 192.0.2.1", "GET /api/audit", stranger=True)
        later = time.monotonic() + INTERVAL + 1
        monkeypatch.setattr("kb.access.trail.time.monotonic", lambda: later)
        trail.refused("visitor 192.0.2.1", "GET /api/audit", stranger=True)
        entries = list(store.entries(0))
    assert [entry.action for entry in entries] == [REFUSED, REFUSED]
    assert "999 more" in entries[1].reason
