"""Cases beside the rules: given an incident, what must be concluded and what must not.

A file ``x.cases.yaml`` is a list. Each case has ``title`` (a sentence an expert can dispute), ``given`` (a
report, the same keys as everywhere), ``expect`` and ``absent``: relations of the response (``grade``,
``leadDepartment``, ``activates``, …) with one value or several, by label or IRI. That nothing at all was
concluded is written ``absent: {grade: any}``.

Rules that look at shared data need some: ``records`` is Turtle, with the usual prefixes known, of what
departments have delivered.

A case may have ``rows``, each with its own ``given``, ``expect`` and ``absent``: what they say is added to
what the case says, and each row is a case. So a table of thresholds is written as a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyoxigraph
import yaml
from pyoxigraph import NamedNode, RdfFormat, Triple

from kb.errors import Fault, KnowledgeFault, ReportRejected, Text
from kb.namespaces import PREFIXES, ROOT, xz
from kb.ontology.names import nearest
from kb.services.incident import derive
from kb.services.workspace import Workspace
from kb.srl.syntax import Term

ROW_KEYS = {"given", "expect", "absent"}
KEYS = {"title", "rows", "records", *ROW_KEYS}
ANY = "any"
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it: ten times as fast for the same safe documents."""
_PREFIXES = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())


