"""Files that mean harm (reliability.md, attacks 4 to 8, 16 to 19, 22): refused in words, or quarantined.

Each goes the whole way through a real worker process.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb.services.workspace import Workspace
from kb.sharing import process
from kb.sharing.datasets import Dataset
from kb.sharing.errors import DeliveryRefused
from kb.sharing.incoming import Incoming
from kb.sharing.intake import Intake, Outcome
from kb.sharing.process import Job
from tests.sharing.conftest import ALERTS, EXAMPLES, FACILITIES, GAUGES, INCIDENTS, RISKS, STOCKS, TARGETS

TITLES = "编号,名称,可能引发,风险等级,所在网格,经度,纬度\n"
ROW = "QD-1,阀井,燃气泄漏,重大,370203,120.36,36.06\n"
Refused = Callable[..., str]
Deliver = Callable[..., Outcome]


@pytest.fixture
def goes_on(intake: Intake, at: Callable[[str], Dataset]) -> Iterator[None]:
    """Afterwards an honest file is taken in."""
    yield
    honest = Incoming.of(EXAMPLES / "risk-sources.csv", "risk-sources.csv")
    assert intake.submit(at(RISKS), honest, actor="li", again=True).stored == 5


def workbook(**parts: bytes) -> bytes:
    """Return the good sample with some of its parts replaced or added."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(EXAMPLES / "stocks.xlsx") as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for name in {*source.namelist(), *parts}:
            out.writestr(name, parts.get(name) or source.read(name))
    return target.getvalue()


def alert(before: str = "", inside: str = "") -> bytes:
    text = (EXAMPLES / "alert.cap").read_text(encoding="utf-8")
    head, _, body = text.partition("\n")
    return f"{head}\n{before}{body.replace('<status>', f'{inside}<status>')}".encode()


def feature(coordinates: str, code: str = "A") -> str:
    properties = {"code": code, "name": "学校", "kind": "医院", "area": "370202", "occupants": "5"}
    told = json.dumps(properties, ensure_ascii=False)
    point = f'{{"type": "Point", "coordinates": {coordinates}}}'
    return f'{{"type": "Feature", "properties": {told}, "geometry": {point}}}'


def collection(*features: str) -> bytes:
    return f'{{"type": "FeatureCollection", "features": [{", ".join(features)}]}}'.encode()


# --- files that are bombs ----------------------------------------------------------------------


@pytest.mark.usefixtures("goes_on")
def test_a_zip_bomb_is_no_workbook(refused: Refused) -> None:
    bomb = workbook(**{"xl/worksheets/sheet1.xml": b"<worksheet>" + b" " * (80 << 20)})
    assert len(bomb) < 1 << 20
    assert refused(STOCKS, bomb, "bomb.xlsx") == "archive"


def test_a_zip_of_ten_thousand_parts_is_no_workbook(refused: Refused) -> None:
    parts = {f"xl/media/{n}": b"x" for n in range(3_000)}
    assert refused(STOCKS, workbook(**parts), "many.xlsx") == "archive"


@pytest.mark.parametrize("name", ["data.zip", "data.csv.gz", "data", "data.exe"])
def test_archives_and_unknown_formats_are_not_opened(refused: Refused, name: str) -> None:
    assert refused(STOCKS, b"PK\x03\x04", name) == "format"


@pytest.mark.parametrize("name", ["file.xlsx", "file.csv"])
def test_random_bytes_are_refused_as_no_such_file(refused: Refused, name: str) -> None:
    assert refused(STOCKS, b"PK\x03\x04" + bytes(range(256)) * 8, name) in {"format", "encoding"}


@pytest.mark.usefixtures("goes_on")
def test_a_billion_laughs_are_not_laughed(refused: Refused) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    bomb = alert(f'<!DOCTYPE alert [<!ENTITY a0 "ha">{entities}]>', "<note>&a8;</note>")
    start = time.monotonic()
    assert refused(ALERTS, bomb, "bomb.cap") == "doctype"
    assert time.monotonic() - start < 5


def test_xml_opens_no_file_of_the_server(refused: Refused) -> None:
    thief = alert('<!DOCTYPE alert [<!ENTITY f SYSTEM "file:///etc/passwd">]>', "<note>&f;</note>")
    assert refused(ALERTS, thief, "thief.cap") == "doctype"


def test_a_doctype_does_not_hide_in_another_encoding_or_in_a_workbook(refused: Refused) -> None:
    text = alert("<!DOCTYPE alert>").decode()
    assert refused(ALERTS, text.replace("UTF-8", "UTF-16").encode("utf-16"), "hidden.cap") == "encoding"
    part = b'<?xml version="1.0"?><!DOCTYPE x><sst/>'
    assert refused(STOCKS, workbook(**{"xl/sharedStrings.xml": part}), "hidden.xlsx") == "doctype"


