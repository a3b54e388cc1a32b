"""Every case beside the rules holds, and every rule has cases that make it fire."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import yaml
from _pytest.mark import ParameterSet
from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.errors import KnowledgeFault, ReportRejected
from kb.inference.interactive.derivation import Derivation
from kb.inference.interactive.executor import Executor
from kb.inference.program import INCIDENT, Program, read, rule_files
from kb.namespaces import RDFS_LABEL, ROOT, xz
from kb.resources import folder
from kb.services import cases
from kb.services.cases import Case
from kb.services.incident import derive
from kb.services.workspace import Workspace
from kb.srl.syntax import Element, Filter, Negation, Rule, TriplePattern

RULES, ONTOLOGY = Path(str(folder("rules"))), Path(str(folder("ontology")))
CASES = [*cases.find(RULES), *cases.find(ONTOLOGY)]
PROGRAM: Program = read(RULES)
SLOT = re.compile(r"\{(\w+)\}")

UNUSED = {"more-than": "moreThan"}
"""Rules whose comparison no condition of the ontology makes yet: rule and property."""

AHEAD = {
    ("may-lead-to", "kind"),
    ("assisting", "supportDepartment"),
    ("assisting", "firstResponder"),
    ("criterion-met", "fallsShortOf"),
    ("criterion-open", "meets"),
    ("use-open", "validUntil"),
    ("transition-open", "validUntil"),
    ("ask-for-module", "knows"),
    ("contention", ""),
}
"""The NOTs that the knowledge of today gives nothing to block: rule and property. What they are for, such as
criteria of two conditions, tests/services/test_ahead_of_knowledge.py tries on knowledge of its own. The
FILTER of ``contention`` is here for ever: it only keeps each pair from being looked at twice."""


def name(rule: Rule) -> str:
    assert rule.iri is not None
    return rule.iri.value.removeprefix(ROOT + "rule/")


def everything() -> Iterable[Rule]:
    return (*PROGRAM.background, *PROGRAM.response)


def of_rule(rule: Rule) -> ParameterSet:
    return pytest.param(rule, id=name(rule))


# ── the cases ────────────────────────────────────────────────────────────────────────────────


def test_the_scan_found_cases() -> None:
    assert len(CASES) >= 120


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.name}:{case.title}")
def test_case(case: Case, workspace: Workspace) -> None:
    differences = list(cases.differences(workspace, case))
    assert not differences, "\n".join(f"{d.zh} / {d.en}" for d in differences)


def test_no_two_cases_have_the_same_title() -> None:
    titles = [(case.file, case.title) for case in CASES]
    assert len(set(titles)) == len(titles)


def test_the_title_of_a_case_is_a_sentence_in_both_languages() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for case in CASES:
        zh, slash, en = case.title.partition(" / ")
        assert slash, f"{case.file.name}: {case.title}"
        assert chinese.search(zh), zh
        assert en[0].isascii(), en
        assert not chinese.search(en), en


def test_what_a_case_forbids_exists(workspace: Workspace) -> None:
    """A misspelt value under ``absent`` would be absent for ever."""

    def exists(value: str) -> bool:
        if any(True for _ in workspace.store.match(NamedNode(f"{ROOT}kb/{value}"), None, None)):
            return True
        labels = (Literal(value, language=language) for language in ("zh", "en"))
        return any(True for label in labels for _ in workspace.store.match(None, RDFS_LABEL, label))

    named = {value for case in CASES for values in case.absent.values() for value in values}
    assert not sorted(v for v in named - {cases.ANY, "serious-or-poisoned"} if not exists(v))


@pytest.mark.parametrize("file", sorted({case.file for case in CASES}), ids=lambda file: file.name)
def test_no_key_stands_twice_in_a_case(file: Path) -> None:
    """YAML keeps the last of two equal keys, so that the first expectation would be lost in silence."""

    def check(node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            assert len(set(keys)) == len(keys), f"{file}:{node.start_mark.line + 1}: {keys}"
            for _, value in node.value:
                check(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                check(item)

    check(yaml.compose(file.read_text(encoding="utf-8")))


# ── rules and their cases ────────────────────────────────────────────────────────────────────


Derived = tuple[NamedNode, tuple[Triple, ...], Derivation]


@cache
def derived(workspace: Workspace) -> dict[Path, list[Derived]]:
    """For each file of cases, what follows in each of them."""
    found: dict[Path, list[Derived]] = {}
    for case in CASES:
        report = workspace.reader.read(case.given, incident_id="case", received=datetime.now(UTC))
        facts = (*report.facts, *case.records)
        derivation = derive(workspace, report.incident, facts)
        found.setdefault(case.file, []).append((report.incident, facts, derivation))
    return found


@cache
def fired(workspace: Workspace) -> set[str]:
    """The rules that give the first reason for something, in some case or in the background."""
    in_cases = [derivation for files in derived(workspace).values() for _, _, derivation in files]
    return {
        name(because.rule)
        for derivation in (*in_cases, workspace.engine.background())
        for triple in derivation
        if (because := derivation.because(triple)) is not None
    }


@pytest.mark.parametrize("rule", [of_rule(rule) for rule in everything() if name(rule) not in UNUSED])
def test_every_rule_fires_in_some_case(rule: Rule, workspace: Workspace) -> None:
    assert name(rule) in fired(workspace)


@pytest.mark.parametrize("comparison", UNUSED.values())
def test_a_rule_that_no_case_can_fire_compares_in_a_way_that_no_condition_does(
    comparison: str, workspace: Workspace
) -> None:
    assert not any(True for _ in workspace.store.match(None, xz(comparison), None, None))


def blockers(*, ahead: bool = False) -> list[ParameterSet]:
    """Each NOT and FILTER of a response rule, but for those that have nothing to block yet; or only those."""
    return [
        pytest.param(rule, element, id=f"{name(rule)}-{number}")
        for rule in PROGRAM.response
        for number, element in enumerate(rule.body)
        if isinstance(element, Negation | Filter)
        and name(rule) not in UNUSED
        and ((name(rule), about(element)) in AHEAD) == ahead
    ]


def about(element: Element) -> str:
    """Return the property that a NOT begins with."""
    first = element.inner[0] if isinstance(element, Negation) else None
    return str(first.predicate).rpartition("#")[2].rstrip(">") if isinstance(first, TriplePattern) else ""


def blocks(rule: Rule, element: Element, workspace: Workspace) -> bool:
    """Whether *rule* would conclude more in some case beside it if *element* were not there."""
    without = replace(rule, body=tuple(other for other in rule.body if other is not element))
    executor = Executor([without], workspace.engine.source, bound=(INCIDENT,))
    file = RULES / Path(rule.span.source).with_suffix(".cases.yaml")
    return any(
        len(executor.derive((*facts, *derivation), (incident,)))
        for incident, facts, derivation in derived(workspace)[file]
    )


@pytest.mark.parametrize(("rule", "element"), blockers())
def test_each_not_and_filter_of_a_rule_blocks_something_in_a_case_beside_it(
    rule: Rule, element: Element, workspace: Workspace
) -> None:
    assert blocks(rule, element, workspace)


@pytest.mark.parametrize(("rule", "element"), blockers(ahead=True))
def test_a_not_said_to_have_nothing_to_block_has_nothing(
    rule: Rule, element: Element, workspace: Workspace
) -> None:
    assert not blocks(rule, element, workspace), "then take it off the list"


def test_the_list_of_nots_with_nothing_to_block_names_rules_that_are_there() -> None:
    assert len(blockers(ahead=True)) == len(AHEAD)


@pytest.mark.parametrize("path", rule_files(RULES), ids=lambda path: path.stem)
def test_a_rule_document_stands_between_its_description_and_its_cases(path: Path) -> None:
    assert path.with_suffix(".ttl").is_file()
    assert list(cases.find(path.with_suffix(".cases.yaml")))


@pytest.mark.parametrize("rule", [of_rule(rule) for rule in everything()])
def test_a_rule_has_a_label_and_a_sentence_in_both_languages(rule: Rule) -> None:
    document = PROGRAM.document(rule)
    assert document.label.zh
    assert document.label.en
    assert document.sentence.zh.endswith("。")
    assert document.sentence.en.endswith(".")


@pytest.mark.parametrize("rule", [of_rule(rule) for rule in everything()])
def test_the_slots_of_a_sentence_are_variables_of_the_rule_and_the_same_in_both_languages(rule: Rule) -> None:
    document = PROGRAM.document(rule)
    zh, en = (set(SLOT.findall(text)) for text in (document.sentence.zh, document.sentence.en))
    assert zh
    assert zh == en
    assert {Variable(slot) for slot in zh} <= set(rule.own_variables)


def test_every_description_belongs_to_a_rule() -> None:
    assert {rule.iri for rule in everything()} == set(PROGRAM.documents)


@pytest.mark.parametrize("rule", [of_rule(rule) for rule in everything()])
def test_the_clause_that_a_rule_cites_exists(rule: Rule, workspace: Workspace) -> None:
    source = PROGRAM.document(rule).source
    if source is not None:
        assert workspace.engine.source.values(source, xz("clauseOf"))


# ── files of cases that are wrong ────────────────────────────────────────────────────────────


def refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "x.cases.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeFault) as caught:
        list(cases.find(file))
    assert str(file) in caught.value.faults[0].where
    return caught.value.faults[0].message.en


@pytest.mark.parametrize(
    "text",
    [
        "",
        "title: x",
        "- title: x",
        "- given: {}",
        "- {title: x, given: {}, expect: {grade: 一般}, expected: {}}",
        "- 7",
        "- [",
    ],
    ids=["nothing", "no list", "no report", "no title", "misspelt key", "a number", "no YAML"],
)
def test_a_file_of_cases_that_is_none_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text)


@pytest.mark.parametrize(
    "rest",
    ["", ", expect: {}", ", absent: {}", ", expect: [一般]", ", absent: any"],
    ids=["neither", "empty expect", "empty absent", "expect no mapping", "absent no mapping"],
)
def test_a_case_that_cannot_fail_is_refused(tmp_path: Path, rest: str) -> None:
    assert "mapping" in refused(tmp_path, f"- {{title: x, given: {{}}{rest}}}")


def one(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "x.cases.yaml"
    file.write_text(f"- {{title: x, given: {{type: 火灾, grid: '370102', deaths: 3}}, {text}}}", "utf-8")
    return file


def told(workspace: Workspace, file: Path) -> list[str]:
    (result,) = cases.run(workspace, file)
    return [difference.en for difference in result.differences]


def test_what_was_expected_and_not_derived_is_told_with_what_was(
    workspace: Workspace, tmp_path: Path
) -> None:
    assert told(workspace, one(tmp_path, "expect: {grade: 重大}")) == [
        "expected grade = 重大, derived: Larger"
    ]


def test_what_must_be_absent_and_was_derived_is_told(workspace: Workspace, tmp_path: Path) -> None:
    expected = ["must not have grade = Larger"]
    assert told(workspace, one(tmp_path, "absent: {grade: 较大}")) == expected
    assert told(workspace, one(tmp_path, "absent: {grade: any}")) == expected


def test_a_value_may_be_a_label_in_either_language_an_iri_or_its_end(
    workspace: Workspace, tmp_path: Path
) -> None:
    for value in ("较大", "Larger", "grade/larger", ROOT + "kb/grade/larger"):
        assert told(workspace, one(tmp_path, f"expect: {{grade: '{value}'}}")) == []


def test_a_misspelt_relation_is_an_error_that_names_the_nearest(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeFault, match="leadDepartment"):
        cases.run(workspace, one(tmp_path, "absent: {leadDepartmnt: any}"))


def test_a_report_that_its_contract_refuses_fails_its_case_and_no_other(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "x.cases.yaml"
    file.write_text(
        "- {title: a, given: {type: 火灾, grid: '370102', deaths: -1}, expect: {grade: 一般}}\n"
        "- {title: b, given: {type: 火灾, grid: '370102', deaths: 1}, expect: {grade: 一般}}\n",
        encoding="utf-8",
    )
    first, second = cases.run(workspace, file)
    assert "deaths must be one whole number" in first.differences[0].en
    assert not second.differences


def test_running_cases_stores_nothing(workspace: Workspace) -> None:
    before = workspace.store.sequence
    cases.run(workspace, RULES / "modules")
    assert workspace.store.sequence == before
    with pytest.raises(ReportRejected):
        workspace.reader.read({"typ": "火灾"}, incident_id="case", received=datetime.now(UTC))


def test_a_rule_iri_is_in_the_namespace_of_rules() -> None:
    assert all(isinstance(r.iri, NamedNode) and r.iri.value.startswith(ROOT + "rule/") for r in everything())
