"""Every contract is complete: its shapes and its mapping speak of the same things, in zh and en."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from kb.errors import KnowledgeFault, NotFound
from kb.namespaces import RDF_TYPE, SH, xz
from kb.resources import folder
from kb.sharing import csvw
from kb.sharing.contracts import Contract, Contracts

SHAPES = folder("ontology") / "shapes"
CONTRACTS = Contracts(SHAPES)
KINDS = {
    "alerts",
    "facilities",
    "incidents",
    "observations",
    "protection-targets",
    "risk-sources",
    "roster",
    "stocks",
}


def objects(contract: Contract, local: str) -> set[str]:
    quads = parse(contract.shapes, format=RdfFormat.TURTLE)
    return {
        q.object.value for q in quads if q.predicate.value == SH + local and isinstance(q.object, NamedNode)
    }


def test_there_is_a_contract_for_everything_that_departments_deliver() -> None:
    assert set(CONTRACTS.names()) == KINDS


@pytest.mark.parametrize("name", sorted(KINDS))
def test_shapes_and_mapping_speak_of_the_same_properties(name: str) -> None:
    contract = CONTRACTS.get(name)
    columns = contract.predicates - {RDF_TYPE.value}
    assert columns == objects(contract, "path") - {RDF_TYPE.value}
    assert objects(contract, "targetClass") == set(contract.classes)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_shape_says_what_is_wrong_in_both_languages(name: str) -> None:
    quads = list(parse(CONTRACTS.get(name).shapes, format=RdfFormat.TURTLE))
    shapes = {quad.subject for quad in quads if quad.predicate.value == SH + "path"}
    for shape in shapes:
        told = [q.object for q in quads if q.subject == shape and q.predicate.value == SH + "message"]
        assert {one.language for one in told if isinstance(one, Literal)} == {"zh", "en"}, shape


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_column_has_a_title_in_both_languages_and_no_two_share_one(name: str) -> None:
    mapping = CONTRACTS.get(name).mapping
    seen: set[str] = set()
    for column in mapping["tableSchema"]["columns"]:
        if not column.get("virtual"):
            titles = {title.casefold() for found in column["titles"].values() for title in found}
            assert column["titles"].keys() == {"zh", "en"}
            assert not titles & seen, titles & seen
            seen |= titles


def test_personal_are_the_name_and_the_number_of_a_roster_alone() -> None:
    personal = {name: CONTRACTS.get(name).personal for name in KINDS}
    assert personal.pop("roster") == {xz("personName").value, xz("phone").value}
    assert not any(personal.values())


def test_an_unknown_contract_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="risk-sources"):
        CONTRACTS.get("risk-source")


@pytest.mark.parametrize(
    "change",
    [
        {"separater": "、"},
        {"datatype": "float128"},
        {"name": "编号"},
        {"valueUrl": "{nowhere}"},
    ],
)
def test_a_mapping_beyond_the_subset_is_a_fault_of_the_contract(
    tmp_path: Path, change: dict[str, str]
) -> None:
    mapping = json.loads((SHAPES / "stocks.csv-metadata.json").read_text(encoding="utf-8"))
    mapping["tableSchema"]["columns"][0].update(change)
    with pytest.raises(KnowledgeFault, match=r"contract\.mapping"):
        csvw.read(mapping, "stocks")
