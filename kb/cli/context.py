"""What every command needs: where the store is, which language, and how to reach a running server.

A store belongs to one process. While a server runs on it, commands ask the server (``server.json`` in the
store's folder says where it listens); otherwise they open the store themselves. Who answers is imported when
asked: a command must not wait for the libraries of all the others.
"""

from __future__ import annotations

import functools
import json
import locale
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
from platformdirs import user_data_dir
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from kb.cli.remote import Remote
from kb.errors import Text, XiezhiError
from kb.services.workspace import Workspace

if TYPE_CHECKING:
    from kb.cli.candidate_desk import CandidateDesk
    from kb.cli.dataset_desk import DatasetDesk
    from kb.cli.desks import Desk
    from kb.cli.directive_desk import DirectiveDesk
    from kb.cli.grid_desk import GridDesk
    from kb.cli.life_desk import LifeDesk
    from kb.cli.network_desk import NetworkDesk
    from kb.cli.plan_desk import PlanDesk
    from kb.cli.risk_desk import RiskDesk
    from kb.cli.warning_desk import WarningDesk

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Context:
    """Folder of the store, language of the messages, and the address of a remote store's server."""

    home: Path
    lang: str
    store: str | None = None

    @classmethod
    def of(cls, home: str, lang: str | None, store: str | None = None) -> Context:
        """Return the context; without *lang*, the language of the system."""
        return cls(
            Path(home),
            lang or ("zh" if (locale.getlocale()[0] or "").startswith(("zh", "Chinese")) else "en"),
            store,
        )

    def say(self, text: Text) -> None:
        """Print a message to standard error."""
        click.echo(text.in_(self.lang), err=True)

    @contextmanager
    def workspace(self, cities: Sequence[str] | None = None) -> Iterator[Workspace]:
        """Open the store and bring its knowledge up to date, with a progress bar on a terminal."""
        with (
            progress(self.lang) as tell,
            Workspace(self.home, cities=cities, progress=tell, store=self.store) as workspace,
        ):
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

    def desk(self) -> AbstractContextManager[Desk]:
        """Yield who answers: the server that runs on the store, or the store itself."""
        from kb.cli.desks import LocalDesk, RemoteDesk

        return self._answering(RemoteDesk, LocalDesk)

    def datasets(self) -> AbstractContextManager[DatasetDesk]:
        """Yield who takes datasets."""
        from kb.cli.dataset_desk import LocalDatasets, RemoteDatasets

        return self._answering(RemoteDatasets, LocalDatasets)

    def directives(self) -> AbstractContextManager[DirectiveDesk]:
        """Yield who looks after directives."""
        from kb.cli.directive_desk import LocalDirectives, RemoteDirectives

        return self._answering(RemoteDirectives, LocalDirectives)

    def life(self) -> AbstractContextManager[LifeDesk]:
        """Yield who tells of incidents."""
        from kb.cli.life_desk import LocalLife, RemoteLife

        return self._answering(RemoteLife, LocalLife)

    def plans(self, by: str = "command line") -> AbstractContextManager[PlanDesk]:
        """Yield who looks after plans; what the store itself is told to do is done in the name *by*."""
        from kb.cli.plan_desk import LocalPlans, RemotePlans

        return self._answering(RemotePlans, lambda workspace: LocalPlans(workspace, by))

    def networks(self) -> AbstractContextManager[NetworkDesk]:
        """Yield who tells of networks."""
        from kb.cli.network_desk import LocalNetworks, RemoteNetworks

        return self._answering(RemoteNetworks, LocalNetworks)

    def grids(self) -> AbstractContextManager[GridDesk]:
        """Yield who tells of grids."""
        from kb.cli.grid_desk import LocalGrids, RemoteGrids

        return self._answering(RemoteGrids, LocalGrids)

    def candidates(self) -> AbstractContextManager[CandidateDesk]:
        """Yield who looks after candidates."""
        from kb.cli.candidate_desk import LocalCandidates, RemoteCandidates

        return self._answering(RemoteCandidates, LocalCandidates)

    def warnings(self) -> AbstractContextManager[WarningDesk]:
        """Yield who looks after warnings."""
        from kb.cli.warning_desk import LocalWarnings, RemoteWarnings

        return self._answering(RemoteWarnings, LocalWarnings)

    def risks(self) -> AbstractContextManager[RiskDesk]:
        """Yield who tells of risks."""
        from kb.cli.risk_desk import LocalRisks, RemoteRisks

        return self._answering(RemoteRisks, LocalRisks)

    @contextmanager
    def _answering(self, remote: Callable[[Remote], D], local: Callable[[Workspace], D]) -> Iterator[D]:
        """Yield who answers: the server that runs on the store (*remote*), or the store itself (*local*)."""
        server = running_server(self.home)
        if server is not None:
            yield remote(Remote(server.url, server.key))
        else:
            with self.workspace() as workspace:
                yield local(workspace)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address, and the key by which it knows the owner of the store."""

    url: str
    key: str


def running_server(home: Path) -> Server | None:
    """Return the server that runs on *home*, or ``None``; a stale note is not believed."""
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
    return Server(server["url"], server["key"])


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
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
"""The option of commands that print lines for people or JSON for programs."""


def printed(found: Any, form: str, lines: Iterable[str]) -> None:
    """Print what was *found* as JSON, or in the *form* ``text`` as *lines*."""
    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for line in lines:
        click.echo(line)


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
