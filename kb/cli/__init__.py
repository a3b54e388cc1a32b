"""The command ``xiezhi``. Results go to standard output, everything else to standard error.

Exit status: 0 it worked, 1 the input or the knowledge is wrong, 2 the call was wrong.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

import click

from kb.cli.context import Context, default_home
from kb.errors import Text
from kb.store.opening import ADDRESS

MODULES = {
    "ask-next": "explanations",
    "audit": "audit",
    "bench": "bench",
    "candidate": "candidates",
    "catalogue": "catalogue",
    "check": "knowledge",
    "coverage": "coverage",
    "dataset": "dataset",
    "directive": "directives",
    "docs": "knowledge",
    "examples": "examples",
    "exercise": "exercise",
    "grid": "grid",
    "impact": "impact",
    "incident": "incident_life",
    "infer": "infer",
    "key": "personal",
    "load": "knowledge",
    "network": "network",
    "new": "new",
    "observe": "risk",
    "personal": "personal",
    "plan": "plans",
    "quality": "quality",
    "query": "server",
    "read-words": "words",
    "recommend": "incidents",
    "release": "releases",
    "replay": "releases",
    "risk": "risk",
    "serve": "server",
    "table": "tables",
    "test": "knowledge",
    "token": "users",
    "user": "users",
    "validate": "dataset",
    "warning": "warnings",
    "what-if": "explanations",
    "why": "explanations",
    "why-not": "explanations",
}
"""In which module of this package each command is, a function of the same name."""


class Commands(click.Group):
    """Commands that are imported when they are called: one of them needs a third of what all need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command *cmd_name*, or ``None``."""
        if cmd_name not in MODULES:
            return None
        found = getattr(import_module(f"kb.cli.{MODULES[cmd_name]}"), cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* begin with; of a wrong one, say which are nearest."""
        near = get_close_matches(args[0], MODULES, 3) if args and args[0] not in MODULES else []
        if near:
            lang = Context.of(ctx.params["home"], ctx.params["lang"]).lang
            ctx.fail(
                Text(
                    f"没有命令 {args[0][:40]}；是否指 {'、'.join(near)}？",
                    f"there is no command {args[0][:40]}; did you mean {', '.join(near)}?",
                ).in_(lang)
            )
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--home",
    envvar="XIEZHI_HOME",
    type=click.Path(file_okay=False),
    default=default_home,
    show_default="the user's data folder",
    help="Folder of the store. 数据目录。",
)
@click.option(
    "--store",
    envvar=ADDRESS,
    metavar="URL",
    help="SPARQL 1.1 server that holds the quads; without it they are in the folder. 远程存储的地址。",
)
@click.option("--lang", envvar="XIEZHI_LANG", type=click.Choice(["zh", "en"]), help="Language. 语言。")
@click.version_option(package_name="xiezhi-governance")
@click.pass_context
def main(context: click.Context, home: str, store: str | None, lang: str | None) -> None:
    """协治 Xiezhi: from a reported incident to the response that law and plans prescribe, with proof."""
    context.obj = Context.of(home, lang, store)
