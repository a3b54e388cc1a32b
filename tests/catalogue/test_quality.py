"""Quality as DQV: what is measured, when, and that nothing is measured twice or missed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.catalogue.metrics import DQV, metrics
from kb.clock import CHINA_STANDARD_TIME
from kb.namespaces import CATALOGUE, PROV, RDF_TYPE, ROOT, graph, xz
from kb.services.datasets import DatasetViews
from kb.services.quality import as_csv
from kb.services.workspace import Workspace
from kb.store.protocol import Change
from tests.catalogue.conftest import GAUGES, RISKS, ROSTER, TARGETS, iri


@pytest.fixture(scope="module")
def now(delivered: Workspace) -> datetime:
    """After the deliveries."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def measured(delivered: Workspace, now: datetime) -> Workspace:
    delivered.shared.quality.catch_up(now)
    return delivered


def values(workspace: Workspace, path: str, metric: str) -> list[float]:
    return [round(point.value, 3) for point in workspace.shared.trends.of(iri(path), metric)]


def test_each_delivery_has_the_share_of_its_records_that_kept_the_contract(measured: Workspace) -> None:
    assert values(measured, RISKS, "validity") == [round(1 / 6, 3), 1]
    assert values(measured, GAUGES, "validity") == [1, round(1 / 3, 3)]
    assert values(measured, ROSTER, "validity") == []


def test_completeness_is_the_share_of_declared_fields_that_the_records_have(measured: Workspace) -> None:
    entry = measured.shared.shelf.get(TARGETS)
    fields = measured.shared.shelf.fields(entry)
    records = [q.subject for q in measured.store.match(None, RDF_TYPE, None, entry.graph)]
    filled = sum(
        next(measured.store.match(record, field, None, entry.graph), None) is not None  # type: ignore[arg-type]
        for record in records
        for field in fields
    )
    assert values(measured, TARGETS, "completeness") == [round(filled / len(records) / len(fields), 3)]


def test_timeliness_is_whole_within_the_limit_and_falls_with_every_day_after_it(
    measured: Workspace, now: datetime
) -> None:
    trend = values(measured, RISKS, "timeliness")
    last = measured.shared.shelf.freshness(measured.shared.shelf.get(RISKS), now).last
    assert last is not None
    days = (now.astimezone(CHINA_STANDARD_TIME).date() - last.astimezone(CHINA_STANDARD_TIME).date()).days + 1
    assert len(trend) == days, "missed days are made up for: one value for each day since the delivery"
    assert trend[:31] == [1] * 31
    assert trend[-1] == pytest.approx(31 / 40, abs=0.002)
    assert trend[31:] == sorted(trend[31:], reverse=True)


def test_nothing_is_measured_twice(measured: Workspace, now: datetime) -> None:
    before = measured.store.sequence  # type: ignore[attr-defined]
    assert measured.shared.quality.catch_up(now) == 0
    measured.shared.quality.refresh(now)
    assert measured.store.sequence == before  # type: ignore[attr-defined]


def test_a_measurement_is_dqv_and_names_the_delivery_that_it_speaks_of(measured: Workspace) -> None:
    node = measured.shared.trends.of(iri(RISKS), "validity")[-1].measurement
    said = {quad.predicate.value: quad.object for quad in measured.store.match(node, None, None, CATALOGUE)}
    assert said[RDF_TYPE.value] == NamedNode(DQV + "QualityMeasurement")
    assert said[DQV + "computedOn"] == iri(RISKS)
    delivery = said[PROV + "wasGeneratedBy"]
    assert next(measured.store.match(delivery, RDF_TYPE, xz("Delivery"), CATALOGUE), None)  # type: ignore[arg-type]


def test_a_department_has_the_mean_of_its_datasets_weighted_by_their_records(measured: Workspace) -> None:
    report = DatasetViews(measured).quality.report(department="370200/health")
    (department,), (dataset,) = report["departments"], report["datasets"]
    assert department["quality"] == dataset["quality"]
    both = DatasetViews(measured).quality.report(department="370200/water")
    assert [item["path"] for item in both["datasets"]] == [GAUGES]


def test_the_report_says_what_is_overdue(measured: Workspace, now: datetime) -> None:
    report = DatasetViews(measured).quality.report(now=now)
    overdue = {item["path"] for item in report["datasets"] if item["freshness"]["overdue"]}
    assert overdue == {RISKS}
    label = next(i["freshness"]["state"]["label"] for i in report["datasets"] if i["path"] == RISKS)
    assert label == {"zh": "逾期", "en": "Overdue"}


def test_the_csv_has_a_row_for_each_value_and_no_live_formula(measured: Workspace, now: datetime) -> None:
    report = DatasetViews(measured).quality.report(now=now)
    report["metrics"][0]["label"]["en"] = '=HYPERLINK("https://evil.example")'
    rows = list(csv.reader(io.StringIO(as_csv(report, "en").removeprefix("\ufeff"))))
    points = sum(len(p) for i in (*report["datasets"], *report["departments"]) for p in i["trend"].values())
    assert len(rows) == points + 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_a_day_later_timeliness_is_measured_again_and_nothing_else(
    measured: Workspace, now: datetime
) -> None:
    day, before = now + timedelta(days=1), {p: values(measured, p, "validity") for p in (RISKS, GAUGES)}
    count = len(values(measured, GAUGES, "timeliness"))
    measured.shared.quality.refresh(day)
    assert len(values(measured, GAUGES, "timeliness")) == count + 1
    assert {p: values(measured, p, "validity") for p in (RISKS, GAUGES)} == before


def test_only_the_ontology_defines_metrics(measured: Workspace) -> None:
    known = metrics(measured.store, measured.names)
    assert [metric.name for metric in known] == ["completeness", "validity", "timeliness"]
    strange, figure = NamedNode("urn:strange"), NamedNode(f"{ROOT}kb/figure/records-in")
    quads = [
        Quad(strange, RDF_TYPE, NamedNode(DQV + "Metric"), graph("user/x")),
        *(Quad(strange, xz(name), figure, graph("user/x")) for name in ("numerator", "denominator")),
        Quad(strange, xz("rank"), Literal(0), graph("user/x")),
    ]
    measured.store.commit(Change(quads), actor="stranger", action="put")
    assert metrics(measured.store, measured.names) == known