def test_what_is_nested_deep_is_refused_before_a_parser_sees_it(refused: Refused) -> None:
    assert refused(TARGETS, b"[" * 100_000, "deep.geojson") == "too-deep"
    assert refused(FACILITIES, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "deep.jsonld") == "too-deep"
    assert refused(INCIDENTS, b"<a:b> <a:c> " + b"[<a:d> " * 5_000, "deep.ttl") == "too-deep"
    terms = b"<a:b> <a:c> " + b"<<( <a:b> <a:c> " * 9 + b"<a:d>" + b" )>>" * 9 + b" ."
    assert refused(INCIDENTS, terms, "deep-terms.ttl") == "too-deep"
    assert refused(ALERTS, alert(inside="<x>" * 100 + "</x>" * 100), "deep.cap") == "too-deep"


def test_a_cell_of_a_megabyte_ends_the_file_and_a_long_one_its_record(
    refused: Refused, deliver: Deliver
) -> None:
    assert refused(RISKS, (TITLES + ROW.replace("阀井", "井" * 1_000_000)).encode(), "huge.csv") == "format"
    outcome = deliver(RISKS, TITLES + ROW.replace("阀井", "井" * 5_000))
    assert (outcome.stored, outcome.quarantined) == (0, 1)
    assert len(json.dumps(outcome.as_json())) < 20_000


def test_a_number_of_a_billion_digits_is_not_computed(deliver: Deliver) -> None:
    outcome = deliver(
        RISKS, TITLES + ROW.replace("120.36", "1e999999999") + ROW.replace("36.06", "9" * 9_000)
    )
    assert outcome.quarantined == 2


def test_a_thousand_columns_are_not_a_table(refused: Refused) -> None:
    assert refused(RISKS, (",".join(f"c{n}" for n in range(1_000)) + "\n").encode(), "wide.csv") == "columns"


# --- text that is not what it seems ------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_what_excel_writes_in_china_is_read(
    shared: Workspace, deliver: Deliver, at: Callable[[str], Dataset], encoding: str
) -> None:
    outcome = deliver(RISKS, (TITLES + ROW).encode(encoding))
    assert (outcome.stored, outcome.quarantined) == (1, 0)
    assert any("阀井" in str(quad.object) for quad in shared.store.match(None, None, None, at(RISKS).graph))


@pytest.mark.parametrize("content", [(TITLES + ROW).encode("utf-16"), b"\xff\xfe\x00\x81" * 9])
def test_any_other_encoding_is_refused(refused: Refused, content: bytes) -> None:
    assert refused(RISKS, content, "odd.csv") in {"encoding", "columns"}


def test_characters_that_nobody_sees_go_into_quarantine(deliver: Deliver) -> None:
    outcome = deliver(RISKS, TITLES + ROW.replace("阀井", "阀\x07井"))
    assert outcome.quarantined == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "181"])
def test_no_place_lies_at_nan_or_infinity(deliver: Deliver, number: str) -> None:
    outcome = deliver(
        TARGETS, collection(feature(f"[{number}, 36.1]"), feature("[120.3, 36.1]", "B")), "f.geojson"
    )
    assert (outcome.records, outcome.stored, outcome.quarantined) == (2, 1, 1)
    assert deliver(RISKS, TITLES + ROW.replace("120.36", number)).quarantined == 1


# --- records that are not their own ------------------------------------------------------------


def test_of_records_with_one_code_the_first_counts(
    shared: Workspace, deliver: Deliver, at: Callable[[str], Dataset]
) -> None:
    outcome = deliver(RISKS, TITLES + ROW + ROW.replace("阀井", "别的"))
    assert (outcome.stored, outcome.quarantined) == (1, 1)
    assert not any(
        "别的" in str(quad.object) for quad in shared.store.match(None, None, None, at(RISKS).graph)
    )


@pytest.mark.usefixtures("goes_on")
def test_a_flood_of_blank_nodes_stores_nothing(
    intake: Intake, deliver: Deliver, at: Callable[[str], Dataset]
) -> None:
    flood = "".join(f"_:b{n} <a:p> _:b{(n * 7) % 3_000} .\n" for n in range(3_000))
    outcome = deliver(INCIDENTS, flood, "flood.nt")
    assert (outcome.records, outcome.stored, outcome.quarantined) == (3_000, 0, 3_000)
    assert intake.count(at(INCIDENTS)) == 0


def test_a_record_says_nothing_of_others_and_nothing_that_the_contract_does_not_know(
    intake: Intake, deliver: Deliver, at: Callable[[str], Dataset]
) -> None:
    good = (EXAMPLES / "facilities.jsonld").read_text(encoding="utf-8")
    document = json.loads(good)
    document["@graph"][0]["http://www.w3.org/2002/07/owl#sameAs"] = {"@id": "https://w3id.org/xiezhi/role/x"}
    document["@graph"][1]["@id"] = "https://w3id.org/xiezhi/city/370200"
    outcome = deliver(FACILITIES, json.dumps(document), "f.jsonld")
    assert (outcome.stored, outcome.quarantined) == (1, 2)
    spoof = "<https://w3id.org/xiezhi/kb/role/visitor> <https://w3id.org/xiezhi/ns#may> 'administer' ."
    assert deliver(INCIDENTS, spoof, "spoof.ttl").stored == 0


