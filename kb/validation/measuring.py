"""How fast the engine is, beside pySHACL on the same data in the same process: ``xiezhi bench shacl``.

pySHACL gets fewer records, for it takes minutes for what the engine does in a second; the rates are compared.
Both are given triples and return results; reading the shapes is not timed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse, serialize

from kb.errors import ResourceMissing, Text
from kb.validation.shapes import Shapes

Record = Sequence[Triple]


@dataclass(frozen=True, slots=True)
class Figures:
    """Records, seconds and results of the engine, and of pySHACL on the first *peer_records* of them."""

    name: str
    records: int
    triples: int
    seconds: float
    found: int
    peer_records: int
    peer_seconds: float
    peer_found: int
    same: bool
    """Whether both found as many results in the records that both were given."""

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    @property
    def peer_rate(self) -> float:
        """Records a second of pySHACL."""
        return self.peer_records / self.peer_seconds

    def render(self, lang: str) -> str:
        """Return the figures as lines in *lang*."""
        ratio = self.rate / self.peer_rate
        verdict = (
            Text("结果数相同", "as many results")
            if self.same
            else Text("结果数不同！", "NOT as many results!")
        )
        zh = (
            f"{self.name}：{self.records:,} 条记录（{self.triples:,} 条三元组）{self.seconds:.2f} 秒，"
            f"每秒 {self.rate:,.0f} 条，发现 {self.found:,} 处\n"
            f"pySHACL：{self.peer_records:,} 条记录 {self.peer_seconds:.2f} 秒，"
            f"每秒 {self.peer_rate:,.0f} 条，"
            f"慢 {ratio:,.0f} 倍；{verdict.zh}（{self.peer_found:,}）"
        )
        en = (
            f"{self.name}: {self.records:,} records ({self.triples:,} triples) in {self.seconds:.2f} s, "
            f"{self.rate:,.0f} a second, {self.found:,} results\n"
            f"pySHACL: {self.peer_records:,} records in {self.peer_seconds:.2f} s, "
            f"{self.peer_rate:,.0f} a second, "
            f"{ratio:,.0f} times slower; {verdict.en} ({self.peer_found:,})"
        )
        return Text(zh, en).in_(lang)


def measure(shapes: Path, records: Sequence[Record], peer_records: int) -> Figures:
    """Validate *records* by the shapes in a file, the first *peer_records* of them with pySHACL, too.

    :raises ResourceMissing: ``bench.pyshacl``, pySHACL is not installed.
    """
    compiled = Shapes.from_files(shapes)
    triples = [triple for record in records for triple in record]
    begun = time.perf_counter()
    found = len(compiled.validate(triples))
    seconds = time.perf_counter() - begun
    part = [triple for record in records[:peer_records] for triple in record]
    peer_found, peer_seconds = _pyshacl(shapes, part)
    same = peer_found == len(compiled.validate(part))
    peers = min(peer_records, len(records))
    return Figures(
        shapes.stem, len(records), len(triples), seconds, found, peers, peer_seconds, peer_found, same
    )


def spoilt(records: Sequence[Record], every: int) -> list[Record]:
    """Return *records*, of which each *every*-th lacks its first value and says one more number as text."""
    changed: list[Record] = []
    for place, record in enumerate(records):
        if place % every == 0:
            record = [_as_text(triple) for triple in record[:-1]]
        changed.append(record)
    return changed


def _as_text(triple: Triple) -> Triple:
    value = triple.object
    if isinstance(value, Literal) and value.datatype.value.endswith("#integer"):
        return Triple(triple.subject, triple.predicate, Literal(value.value))
    return triple


def _pyshacl(shapes: Path, triples: Sequence[Triple]) -> tuple[int, float]:
    """Return how many results pySHACL has, and in how many seconds."""
    try:
        import pyshacl
        import rdflib
    except ImportError as error:
        raise ResourceMissing.of(
            "bench.pyshacl",
            "没有安装 pySHACL",
            "pySHACL is not installed",
            repair=("pip install 'xiezhi-governance[bench]'", "pip install 'xiezhi-governance[bench]'"),
        ) from error
    read = serialize(parse(path=str(shapes), format=RdfFormat.TURTLE), format=RdfFormat.N_TRIPLES)
    rules = rdflib.Graph().parse(data=read, format="nt")
    data = rdflib.Graph().parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")
    begun = time.perf_counter()
    _, report, _ = pyshacl.validate(data, shacl_graph=rules, inference="none", do_owl_imports=False)
    seconds = time.perf_counter() - begun
    return sum(1 for _ in report.subjects(rdflib.RDF.type, rdflib.SH.ValidationResult)), seconds


def by_subject(triples: Sequence[Triple]) -> list[Record]:
    """Return the triples of each subject together, in the order of the subjects."""
    found: dict[NamedNode, list[Triple]] = {}
    for triple in triples:
        assert isinstance(triple.subject, NamedNode)
        found.setdefault(triple.subject, []).append(triple)
    return list(found.values())
