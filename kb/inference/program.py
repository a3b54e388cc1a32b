"""Rule documents as one program: what the rules are, what they say of themselves, which are in force.

A rule set is a folder. ``x.srl`` holds the rules of one conclusion, ``x.ttl`` beside it what they are called,
the sentence that explains a conclusion, their clause and their validity, ``x.cases.yaml`` their cases. A scan
finds them; nothing is registered. Rules of ``entailment/`` are no part of the program.

Rules that mention ``?incident`` are *response rules*, run for one incident at a time. The others are
*background rules*, run when knowledge changes; their conclusions go into a graph of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Variable

from kb.errors import Fault, KnowledgeFault, Text
from kb.namespaces import DCTERMS_SOURCE, RDFS_LABEL, xz
from kb.srl.loader import load
from kb.srl.syntax import Rule, RuleSet, Term, variables_of
from kb.srl.wellformed import require_wellformed

INCIDENT = Variable("incident")
ENTAILMENT = "entailment"
"""The folder of rules about any RDF graph: ``xiezhi infer`` runs them when asked, no city does."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a rule says of itself, read from the Turtle beside it.

    *sentence* has the rule's variables in braces: ``{grade}``. The dates are inclusive.
    """

    label: Text
    sentence: Text
    source: NamedNode | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def in_force(self, on: date) -> bool:
        """Whether the rule is valid on the day *on*."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_until is None or on <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Program:
    """All rules of a folder with their documents."""

    background: tuple[Rule, ...]
    response: tuple[Rule, ...]
    documents: dict[NamedNode, Document] = field(default_factory=dict)
    _by_day: dict[date, tuple[Rule, ...]] = field(default_factory=dict, compare=False, repr=False)

    def document(self, rule: Rule) -> Document:
        """Return the rule's document; :func:`read` has made sure that there is one."""
        assert rule.iri is not None
        return self.documents[rule.iri]

    def in_force(self, on: date) -> tuple[Rule, ...]:
        """Return the response rules that are valid on the day *on*; the same tuple for the same rules."""
        found = self._by_day.get(on)
        if found is None:
            found = tuple(rule for rule in self.response if self.document(rule).in_force(on))
            same = next((rules for rules in self._by_day.values() if _same(rules, found)), found)
            found = self._by_day[on] = same
        return found


def read(folder: Path) -> Program:
    """Read every rule below *folder*.

    :raises SyntaxFault: for a rule that is not well written or not well-formed.
    :raises KnowledgeFault: for a rule without an IRI, without a document, or defined twice.
    """
    documents_read = [(path, load(path, root=folder)) for path in rule_files(folder)]
    rules = [rule for _, ruleset in documents_read for rule in ruleset.rules]
    require_wellformed(RuleSet(tuple(rules)))
    documents: dict[NamedNode, Document] = {}
    for path in _files(folder, "*.ttl"):
        documents |= _documents(path)
    faults = list(_faults(rules, documents))
    faults += [
        Fault(
            "rules.data",
            Text("规则文件中不放数据（DATA 块）", "a rule file holds no data (DATA block)"),
            str(path),
            Text("把事实写入 ontology/ 下的 Turtle 文件", "write facts into a Turtle file below ontology/"),
        )
        for path, ruleset in documents_read
        if ruleset.data
    ]
    if not rules:
        faults.append(Fault("rules.empty", Text("没有找到任何规则", "no rule was found"), str(folder)))
    if faults:
        raise KnowledgeFault(faults)
    response = [rule for rule in rules if mentions_incident(rule)]
    background = [rule for rule in rules if not mentions_incident(rule)]
    return Program(tuple(background), tuple(response), documents)


def rule_files(folder: Path) -> list[Path]:
    """Return the rule documents below *folder* that make up its program: all but those of ``entailment/``."""
    return _files(folder, "*.srl")


def _files(folder: Path, pattern: str) -> list[Path]:
    return [path for path in sorted(folder.rglob(pattern)) if path.relative_to(folder).parts[0] != ENTAILMENT]


def _same(left: tuple[Rule, ...], right: tuple[Rule, ...]) -> bool:
    return len(left) == len(right) and all(a is b for a, b in zip(left, right, strict=True))


def mentions_incident(rule: Rule) -> bool:
    """Whether the rule is about one incident: its body or its head has ``?incident``."""
    return any(INCIDENT in set(variables_of(part)) for part in (*rule.body, *rule.head))


def _faults(rules: Iterable[Rule], documents: dict[NamedNode, Document]) -> Iterable[Fault]:
    seen: dict[NamedNode, Rule] = {}
    for rule in rules:
        where = str(rule.span)
        if rule.iri is None:
            yield Fault(
                "rules.no-iri",
                Text(
                    "规则没有 IRI，无法引用和解释",
                    "the rule has no IRI, so it can be neither cited nor explained",
                ),
                where,
                Text("写成 RULE rule:名称 { … }", "write RULE rule:name { … }"),
            )
        elif rule.iri in seen:
            yield Fault(
                "rules.twice",
                Text(
                    f"规则 {rule.iri} 已在 {seen[rule.iri].span} 定义",
                    f"{rule.iri} is defined at {seen[rule.iri].span}",
                ),
                where,
            )
        elif rule.iri not in documents:
            yield Fault(
                "rules.no-document",
                Text(f"规则 {rule.iri} 没有说明", f"{rule.iri} has no document"),
                where,
                Text(
                    "在同名 .ttl 文件中给出 rdfs:label 与 xz:sentence（zh、en）",
                    "give rdfs:label and xz:sentence (zh, en) in the .ttl file of the same name",
                ),
            )
        if rule.iri is not None:
            seen.setdefault(rule.iri, rule)


def _documents(path: Path) -> dict[NamedNode, Document]:
    values: dict[Term, dict[NamedNode, list[Term]]] = {}
    try:
        for quad in pyoxigraph.parse(path=str(path), format=RdfFormat.TURTLE):
            values.setdefault(quad.subject, {}).setdefault(quad.predicate, []).append(quad.object)
    except SyntaxError as error:
        raise KnowledgeFault.of(
            "knowledge.turtle",
            f"Turtle 语法错误：{error.msg}",
            f"not well-formed Turtle: {error.msg}",
            where=f"{path}:{error.lineno or 1}:{error.offset or 1}",
        ) from error
    return {
        subject: Document(
            _text(properties.get(RDFS_LABEL, [])),
            _text(properties.get(xz("sentence"), [])),
            next((o for o in properties.get(DCTERMS_SOURCE, []) if isinstance(o, NamedNode)), None),
            _date(properties.get(xz("validFrom"), [])),
            _date(properties.get(xz("validUntil"), [])),
        )
        for subject, properties in values.items()
        if isinstance(subject, NamedNode)
    }


def _text(terms: Iterable[Term]) -> Text:
    by_language = {term.language: term.value for term in terms if isinstance(term, Literal)}
    return Text(by_language.get("zh", ""), by_language.get("en", ""))


def _date(terms: Iterable[Term]) -> date | None:
    return next((date.fromisoformat(term.value) for term in terms if isinstance(term, Literal)), None)
