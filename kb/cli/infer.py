"""``xiezhi infer``: any rules over any RDF, without a store."""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

import click
import pyoxigraph
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Triple

from kb.cli.context import Context, faults_as_exit
from kb.errors import InputError, Text
from kb.inference.bounds import BULK, UNATTENDED
from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.srl.loader import load
from kb.srl.syntax import RuleSet, Term

FORMATS = {"nt": RdfFormat.N_TRIPLES, "ttl": RdfFormat.TURTLE, "jsonld": RdfFormat.JSON_LD}
OTHER_NAMES = {"owl": RdfFormat.RDF_XML}
"""Endings of file names that pyoxigraph does not know."""


Infer: TypeAlias = Callable[[RuleSet, Sequence[Triple], float], Iterator[Triple]]
"""Takes a rule set, the base graph and how many seconds it may take, and yields the inference graph."""


def interactive(ruleset: RuleSet, base: Sequence[Triple], seconds: float) -> Iterator[Triple]:
    """Yield what *ruleset* infers from *base*, rule by rule in memory."""
    source, bounds = Source(_Graph(base).match, Dictionary()), replace(UNATTENDED, seconds=seconds)
    yield from Executor(ruleset.rules, source, data=ruleset.data, bounds=bounds).derive()


def relational(engine: str) -> Infer:
    """Return a function that infers all at once on *engine*, a database."""

    def run(ruleset: RuleSet, base: Sequence[Triple], seconds: float) -> Iterator[Triple]:
        # Ibis and its engines take a second to load: only who asks for them waits.
        from kb.inference.relational import keys
        from kb.inference.relational.connection import Connection
        from kb.inference.relational.executor import RelationalExecutor

        with Connection(engine) as connection:
            bounds = replace(BULK, seconds=seconds)
            executor = RelationalExecutor(ruleset.rules, connection, data=ruleset.data, bounds=bounds)
            yield from executor.derive(connection.table(keys.facts(base)))

    return run


ENGINES: dict[str, Infer] = {
    "interactive": interactive,
    "duckdb": relational("duckdb"),
    "spark": relational("spark"),
}


@click.command()
@click.argument(
    "rules", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--data", "files", multiple=True, required=True, metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="RDF to infer from: .nt .nq .ttl .trig .rdf .owl .jsonld, also .gz; graph names are passed over.",
)  # fmt: skip
@click.option("--engine", type=click.Choice(list(ENGINES)), default="interactive", show_default=True)
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="nt", show_default=True)
@click.option(
    "--only-new/--all", default=True, show_default=True, help="Write the inferred triples, or the data too."
)
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), default=UNATTENDED.seconds, show_default=True,
    help="Stop when it takes longer.",
)  # fmt: skip
@click.pass_obj
@faults_as_exit
def infer(
    context: Context,
    rules: tuple[Path, ...],
    files: tuple[Path, ...],
    engine: str,
    format_: str,
    only_new: bool,
    seconds: float,
) -> None:
    """Run the RULES (.srl, with what they import from their folders) over RDF and print what follows.

    对任意 RDF 数据运行任意规则，输出推出的三元组；统计数字写到标准错误。
    """
    ruleset = _together(rules)
    base = list(dict.fromkeys(triple for file in files for triple in read(file)))
    started = time.perf_counter()
    inferred = list(ENGINES[engine](ruleset, base, seconds))
    taken = time.perf_counter() - started
    _write(inferred if only_new else [*base, *inferred], FORMATS[format_], ruleset)
    context.say(
        Text(
            f"{len(ruleset.rules)} 条规则，{len(base):,} 条事实，推出 {len(inferred):,} 条，"
            f"{taken:.2f} 秒（{engine}）",
            f"{len(ruleset.rules)} rules, {len(base):,} facts, {len(inferred):,} inferred "
            f"in {taken:.2f} s ({engine})",
        )
    )


def read(file: Path) -> Iterator[Triple]:
    """Yield the triples of an RDF file, those of named graphs too; its blank nodes get names of their own.

    :raises InputError: ``infer.format`` for an ending that nobody knows, ``infer.data`` for a faulty file.
    """
    names = file.name.lower().removesuffix(".gz").rpartition(".")
    format_ = RdfFormat.from_extension(names[2]) or OTHER_NAMES.get(names[2])
    if format_ is None:
        raise InputError.of(
            "infer.format",
            f"不知道文件名后缀 .{names[2]} 是哪种 RDF 格式",
            f"no RDF format has the file name ending .{names[2]}",
            where=str(file),
            repair=(
                "用 .nt、.nq、.ttl、.trig、.rdf、.owl 或 .jsonld",
                "use .nt, .nq, .ttl, .trig, .rdf, .owl or .jsonld",
            ),
        )
    base, compressed = file.resolve().as_uri(), file.suffix.lower() == ".gz"
    with gzip.open(file) if compressed else file.open("rb") as stream:
        try:
            for quad in pyoxigraph.parse(
                cast(BinaryIO, stream), format_, base_iri=base, rename_blank_nodes=True
            ):
                yield quad.triple
        except SyntaxError as error:
            place = f"{file}:{error.lineno}:{error.offset}" if error.lineno else str(file)
            raise _unreadable(place, error.msg) from error
        except (OSError, EOFError, ValueError) as error:  # not gzip, cut off, not UTF-8
            raise _unreadable(str(file), str(error)) from error


def _unreadable(where: str, reason: str) -> InputError:
    return InputError.of(
        "infer.data", f"无法读取 RDF：{reason}", f"cannot read the RDF: {reason}", where=where
    )


def _together(paths: Iterable[Path]) -> RuleSet:
    """Merge rule documents. A rule that two of them import counts once: twice, it might make two nodes."""
    sets = [load(path) for path in paths]
    rules = {rule.span: rule for ruleset in sets for rule in ruleset.rules}
    data = dict.fromkeys(triple for ruleset in sets for triple in ruleset.data)
    prefixes = {prefix: iri for ruleset in reversed(sets) for prefix, iri in ruleset.prefixes.items()}
    return RuleSet(tuple(rules.values()), tuple(data), (), prefixes)


def _write(triples: Sequence[Triple], format_: RdfFormat, ruleset: RuleSet) -> None:
    prefixes = {prefix: iri for prefix, iri in ruleset.prefixes.items() if prefix}
    pyoxigraph.serialize(triples, sys.stdout.buffer, format_, prefixes=prefixes)
    sys.stdout.buffer.flush()


class _Graph:
    """Triples by each of their terms, exactly as written: a store would write 007 as 7."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._all = [Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in triples]
        self._by: tuple[dict[Term, list[Quad]], ...] = ({}, {}, {})
        for quad in self._all:
            for index, term in zip(self._by, (quad.subject, quad.predicate, quad.object), strict=True):
                index.setdefault(term, []).append(quad)

    def match(self, s: Term | None, p: NamedNode | None, o: Term | None) -> list[Quad]:
        """Return the triples that fit a pattern: of the lists to look through, the shortest."""
        lists = [
            index.get(term, []) for index, term in zip(self._by, (s, p, o), strict=True) if term is not None
        ]
        return [
            quad
            for quad in min(lists, key=len, default=self._all)
            if s in (None, quad.subject) and p in (None, quad.predicate) and o in (None, quad.object)
        ]
