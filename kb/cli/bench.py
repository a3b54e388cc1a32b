"""``xiezhi bench``: figures of this machine, to be read beside those in the README."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from kb.cli.context import Context, faults_as_exit, progress
from kb.resources import folder
from kb.services.latency import measure

PEERS = {
    "hand": 1_000,
    "plain_duckdb": 1_000_000,
    "interactive": 1_000,
    "nemo": 1_000_000,
    "oxigraph": 1_000,
    "pyshacl_rules": 1,
    "owl_closure": 10,
}
"""The scripts in tests/bench/peers, and how many incidents each finishes within minutes."""


@click.group()
def bench() -> None:
    """Measure. 测量。"""


@bench.command()
@click.option("--city", "cities", multiple=True, default=("370200", "110000"), show_default=True)
@click.option("--incidents", default=2000, show_default=True, type=click.IntRange(10))
@click.pass_obj
@faults_as_exit
def latency(context: Context, cities: tuple[str, ...], incidents: int) -> None:
    """Time from a report to its durable response. 从报告到响应落盘的时间。"""
    for city in cities:
        with progress(context.lang) as tell:
            figures = measure(city, incidents, tell)
        click.echo(figures.render(context.lang))


@bench.command()
@click.option("--city", default="110000", show_default=True)
@click.option("--rounds", default=50, show_default=True, type=click.IntRange(1))
@click.pass_obj
@faults_as_exit
def page(context: Context, city: str, rounds: int) -> None:
    """From the key to the answer on the screen, in Chromium. 浏览器中从按键到答案显示的时间。"""
    from kb.services import page_bench

    with progress(context.lang) as tell:
        figures = page_bench.measure(city, rounds, tell)
    click.echo(figures.render(context.lang))


@bench.command()
@click.option("--quads", default=100_000, show_default=True, type=click.IntRange(3000))
@click.option("--rounds", default=1000, show_default=True, type=click.IntRange(10))
@click.option("--city", default="370200", show_default=True)
@click.option(
    "--incidents", default=500, show_default=True, type=click.IntRange(0), help="0: the store alone."
)
@click.option("--server", metavar="URL", help="An empty SPARQL server; without it oxigraph is started here.")
@click.pass_obj
@faults_as_exit
def store(context: Context, quads: int, rounds: int, city: str, incidents: int, server: str | None) -> None:
    """The store, embedded and remote, side by side; then whole incidents. 嵌入式与远程存储的对比。"""
    from kb.services import store_bench

    click.echo(store_bench.render(store_bench.measure(quads, rounds, server), context.lang))
    if incidents and server is None:
        with (
            tempfile.TemporaryDirectory(prefix="xiezhi-server-") as name,
            store_bench.oxigraph_server(Path(name)) as url,
            progress(context.lang) as tell,
        ):
            for kind, address in zip(store_bench.KINDS, (None, url), strict=True):
                figures = measure(city, incidents, tell, address)
                click.echo(f"{kind.in_(context.lang)}: {figures.render(context.lang)}")


@bench.command()
@click.option("--city", default="110000", show_default=True)
@click.option("--size", "sizes", multiple=True, type=click.IntRange(1), default=(10_000, 100_000, 1_000_000))
@click.option("--engine", "engines", multiple=True, default=("duckdb",), show_default=True)
@click.option("--peer", "chosen", multiple=True, type=click.Choice(list(PEERS)), help="Run this peer, too.")
@click.option("--peer-size", type=click.IntRange(1), help="So many incidents for each peer.")
@click.pass_obj
@faults_as_exit
def bulk(
    context: Context,
    city: str,
    sizes: tuple[int, ...],
    engines: tuple[str, ...],
    chosen: tuple[str, ...],
    peer_size: int | None,
) -> None:
    """All response rules on synthetic incidents at once, beside peers. 对大量合成事件一次运行全部响应规则。

    Peers are scripts in tests/bench/peers of a checkout; pip install 'xiezhi-governance[bench]' brings what
    they need.
    """
    from kb.services import bulk as measuring  # Ibis and DuckDB take a second to load
    from kb.services.workspace import Workspace

    scripts = folder("rules").parent / "tests" / "bench" / "peers"
    with tempfile.TemporaryDirectory(prefix="xiezhi-bulk-") as name:
        target = Path(name)
        with progress(context.lang) as tell, Workspace(target, cities=[city], progress=tell) as workspace:
            base, paths = measuring.files(workspace, city, sizes, target)
        runs = {}
        for size, path in zip(sizes, paths, strict=True):
            for engine in engines:
                found = runs[size, engine] = measuring.apart(base, path, size, engine)
                click.echo(found.render(context.lang))
        wanted = {peer: min(peer_size or PEERS[peer], max(sizes)) for peer in chosen}
        for found in measuring.peers(scripts, base, paths[sizes.index(max(sizes))], wanted):
            click.echo(found.render(context.lang, runs[max(sizes), engines[0]]))


@bench.command("shacl")
@click.option("--city", default="370200", show_default=True)
@click.option("--size", default=20_000, show_default=True, type=click.IntRange(1))
@click.option(
    "--peer-size", default=500, show_default=True, type=click.IntRange(1), help="Records for pySHACL."
)
@click.pass_obj
@faults_as_exit
def shacl_(context: Context, city: str, size: int, peer_size: int) -> None:
    """Validate synthetic reports by their contract, beside pySHACL. 校验合成事件报告，与 pySHACL 对照。"""
    from kb.services.shacl_speed import measure as validate

    with progress(context.lang) as tell:
        figures = validate(city, size, peer_size, tell)
    click.echo(figures.render(context.lang))


@bench.command("intake")
@click.option("--records", default=100_000, show_default=True, type=click.IntRange(1))
@click.pass_obj
@faults_as_exit
def intake_(context: Context, records: int) -> None:
    """Take in invented observations, one in a thousand wrong: read, judge, store. 数据集报送的速度与内存。"""
    from kb.services.workspace import Workspace
    from kb.sharing import measuring

    declaration = (folder("examples") / "datasets" / f"{measuring.CITY}.ttl").read_bytes()
    with (
        tempfile.TemporaryDirectory(prefix="xiezhi-intake-") as name,
        progress(context.lang) as tell,
        Workspace(Path(name), cities=[measuring.CITY], progress=tell) as workspace,
    ):
        found = measuring.measure(workspace.intake, declaration, records, Path(name), tell)
    click.echo(found.render(context.lang))


@bench.command("impact")
@click.option("--city", default="110000", show_default=True)
@click.option("--size", "sizes", multiple=True, type=click.IntRange(1), default=(100_000, 1_000_000))
@click.option(
    "--plain",
    type=click.IntRange(0),
    default=100_000,
    show_default=True,
    help="Up to this size also derive all incidents twice. 不超过此数时另作两遍全量推理。",
)
@click.pass_obj
@faults_as_exit
def impact_(context: Context, city: str, sizes: tuple[int, ...], plain: int) -> None:
    """Impact of a draft on synthetic incidents, beside the plain way. 草案对大量合成事件的影响。"""
    from kb.services.impact import measuring
    from kb.services.workspace import Workspace

    with tempfile.TemporaryDirectory(prefix="xiezhi-impact-") as name:
        home = Path(name)
        with progress(context.lang) as tell:
            Workspace(home, cities=[city], progress=tell).close()
        for size in sizes:
            found = measuring.apart(home, city, size, plain=size <= plain)
            click.echo(found.render(context.lang))


@bench.command("directives")
@click.option("--count", default=10_000, show_default=True, type=click.IntRange(1))
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.pass_obj
@faults_as_exit
def directives_(context: Context, count: int, threads: int, seed: int) -> None:
    """Directives through the whole loop by several threads, with proof. 指令闭环的速度与核对。

    Some are returned and dispatched anew, some are worked on by two threads at once. Exit 1 if an event got
    lost or doubled.
    """
    from kb.services.exercise import many
    from kb.services.workspace import Workspace

    with (
        tempfile.TemporaryDirectory(prefix="xiezhi-directives-") as name,
        progress(context.lang) as tell,
        Workspace(Path(name), cities=[many.CITY], progress=tell) as workspace,
    ):
        found = many.measure(workspace, count, threads, seed, tell)
    click.echo(found.render(context.lang))
    if found.faults:
        sys.exit(1)


@bench.command("words")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of cec_dev.jsonl and cec_dev_gold.jsonl. 语料所在文件夹。",
)
@click.option("--wrong", is_flag=True, help="List what was read wrong, too. 列出读错的。")
@click.option(
    "--calibrate",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the confidence table into this file. 写出置信度表。",
)
@click.pass_obj
@faults_as_exit
def words_(context: Context, data: Path, wrong: bool, calibrate: Path | None) -> None:
    """Precision and recall of reading news, beside a plain baseline. 从文字读事件的准确率与召回率。"""
    from kb.services.pasted import measuring
    from kb.services.workspace import Workspace

    with (
        tempfile.TemporaryDirectory(prefix="xiezhi-words-") as name,
        progress(context.lang) as tell,
        Workspace(Path(name), progress=tell) as workspace,
    ):
        found = measuring.measure(workspace, data)
    click.echo(found.render(context.lang))
    if wrong:
        click.echo("\n".join(found.wrong))
    if calibrate is not None:
        measuring.write_confidence(found, calibrate)


@bench.command()
@click.option("--city", default="370200", show_default=True)
@click.option("--incidents", default=300, show_default=True, type=click.IntRange(1, 5000))
@click.option("--seed", "seeds", multiple=True, type=int, default=(1, 2, 3, 4, 5), show_default=True)
@click.pass_obj
@faults_as_exit
def duplicates(context: Context, city: str, incidents: int, seeds: tuple[int, ...]) -> None:
    """How well signals of one incident are found: precision and recall of pairs. 埋设重复线索的检出率。"""
    from kb.services.candidates import planted
    from kb.services.workspace import Workspace

    with (
        tempfile.TemporaryDirectory(prefix="xiezhi-") as store_,
        progress(context.lang) as tell,
        Workspace(Path(store_), cities=(city,), progress=tell) as workspace,
    ):
        for seed in seeds:
            planter = planted.Planter(workspace, city, seed)
            for _ in range(incidents):
                planter.plant()
            scores = planted.measure(workspace, planter.signals)
            click.echo(planted.render(scores, len(planter.signals), planter.incidents, context.lang))


@bench.command()
@click.option("--city", default="110000", show_default=True)
@click.option("--observations", default=100_000_000, show_default=True, type=click.IntRange(1000))
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep them here. 保留观测文件。",
)
@click.pass_obj
@faults_as_exit
def risk(context: Context, city: str, observations: int, file: Path | None) -> None:
    """From observations to a risk index for each unit grid. 从观测到各网格的风险指数。"""
    from kb.sensing.source import Files
    from kb.services.risk.bench import measure as measured

    with progress(context.lang) as tell:
        figures = measured(
            Files(*sorted(folder("ontology").glob("*.ttl"))), city, observations, file=file, progress=tell
        )
    for line in figures.render(context.lang):
        click.echo(line)
