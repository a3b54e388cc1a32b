"""A report is understood in both languages, and what is not understood is told with a way out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kb.errors import Fault
from kb.namespaces import ROOT
from kb.report.values import MAX_TEXT
from kb.services.workspace import Workspace
from tests.report.conftest import NOW, Facts, Read, Refuse


def only(faults: list[Fault]) -> Fault:
    assert len(faults) == 1, [fault.render("en") for fault in faults]
    return faults[0]


def repair(fault: Fault) -> str:
    assert fault.repair is not None
    return fault.repair.en


# ── keys ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("death", "deaths"),
        ("Deaths", "deaths"),
        ("死亡人数", "deaths"),
        ("失踪", "missing"),
        ("serious_injuries", "seriousInjuries"),
        ("direct loss", "directLoss"),
        ("typ", "type"),
        ("rainfall", "rainfall1h"),
    ],
)
def test_an_unknown_key_names_the_nearest_key(refuse: Refuse, key: str, nearest: str) -> None:
    fault = only(refuse(**{key: 1}))
    assert fault.code == "report.unknown-key"
    assert fault.where == key
    assert nearest in repair(fault)


def test_an_unknown_key_like_nothing_gets_no_suggestion(refuse: Refuse) -> None:
    assert only(refuse(zzqqxx=1)).repair is None


@pytest.mark.parametrize("key", ["id", "type", "grid", "time", "deaths", "fire", "warningSignal", "address"])
def test_a_key_that_is_null_counts_as_not_given(read: Read, refuse: Refuse, key: str) -> None:
    data: dict[str, Any] = {key: None}
    if key in {"type", "grid"}:
        assert only(refuse(**data)).where == key
    else:
        assert read(**data).keys() == read().keys()


def test_every_key_of_the_ontology_is_understood(workspace: Workspace) -> None:
    assert len(workspace.vocabulary.fields) >= 25
    for field in workspace.vocabulary.fields.values():
        assert field.label.zh
        assert field.label.en


def test_all_that_is_wrong_is_told_at_once(refuse: Refuse) -> None:
    faults = refuse(type="火宅", grid="379999", deaths="many", fire="perhaps", time="yesterday", colour="red")
    assert [fault.where for fault in faults] == ["type", "grid", "deaths", "fire", "time", "colour"]


def test_a_fault_speaks_both_languages(refuse: Refuse) -> None:
    for fault in refuse(type="火宅", grid="379999", deaths="many", colour="red", warningSignal="紫色"):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in fault.message.zh)
        assert fault.message.zh != fault.message.en


# ── types and labels ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        "燃气爆炸",
        "Gas explosion",
        "gas EXPLOSION",
        " 燃气爆炸 ",
        "煤气罐炸了",
        "gas blast",
        "https://w3id.org/xiezhi/ns#GasExplosion",
    ],
)
def test_a_type_may_be_named_by_label_synonym_or_iri(read: Read, name: str) -> None:
    assert read(type=name)["type"].endswith("#GasExplosion")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("燃汽爆炸", "燃气爆炸"),
        ("建筑火宅", "建筑火灾"),
        ("gas explosoin", "Gas explosion"),
        ("粉尘爆", "粉尘爆炸"),
    ],
)
def test_an_unknown_type_names_the_nearest_type(refuse: Refuse, name: str, nearest: str) -> None:
    fault = only(refuse(type=name))
    assert fault.code == "report.unknown-type"
    assert nearest in repair(fault)


def test_a_type_like_nothing_gets_no_suggestion(refuse: Refuse) -> None:
    assert only(refuse(type="zzzz")).repair is None


@pytest.mark.parametrize("name", ["突发事件", "Incident"])
def test_the_type_of_all_incidents_says_nothing_and_is_refused_as_too_wide(refuse: Refuse, name: str) -> None:
    assert only(refuse(type=name)).where == "type"


def test_a_fault_quotes_a_long_value_only_in_part(refuse: Refuse) -> None:
    fault = only(refuse(type="火" * 10_000))
    assert len(fault.message.zh) < 100


@pytest.mark.parametrize("word", ["红色预警", "红色", "红", "一级预警", "red", "Red warning"])
def test_a_warning_signal_may_be_named_in_many_ways(read: Read, word: str) -> None:
    assert read(warningSignal=word)["warningSignal"].endswith("/warning/red")


def test_an_unknown_signal_names_the_nearest(refuse: Refuse) -> None:
    fault = only(refuse(warningSignal="紫色"))
    assert fault.code == "report.unknown-label"
    assert "色" in repair(fault)


def test_a_label_of_another_kind_is_not_taken(refuse: Refuse) -> None:
    """Grades, warnings and response levels are three scales: 较大 is no warning."""
    assert only(refuse(warningSignal="较大")).code == "report.unknown-label"
    assert only(refuse(type="红色预警")).code == "report.unknown-type"


# ── numbers ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("value", [3, "3", " 3 ", 3.0, "3.0", Decimal("3.0"), "+3", Decimal("3E0")])
def test_a_whole_number_may_be_written_in_many_ways(read: Read, value: object) -> None:
    assert read(deaths=value)["deaths"] == "3"


def test_a_known_zero_is_a_fact_and_not_nothing(read: Read) -> None:
    assert read(deaths=0)["deaths"] == "0"
    assert "deaths" not in read()


@pytest.mark.parametrize("value", [-1, "-1", -0.5, 1.5, "2.5"])
def test_people_are_counted_in_whole_numbers_from_zero(refuse: Refuse, value: object) -> None:
    fault = only(refuse(deaths=value))
    assert fault.where == "deaths"
    assert "whole number" in fault.message.en
    assert "非负整数" in fault.message.zh
    assert str(value) in fault.message.en


@pytest.mark.parametrize(
    "value",
    [
        *("三", "three", "", "1e3", "0x10", "1,000", "NaN", True, False, [1], {"n": 1}),
        *(float("nan"), float("inf"), -float("inf"), 1e300, 10**15, -(10**15), 10**400),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")),
    ],
)
def test_what_is_no_number_is_refused(refuse: Refuse, value: object) -> None:
    fault = only(refuse(directLoss=value))
    assert fault.where == "directLoss"
    assert "number" in fault.message.en


@pytest.mark.parametrize("exponent", [-7, -300, -5_000, -999_999_999, 15, 300, 5_000, 999_999_999])
@pytest.mark.parametrize("key", ["directLoss", "deaths", "rainfall3h", "longitude"])
def test_a_number_of_absurd_size_is_refused_briefly_and_at_once(
    refuse: Refuse, exponent: int, key: str
) -> None:
    """``1e-999999999`` is twelve characters of JSON and a billion digits."""
    fault = only(refuse(**{key: Decimal(f"1E{exponent}")}))
    assert len(fault.message.en) < 200


def test_yuan_may_have_fen(read: Read) -> None:
    assert read(directLoss=Decimal("9999999.99"))["directLoss"] == "9999999.99"
    assert read(directLoss=0.1)["directLoss"] == "0.1"


@pytest.mark.parametrize(
    ("key", "most"), [("rainfall1h", 1000), ("rainfall3h", 2000), ("rainfall6h", 3000), ("rainfall12h", 4000)]
)
def test_rain_has_a_ceiling_that_no_cloud_exceeds(read: Read, refuse: Refuse, key: str, most: int) -> None:
    assert read(**{key: most})[key] == str(most)
    assert only(refuse(**{key: most + 0.1})).where == key


@pytest.mark.parametrize(("key", "bound"), [("longitude", 180), ("latitude", 90)])
def test_coordinates_lie_on_the_globe(read: Read, refuse: Refuse, key: str, bound: int) -> None:
    assert read(**{key: -bound})[key] == str(-bound)
    assert only(refuse(**{key: bound + 0.001})).where == key


# ── yes and no, texts, ids ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("word", "truth"),
    [
        *((word, "true") for word in (True, "是", "有", "YES", "true")),
        *((word, "false") for word in (False, "否", "无", " no ", "false")),
    ],
)
def test_yes_and_no_may_be_said_in_both_languages(read: Read, word: object, truth: str) -> None:
    assert read(fire=word)["fire"] == truth


@pytest.mark.parametrize("word", [1, 0, "", "maybe", "未知", [True], {"a": True}, 1.0])
def test_what_is_neither_yes_nor_no_is_refused(refuse: Refuse, word: object) -> None:
    assert only(refuse(fire=word)).where == "fire"


def test_a_text_is_kept_without_the_blanks_around_it(read: Read) -> None:
    assert read(address="  泉城路 180 号\n")["address"] == "泉城路 180 号"


def test_a_text_has_a_longest_length(read: Read, refuse: Refuse) -> None:
    assert len(read(address="路" * MAX_TEXT)["address"]) == MAX_TEXT
    assert only(refuse(address="路" * (MAX_TEXT + 1))).where == "address"


@pytest.mark.parametrize("text", ["", "   ", 7, ["x"], {"x": 1}, True])
def test_what_is_no_text_is_refused(refuse: Refuse, text: object) -> None:
    assert only(refuse(substance=text)).where == "substance"


@pytest.mark.parametrize("key", ["type", "grid", "address", "warningSignal", "fire", "deaths", "time", "id"])
def test_half_a_character_is_refused(refuse: Refuse, key: str) -> None:
    """JSON can escape a lone surrogate; it is no text, and no store or terminal takes it."""
    fault = only(refuse(**{key: "\ud800"}))
    fault.render("en").encode()
    fault.render("zh").encode()


@pytest.mark.parametrize("value", [["\ud800"], {"\ud800": "\udfff"}])
@pytest.mark.parametrize("key", ["deaths", "grid", "address", "\ud800"])
def test_half_a_character_deeper_down_does_not_spoil_the_message(
    refuse: Refuse, key: str, value: object
) -> None:
    for fault in refuse(**{key: value}):
        fault.render("en").encode()
        fault.render("zh").encode()


@pytest.mark.parametrize("given", ["2026-001", "a", "A.b_c-9", "0" * 64])
def test_an_id_of_ones_own_is_taken(workspace: Workspace, read: Read, given: str) -> None:
    report = workspace.reader.read(
        {"id": given, "type": "火灾", "grid": "370102"}, incident_id="other", received=NOW
    )
    assert report.id == given
    assert report.incident.value == f"{ROOT}incident/{given}"


@pytest.mark.parametrize(
    "given", ["", "../x", "a/b", "-a", ".a", "a b", "事件", "a" * 65, 7, True, ["a"], "a\n", "a%2Fb", "a#b"]
)
def test_an_id_that_could_reach_elsewhere_is_refused(refuse: Refuse, given: object) -> None:
    fault = only(refuse(id=given))
    assert (fault.code, fault.where) == ("report.id", "id")


# ── time ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "kept", "day"),
    [
        ("2026-01-31T23:30:00+08:00", "2026-01-31T23:30:00+08:00", "2026-01-31"),
        ("2026-01-31T23:30:00", "2026-01-31T23:30:00+08:00", "2026-01-31"),
        ("2026-01-31T23:30:00Z", "2026-01-31T23:30:00+00:00", "2026-02-01"),
        ("2026-01-31", "2026-01-31T00:00:00+08:00", "2026-01-31"),
        ("2026-01-31 08:15", "2026-01-31T08:15:00+08:00", "2026-01-31"),
    ],
)
def test_a_time_without_an_offset_is_that_of_china_and_so_is_the_day(
    read: Read, given: str, kept: str, day: str
) -> None:
    facts = read(time=given)
    assert (facts["occurredAt"], facts["occurredOn"]) == (kept, day)


def test_whoever_gives_no_time_tells_of_now(read: Read) -> None:
    facts: Facts = read()
    assert facts["occurredAt"] == facts["receivedAt"] == NOW.isoformat()


def test_a_time_in_the_future_is_refused(read: Read, refuse: Refuse) -> None:
    assert read(time=NOW.isoformat())
    fault = only(refuse(time="2026-03-01T12:00:01+00:00"))
    assert (fault.where, fault.message.en[:28]) == ("time", "the time lies in the future ")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "yesterday",
        "昨天",
        "2026-02-30",
        "2026-13-01",
        "12:30",
        "2026-01-01T25:00",
        20260101,
        0,
        True,
        ["2026"],
    ],
)
def test_what_is_no_time_is_refused_with_an_example(refuse: Refuse, given: object) -> None:
    fault = only(refuse(time=given))
    assert fault.where == "time"
    assert "2026-03-01T08:30:00+08:00" in fault.message.en


@pytest.mark.parametrize(
    "given", ["0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31"]
)
def test_a_time_at_the_end_of_the_calendar_is_refused_like_any_other(refuse: Refuse, given: str) -> None:
    """The local date of the first and the last day of the calendar may lie outside it."""
    assert {fault.where for fault in refuse(time=given)} == {"time"}


# ── grids ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "given",
    [
        "370102",
        "370102000000",
        "历下区",
        "Lixia District",
        " 370102 ",
        "https://w3id.org/xiezhi/division/370102",
    ],
)
def test_a_district_may_be_named_by_code_label_or_iri(read: Read, given: str) -> None:
    assert read(grid=given)["place"] == f"{ROOT}division/370102"


def test_a_grid_of_either_kind_is_found_by_its_code(read: Read) -> None:
    assert read(grid="370102001002001")["place"].endswith("grid/370102001002001")
    assert read(grid="370102001002G01")["place"].endswith("grid/370102001002G01")


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ("370102001002999", "370102001002", "解放桥社区"),
        ("370102001999", "370102001", "解放路街道"),
        ("370102999", "370102", "历下区"),
    ],
)
def test_an_unknown_grid_names_the_nearest_known_area(
    refuse: Refuse, given: str, code: str, name: str
) -> None:
    fault = only(refuse(grid=given))
    assert fault.code == "report.unknown-grid"
    assert code in fault.message.zh
    assert name in fault.message.zh
    assert code in fault.message.en


@pytest.mark.parametrize("given", ["999999", "370198", "nowhere", "某区", "", "37", "https://example.org/x"])
def test_a_grid_near_nothing_known_says_what_a_code_looks_like(refuse: Refuse, given: str) -> None:
    fault = only(refuse(grid=given))
    assert fault.code == "report.unknown-grid"
    assert "6, 9 or 12 digits" in repair(fault)


@pytest.mark.parametrize("given", ["鼓楼区", "Gulou District"])
def test_a_name_that_several_districts_bear_lists_them_with_their_codes(refuse: Refuse, given: str) -> None:
    fault = only(refuse(grid=given))
    assert fault.code == "report.ambiguous-grid"
    for code, city in (
        ("320106", "南京市"),
        ("350102", "福州市"),
        ("410204", "开封市"),
        ("320302", "徐州市"),
    ):
        assert code in fault.message.zh
        assert city in fault.message.zh
    assert repair(fault) == "give the code"


@pytest.mark.parametrize("given", [370102, 370102.0, True, ["370102"], {"code": "370102"}])
def test_a_grid_that_is_no_text_is_refused(refuse: Refuse, given: object) -> None:
    assert only(refuse(grid=given)).where == "grid"


@pytest.mark.parametrize(
    "given", ['370102" }', "https://w3id.org/x> <y", "https://x\\u0020", "`id`", "'; --"]
)
def test_a_grid_that_looks_like_code_is_only_unknown(refuse: Refuse, given: str) -> None:
    assert only(refuse(grid=given)).code == "report.unknown-grid"


# ── numbers that contradict one another ──────────────────────────────────────────────────────


@pytest.mark.parametrize("key", ["seriousInjuries", "minorInjuries"])
def test_a_part_of_the_injured_cannot_exceed_the_whole(read: Read, refuse: Refuse, key: str) -> None:
    assert read(injured=4, **{key: 4})
    fault = only(refuse(injured=4, **{key: 5}))
    assert fault.where == key
    assert "cannot exceed the injured in all (5)" in fault.message.en


def test_without_a_total_there_is_nothing_to_exceed(read: Read) -> None:
    assert read(seriousInjuries=1000)["seriousInjuries"] == "1000"
