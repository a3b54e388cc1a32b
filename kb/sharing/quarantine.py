"""Quarantined records in the graph: each with its place in the file, its shape, value, reason and repair."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.errors import NotFound, Text
from kb.namespaces import RDF_TYPE, ROOT, SH, xz
from kb.sharing.datasets import Dataset
from kb.sharing.problems import Problem, Rejected, located
from kb.store.protocol import Store, Subject, Term

FOCUS = NamedNode(SH + "focusNode")
DISMISSED, DISMISSER = xz("dismissedBecause"), xz("dismissedBy")
RESULT = NamedNode(SH + "result")
MESSAGE = NamedNode(SH + "resultMessage")
TITLES = (
    Text("位置", "position"),
    Text("列", "column"),
    Text("值", "value"),
    Text("原因", "reason"),
    Text("建议修正", "repair"),
    Text("形状", "shape"),
    Text("报送", "delivery"),
    Text("原记录", "record"),
)
_COMPONENT = re.compile(r"[A-Z][A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record in quarantine and the delivery that it came in."""

    iri: NamedNode
    delivery: NamedNode
    rejected: Rejected

    def as_json(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return {"iri": self.iri.value, "delivery": self.delivery.value, **self.rejected.as_json()}


def quads(dataset: Dataset, delivery: NamedNode, number: int, rejected: Rejected) -> Iterator[Quad]:
    """Yield what the quarantine graph of *dataset* says of the *number*-th bad record of *delivery*.

    The IRIs follow from the arguments: promoting a delivery twice adds nothing.
    """
    entry = NamedNode(f"{prefix(dataset, delivery)}{number}")
    into = dataset.quarantine

    def say(subject: NamedNode, predicate: NamedNode, value: Term) -> Quad:
        return Quad(subject, predicate, value, into)

    yield say(entry, RDF_TYPE, xz("QuarantinedRecord"))
    yield say(entry, xz("dataset"), dataset.iri)
    yield say(entry, xz("inDelivery"), delivery)
    yield say(entry, xz("position"), Literal(rejected.position))
    yield say(entry, xz("original"), Literal(json.dumps(rejected.original, ensure_ascii=False)))
    subject = _iri(rejected.subject)
    for place, problem in enumerate(rejected.problems, 1):
        result = NamedNode(f"{entry.value}/{place}")
        yield say(entry, RESULT, result)
        yield say(result, RDF_TYPE, NamedNode(SH + "ValidationResult"))
        yield say(result, NamedNode(SH + "resultSeverity"), NamedNode(SH + "Violation"))
        if subject is not None:
            yield say(result, FOCUS, subject)
        for local, iri in (("resultPath", problem.path), ("sourceShape", problem.shape)):
            named = _iri(iri)
            if named is not None:
                yield say(result, NamedNode(SH + local), named)
        if problem.value:
            yield say(result, NamedNode(SH + "value"), Literal(_clean(problem.value)))
        if problem.column:
            yield say(result, xz("column"), Literal(_clean(problem.column)))
        if _COMPONENT.fullmatch(problem.component):
            component = NamedNode(f"{SH}{problem.component}ConstraintComponent")
            yield say(result, NamedNode(SH + "sourceConstraintComponent"), component)
        for text, predicate in ((problem.message, MESSAGE), (problem.repair, xz("repair"))):
            if text is not None:
                yield say(result, predicate, Literal(_clean(text.zh), language="zh"))
                yield say(result, predicate, Literal(_clean(text.en), language="en"))


def prefix(dataset: Dataset, delivery: NamedNode) -> str:
    """Return what the IRIs of the entries of *delivery* begin with; their number follows."""
    return f"{ROOT}quarantine/{dataset.path}/{delivery.value.rsplit('/', 1)[-1]}-"


def listed(
    store: Store, dataset: Dataset, offset: int = 0, limit: int | None = None
) -> Iterator[Quarantined]:
    """Yield what waits in quarantine of *dataset*, by delivery and place in the file.

    :param limit: at most so many, after passing over *offset*.
    """
    found = sorted(_waiting(store, dataset), key=_order)
    for entry in found[offset : None if limit is None else offset + limit]:
        yield _entry(store, dataset, entry)


def count(store: Store, dataset: Dataset) -> int:
    """Return how many records wait in quarantine of *dataset*."""
    return sum(1 for _ in _waiting(store, dataset))


def find(store: Store, dataset: Dataset, name: str) -> Quarantined:
    """Return the record that waits in quarantine of *dataset* under *name*, the last part of its IRI.

    :raises NotFound: ``quarantine.unknown``.
    """
    entry = next((one for one in _waiting(store, dataset) if one.value.rpartition("/")[2] == name), None)
    if entry is None:
        raise NotFound.of(
            "quarantine.unknown",
            "隔离区中没有这条记录，可能已被修正或取代",
            "no such record is in quarantine; it may have been mended or replaced",
            where=name[:100],
            repair=("返回隔离区查看", "go back to the quarantine and look"),
        )
    return _entry(store, dataset, entry)


def dismissal(dataset: Dataset, entry: NamedNode, reason: str, actor: str) -> list[Quad]:
    """Return what says that nobody will mend *entry*: it stays where it is and waits no longer."""
    return [
        Quad(entry, DISMISSED, Literal(_clean(reason)), dataset.quarantine),
        Quad(entry, DISMISSER, Literal(_clean(actor)), dataset.quarantine),
    ]


def dismissed(store: Store, dataset: Dataset) -> Iterator[tuple[Quarantined, str, str]]:
    """Yield the records of *dataset* that nobody will mend, each with the reason and who gave it."""
    for quad in store.match(None, DISMISSED, None, dataset.quarantine):
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, Literal):
            by = next(store.match(quad.subject, DISMISSER, None, dataset.quarantine), None)
            who = by.object.value if by is not None and isinstance(by.object, Literal) else ""
            yield _entry(store, dataset, quad.subject), quad.object.value, who


