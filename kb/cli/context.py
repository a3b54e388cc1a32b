"""What every command needs: where the store is, which language, and how to reach a running server.

A store belongs to one process. While a server runs on it, commands ask the server (``server.json`` in the
store's folder says where it listens); otherwise they open the store themselves.
"""

from __future__ import annotations

import functools
import json
import locale
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, urlencode

import click
from platformdirs import user_data_dir
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from kb.errors import Fault, InputError, Text, XiezhiError
from kb.services import asking, explaining, export, incident, whatif, whynot
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace

P = ParamSpec("P")
R = TypeVar("R")
TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Context:
    """Folder of the store and language of the messages."""

    home: Path
    lang: str

    @classmethod
    def of(cls, home: str, lang: str | None) -> Context:
        """Return the context; without *lang*, the language of the system."""
        return cls(
            Path(home),
            lang or ("zh" if (locale.getlocale()[0] or "").startswith(("zh", "Chinese")) else "en"),
        )

    def say(self, text: Text) -> None:
        """Print a message to standard error."""
        click.echo(text.in_(self.lang), err=True)

    @contextmanager
    def workspace(self, cities: Sequence[str] | None = None) -> Iterator[Workspace]:
        """Open the store and bring its knowledge up to date, with a progress bar on a terminal."""
        with progress(self.lang) as tell, Workspace(self.home, cities=cities, progress=tell) as workspace:
            yield workspace

    @contextmanager
    def bench(self) -> Iterator[Workspace]:
        """Open a store to try knowledge on: the user's own, or one made for it while a server has that."""
        if running_server(self.home) is None:
            with self.workspace() as workspace:
                yield workspace
            return
        with (
            tempfile.TemporaryDirectory(prefix="xiezhi-") as folder,
            progress(self.lang) as tell,
            Workspace(Path(folder), progress=tell) as workspace,
        ):
            yield workspace

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Yield who answers: the server that runs on the store, or the store itself."""
        url = running_server(self.home)
        if url is not None:
            yield RemoteDesk(url)
        else:
            with self.workspace() as workspace:
                yield LocalDesk(workspace)


class Desk:
    """What the commands about incidents ask for; answered here or by a server."""

    def report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Store a report and return the recommendation."""
        raise NotImplementedError

    def why(self, identifier: str, conclusion: str) -> dict[str, Any]:
        """Return the proofs of a conclusion."""
        raise NotImplementedError

    def why_not(
        self, identifier: str, target: str, relation: str | None, triple: Sequence[str] | None
    ) -> dict[str, Any]:
        """Return why a conclusion is missing."""
        raise NotImplementedError

    def ask_next(self, identifier: str) -> dict[str, Any]:
        """Return the unknown facts that decide most."""
        raise NotImplementedError

    def what_if(self, identifier: str, changes: dict[str, Any], removed: Sequence[str]) -> dict[str, Any]:
        """Return how the response would change with other facts."""
        raise NotImplementedError

    def rdf(self, identifier: str, media_type: str) -> bytes:
        """Return an incident and its response as RDF."""
        raise NotImplementedError


class LocalDesk(Desk):
    """Answers from a store that this process owns."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Store a report and return the recommendation."""
        answer = incident.report(self._workspace, data, actor="command line")
        return recommend(self._workspace, answer)

    def why(self, identifier: str, conclusion: str) -> dict[str, Any]:
        """Return the proofs of a conclusion."""
        return explaining.why(self._workspace, identifier, conclusion)

    def why_not(
        self, identifier: str, target: str, relation: str | None, triple: Sequence[str] | None
    ) -> dict[str, Any]:
        """Return why a conclusion is missing."""
        return whynot.why_not(self._workspace, identifier, target, relation=relation, triple=triple)

    def ask_next(self, identifier: str) -> dict[str, Any]:
        """Return the unknown facts that decide most."""
        return asking.ask_next(self._workspace, identifier)

    def what_if(self, identifier: str, changes: dict[str, Any], removed: Sequence[str]) -> dict[str, Any]:
        """Return how the response would change with other facts."""
        return whatif.what_if(self._workspace, identifier, changes=changes, remove=removed)

    def rdf(self, identifier: str, media_type: str) -> bytes:
        """Return an incident and its response as RDF."""
        return export.serialize(self._workspace, identifier, media_type)


