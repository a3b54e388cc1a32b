"""Users, their passwords and tokens, in a SQLite file of the home folder.

Passwords are hashed with argon2id (RFC 9106, the library's defaults). A token is 32 random bytes, so its
SHA-256 is enough to keep. Both are shown once or never. The file is the owner's alone; several processes may
use it at a time, so the command line works while the server runs. What is changed here is noted, for the
server to take into the journal (:meth:`kb.access.trail.Trail.adopt`).

::

    InputError
    ├── access.name, access.password, access.role, access.known, access.unknown, access.expiry, access.scope
    └── Forbidden   access.login, access.locked
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kb.errors import Forbidden, InputError, XiezhiError

FILE = "accounts.sqlite"
SHORTEST, LONGEST = 10, 200
"""Characters of a password. Length is what counts: no rule about kinds of characters (NIST SP 800-63B)."""
TRIES, LOCKED = 5, 900
"""So many wrong passwords for one name, within so many seconds, and the name is locked for as long."""
TOKEN_DAYS = 90
"""Days that a token lasts unless said otherwise; one year at most."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    name TEXT PRIMARY KEY, password TEXT, roles TEXT NOT NULL, department TEXT,
    disabled INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, subject TEXT UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(name), hash TEXT NOT NULL, label TEXT NOT NULL,
    scopes TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, time REAL NOT NULL, what TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS failures (name TEXT NOT NULL, time REAL NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS failures_of ON failures (name, time);
"""
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class User:
    """A user: *roles* by name, *department* by IRI. *epoch* grows when his sessions must end."""

    name: str
    roles: frozenset[str]
    department: str | None
    disabled: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token of *user* for the actions *scopes*; times are POSIX seconds."""

    id: str
    user: str
    label: str
    scopes: frozenset[str]
    created: float
    expires: float
    revoked: bool


class Accounts:
    """The accounts in the folder *home*; thread-safe, one connection a call."""

    def __init__(self, home: Path) -> None:
        """Make the file, readable by its owner alone, if need be."""
        self._path = home / FILE
        home.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._open() as database:
            database.executescript(_SCHEMA)
        _decoy()  # now, and not with the first unknown name, which would take longer than the others

    # --- users -----------------------------------------------------------------------------

    def any(self) -> bool:
        """Whether there is a user at all: until then, whoever sits at this machine may do everything."""
        with self._open() as database:
            return database.execute("SELECT 1 FROM users LIMIT 1").fetchone() is not None

    def users(self) -> list[User]:
        """Return every user by name."""
        with self._open() as database:
            return [_user(row) for row in database.execute(f"{_USERS} ORDER BY name")]

    def find(self, name: str) -> User | None:
        """Return the user *name*, disabled or not."""
        with self._open() as database:
            row = database.execute(f"{_USERS} WHERE name = ?", (name,)).fetchone()
        return _user(row) if row else None

    def add(
        self,
        name: str,
        password: str | None,
        roles: Collection[str],
        *,
        department: str | None = None,
        known: Collection[str],
        subject: str | None = None,
    ) -> User:
        """Add a user; *known* are the roles that there are. Without *password* he cannot log in with one.

        :param subject: the name by which an OpenID provider knows him.
        """
        if not _NAME.fullmatch(name):
            raise _bad(
                "name", f"用户名不合规：{name}", f"not a user name: {name}",
                ("小写字母、数字、点和连字符", "lower-case letters, digits, dots and hyphens"), name,
            )  # fmt: skip
        _require_roles(roles, known)
        row = (name, _hash(password), " ".join(sorted(roles)), department, subject)
        with self._open() as database:
            try:
                database.execute(
                    "INSERT INTO users (name, password, roles, department, subject) VALUES (?, ?, ?, ?, ?)",
                    row,
                )
            except sqlite3.IntegrityError as error:
                raise _bad(
                    "known", f"用户已存在：{name}", f"there is such a user already: {name}",
                    ("换一个名字，或修改现有用户", "take another name, or change that user"), name,
                ) from error  # fmt: skip
            _note(database, f"added user {name}: {row[2]}")
        return User(name, frozenset(roles), department, False, 0)

    def change(
        self,
        name: str,
        *,
        password: str | None = None,
        roles: Collection[str] | None = None,
        department: str | None = None,
        disabled: bool | None = None,
        known: Collection[str] = (),
    ) -> None:
        """Change what is given; open sessions of the user end."""
        if roles is not None:
            _require_roles(roles, known)
        values = {
            "password": _hash(password) if password is not None else None,
            "roles": " ".join(sorted(roles)) if roles is not None else None,
            "department": department,
            "disabled": None if disabled is None else int(disabled),
        }
        with self._open() as database:
            changed = database.execute(
                "UPDATE users SET password = coalesce(:password, password), roles = coalesce(:roles, roles),"
                " department = coalesce(:department, department), disabled = coalesce(:disabled, disabled),"
                " epoch = epoch + 1 WHERE name = :name",
                values | {"name": name},
            ).rowcount
            _note(
                database, f"changed user {name}: {', '.join(k for k, v in values.items() if v is not None)}"
            )
        if not changed:
            raise _unknown(name)

    def login(self, name: str, password: str) -> User:
        """Return the user whose name and password these are.

        :raises Forbidden: ``access.login`` (which of the two is wrong is not told), ``access.locked``.
        """
        now = time.time()
        with self._open() as database:
            database.execute("DELETE FROM failures WHERE time < ?", (now - LOCKED,))
            failed = database.execute("SELECT count(*) FROM failures WHERE name = ?", (name,)).fetchone()[0]
            if failed >= TRIES:
                raise Forbidden.of(
                    "access.locked", "登录失败次数过多，请稍后再试",
                    "too many failed attempts, try again later",
                    repair=(f"等待 {LOCKED // 60} 分钟", f"wait {LOCKED // 60} minutes"),
                )  # fmt: skip
            row = database.execute(
                "SELECT password FROM users WHERE name = ? AND NOT disabled", (name,)
            ).fetchone()
            if not _fits((row[0] if row else None) or _decoy(), password) or not (row and row[0]):
                database.execute("INSERT INTO failures VALUES (?, ?)", (name, now))
                database.commit()
                raise Forbidden.of("access.login", "用户名或密码不正确", "the name or the password is wrong")
            database.execute("DELETE FROM failures WHERE name = ?", (name,))
        user = self.find(name)
        assert user is not None
        return user

    def of_subject(self, subject: str) -> User | None:
        """Return the user whom an OpenID provider calls *subject*."""
        with self._open() as database:
            row = database.execute(f"{_USERS} WHERE subject = ?", (subject,)).fetchone()
        return _user(row) if row else None

    # --- tokens ----------------------------------------------------------------------------

    def issue(
        self, user: str, scopes: Collection[str], *, label: str = "", days: float = TOKEN_DAYS
    ) -> tuple[str, Token]:
        """Return a new token of *user* for *scopes* (actions): its text, shown once, and itself."""
        if not 0 < days <= 366:
            raise _bad("expiry", "有效期须为 1 到 366 天", "a token lasts 1 to 366 days", None, str(days))
        if not scopes:
            raise _bad("scope", "至少需要一个权限范围", "give at least one scope", None, "scope")
        if self.find(user) is None:
            raise _unknown(user)
        now = time.time()
        token = Token(
            secrets.token_hex(8), user, label[:200], frozenset(scopes), now, now + days * 86400, False
        )
        secret = secrets.token_urlsafe(32)
        row = (token.id, user, _digest(secret), token.label, " ".join(sorted(scopes)), now, token.expires)
        with self._open() as database:
            database.execute(
                "INSERT INTO tokens (id, user, hash, label, scopes, created, expires)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            _note(database, f"token {token.id} of {user} for {row[4]}, {days:g} days")
        return f"xz_{token.id}_{secret}", token

    def bearer(self, text: str) -> tuple[User, Token] | None:
        """Return whose token *text* is, and the token; ``None`` if it is none that counts (any more)."""
        prefix, _, rest = text.partition("_")
        identifier, _, secret = rest.partition("_")
        if prefix != "xz":
            return None
        with self._open() as database:
            row = database.execute(f"{_TOKENS} WHERE id = ?", (identifier,)).fetchone()
        expected = row[2] if row else ""
        if not secrets.compare_digest(expected, _digest(secret)) or row is None:
            return None
        token, user = _token(row), self.find(row[1])
        if token.revoked or token.expires < time.time() or user is None or user.disabled:
            return None
        return user, token

    def tokens(self, user: str | None = None) -> list[Token]:
        """Return the tokens of *user*, or of all, newest first."""
        with self._open() as database:
            rows = database.execute(
                f"{_TOKENS} WHERE :user IS NULL OR user = :user ORDER BY created DESC", {"user": user}
            )
            return [_token(row) for row in rows]

    def revoke(self, identifier: str, *, user: str | None = None) -> None:
        """End a token, if it is one of *user*'s."""
        with self._open() as database:
            changed = database.execute(
                "UPDATE tokens SET revoked = 1 WHERE id = :id AND (:user IS NULL OR user = :user)",
                {"id": identifier, "user": user},
            ).rowcount
            _note(database, f"revoked token {identifier}")
        if not changed:
            raise _unknown(identifier)

    # --- events ----------------------------------------------------------------------------

    def events(self) -> list[tuple[int, str]]:
        """Return what was changed and is not yet in the journal: numbers and sentences."""
        with self._open() as database:
            rows = database.execute("SELECT id, time, what FROM events ORDER BY id").fetchall()
        return [
            (number, f"{what} ({datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%SZ})")
            for number, when, what in rows
        ]

    def forget_event(self, number: int) -> None:
        """Forget one that is in the journal now."""
        with self._open() as database:
            database.execute("DELETE FROM events WHERE id = ?", (number,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction."""
        database = sqlite3.connect(self._path, timeout=10)
        try:
            with database:
                yield database
        finally:
            database.close()


_USERS = "SELECT name, roles, department, disabled, epoch FROM users"
_TOKENS = "SELECT id, user, hash, label, scopes, created, expires, revoked FROM tokens"


def _note(database: sqlite3.Connection, what: str) -> None:
    database.execute("INSERT INTO events (time, what) VALUES (?, ?)", (time.time(), what))


def _user(row: Sequence[object]) -> User:
    name, roles, department, disabled, epoch = row
    return User(
        str(name), frozenset(str(roles).split()), None if department is None else str(department),
        bool(disabled), int(str(epoch)),
    )  # fmt: skip


def _token(row: Sequence[object]) -> Token:
    identifier, user, _, label, scopes, created, expires, revoked = row
    return Token(
        str(identifier), str(user), str(label), frozenset(str(scopes).split(" ")),
        float(str(created)), float(str(expires)), bool(revoked),
    )  # fmt: skip


def _hash(password: str | None) -> str | None:
    if password is None:
        return None
    if not SHORTEST <= len(password) <= LONGEST:
        raise _bad(
            "password", f"密码须有 {SHORTEST} 到 {LONGEST} 个字符",
            f"a password has {SHORTEST} to {LONGEST} characters",
            ("用几个互不相干的词", "use several words that have nothing to do with each other"), "password",
        )  # fmt: skip
    return _hasher.hash(password)


@cache
def _decoy() -> str:
    """Return what is checked where a name is unknown: the time must not tell which names there are."""
    return _hasher.hash(secrets.token_hex())


def _fits(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _require_roles(roles: Collection[str], known: Collection[str]) -> None:
    if unknown := set(roles) - set(known):
        raise _bad(
            "role", f"没有这个角色：{', '.join(sorted(unknown))}",
            f"there is no such role: {', '.join(sorted(unknown))}",
            (f"可选：{', '.join(sorted(known))}", f"choose from: {', '.join(sorted(known))}"), "role",
        )  # fmt: skip


def _unknown(name: str) -> XiezhiError:
    return _bad("unknown", f"没有：{name}", f"there is none: {name}", None, name)


def _bad(code: str, zh: str, en: str, repair: tuple[str, str] | None, where: str) -> XiezhiError:
    return InputError.of(f"access.{code}", zh, en, where=where, repair=repair)
