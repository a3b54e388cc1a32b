"""Everything that can be said about a body of knowledge: `xiezhi check`.

In an order in which later questions make sense only if earlier ones found nothing that forbids them: files
that can be read, terms, contract, logic; then rules; then what the cases show; then what is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pyoxigraph import NamedNode
from rdflib import Graph

from kb.errors import InputError, KnowledgeFault
from kb.inference.program import Program, read, rule_files
from kb.namespaces import ROOT, XZ
from kb.ontology import files, reasoning
from kb.ontology.checks import contract, logic, modules, plans, provisions, terms
from kb.ontology.checks.finding import Finding, Severity
from kb.ontology.files import KnowledgeFile
from kb.ontology.knowledge import Knowledge
from kb.ontology.statements import Places
from kb.services import cases, firing
from kb.services.cases import Case
from kb.services.workspace import TrialWorkspace, Workspace
from kb.srl.strata import stratify
from kb.srl.syntax import Negation, Rule, TriplePattern


@dataclass
class Verdict:
    """What a check found, and what it looked at."""

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    triples: int = 0
    rules: int = 0
    layers: int = 0
    cases: int = 0

    def of(self, severity: Severity) -> list[Finding]:
        """Return the findings of one severity."""
        return [finding for finding in self.findings if finding.severity is severity]

    @property
    def sound(self) -> bool:
        """Whether the knowledge may be used: no error was found."""
        return not self.of(Severity.ERROR)


def check(
    knowledge: Knowledge, workspace: Workspace | None, on: date, *, reasoning_too: bool = True
) -> Verdict:
    """Return what is wrong with *knowledge*, or due on the day *on*.

    :param workspace: cities to run the cases in; without one nothing is said of rules that never fire.
    :param reasoning_too: ask the reasoners whether the ontology contradicts itself.
    """
    verdict = Verdict()
    found = files.scan(knowledge.ontology, knowledge.rules)
    verdict.files = len(found) + len(rule_files(knowledge.rules))
    readable = list(_readable(found, verdict))
    readable.sort(key=lambda path: "alignments" in path.parts)  # what defines a term before what maps it
    graph = Graph()
    if verdict.sound:
        graph = _ontology(knowledge, readable, on, verdict)
        if reasoning_too:
            _logic(knowledge, readable, graph, verdict)
    program = _program(knowledge, verdict)
    if program is not None:
        verdict.rules = len(program.background) + len(program.response)
        _rules(program, graph, verdict)
    if verdict.sound and program is not None and workspace is not None:
        _cases(knowledge, workspace, verdict)
    kept = (finding for finding in verdict.findings if _kept(knowledge, finding))
    verdict.findings = [_told(knowledge, finding) for finding in kept]
    return verdict


def _readable(found: Iterable[KnowledgeFile], verdict: Verdict) -> Iterator[Path]:
    for file in found:
        try:
            verdict.triples += sum(1 for _ in file.quads())
            yield file.path
        except KnowledgeFault as error:
            verdict.findings += _errors(error)


def _ontology(knowledge: Knowledge, paths: list[Path], on: date, verdict: Verdict) -> Graph:
    shapes = knowledge.ontology / "shapes"
    own = [path for path in paths if shapes not in path.parents]
    graph, places = reasoning.read(own), Places(own)
    verdict.findings += terms.undefined(graph, places)
    verdict.findings += contract.violations(graph, shapes / "knowledge.ttl", places)
    verdict.findings += provisions.conflicts(graph, places)
    verdict.findings += provisions.repetitions(graph, places)
    verdict.findings += provisions.superseded(graph, places, on)
    verdict.findings += modules.circles(graph, places)
    verdict.findings += modules.unachieved(graph, places)
    verdict.findings += modules.unused(graph, places)
    verdict.findings += plans.due(graph, places, on)
    verdict.findings += plans.revisions(graph, places, on)
    verdict.findings += provisions.weak(graph, places)
    return graph


def _logic(knowledge: Knowledge, paths: list[Path], graph: Graph, verdict: Verdict) -> None:
    try:
        verdict.findings += logic.contradictions(graph, Places(paths), knowledge.own)
    except KnowledgeFault as error:
        verdict.findings += _errors(error)


def _program(knowledge: Knowledge, verdict: Verdict) -> Program | None:
    try:
        program = read(knowledge.rules)
        verdict.layers = len(stratify(program.response).layers)
        stratify(program.background)
    except InputError as error:
        verdict.findings += _errors(error)
        return None
    return program


def _rules(program: Program, graph: Graph, verdict: Verdict) -> None:
    """What rules name must be defined, and no rule be needless."""
    defined = {str(subject) for subject in graph.subjects()}
    for rule in (*program.background, *program.response) if defined else ():
        for term, where in _named(rule):
            if term.value.startswith((XZ, ROOT + "kb/")) and term.value not in defined:
                verdict.findings.append(terms.unknown(term.value, where, defined))
    verdict.findings += firing.overlapping(program.response)
    verdict.findings += firing.overlapping(program.background)


def _cases(knowledge: Knowledge, workspace: Workspace, verdict: Verdict) -> None:
    try:
        trial = TrialWorkspace(workspace, knowledge)
        found: list[Case] = [*cases.find(knowledge.rules), *cases.find(knowledge.ontology)]
    except InputError as error:
        verdict.findings += _errors(error)
        return
    results = firing.tried(trial, found)
    verdict.cases = len(found)
    verdict.findings += firing.contradicting(trial, results)
    verdict.findings += firing.silent(trial, results)


def _named(rule: Rule) -> Iterator[tuple[NamedNode, str]]:
    """Yield the IRIs that the patterns of *rule* name, with their places."""
    patterns: list[TriplePattern] = list(rule.head)
    for element in rule.body:
        inner = element.inner if isinstance(element, Negation) else (element,)
        patterns += [part for part in inner if isinstance(part, TriplePattern)]
    for pattern in patterns:
        for term in pattern.terms:
            if isinstance(term, NamedNode):
                yield term, str(pattern.span)


def _kept(knowledge: Knowledge, finding: Finding) -> bool:
    """Whether to tell *finding*: of warnings and notes, those about the reader's own files."""
    if not knowledge.changes or finding.severity is Severity.ERROR:
        return True
    place = finding.fault.where.split(":")[0]
    return Path(place) in knowledge.changes or knowledge.rules / place in knowledge.changes


def _told(knowledge: Knowledge, finding: Finding) -> Finding:
    fault = finding.fault
    place = Path(fault.where.split(":")[0])
    if fault.where and not place.is_absolute() and (knowledge.rules / place).is_file():  # a rule's place
        fault = replace(fault, where=f"{knowledge.rules}/{fault.where}")
    return Finding(finding.severity, knowledge.told(fault))


def _errors(error: InputError) -> list[Finding]:
    return [Finding(Severity.ERROR, fault) for fault in error.faults]
