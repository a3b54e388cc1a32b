"""Quarantined records in the graph: each with its place in the file, its shape, value, reason and repair."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import Text
from kb.namespaces import RDF_TYPE, ROOT, SH, xz
from kb.sharing.datasets import Dataset
from kb.sharing.problems import Problem, Rejected
from kb.store.protocol import Store, Subject, Term

FOCUS = NamedNode(SH + "focusNode")
RESULT = NamedNode(SH + "result")
MESSAGE = NamedNode(SH + "resultMessage")
_COMPONENT = re.compile(r"[A-Z][A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record in quarantine and the delivery that it came in."""

    iri: NamedNode
    delivery: NamedNode
    rejected: Rejected


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
        for predicate, iri in (("resultPath", problem.path), ("sourceShape", problem.shape)):
            named = _iri(iri)
            if named is not None:
                yield say(result, NamedNode(SH + predicate), named)
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


def listed(store: Store, dataset: Dataset) -> list[Quarantined]:
    """Return what is in quarantine of *dataset*, by delivery and place in the file."""
    about: dict[Subject, dict[str, list[Term]]] = {}
    for quad in store.match(None, None, None, dataset.quarantine):
        about.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
    found = []
    for subject, values in about.items():
        if xz("original").value in values and isinstance(subject, NamedNode):
            results = sorted(values.get(RESULT.value, ()), key=lambda r: _number(str(getattr(r, "value", ""))))
            details = [about[r] for r in results if isinstance(r, NamedNode) and r in about]
            focus = next((_one(detail, FOCUS.value) for detail in details), "")
            rejected = Rejected(
                _one(values, xz("position").value),
                focus,
                json.loads(_one(values, xz("original").value)),
                tuple(_problem(detail) for detail in details),
            )
            delivery = values[xz("inDelivery").value][0]
            assert isinstance(delivery, NamedNode)
            found.append(Quarantined(subject, delivery, rejected))
    return sorted(found, key=lambda one: (one.delivery.value, _number(one.iri.value)))


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


def _number(iri: str) -> int:
    return int(re.findall(r"\d+", iri.rsplit("/", 1)[-1])[-1])


def _iri(text: str) -> NamedNode | None:
    try:
        return NamedNode(text) if text else None
    except ValueError:
        return None


def _clean(text: str) -> str:
    """Return *text* without halves of characters, which JSON can hold and no graph can."""
    return text.encode("utf-8", "replace").decode()