class RemoteDesk(Desk):
    """Asks the server on this machine over its API."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Store a report and return the recommendation."""
        body = json.dumps(data, default=str).encode()
        return _json(self._ask("/api/recommend", body, "application/json"))

    def why(self, identifier: str, conclusion: str) -> dict[str, Any]:
        """Return the proofs of a conclusion."""
        query = urlencode({"conclusion": conclusion})
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/why?{query}"))

    def why_not(
        self, identifier: str, target: str, relation: str | None, triple: Sequence[str] | None
    ) -> dict[str, Any]:
        """Return why a conclusion is missing."""
        given = [
            ("target", target),
            ("relation", relation or ""),
            *(("triple", part) for part in triple or ()),
        ]
        query = urlencode([(key, value) for key, value in given if value])
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/why-not?{query}"))

    def ask_next(self, identifier: str) -> dict[str, Any]:
        """Return the unknown facts that decide most."""
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/ask-next"))

    def what_if(self, identifier: str, changes: dict[str, Any], removed: Sequence[str]) -> dict[str, Any]:
        """Return how the response would change with other facts."""
        body = json.dumps({"set": changes, "unset": list(removed)}, default=str).encode()
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/what-if", body))

    def rdf(self, identifier: str, media_type: str) -> bytes:
        """Return an incident and its response as RDF."""
        return self._ask(f"/api/incidents/{quote(identifier)}", accept=media_type)

    def _ask(self, path: str, body: bytes | None = None, accept: str = "application/json") -> bytes:
        headers = {"Accept": accept} | ({} if body is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self._url + path, body, headers)  # noqa: S310 - our own http server
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - the same
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            raise _problem(error.read()) from error


def running_server(home: Path) -> str | None:
    """Return the address of the server that runs on *home*, or ``None``; a stale note is not believed."""
    note = home / "server.json"
    if not note.is_file():
        return None
    server = json.loads(note.read_text(encoding="utf-8"))
    try:
        os.kill(server["pid"], 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # somebody else's process, alive
    return str(server["url"])


@contextmanager
def progress(lang: str) -> Iterator[Callable[[Text, int, int], None]]:
    """Yield a function that shows how far a long work is; silent where nobody watches."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"),
        TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        tasks: dict[str, Any] = {}

        def tell(what: Text, done: int, total: int) -> None:
            name = what.in_(lang)
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield tell


def _speak(context: click.Context, _: click.Parameter, lang: str | None) -> None:
    """Let the command speak *lang*, in its errors too."""
    if lang is not None:
        context.obj = replace(context.obj, lang=lang)


LANG = click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    help="Language of the text. 语言。",
    callback=_speak,
    expose_value=False,
)
"""The option of commands that print sentences; others speak the language of ``xiezhi --lang``."""


def faults_as_exit(command: Callable[P, R]) -> Callable[P, R]:
    """Print the faults of an error in the caller's language and exit with 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except XiezhiError as error:
            context = click.get_current_context().find_object(Context)
            click.echo(error.render(context.lang if context else "en"), err=True)
            sys.exit(1)

    return run


def default_home() -> str:
    """Return the user's data folder for Xiezhi."""
    return user_data_dir("xiezhi", appauthor=False)


def _json(body: bytes) -> dict[str, Any]:
    data = json.loads(body)
    assert isinstance(data, dict)
    return data


def _problem(body: bytes) -> InputError:
    """Turn problem details (RFC 9457) back into faults."""
    try:
        problem = json.loads(body)
        faults = [
            Fault(
                f["code"],
                Text(f["message"]["zh"], f["message"]["en"]),
                f.get("where", ""),
                Text(f["repair"]["zh"], f["repair"]["en"]) if f.get("repair") else None,
            )
            for f in problem.get("faults", [])
        ]
        detail = str(problem.get("detail") or problem.get("title"))
    except (ValueError, KeyError, TypeError, AttributeError):
        faults, detail = [], body.decode(errors="replace")[:500]
    return InputError(faults or [Fault("server.error", Text(detail, detail))])
