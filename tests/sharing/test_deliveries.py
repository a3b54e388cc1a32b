"""What a delivery does: counts add up, a corrected file supersedes, history stays, the journal knows who."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pyoxigraph import NamedNode

from kb.namespaces import CATALOGUE, RDF_TYPE, SH, xz
from kb.services.workspace import Workspace
from kb.sharing import cells, quarantine
from kb.sharing.datasets import Dataset
from kb.sharing.errors import DatasetFault
from kb.sharing.incoming import Incoming
from kb.sharing.intake import Intake, Outcome
from tests.sharing.conftest import EXAMPLES, GAUGES, RISKS

TITLES = "编号,名称,可能引发,风险等级,所在网格\n"
A, B, C = (f"QD-{letter},阀井{letter},燃气泄漏,重大,370203\n" for letter in "ABC")
BROKEN_B = B.replace("重大", "特大")
At = Callable[[str], Dataset]
Deliver = Callable[..., Outcome]


def records(intake: Intake, shared: Workspace, path: str) -> set[str]:
    graph = intake.datasets.find(path).graph
    quads = shared.store.match(None, RDF_TYPE, None, graph)
    return {quad.subject.value.rsplit("/", 1)[-1] for quad in quads if isinstance(quad.subject, NamedNode)}


def test_good_records_are_stored_and_bad_ones_quarantined_and_nothing_is_lost(
    intake: Intake, shared: Workspace, deliver: Deliver, at: At
) -> None:
    outcome = deliver(RISKS, TITLES + A + BROKEN_B + C)
    assert (outcome.records, outcome.stored, outcome.quarantined) == (3, 2, 1)
    assert records(intake, shared, RISKS) == {"QD-A", "QD-C"}
    (bad,) = intake.quarantined(at(RISKS))
    (problem,) = bad.rejected.problems
    assert (bad.rejected.position, problem.column, problem.value) == ("row 3", "风险等级", "特大")
    assert problem.message.zh == "“特大”不是已知的风险等级"
    assert problem.repair is not None
    assert "重大" in problem.repair.zh
    assert bad.rejected.original["name"] == "阀井B"


def test_quarantine_in_the_graph_is_a_shacl_result(
    intake: Intake, shared: Workspace, deliver: Deliver, at: At
) -> None:
    deliver(RISKS, TITLES + A.replace("QD-A", "QD A"))
    graph = at(RISKS).quarantine
    (result,) = shared.store.match(None, NamedNode(SH + "result"), None, graph)
    about = {q.predicate.value: q.object for q in shared.store.match(result.object, None, None, graph)}  # type: ignore[arg-type]
    assert about[SH + "focusNode"] == NamedNode(at(RISKS).base + "QD%20A")
    assert about[SH + "sourceShape"] == NamedNode("https://w3id.org/xiezhi/shape/risk-sources-code")
    assert about[SH + "sourceConstraintComponent"] == NamedNode(SH + "PatternConstraintComponent")
    (about_dataset,) = shared.store.match(result.subject, xz("dataset"), None, graph)  # type: ignore[arg-type]
    assert about_dataset.object == at(RISKS).iri


def test_a_corrected_file_takes_the_place_of_the_faulty_one_and_history_stays(
    intake: Intake, shared: Workspace, deliver: Deliver, at: At
) -> None:
    first = deliver(RISKS, TITLES + A + BROKEN_B).delivery
    second = deliver(RISKS, TITLES + B + C).delivery
    assert first is not None
    assert second is not None
    assert records(intake, shared, RISKS) == {"QD-B", "QD-C"}  # A is no longer in the file
    assert list(intake.quarantined(at(RISKS))) == []
    newest, oldest, *_ = intake.deliveries(at(RISKS))
    assert (newest, oldest) == (second, first)
    assert newest.supersedes == oldest.iri
    assert (oldest.records, oldest.stored, oldest.quarantined) == (2, 1, 1)


def test_an_unchanged_record_is_not_written_again(shared: Workspace, deliver: Deliver, at: At) -> None:
    deliver(RISKS, TITLES + A + B)
    before = shared.store.sequence
    deliver(RISKS, TITLES + A + B.replace("阀井B", "阀室B"))
    graph = at(RISKS).graph
    changes = [entry.change for entry in shared.store.entries(before)]
    touched = {
        str(quad.object) for change in changes for quad in change.additions if quad.graph_name == graph
    }
    assert touched == {'"阀室B"@zh'}


def test_a_file_of_which_nothing_is_good_leaves_the_old_records(
    intake: Intake, shared: Workspace, deliver: Deliver
) -> None:
    deliver(RISKS, TITLES + A)
    outcome = deliver(RISKS, TITLES + BROKEN_B)
    assert (outcome.stored, outcome.quarantined) == (0, 1)
    assert records(intake, shared, RISKS) == {"QD-A"}


def test_the_same_file_twice_is_taken_in_once(
    intake: Intake, shared: Workspace, deliver: Deliver, at: At
) -> None:
    deliver(RISKS, TITLES + A)
    count, sequence = len(intake.deliveries(at(RISKS))), shared.store.sequence
    again = deliver(RISKS, TITLES + A)
    assert again.duplicate
    assert (again.records, again.stored) == (1, 1)
    assert (len(intake.deliveries(at(RISKS))), shared.store.sequence) == (count, sequence)
    assert not deliver(RISKS, TITLES + A, again=True).duplicate


def test_a_growing_dataset_keeps_what_it_has_and_each_record_says_where_it_is_from(
    intake: Intake, shared: Workspace, deliver: Deliver, at: At
) -> None:
    titles = "监测点,监测项,监测时间,读数\n"
    row = "QD-01,1小时降雨量,2026-07-20T06:00:00+08:00,{}\n".format
    first = deliver(GAUGES, titles + row(25.5)).delivery
    deliver(GAUGES, titles + row(26.5).replace("T06", "T07"))
    third = deliver(GAUGES, titles + row(27.5)).delivery  # the reading of six o'clock, corrected
    assert first is not None
    assert third is not None
    graph = at(GAUGES).graph
    readings = {q.object.value for q in shared.store.match(None, xz("reading"), None, graph)}  # type: ignore[union-attr]
    assert readings == {"26.5", "27.5"}
    origins = {q.object for q in shared.store.match(None, None, third.iri, graph)}
    assert origins == {third.iri}
    assert next(shared.store.match(None, None, first.iri, graph), None) is None


def test_judging_says_what_delivering_would_do_and_stores_nothing(
    intake: Intake, shared: Workspace, at: At
) -> None:
    before = shared.store.sequence
    outcome = intake.judge(at(RISKS), Incoming.of(EXAMPLES / "risk-sources-faulty.csv", "faulty.csv"))
    assert (outcome.records, outcome.stored, outcome.quarantined) == (6, 1, 5)
    assert outcome.delivery is None
    assert shared.store.sequence == before


def test_the_journal_names_who_delivered_and_whose_file_was_refused(
    shared: Workspace, deliver: Deliver, refused: Callable[..., str]
) -> None:
    before = shared.store.sequence
    assert refused(RISKS, "什么,没有\n1,2\n".encode(), "nonsense.csv") == "columns"
    deliver(RISKS, TITLES + A, "good.csv")
    told = [(one.actor, one.action, one.reason.split()[1]) for one in shared.store.entries(before)]
    assert told == [("li", "refuse delivery", "nonsense.csv"), ("li", "deliver", "good.csv")]


def test_withdrawn_records_are_gone_and_the_same_file_may_come_again(
    intake: Intake, shared: Workspace, deliver: Deliver, at: At
) -> None:
    deliver(RISKS, TITLES + A + BROKEN_B)
    intake.withdraw(at(RISKS), actor="li", reason="a mistake")
    assert records(intake, shared, RISKS) == set()
    assert list(intake.quarantined(at(RISKS))) == []
    assert intake.deliveries(at(RISKS))[0].withdrawn
    assert deliver(RISKS, TITLES + A + BROKEN_B).stored == 1


def test_the_table_of_what_is_wrong_is_for_people_in_their_language(
    intake: Intake, deliver: Deliver, at: At
) -> None:
    deliver(RISKS, TITLES + A.replace("阀井A", "=HYPERLINK(0)").replace("重大", "=1+1"))
    told = [one.as_json() for one in intake.quarantined(at(RISKS))]
    zh, en = ("".join(cells.lines(quarantine.rows(told, lang))) for lang in ("zh", "en"))
    assert zh.startswith("\ufeff位置,列,值,原因,建议修正,")
    assert "第 2 行,风险等级,'=1+1,“=1+1”不是已知的风险等级" in zh
    assert "no known risk level" in en


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (('identifier "risk-sources"', 'identifier "Risk Sources"'), "dataset.declaration"),
        (("xz:freshnessLimit", "xz:unheardOf"), "dataset.declaration"),
        (("sharing:conditional", "sharing:secret"), "dataset.declaration"),
        (("contract:risk-sources", "contract:nonsense"), "contract.unknown"),
        (("dept/370200/emergency-management", "dept/370200/wizardry"), "dataset.publisher"),
        ((" a xz:Dataset ", " a xz:Dataset, xz:Role "), "dataset.declaration"),
        (("a xz:Dataset ;", ""), "dataset.declaration"),
        (("dcterms:license", "xz:mayRead"), "dataset.declaration"),
        ((" .\n", "\n"), "dataset.turtle"),
    ],
)
def test_a_wrong_declaration_is_refused_as_a_whole(
    intake: Intake, shared: Workspace, change: tuple[str, str], code: str
) -> None:
    text = (EXAMPLES / "370200.ttl").read_text(encoding="utf-8")
    before = shared.store.sequence
    with pytest.raises(DatasetFault) as caught:
        intake.declare(text.replace(*change).encode(), actor="li")
    assert code in {fault.code for fault in caught.value.faults}
    assert shared.store.sequence == before


def test_a_dataset_declared_anew_keeps_its_deliveries(
    intake: Intake, shared: Workspace, deliver: Deliver, at: At
) -> None:
    delivery = deliver(RISKS, TITLES + A).delivery
    assert delivery is not None
    text = (EXAMPLES / "370200.ttl").read_text(encoding="utf-8").replace("P31D", "P7D")
    intake.declare(text.encode(), actor="li")
    assert at(RISKS).freshness_limit == "P7D"
    assert at(RISKS).modified == delivery.ended
    (limit,) = shared.store.match(at(RISKS).iri, xz("freshnessLimit"), None, CATALOGUE)
    assert limit


def test_what_became_of_a_file_is_plain_json(deliver: Deliver) -> None:
    told: dict[str, Any] = json.loads(json.dumps(deliver(RISKS, TITLES + A + BROKEN_B).as_json()))
    assert told["recordsIn"] == told["recordsStored"] + told["recordsQuarantined"] == 2
    assert told["delivery"]["fileName"] == "file.csv"
    assert told["problems"][0]["problems"][0]["message"].keys() == {"zh", "en"}
