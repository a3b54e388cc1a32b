"""Whatever JSON is thrown at a report: it is accepted or refused in words, and a refusal writes nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.errors import Fault, ReportRejected
from kb.report.document import parse_json
from kb.services import incident
from kb.services.workspace import Workspace
from tests.report.conftest import NOW

NUMBERS = """
    longitude latitude deaths missing seriousInjuries poisoned minorInjuries injured trapped evacuated
    directLoss householdsWithoutGas rainfall1h rainfall3h rainfall6h rainfall12h crowdSize trappedMinutes
    serviceStoppedHours gridLoadLost usersLost magnitude gdpLossShare maxTemperature hotDays windForce
    visibility snowfall6h snowfall12h burnedHectares ill affectedCounties affectedProvinces
"""
KEYS = [
    *NUMBERS.split(),
    *("id", "type", "grid", "time", "address", "substance", "warningSignal"),
    *("fire", "explosion", "leak", "terrorSuspected", "crossBoundary", "schoolInvolved"),
    *("capacityExceeded", "hazardControlled", "agent", "failureMode", "facilityKind", "venueKind"),
    *("serviceStopped", "waterIntakeStopped", "populationDensity", "diseaseClass", "waterStage"),
]
NEEDED = {
    "type": st.sampled_from(["火灾", "燃气爆炸", "暴雨", "恐怖袭击", "Gas leak"]),
    "grid": st.sampled_from(["370102", "370202001001", "370102001002001", "130702"]),
}
GOOD = {
    "time": st.sampled_from(["2010-01-01", "2025-06-01T08:00:00+08:00", "2024-10-31T16:00:00Z"]),
    "fire": st.booleans(),
    "deaths": st.integers(0, 40),
    "injured": st.integers(0, 40),
    "seriousInjuries": st.integers(0, 40),
    "warningSignal": st.sampled_from(["红色", "blue"]),
}
texts = st.text(max_size=20) | st.sampled_from(
    ["", " ", "1", "-1", "1e9", "是", "370102", "鼓楼区", "2026-01-01"]
)
numbers = (
    st.integers(-(10**18), 10**18) | st.integers(-3, 3) | st.floats() | st.decimals(allow_nan=True, places=2)
)
scalars = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
quickly = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def offer(workspace: Workspace, data: dict[str, Any]) -> bool:
    """Report *data*; tell whether it was accepted, having checked that a refusal wrote nothing."""
    before = workspace.store.sequence
    faults: list[Fault] = []
    try:
        incident.report(workspace, data, actor="test")
    except ReportRejected as error:
        faults = error.faults
    else:
        assert workspace.store.sequence == before + 1
        return True
    assert faults
    assert all(fault.message.zh and 0 < len(fault.message.en) < 1000 for fault in faults)
    assert workspace.store.sequence == before
    return False


def test_the_list_of_keys_is_whole(workspace: Workspace) -> None:
    assert set(KEYS) == {*workspace.vocabulary.fields, "id", "type"}


@pytest.mark.parametrize("key", KEYS)
@settings(quickly, max_examples=15)
@given(value=anything)
def test_any_value_of_any_key_is_accepted_or_refused(workspace: Workspace, key: str, value: object) -> None:
    offer(workspace, {"type": "火灾", "grid": "370102", key: value})


@quickly
@given(data=st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=12), anything, max_size=6))
def test_any_object_is_accepted_or_refused(workspace: Workspace, data: dict[str, Any]) -> None:
    offer(workspace, data)


@quickly
@given(data=st.fixed_dictionaries(NEEDED, optional=GOOD))
def test_a_report_of_good_values_is_refused_only_where_they_contradict(
    workspace: Workspace, data: dict[str, Any]
) -> None:
    contradicts = data.get("seriousInjuries", 0) > data.get("injured", 40)
    assert offer(workspace, data) is not contradicts


@quickly
@given(text=st.text() | st.binary() | anything.map(lambda value: json.dumps(value, default=str)))
def test_any_text_is_read_as_an_object_or_refused(text: str | bytes) -> None:
    with suppress(ReportRejected):
        assert isinstance(parse_json(text), dict)


@quickly
@given(data=st.dictionaries(st.sampled_from(KEYS), scalars, min_size=1, max_size=8))
def test_a_report_means_the_same_as_json(workspace: Workspace, data: dict[str, Any]) -> None:
    """What was checked in memory is what arrives over the wire."""

    def verdict(given: dict[str, Any]) -> list[str] | int:
        try:
            return len(workspace.reader.read(given, incident_id="x", received=NOW).facts)
        except ReportRejected as error:
            return [fault.where for fault in error.faults]

    try:
        text = json.dumps(data, allow_nan=False, default=float)
    except ValueError:
        return  # NaN and Infinity have no JSON
    assert verdict(parse_json(text)) == verdict(json.loads(text))
