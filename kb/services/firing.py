"""What the cases show of the rules: which never fire, and which contradict one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Triple

from kb.errors import Fault, ReportRejected, Text
from kb.inference.interactive.derivation import Derivation
from kb.namespaces import ROOT, XSD, xz
from kb.ontology.checks.finding import Finding, Severity
from kb.services.cases import Case
from kb.services.incident import derive
from kb.services.workspace import Workspace
from kb.srl.subsumption import subsumes
from kb.srl.syntax import Negation, Rule, TriplePattern

TRUE = Literal("true", datatype=NamedNode(XSD + "boolean"))


@dataclass(frozen=True, slots=True)
class Tried:
    """What followed in one case."""

    case: Case
    incident: NamedNode
    derivation: Derivation


def tried(workspace: Workspace, cases: Iterable[Case]) -> list[Tried]:
    """Return what follows in each of *cases*; one whose report is refused is left out (``xiezhi test``)."""
    found = []
    for case in cases:
        try:
            report = workspace.reader.read(case.given, incident_id="case", received=datetime.now(UTC))
            workspace.contract.require(report.facts)
        except ReportRejected:
            continue
        facts = (*report.facts, *case.records)
        found.append(Tried(case, report.incident, derive(workspace, report.incident, facts)))
    return found


def silent(workspace: Workspace, results: Sequence[Tried]) -> Iterator[Finding]:
    """Yield the rules that give no reason for anything, in no case and not in the background."""
    derivations = (*(r.derivation for r in results), workspace.engine.background())
    fired = {rule.iri for derivation in derivations for rule in derivation.rules()}
    program = workspace.engine.program
    for rule in (*program.background, *program.response):
        if rule.iri not in fired:
            yield Finding(
                Severity.WARNING,
                Fault(
                    "rules.never-fires",
                    Text(f"规则 {_name(rule)} 在任何用例中都没有作用", f"no case makes {_name(rule)} fire"),
                    str(rule.span),
                    _why_never(workspace, rule)
                    or Text(
                        "写一个使它得出结论的用例，或删去它",
                        "write a case in which it concludes, or take it out",
                    ),
                ),
            )


def overlapping(rules: Sequence[Rule]) -> Iterator[Finding]:
    """Yield the rules that conclude nothing which another rule does not conclude too."""
    for rule in rules:
        for other in rules:
            if rule is not other and subsumes(other, rule) and not _earlier_twin(rule, other):
                yield Finding(
                    Severity.WARNING,
                    Fault(
                        "rules.overlap",
                        Text(
                            f"规则 {_name(rule)} 的结论都已由 {_name(other)} 得出",
                            f"whatever {_name(rule)} concludes, {_name(other)} concludes too",
                        ),
                        str(rule.span),
                        Text("删去它，或补上缺少的条件", "take it out, or add the condition that it lacks"),
                    ),
                )
                break


def contradicting(workspace: Workspace, results: Sequence[Tried]) -> Iterator[Finding]:
    """Yield where an incident of one type gets two values for what has one (``xz:atMostOne``)."""
    single = [
        q.subject
        for q in workspace.store.match(None, xz("atMostOne"), TRUE)
        if isinstance(q.subject, NamedNode)
    ]
    seen: set[tuple[object, ...]] = set()
    for result in results:
        if len(result.derivation.objects(result.incident, xz("component"))) > 1:
            continue
        for property_ in single:
            values = result.derivation.objects(result.incident, property_)
            if len(values) < 2:
                continue
            reasons = [result.derivation.because(Triple(result.incident, property_, v)) for v in values]
            rules = [because.rule for because in reasons if because is not None]
            key = (property_, *sorted(_name(rule) for rule in rules))
            if key in seen:
                continue
            seen.add(key)
            label = workspace.names.label(property_)
            told = [workspace.describer.text(value) for value in values]
            names = ", ".join(dict.fromkeys(_name(rule) for rule in rules))
            yield Finding(
                Severity.ERROR,
                Fault(
                    "rules.conflict",
                    Text(
                        f"用例“{result.case.title}”得出两个{label.zh}："
                        f"{'、'.join(t.zh for t in told)}（{names}）",
                        f"the case “{result.case.title}” has two values for {label.en}: "
                        f"{', '.join(t.en for t in told)} ({names})",
                    ),
                    str(rules[0].span) if rules else str(result.case.file),
                    Text("让规则取其中一个，如最高者", "let the rule take one of them, such as the highest"),
                ),
            )


def _why_never(workspace: Workspace, rule: Rule) -> Text | None:
    """Say which pattern of *rule* nothing can ever match: no fact, no knowledge, no rule's conclusion."""
    vocabulary = {field.property for field in workspace.vocabulary.fields.values()}
    program = workspace.engine.program
    concluded = {t.predicate for r in (*program.background, *program.response) for t in r.head}
    for element in rule.body:
        if isinstance(element, Negation) or not isinstance(element, TriplePattern):
            continue
        predicate = element.predicate
        if not isinstance(predicate, NamedNode) or predicate in concluded or predicate in vocabulary:
            continue
        if next(iter(workspace.store.match(None, predicate, None)), None) is None:
            short = predicate.value.rsplit("#", 1)[-1]
            return Text(
                f"它不可能有作用：没有事实、知识或规则给出 {short}",
                f"it can never fire: no fact, knowledge or rule gives {short}",
            )
    return None


def _name(rule: Rule) -> str:
    return "rule:" + rule.iri.value.removeprefix(ROOT + "rule/") if rule.iri else str(rule.span)


def _earlier_twin(rule: Rule, other: Rule) -> bool:
    """Whether the two say the same and *rule* is the first: then the other is the needless one."""
    places = [(r.span.source, r.span.line, r.span.column) for r in (rule, other)]
    return subsumes(rule, other) and places[0] < places[1]
