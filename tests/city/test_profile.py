from __future__ import annotations

from pathlib import Path

import pytest

from kb.city import builder, profile
from kb.errors import KnowledgeFault

CITIES = builder.sources(Path(__file__).parents[2] / "examples")


@pytest.fixture
def write(examples: Path, tmp_path: Path):
    """Write a profile that extends the model city; return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "profile.yaml"
        path.write_text(f"extends: {examples / 'cities' / 'model-city.yaml'}\n{text}", encoding="utf-8")
        return path

    return write


def fault(path: Path, functions: list[str]):
    with pytest.raises(KnowledgeFault) as caught:
        profile.load(path, functions)
    assert len(caught.value.faults) == 1, caught.value.render("en")
    return caught.value.faults[0]


def test_there_are_model_cities():
    assert {"110000", "370100", "370200"} <= set(CITIES)


@pytest.mark.parametrize("code", CITIES)
def test_every_function_is_performed_at_the_city_tier(city, functions, code):
    assert city(code).profile.lacking(functions, "city") == []


@pytest.mark.parametrize("code", CITIES)
def test_no_function_has_two_departments_at_one_tier(city, code):
    seen = set()
    for department in city(code).profile.departments:
        for function in department.functions:
            assert (department.tier, function) not in seen
            seen.add((department.tier, function))


@pytest.mark.parametrize("code", CITIES)
def test_the_network_is_as_wide_as_a_real_one(city, code):
    at = city(code).profile.at
    assert len(at("city")) >= 30
    assert len(at("district")) >= 25
    assert len(at("street")) >= 7


def test_gas_is_administered_by_housing_in_jinan_and_by_urban_management_in_qingdao(city):
    def authority(code: str) -> list[str]:
        at_city = city(code).profile.at("city").values()
        return [department.id for department in at_city if "gas-authority" in department.functions]

    assert authority("370100") == ["housing"]
    assert authority("370200") == authority("110000") == ["urban-management"]


def test_adding_a_department_is_adding_one_entry(write, functions):
    path = write(
        "departments:\n- {id: ocean, tiers: [city], label: {zh: 海洋局, en: Ocean Bureau}, functions: []}"
    )
    assert profile.load(path, functions).at("city")["ocean"].label.zh == "海洋局"


def test_an_entry_says_only_what_differs_from_the_inherited(write, functions):
    path = write("departments:\n- {id: housing, tiers: [city], functions: [housing, gas-authority]}")
    housing = profile.load(path, functions)
    assert housing.at("city")["housing"].functions == ("housing", "gas-authority")
    assert housing.at("city")["housing"].label.zh == "住房和城乡建设局"
    assert housing.at("district")["housing"].functions == ("housing",)


def test_a_city_can_do_without_a_department(write, functions):
    found = profile.load(write("without: [meteorology]"), functions)
    assert "meteorology" not in found.at("city") | found.at("province")


def test_an_unknown_function_is_named_with_file_line_and_the_nearest(write, functions):
    path = write("departments:\n- id: housing\n  functions:\n  - gas-authorty\n")
    found = fault(path, functions)
    assert found.code == "city.unknown-function"
    assert found.where == f"{path}:5"
    assert "gas-authority" in found.repair.en
    assert "未知的职能 gas-authorty" in found.render("zh")


@pytest.mark.parametrize(
    ("text", "code", "line", "nearest"),
    [
        ("departmens: []", "city.unknown-key", 2, "departments"),
        ("departments:\n- {id: housing, tier: [city]}", "city.unknown-key", 3, "tiers"),
        ("departments:\n- {id: housing, tiers: [citty]}", "city.unknown-tier", 3, "city"),
        ("departments:\n- {id: government, class: Goverment}", "city.unknown-class", 3, "Government"),
        ("without: [metorology]", "city.unknown-department", 2, "meteorology"),
        (
            "departments:\n- {id: housing, label: {zh: '{nam}局', en: Bureau}}",
            "city.unknown-placeholder",
            3,
            "name",
        ),
        ("departments:\n- {id: ocean, tiers: [city], functions: []}", "city.missing-key", 3, ""),
        ("departments:\n- {id: housing, label: {zh: 住建局}}", "city.missing-key", 3, ""),
        ("departments:\n- {id: housing}\n- {id: housing, tiers: [city]}", "city.duplicate", 4, ""),
        ("departments: 3", "city.wrong-value", 2, ""),
        ("unit_grids_per_community: 1000", "city.wrong-value", 2, ""),
        ("unit_grids_per_community: 3\nunit_grids_per_community: 4", "city.duplicate-key", 3, ""),
        ("departments: [", "city.no-yaml", 2, ""),
        (
            "about: {description: {zh: 无, en: none}, source: here, licence: 'http://a.b'}",
            "city.wrong-value",
            2,
            "",
        ),
        (
            "about: {description: {zh: 无}, source: 'http://a.b', licence: 'http://a.b'}",
            "city.missing-key",
            2,
            "",
        ),
    ],
)
def test_a_mistake_is_answered_with_its_place(write, functions, text, code, line, nearest):
    path = write(text)
    found = fault(path, functions)
    assert (found.code, found.where) == (code, f"{path}:{line}")
    assert found.message.zh
    assert found.message.en
    assert nearest in (found.repair.en if found.repair else "")


def test_all_mistakes_are_told_at_once(write, functions):
    path = write("departments:\n- {id: housing, tiers: [citty], functions: [gas]}\n")
    with pytest.raises(KnowledgeFault) as caught:
        profile.load(path, functions)
    assert {f.code for f in caught.value.faults} >= {"city.unknown-tier", "city.unknown-function"}


def test_a_profile_that_extends_itself_is_refused(tmp_path, functions):
    path = tmp_path / "profile.yaml"
    path.write_text("extends: profile.yaml", encoding="utf-8")
    assert fault(path, functions).code == "city.extends-itself"


def test_a_profile_that_extends_nothing_real_is_refused(tmp_path, functions):
    path = tmp_path / "profile.yaml"
    path.write_text("extends: ../no-city.yaml", encoding="utf-8")
    assert fault(path, functions).code == "city.no-file"


def test_an_empty_profile_is_told_what_it_lacks(tmp_path, functions):
    path = tmp_path / "profile.yaml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(KnowledgeFault, match="departments"):
        profile.load(path, functions)