def test_a_file_does_not_choose_its_graph(refused: Refused) -> None:
    document = json.loads((EXAMPLES / "facilities.jsonld").read_text(encoding="utf-8"))
    document["@id"] = "https://w3id.org/xiezhi/graph/ontology"
    assert refused(FACILITIES, json.dumps(document).encode(), "f.jsonld") == "named-graph"
    assert refused(INCIDENTS, b"<a:g> { <a:b> <a:c> <a:d> }", "f.ttl") == "format"


def test_no_context_is_fetched(refused: Refused, deliver: Deliver) -> None:
    text = b'{"@context": "http://127.0.0.1:9/context", "@graph": [{"@id": "a"}]}'
    assert refused(FACILITIES, text, "f.jsonld") == "context"
    nested = b'{"@graph": [{"@context": "http://127.0.0.1:9/context", "@id": "a", "@type": "Facility"}]}'
    outcome = deliver(FACILITIES, nested, "f.jsonld")
    assert (outcome.stored, outcome.quarantined) == (0, 1)


# --- the worker --------------------------------------------------------------------------------


def job_for(intake: Intake, dataset: Dataset) -> Job:
    return intake._job(dataset)  # the job as it is sent


def test_a_worker_opens_no_socket_no_file_and_no_program() -> None:
    program = """
import os, socket, sys
from kb.sharing import worker
from kb.store import sandbox
import resource
sandbox.enter(1 << 31)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
attempts = (
    lambda: socket.socket(), lambda: open("/etc/passwd"), lambda: os.execv("/bin/true", ["true"]),
)
for attempt in attempts:
    try:
        attempt()
    except OSError:
        continue
    os._exit(3)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(process.__file__).parents[2], timeout=30)
    assert done.returncode == 0


@pytest.mark.usefixtures("goes_on")
def test_a_worker_that_dies_costs_its_file_and_nothing_else(
    intake: Intake, at: Callable[[str], Dataset], tmp_path: Path
) -> None:
    file = tmp_path / "large.csv"
    file.write_text(TITLES + "".join(ROW.replace("QD-1", f"QD-{n}") for n in range(60_000)), encoding="utf-8")
    parts = process.read(file, "csv", job_for(intake, at(RISKS)))
    next(parts)
    children = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "kb.sharing.worker"],
        capture_output=True,
        text=True,
        check=True,
    )
    for pid in children.stdout.split():
        os.kill(int(pid), signal.SIGSEGV)
    with pytest.raises(DeliveryRefused, match=r"delivery\.crashed"):
        list(parts)
    assert intake.count(at(RISKS)) == 0


@pytest.mark.usefixtures("goes_on")
def test_a_file_that_takes_too_long_is_stopped(
    intake: Intake, at: Callable[[str], Dataset], monkeypatch: pytest.MonkeyPatch, deliver: Deliver
) -> None:
    monkeypatch.setattr(process, "DEADLINE", 0.01)
    monkeypatch.setattr(process, "PACE", 1e12)
    with pytest.raises(DeliveryRefused, match=r"delivery\.timeout"):
        deliver(RISKS, TITLES + ROW)
    monkeypatch.undo()  # before the honest file


@pytest.mark.parametrize(
    "answer",
    [
        b"<https://elsewhere.org/x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <a:b> .\n",
        b"<{base}1> <https://w3id.org/xiezhi/ns#may> <a:b> .\n",
        b'<{base}1> <http://purl.org/dc/terms/identifier> "a" <https://w3id.org/xiezhi/graph/ontology> .\n',
        b"<{base}1> <http://purl.org/dc/terms/identifier> _:blank .\n",
        b'<{base}1> <http://purl.org/dc/terms/identifier> "a" .',
        b"nonsense .\n",
    ],
)
def test_what_a_worker_should_not_say_is_not_believed(
    intake: Intake, at: Callable[[str], Dataset], answer: bytes
) -> None:
    job = job_for(intake, at(RISKS))
    with pytest.raises(DeliveryRefused, match=r"delivery\.answer"):
        process.quads(answer.replace(b"{base}", job.base.encode()), at(RISKS).graph, replace(job, lookups={}))


def test_more_files_at_once_than_the_machine_reads_are_asked_to_wait(
    intake: Intake, at: Callable[[str], Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kb.sharing.errors import DeliveryBusy

    honest = Incoming.of(EXAMPLES / "rain-gauges.csv", "rain-gauges.csv")
    for _ in range(2):
        assert intake._places.acquire()
    monkeypatch.setattr("kb.sharing.intake.PATIENCE", 0.05)
    try:
        with pytest.raises(DeliveryBusy):
            intake.judge(at(GAUGES), honest)
    finally:
        for _ in range(2):
            intake._places.release()
