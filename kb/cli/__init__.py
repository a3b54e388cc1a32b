"""The command ``xiezhi``. Results go to standard output, everything else to standard error.

Exit status: 0 it worked, 1 the input or the knowledge is wrong, 2 the call was wrong.
"""

from __future__ import annotations

import click

from kb.cli import (
    audit,
    bench,
    candidates,
    catalogue,
    coverage,
    dataset,
    directives,
    examples,
    exercise,
    explanations,
    grid,
    impact,
    incident_life,
    incidents,
    infer,
    knowledge,
    network,
    new,
    personal,
    plans,
    quality,
    releases,
    risk,
    server,
    tables,
    users,
    warnings,
    words,
)
from kb.cli.context import Context, default_home
from kb.store.opening import ADDRESS


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


for command in (
    server.serve,
    server.query,
    examples.examples,
    knowledge.load,
    knowledge.check,
    knowledge.test,
    knowledge.docs,
    coverage.coverage,
    releases.release,
    releases.replay,
    impact.impact,
    incidents.recommend,
    words.read_words,
    incident_life.incident,
    explanations.why,
    explanations.why_not,
    explanations.ask_next,
    explanations.what_if,
    infer.infer,
    tables.table,
    users.user,
    users.token,
    audit.audit,
    dataset.dataset,
    dataset.validate,
    quality.quality,
    network.network,
    grid.grid,
    risk.risk,
    risk.observe,
    directives.directive,
    personal.personal,
    personal.key,
    catalogue.catalogue,
    new.new,
    exercise.exercise,
    plans.plan,
    warnings.warning,
    candidates.candidate,
    bench.bench,
):
    main.add_command(command)
