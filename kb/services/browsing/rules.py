"""The rules as people read them: by folder with their sentences; one with its text, clause and cases."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode

from kb.errors import NotFound, Text
from kb.inference.program import Document, Program
from kb.namespaces import RDF_TYPE, ROOT
from kb.ontology.describe import ARROW
from kb.services import cases, firing
from kb.services.browsing.library import Library
from kb.services.cases import Case, Difference
from kb.srl.syntax import Negation, Rule, TriplePattern
from kb.store.protocol import Term

RULES = f"{ROOT}rule/"


@dataclass(frozen=True, slots=True)
class Row:
    """A rule in a list: its folder, name and sentence, and the layer in which it is run."""

    iri: str
    folder: str
    label: Text
    sentence: Text
    clause: Text | None
    layer: int
    background: bool


@dataclass(frozen=True, slots=True)
class OneRule:
    """One rule: *text* is its own part of the file, from *line* on; *siblings* share that file."""

    row: Row
    file: str
    line: int
    text: str
    clause_iri: str
    valid: tuple[str, str]
    concludes: list[tuple[Text, str]]
    siblings: list[Row]
    cases: list[Case]


@dataclass(frozen=True, slots=True)
class Tried:
    """A case that was run: whether the rule fired in it, and where the case failed."""

    case: Case
    fires: bool
    differences: list[Difference]


def rows(library: Library, text: str = "", folder: str = "", layer: int | None = None) -> list[Row]:
    """Return the rules whose name or sentence has *text*, of one *folder* and *layer* where given."""
    wanted = text.strip().casefold()
    return [
        row
        for row in _rows(library)
        if (not folder or row.folder == folder)
        and (layer is None or row.layer == layer)
        and (not wanted or wanted in _words(row))
    ]


def folders(library: Library) -> dict[str, int]:
    """Return the folders of rules, which are their topics, with the number of their rules."""
    found: dict[str, int] = {}
    for row in _rows(library):
        found[row.folder] = found.get(row.folder, 0) + 1
    return dict(sorted(found.items()))


def one(library: Library, name: str) -> OneRule:
    """Return the rule called *name*: the last part of its IRI, or all of it.

    :raises NotFound: ``knowledge.rule``: there is none.
    """
    rule = _find(library, name)
    document = _program(library).document(rule)
    path = _file(library, rule)
    others = _beside(library, rule)
    source = document.source
    return OneRule(
        row=_row(library, rule, library.layers()),
        file=library.path(path),
        line=rule.span.line,
        text=_text(path, rule, others),
        clause_iri=source.value if source is not None else "",
        valid=_valid(document),
        concludes=_concludes(library, rule),
        siblings=[_row(library, other, library.layers()) for other in others],
        cases=[case for case in library.cases() if case.file == _cases_of(path)],
    )


def run(library: Library, name: str) -> list[Tried]:
    """Run the cases beside the rule *name* now; nothing is stored."""
    rule = _find(library, name)
    workspace, found = library.workspace, []
    beside = [case for case in library.cases() if case.file == _cases_of(_file(library, rule))]
    for case in beside:
        fired = any(
            rule.iri == other.iri for t in firing.tried(workspace, [case]) for other in t.derivation.rules()
        )
        found.append(Tried(case, fired, list(cases.differences(workspace, case))))
    return found


def named_in(library: Library, terms: Set[Term]) -> list[Rule]:
    """Return the rules whose patterns name one of *terms*."""
    program = _program(library)
    return [rule for rule in (*program.background, *program.response) if not terms.isdisjoint(_terms(rule))]


def _terms(rule: Rule) -> Iterator[Term]:
    patterns: list[object] = [*rule.head, *rule.body]
    while patterns:
        pattern = patterns.pop()
        if isinstance(pattern, Negation):
            patterns += pattern.inner
        elif isinstance(pattern, TriplePattern):
            yield from (term for term in pattern.terms if isinstance(term, NamedNode))


def _program(library: Library) -> Program:
    return library.workspace.engine.program


def _find(library: Library, name: str) -> Rule:
    program = _program(library)
    for rule in (*program.background, *program.response):
        if rule.iri is not None and rule.iri.value in (name, RULES + name):
            return rule
    raise NotFound.of("knowledge.rule", "没有这条规则", "there is no such rule", where=name[:200])


def _rows(library: Library) -> list[Row]:
    program, layers = _program(library), library.layers()
    return [_row(library, rule, layers) for rule in (*program.background, *program.response)]


def _row(library: Library, rule: Rule, layers: dict[NamedNode, int]) -> Row:
    assert rule.iri is not None
    document = _program(library).document(rule)
    return Row(
        rule.iri.value,
        library.path(_file(library, rule)).split("/")[1],
        document.label,
        document.sentence,
        library.workspace.describer.text(document.source) if document.source is not None else None,
        layers.get(rule.iri, 0),
        rule.iri not in layers,
    )


def _words(row: Row) -> str:
    return " ".join(
        (row.iri.removeprefix(RULES), row.label.zh, row.label.en, row.sentence.zh, row.sentence.en)
    ).casefold()


def _file(library: Library, rule: Rule) -> Path:
    return library.workspace.knowledge.rules / rule.span.source


def _cases_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}.cases.yaml")


def _beside(library: Library, rule: Rule) -> list[Rule]:
    """Return the other rules of the file of *rule*."""
    program = _program(library)
    every = (*program.background, *program.response)
    return [other for other in every if other is not rule and other.span.source == rule.span.source]


def _text(path: Path, rule: Rule, others: list[Rule]) -> str:
    """Return the lines of *rule* in the file at *path*: up to the next rule, comments before it left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    later = [other.span.line for other in others if other.span.line > rule.span.line]
    own = lines[rule.span.line - 1 : min(later, default=len(lines) + 1) - 1]
    while own and (not own[-1].strip() or own[-1].startswith("#")):
        own.pop()
    return "\n".join(own)


def _valid(document: Document) -> tuple[str, str]:
    since, until = document.valid_from, document.valid_until
    return (since.isoformat() if since else "", until.isoformat() if until else "")


def _concludes(library: Library, rule: Rule) -> list[tuple[Text, str]]:
    """Return what the head of *rule* says: each relation with its value, where that is no variable."""
    workspace, found = library.workspace, []
    for triple in rule.head:
        if not isinstance(triple.predicate, NamedNode) or triple.predicate == RDF_TYPE:
            continue
        label = workspace.names.label(triple.predicate)
        if isinstance(triple.object, NamedNode):
            value = workspace.describer.text(triple.object)
            label = Text(label.zh + ARROW + value.zh, label.en + ARROW + value.en)
        found.append((label, triple.predicate.value))
    return found
