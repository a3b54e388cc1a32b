"""Thresholds and duties through Excel and back: only what changed is rewritten, and nothing is lost."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from kb.errors import KnowledgeFault
from kb.ontology import importing, sheets, tables
from kb.ontology.importing import Plan
from kb.ontology.records import Records

ONTOLOGY = Path(__file__).parents[2] / "ontology"
PRODUCTION, GAS = "packs/production/provisions.ttl", "packs/gas/provisions.ttl"
FLOOD = "packs/flood/provisions.ttl"
Edit = Callable[[list[dict[str, str]]], None]


@dataclass
class Desk:
    """A copy of the knowledge, and a table out of it that a test edits as people do."""

    folder: Path
    path: Path
    kind: str = "thresholds"

    def export(self) -> Records:
        records = Records.of(self.folder)
        tables.export(records, tables.TABLES[self.kind], self.path)
        return records

    def plan(self, edit: Edit) -> Plan:
        """Export, let *edit* change the rows (dictionaries by column key), and plan the import."""
        records = self.export()
        table = tables.TABLES[self.kind]
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        named = [{c.key: row[c.heading] for c in table.columns} for row in rows]
        edit(named)
        with self.path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([c.heading for c in table.columns])
            writer.writerows([[row.get(c.key, "") for c in table.columns] for row in named])
        return importing.plan(records, self.path)

    def apply(self, edit: Edit) -> dict[str, tuple[list[str], list[str]]]:
        """Import *edit* and return the lines that went and came in every file that changed."""
        before = {p: p.read_text(encoding="utf-8") for p in sorted(self.folder.rglob("*.ttl"))}
        self.plan(edit).write(self.folder)
        changed = {}
        for path, old in before.items():
            new = path.read_text(encoding="utf-8")
            if new != old:
                gone = [line for line in old.splitlines() if line not in new.splitlines()]
                come = [line for line in new.splitlines() if line not in old.splitlines()]
                changed[path.relative_to(self.folder).as_posix()] = (gone, come)
        return changed

    def faults(self, edit: Edit) -> list[tuple[str, str]]:
        """Return code and place of what an import finds wrong; the files must not have changed."""
        with pytest.raises(KnowledgeFault) as caught:
            self.plan(edit)
        for path in ONTOLOGY.rglob("*.ttl"):
            assert (self.folder / path.relative_to(ONTOLOGY)).read_bytes() == path.read_bytes()
        for fault in caught.value.faults:
            assert fault.message.zh
            assert fault.message.en
        return [(fault.code, fault.where.partition(":")[2]) for fault in caught.value.faults]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "ontology"
    shutil.copytree(ONTOLOGY, folder)
    return Desk(folder, tmp_path / "table.csv")


def at(rows: list[dict[str, str]], identifier: str) -> dict[str, str]:
    return next(row for row in rows if identifier in row.values())


def number_of(rows: list[dict[str, str]], identifier: str) -> int:
    return next(n for n, row in enumerate(rows, 2) if identifier in row.values())


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
@pytest.mark.parametrize("kind", ["thresholds", "duties"])
def test_a_table_that_nobody_changed_changes_nothing(kind: str, suffix: str, tmp_path: Path) -> None:
    knowledge = Records.of(ONTOLOGY)
    path = tmp_path / f"t.{suffix}"
    assert tables.export(knowledge, tables.TABLES[kind], path) >= 20
    plan = importing.plan(knowledge, path)
    assert (plan.changes, plan.notes, plan.texts) == ([], [], {})


def test_every_criterion_and_every_duty_is_in_its_table() -> None:
    knowledge = Records.of(ONTOLOGY)
    for table in tables.TABLES.values():
        rows = tables.rows_of(knowledge, table)
        assert {row[table.key] for row in rows} == {
            tables.shorten(iri) for iri in knowledge.members(table.kind)
        }


def test_a_changed_bound_is_written_back_in_its_place(desk: Desk) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "criterion:rainstorm-red")["bound"] = "1,200"

    assert desk.apply(edit) == {
        FLOOD: (
            [
                "condition:rainfall-3h-at-least-100 a xz:Condition ;"
                " xz:measure xz:rainfall3h ; xz:atLeast 100 .",
                "    xz:condition condition:rainfall-3h-at-least-100 ;"
                " dcterms:source clause:cma-order-16-2007-rainstorm .",
            ],
            [
                "condition:rainfall-3h-at-least-1200 a xz:Condition ;"
                " xz:measure xz:rainfall3h ; xz:atLeast 1200 .",
                "    xz:condition condition:rainfall-3h-at-least-1200 ;"
                " dcterms:source clause:cma-order-16-2007-rainstorm .",
            ],
        )
    }


def test_a_condition_that_another_record_uses_stays_as_it_is(desk: Desk) -> None:
    shared = "condition:deaths-at-least-1 "  # a use of a module in response.ttl needs it
    text = (desk.folder / PRODUCTION).read_text(encoding="utf-8")
    text = text.replace("condition:deaths-at-least-3 ;", shared + ";")
    (desk.folder / PRODUCTION).write_text(text, encoding="utf-8")

    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "criterion:production-larger-deaths")["bound"] = "2"

    ((path, (gone, come)),) = desk.apply(edit).items()
    assert path == PRODUCTION
    assert [line for line in come if "a xz:Condition" in line] == [
        "condition:deaths-at-least-2 a xz:Condition ; xz:measure xz:deaths ; xz:atLeast 2 ."
    ]
    assert not any("a xz:Condition" in line for line in gone)


def test_a_condition_that_exists_is_used_again(desk: Desk) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "criterion:production-larger-deaths")["bound"] = "1"

    ((path, (_, come)),) = desk.apply(edit).items()
    assert path == PRODUCTION
    assert [line.strip() for line in come] == [
        "xz:condition condition:deaths-at-least-1 ; dcterms:source clause:decree-493-2007-3 ."
    ]


def test_two_criteria_may_exchange_their_bounds(desk: Desk) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "criterion:production-major-deaths")["bound"] = "30"
        at(rows, "criterion:production-particularly-major-deaths")["bound"] = "10"

    desk.apply(edit)
    bounds = {r["criterion"]: r["bound"] for r in tables.rows_of(Records.of(desk.folder), tables.THRESHOLDS)}
    assert bounds["criterion:production-major-deaths"] == 30
    assert bounds["criterion:production-particularly-major-deaths"] == 10


def test_a_bound_may_move_into_the_place_that_another_leaves(desk: Desk) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "criterion:production-particularly-major-deaths")["bound"] = "25"
        at(rows, "criterion:production-major-deaths")["bound"] = "30"

    desk.apply(edit)
    bounds = {r["criterion"]: r["bound"] for r in tables.rows_of(Records.of(desk.folder), tables.THRESHOLDS)}
    assert bounds["criterion:production-particularly-major-deaths"] == 25
    assert bounds["criterion:production-major-deaths"] == 30


def test_a_condition_with_a_name_of_its_own_keeps_it(desk: Desk) -> None:
    text = (desk.folder / GAS).read_text(encoding="utf-8")
    text = text.replace("condition:households-without-gas-at-least-10000", "condition:many-households")
    (desk.folder / GAS).write_text(text, encoding="utf-8")

    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "criterion:gas-supply-major")["bound"] = "12000"
        at(rows, "criterion:gas-supply-major")["comparison"] = "大于"

    ((_, (_, come)),) = desk.apply(edit).items()
    assert come == [
        "condition:many-households a xz:Condition ; xz:measure xz:householdsWithoutGas ; xz:moreThan 12000 ."
    ]


def test_a_second_row_is_a_second_condition(desk: Desk) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        row = at(rows, "criterion:production-larger-deaths")
        rows.append(row | {"measure": "失踪人数", "comparison": "xz:moreThan", "bound": "5", "unit": ""})

    desk.apply(edit)
    rows = tables.rows_of(Records.of(desk.folder), tables.THRESHOLDS)
    mine = [
        (r["measure"], r["bound"]) for r in rows if r["criterion"] == "criterion:production-larger-deaths"
    ]
    assert mine == [("xz:deaths 死亡人数", 3), ("xz:missing 失踪人数", 5)]


def test_a_new_row_becomes_a_new_statement_behind_its_kin(desk: Desk) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        row = at(rows, "criterion:rainstorm-red")
        rows.append(row | {"criterion": "criterion:hour-red", "measure": "xz:rainfall1h", "bound": "70.5"})

    ((path, (gone, come)),) = desk.apply(edit).items()
    assert (path, gone) == ("packs/flood/provisions.ttl", [])
    assert come == [
        "condition:rainfall-1h-at-least-70-5 a xz:Condition ; xz:measure xz:rainfall1h ; xz:atLeast 70.5 .",
        "criterion:hour-red a xz:Criterion ; xz:regime regime:rainstorm-signal ;"
        " xz:setsWarning warning:red ;",
        "    xz:condition condition:rainfall-1h-at-least-70-5 ;"
        " dcterms:source clause:cma-order-16-2007-rainstorm .",
    ]


def test_a_grade_is_changed_by_its_name_alone(desk: Desk) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "criterion:gas-supply-larger")["sets"] = "一般"

    ((_, (gone, come)),) = desk.apply(edit).items()
    assert (len(gone), len(come)) == (1, 1)
    assert come[0] == gone[0].replace("grade:larger", "grade:ordinary")


def test_a_duty_gets_its_last_day_and_another_function(desk: Desk) -> None:
    desk.kind = "duties"

    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "duty:gas-power")["valid-until"] = "2026/1/31"
        at(rows, "duty:gas-housing")["function"] = "function:urban-management"
        at(rows, "duty:gas-housing")["task-en"] = 'Say "safe"\\unsafe'

    gone, come = desk.apply(edit)[GAS]
    assert (len(gone), len(come)) == (2, 3)
    assert (
        '    xz:jurisdiction division:100000 ; xz:validFrom "2007-06-01"^^xsd:date ;'
        + (' xz:validUntil "2026-01-31"^^xsd:date ;')
        in come
    )
    assert any("xz:function function:urban-management ;" in line for line in come)
    assert any(line.endswith('@zh, "Say \\"safe\\"\\\\unsafe"@en ;') for line in come)


def test_a_last_day_can_be_taken_back(desk: Desk) -> None:
    desk.kind = "duties"

    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "duty:common-grid-2007")["valid-until"] = ""

    ((path, (_, come)),) = desk.apply(edit).items()
    assert path == "history.ttl"
    assert '    xz:jurisdiction division:100000 ; xz:validFrom "2007-11-01"^^xsd:date ;' in (
        (desk.folder / path).read_text(encoding="utf-8").splitlines()
    )
    assert len(come) == 1


def test_a_new_duty_is_written_as_experts_write_duties(desk: Desk) -> None:
    desk.kind = "duties"

    def edit(rows: list[dict[str, str]]) -> None:
        rows.append(
            at(rows, "duty:gas-power") | {"duty": "duty:gas-drones", "task-zh": "侦察", "task-en": "Look"}
        )

    assert desk.apply(edit)[GAS] == (
        [],
        [
            "duty:gas-drones a xz:Duty ; xz:appliesTo xz:GasLeak ; xz:role role:support ;"
            " xz:function function:power-supply ;",
            '    xz:task "侦察"@zh, "Look"@en ;',
        ],
    )


def test_a_row_that_is_gone_deletes_nothing_and_is_reported(desk: Desk) -> None:
    plan = desk.plan(lambda rows: rows.remove(at(rows, "criterion:gas-supply-major")))
    assert plan.texts == {}
    (note,) = plan.notes
    assert "criterion:gas-supply-major" in note.message.en
    assert note.repair is not None
    assert "xz:validUntil" in note.repair.en


def test_comments_inside_a_statement_and_foreign_properties_survive(desk: Desk) -> None:
    path = desk.folder / GAS
    text = path.read_text(encoding="utf-8").replace(
        "duty:gas-power a xz:Duty ;", "duty:gas-power a xz:Duty ; # why . this\n    xz:note 'a . b' ;"
    )
    path.write_bytes(text.replace("\n", "\r\n").encode())
    desk.kind = "duties"

    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "duty:gas-power")["evidence"] = "primary"

    before = path.read_bytes()
    desk.apply(edit)
    head = before.index(b"duty:gas-power")
    place = before.index(b'"background"', head)
    assert path.read_bytes() == before[:place] + b'"primary"' + before[place + len('"background"') :]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("criterion", "criterion:gas-suply-major", "table.unknown"),
        ("criterion", "gas supply major", "table.unknown"),
        ("measure", "xz:housholdsWithoutGas", "table.unknown"),
        ("measure", "xz:deaths 停气户数", "table.contradiction"),
        ("comparison", "大概", "table.unknown"),
        ("bound", "一亿", "table.number"),
        ("bound", "1E+08", "table.number"),
        ("bound", "1,5", "table.number"),
        ("bound", "0.5", "table.number"),
        ("bound", "-1", "table.number"),
        ("bound", "", "table.required"),
        ("clause", "clause:decree-493-2007-33", "table.unknown"),
        ("clause", "clause:decree-591-2011-3", "table.unknown"),
        ("regime", "regime:gas", "table.unknown"),
        ("sets", "grade:huge", "table.unknown"),
        ("unit", "万户", "table.read-only"),
        ("valid-from", "2020-01-01", "table.read-only"),
        ("file", PRODUCTION, "table.file"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(desk: Desk, column: str, value: str, code: str) -> None:
    numbers = []

    def edit(rows: list[dict[str, str]]) -> None:
        numbers.append(number_of(rows, "criterion:gas-supply-major"))
        at(rows, "criterion:gas-supply-major")[column] = value

    faults = desk.faults(edit)
    letter = "ABCDEFGHIJKLM"[[c.key for c in tables.THRESHOLDS.columns].index(column)]
    assert (code, f"{letter}{numbers[0]} ({column})") in faults


def test_everything_that_is_wrong_is_told_at_once_with_near_names(desk: Desk) -> None:
    desk.kind = "duties"

    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "duty:gas-power")["function"] = "function:power-suply"
        at(rows, "duty:gas-housing")["valid-from"] = "昨天"
        at(rows, "duty:gas-energy")["valid-until"] = "1999-01-01"
        at(rows, "duty:gas-fire")["jurisdiction"] = "division:37"
        at(rows, "duty:gas-safety")["evidence"] = "certain"
        at(rows, "duty:gas-cylinders")["role"] = ""

    with pytest.raises(KnowledgeFault) as caught:
        desk.plan(edit)
    found = {fault.code for fault in caught.value.faults}
    assert found == {
        "table.unknown", "table.date", "table.contradiction", "table.division", "table.required",
    }  # fmt: skip
    (function,) = [f for f in caught.value.faults if "function" in f.where]
    assert function.repair is not None
    assert "function:power-supply" in function.repair.en


def test_rows_that_contradict_each_other_are_refused(desk: Desk) -> None:
    def twice(rows: list[dict[str, str]]) -> None:
        rows.append(at(rows, "criterion:gas-supply-major") | {"bound": "9"})

    def two_grades(rows: list[dict[str, str]]) -> None:
        rows.append(
            at(rows, "criterion:gas-supply-major") | {"measure": "xz:deaths", "unit": "", "sets": "较大"}
        )

    def same_conditions(rows: list[dict[str, str]]) -> None:
        rows.append(at(rows, "criterion:gas-supply-major") | {"criterion": "criterion:other", "sets": "较大"})

    for edit in (twice, two_grades, same_conditions):
        assert [code for code, _ in desk.faults(edit)] == ["table.contradiction"]


def test_a_file_cannot_use_what_it_does_not_import(desk: Desk) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        at(rows, "criterion:gas-supply-major")["clause"] = "clause:cma-order-16-2007-rainstorm"

    ((code, _),) = desk.faults(edit)
    assert code == "table.not-imported"


def test_a_new_record_needs_a_file_that_exists(desk: Desk) -> None:
    for file, code in (("packs/none.ttl", "table.file"), ("../x.ttl", "table.file"), ("", "table.required")):

        def edit(rows: list[dict[str, str]], file: str = file) -> None:
            new = {"criterion": "criterion:brand-new", "bound": "77", "file": file}
            rows.append(at(rows, "criterion:gas-supply-major") | new)

        assert code in [found for found, _ in desk.faults(edit)]


def test_csv_as_excel_in_china_saves_it_is_read(desk: Desk) -> None:
    desk.export()
    text = desk.path.read_text(encoding="utf-8-sig").replace("2007-06-01", "2007/6/1")
    for encoding, separator in (("gb18030", ","), ("utf-8", ","), ("utf-16-le", None)):
        desk.path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        if separator:
            assert importing.plan(Records.of(desk.folder), desk.path).texts == {}
        else:
            with pytest.raises(KnowledgeFault):
                importing.plan(Records.of(desk.folder), desk.path)


def test_a_workbook_offers_lists_a_frozen_heading_and_numbers(desk: Desk) -> None:
    desk.path = desk.path.with_suffix(".xlsx")
    desk.export()
    sheet = load_workbook(desk.path)["thresholds"]
    assert sheet.freeze_panes == "B2"
    assert len(sheet.data_validations.dataValidation) == 6
    assert sheet.column_dimensions["A"].width > 20
    deaths = next(
        row for row in sheet.iter_rows(min_row=2) if row[0].value == "criterion:production-major-deaths"
    )
    assert deaths[5].value == 10
    assert all("\n" not in str(cell.value) for cell in sheet[1])


def test_numbers_and_dates_that_excel_made_are_understood(desk: Desk) -> None:
    desk.path = desk.path.with_suffix(".xlsx")
    desk.export()
    book = load_workbook(desk.path)
    sheet = book["thresholds"]
    from datetime import datetime

    for row in range(2, sheet.max_row + 1):
        if isinstance(sheet.cell(row, 6).value, int | float):  # else a name or yes and no
            sheet.cell(row, 6).value = float(sheet.cell(row, 6).value)
        sheet.cell(row, 10).value = datetime.fromisoformat(sheet.cell(row, 10).value)
    book.save(desk.path)
    plan = importing.plan(Records.of(desk.folder), desk.path)
    assert (plan.texts, plan.notes) == ({}, [])


def test_a_formula_is_refused_by_the_name_of_its_cell(desk: Desk) -> None:
    desk.path = desk.path.with_suffix(".xlsx")
    desk.export()
    book = load_workbook(desk.path)
    book["thresholds"]["F3"] = "=1+1"
    book.save(desk.path)
    with pytest.raises(KnowledgeFault, match=r"F3.*formula"):
        importing.plan(Records.of(desk.folder), desk.path)


def test_text_that_begins_as_a_formula_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    sheets.write(path, "t", [sheets.Heading("甲 a")], [["=1+1"], ["+1"]])
    assert [row.cells["a"] for row in sheets.read(path, ["a"]).rows] == ["=1+1", "+1"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.xlsx", b"no workbook"),
        ("t.xlsx", b"PK\x03\x04 broken"),
        ("t.csv", b"\xff\xfe\x00"),
        ("t.csv", b""),
        ("t.csv", b"one,two\n1,2\n"),
        ("t.csv", "甲 criterion,乙 criterion\n".encode()),
        ("t.csv", "甲 bound\n1\n".encode()),
        ("t.csv", "甲 criterion\ncriterion:x\n".encode()),
        ("t.csv", b"a" + b",b" * 100),
        ("t.txt", b"x"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(KnowledgeFault) as caught:
        importing.plan(Records.of(ONTOLOGY), path)
    assert all(fault.code.startswith("table.") for fault in caught.value.faults)


def test_a_table_with_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "ROWS", 5)
    book = Workbook()
    for number in range(10):
        book.active.cell(number + 1, 1, "甲 criterion" if not number else "x")
    book.save(tmp_path / "t.xlsx")
    (tmp_path / "t.csv").write_text("甲 criterion\n" + "x\n" * 10, encoding="utf-8")
    for name in ("t.xlsx", "t.csv"):
        with pytest.raises(KnowledgeFault, match="too large"):
            importing.plan(Records.of(ONTOLOGY), tmp_path / name)


def test_a_folder_of_ones_own_takes_names_from_the_product(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(ONTOLOGY / "packs/gas/provisions.ttl", folder / "gas.ttl")
    desk = Desk(folder, tmp_path / "t.csv")

    def edit(rows: list[dict[str, str]]) -> None:
        assert len(rows) == 4
        at(rows, "criterion:gas-supply-major")["bound"] = "12000"

    assert list(desk.plan(edit).texts) == ["gas.ttl"]