def _waiting(store: Store, dataset: Dataset) -> Iterator[NamedNode]:
    settled = {quad.subject for quad in store.match(None, DISMISSED, None, dataset.quarantine)}
    for quad in store.match(None, RDF_TYPE, xz("QuarantinedRecord"), dataset.quarantine):
        if isinstance(quad.subject, NamedNode) and quad.subject not in settled:
            yield quad.subject


def rows(found: Iterable[Mapping[str, Any]], lang: str) -> Iterator[list[str]]:
    """Yield records in quarantine, as :meth:`Quarantined.as_json` told of them, as rows of a table in *lang*.

    One row a problem, after a row of titles.
    """
    yield [title.in_(lang) for title in TITLES]
    for one in found:
        original = json.dumps(one["original"], ensure_ascii=False)
        for problem in one["problems"]:
            repair = problem["repair"]
            yield [
                located(one["position"]).in_(lang),
                problem["column"],
                problem["value"],
                problem["message"][lang],
                repair[lang] if repair else "",
                problem["shape"],
                one["delivery"],
                original,
            ]


def entries_of(store: Store, dataset: Dataset) -> dict[str, list[NamedNode]]:
    """Return for each record the entries about it."""
    found: dict[str, set[NamedNode]] = {}
    for quad in store.match(None, FOCUS, None, dataset.quarantine):
        if isinstance(quad.object, NamedNode) and isinstance(quad.subject, NamedNode):
            entry = NamedNode(quad.subject.value.rsplit("/", 1)[0])
            found.setdefault(quad.object.value, set()).add(entry)
    return {subject: sorted(entries, key=str) for subject, entries in found.items()}


def of_entry(store: Store, dataset: Dataset, entry: NamedNode) -> Iterator[Quad]:
    """Yield every quad of one entry."""
    for quad in store.match(entry, None, None, dataset.quarantine):
        yield quad
        if quad.predicate == RESULT and isinstance(quad.object, NamedNode):
            yield from store.match(quad.object, None, None, dataset.quarantine)


def about(store: Store, dataset: Dataset, record: NamedNode) -> Iterator[Quarantined]:
    """Yield what is in quarantine of *dataset* and speaks of *record*."""
    found = {
        NamedNode(quad.subject.value.rsplit("/", 1)[0])
        for quad in store.match(None, FOCUS, record, dataset.quarantine)
        if isinstance(quad.subject, NamedNode)
    }
    for entry in sorted(found & set(_waiting(store, dataset)), key=_order):
        yield _entry(store, dataset, entry)


def _entry(store: Store, dataset: Dataset, entry: NamedNode) -> Quarantined:
    about: dict[Subject, dict[str, list[Term]]] = {}
    for quad in of_entry(store, dataset, entry):
        if not isinstance(quad.subject, Triple):
            about.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
    values = about[entry]
    results = sorted((r for r in values.get(RESULT.value, ()) if isinstance(r, NamedNode)), key=_order)
    details = [about[result] for result in results]
    delivery = values[xz("inDelivery").value][0]
    assert isinstance(delivery, NamedNode)
    rejected = Rejected(
        _one(values, xz("position").value),
        next((_one(detail, FOCUS.value) for detail in details), ""),
        json.loads(_one(values, xz("original").value)),
        tuple(_problem(detail) for detail in details),
    )
    return Quarantined(entry, delivery, rejected)


def _problem(values: dict[str, list[Term]]) -> Problem:
    repair = _words(values, xz("repair").value)
    component = _one(values, SH + "sourceConstraintComponent").rpartition("#")[2]
    return Problem(
        _words(values, MESSAGE.value) or Text("", ""),
        repair,
        _one(values, SH + "resultPath"),
        _one(values, xz("column").value),
        _one(values, SH + "value"),
        _one(values, SH + "sourceShape"),
        component.removesuffix("ConstraintComponent"),
    )


def _words(values: dict[str, list[Term]], predicate: str) -> Text | None:
    found = {v.language: v.value for v in values.get(predicate, ()) if isinstance(v, Literal)}
    return Text(found.get("zh", ""), found.get("en", "")) if found else None


def _one(values: dict[str, list[Term]], predicate: str) -> str:
    return next((str(getattr(value, "value", "")) for value in values.get(predicate, ())), "")


def _order(iri: NamedNode) -> tuple[str, int]:
    """Split the number off the end: entries of one delivery, and results of one entry, are counted."""
    before, _, number = iri.value.replace("/", "-").rpartition("-")
    return before, int(number)


def _iri(text: str) -> NamedNode | None:
    try:
        return NamedNode(text) if text else None
    except ValueError:
        return None


def _clean(text: str) -> str:
    """Return *text* without halves of characters, which JSON can hold and no graph can."""
    return text.encode("utf-8", "replace").decode()