@dataclass(frozen=True, slots=True)
class Case:
    """One case and the file it stands in."""

    file: Path
    title: str
    given: dict[str, Any]
    expect: dict[str, list[str]]
    absent: dict[str, list[str]]
    records: tuple[Triple, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A case and where what was derived differs from it; no difference means that it passed."""

    case: Case
    differences: list[Difference]

    @property
    def fault(self) -> Fault:
        """What failed, with file and title."""
        return Fault(
            "cases.failed",
            Text(
                f"用例“{self.case.title}”失败：" + "；".join(d.zh for d in self.differences),
                f"the case “{self.case.title}” fails: " + "; ".join(d.en for d in self.differences),
            ),
            str(self.case.file),
        )


@dataclass(frozen=True, slots=True)
class Difference(Text):
    """One thing that was expected and not derived, or derived and to be absent.

    :param relation: the relation in question; ``None`` where the report itself was refused.
    :param value: the value as the case names it.
    """

    relation: NamedNode | None = None
    value: str = ""
    missing: bool = False


def find(path: Path) -> Iterator[Case]:
    """Yield the cases in *path*, a file or a folder.

    :raises KnowledgeFault: for a file that is no list of cases, or a case that lacks its title, its report or
        anything to check: a case that cannot fail is none.
    """
    for file in [path] if path.is_file() else sorted(path.rglob("*.cases.yaml")):
        for number, item in enumerate(_items(file), 1):
            if not isinstance(item, dict) or not {"title", "given"} <= set(item) <= KEYS:
                raise _fault(
                    file, number, f"用例只能有这些键：{sorted(KEYS)}", f"a case has the keys {sorted(KEYS)}"
                )
            title, rows = str(item["title"]), item.get("rows")
            if rows is None:
                yield _case(file, number, title, item)
                continue
            if not isinstance(rows, list) or not rows:
                raise _fault(file, number, "rows 必须是非空列表", "rows is a list that is not empty")
            for place, row in enumerate(rows, 1):
                if not isinstance(row, dict) or not set(row) <= ROW_KEYS:
                    raise _fault(
                        file, number, f"rows 的每一行只能有这些键：{sorted(ROW_KEYS)}",
                        f"a row has the keys {sorted(ROW_KEYS)}",
                    )  # fmt: skip
                yield _case(file, number, _row_title(title, place, row), item, row)


def _case(file: Path, number: int, title: str, *layers: dict[str, Any]) -> Case:
    """Return the case that *layers* make together; a later layer adds to an earlier one or replaces it."""
    parts = [[layer.get(key) or {} for layer in layers] for key in ("given", "expect", "absent")]
    if not all(isinstance(part, dict) for group in parts for part in group):
        raise _unchecked(file, number)
    given, expect, absent = ({k: v for part in group for k, v in part.items()} for group in parts)
    if not (expect or absent):
        raise _unchecked(file, number)
    records = _records(file, number, layers[0].get("records", ""))
    return Case(file, title, given, _lists(expect), _lists(absent), records)


def _records(file: Path, number: int, turtle: object) -> tuple[Triple, ...]:
    """Return the shared records that a case supposes."""
    try:
        quads = pyoxigraph.parse(_PREFIXES + str(turtle), format=RdfFormat.TURTLE)
        return tuple(Triple(quad.subject, quad.predicate, quad.object) for quad in quads)
    except SyntaxError as error:
        raise _fault(
            file, number, f"records 不是合法的 Turtle：{error.msg}", f"records is no Turtle: {error.msg}"
        ) from error


def _unchecked(file: Path, number: int) -> KnowledgeFault:
    return _fault(
        file, number, "given、expect、absent 都是映射，expect 与 absent 至少有一个",
        "given, expect and absent are mappings, and one of expect and absent is there",
    )  # fmt: skip


def _row_title(title: str, place: int, row: dict[str, Any]) -> str:
    """Return the title of the case that a row makes: the table's, its number and its facts.

    Facts in Chinese are left out: the title stands in both languages.
    """
    facts = row.get("given") or {}
    told = [f"{k} {v}" for k, v in facts.items() if str(v).isascii()] if isinstance(facts, dict) else []
    zh, slash, en = title.partition(" / ")
    words = f"{place}" + (f": {', '.join(told)}" if told else "")
    return f"{zh}（{words}）{slash}{en + f' ({words})' if slash else ''}"


def run(workspace: Workspace, *paths: Path) -> list[Result]:
    """Run every case in *paths*; nothing is stored. A report that its contract refuses fails its case.

    :raises KnowledgeFault: also where there is no case: a slip in the path must not look like success.
    """
    found = (case for path in paths for case in find(path))
    results = [Result(case, list(differences(workspace, case))) for case in found]
    if not results:
        raise _fault(paths[0], 0, "没有找到用例", "no case was found")
    return results


def differences(workspace: Workspace, case: Case) -> Iterator[Difference]:
    """Yield what was expected and not derived, and what must be absent and was."""
    received = datetime.now(UTC)
    try:
        report = workspace.reader.read(case.given, incident_id="case", received=received)
        workspace.contract.require(report.facts)
    except ReportRejected as error:
        for fault in error.faults:
            yield Difference(f"报告被拒：{fault.render('zh')}", f"rejected: {fault.render('en')}")
        return
    derivation = derive(workspace, report.incident, (*report.facts, *case.records))
    for relation, wanted in case.expect.items():
        property_ = _relation(workspace, case, relation)
        derived = derivation.objects(report.incident, property_)
        names = [_names(workspace, term) for term in derived]
        for value in wanted:
            if not any(value in known for known in names):
                texts = [workspace.describer.text(term) for term in derived]
                yield Difference(
                    f"应有 {relation} = {value}，实际：{'、'.join(text.zh for text in texts) or '—'}",
                    f"expected {relation} = {value}, derived: {', '.join(text.en for text in texts) or '—'}",
                    property_,
                    value,
                    missing=True,
                )
    for relation, unwanted in case.absent.items():
        property_ = _relation(workspace, case, relation)
        for term in derivation.objects(report.incident, property_):
            names_of = _names(workspace, term)
            if ANY in unwanted or names_of & set(unwanted):
                text = workspace.describer.text(term)
                yield Difference(
                    f"不应有 {relation} = {text.zh}",
                    f"must not have {relation} = {text.en}",
                    property_,
                    term.value if isinstance(term, NamedNode) else str(term),
                )


def _relation(workspace: Workspace, case: Case, name: str) -> NamedNode:
    """Return the property *name*; a misspelt one would make ``absent`` pass for ever, so it is an error."""
    property_ = xz(name)
    if workspace.names.texts(property_, NamedNode("http://www.w3.org/2000/01/rdf-schema#label")) is None:
        known = [q.subject.value.rsplit("#", 1)[-1] for q in workspace.store.match(
            None, NamedNode("http://www.w3.org/2000/01/rdf-schema#domain"), xz("Incident")
        ) if isinstance(q.subject, NamedNode)]  # fmt: skip
        near = ", ".join(nearest(name, known))
        raise _fault(case.file, 0, f"未知关系 {name}；相近：{near}", f"unknown relation {name}; near: {near}")
    return property_


def _names(workspace: Workspace, term: Term) -> set[str]:
    text = workspace.describer.text(term)
    names = {text.zh, text.en}
    if isinstance(term, NamedNode):
        names |= {term.value, term.value.replace(ROOT + "kb/", "")}
    return names


def _items(file: Path) -> list[Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _fault(file, mark.line + 1 if mark else 0, "不是合法的 YAML", "this is no YAML") from error
    if not isinstance(content, list):
        raise _fault(file, 0, "用例文件必须是列表", "a file of cases must be a list")
    return content


def _lists(value: dict[str, Any]) -> dict[str, list[str]]:
    return {str(k): [str(item) for item in (v if isinstance(v, list) else [v])] for k, v in value.items()}


def _fault(file: Path, number: int, zh: str, en: str) -> KnowledgeFault:
    where = f"{file}#{number}" if number else str(file)
    fault = KnowledgeFault.of("cases.format", zh, en, where=where)
    assert isinstance(fault, KnowledgeFault)
    return fault
