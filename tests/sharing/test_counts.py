"""Whatever a file holds, records in = stored + quarantined, and what is stored keeps the contract."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.errors import Fault
from kb.resources import folder
from kb.services.workspace import Workspace
from kb.sharing import worker
from kb.sharing.contracts import Contracts
from kb.sharing.datasets import Dataset
from kb.sharing.incoming import Incoming
from kb.sharing.intake import Intake
from kb.sharing.lookups import Lookups
from kb.sharing.process import Job, quads
from kb.sharing.reading import Unreadable
from kb.store import wire
from kb.validation.shapes import Shapes
from tests.sharing.conftest import GAUGES

CONTRACT = Contracts(folder("ontology") / "shapes").get("observations")
COLUMNS = ["监测点", "监测项", "监测时间", "读数", "所在网格", "置信度"]
GOOD = ["QD-01", "1小时降雨量", "2026-07-20T06:00:00+08:00", "25.5", "370202", "0.9"]
CELLS = st.one_of(
    st.sampled_from(
        ["", "NaN", "inf", "-0", "1e400", "=1+1", "'; DROP", "\ud7ff", "0x10", "９", "无", "\x00"]
    ),
    st.text(max_size=12),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.datetimes().map(str),
)


@st.composite
def rows(draw: st.DrawFn) -> list[list[str]]:
    """Rows of which some cells are right, some wrong, some missing; stations repeat."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        row = [*GOOD]
        row[0] = f"QD-{draw(st.integers(0, 4))}" if draw(st.booleans()) else f"QD-9{number}"
        for place in range(len(row)):
            if draw(st.integers(0, 5)) == 0:
                row[place] = draw(CELLS)
        found.append(row[: draw(st.integers(4, 6))] if draw(st.integers(0, 9)) == 0 else row)
    return found


def written(table: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *table])
    return text.getvalue().encode("utf-8", "replace")


def judged(job: Job, content: bytes, format_: str) -> tuple[dict[str, int], list[bytes]]:
    """Run what the worker runs; return counts by kind, and the good records."""
    answers = BytesIO()
    given_, _ = wire.decode(BytesIO(job.encoded(format_, 60)).read, worker.JOB)
    worker.run(given_, BytesIO(content), answers)
    answers.seek(0)
    counts = {"good": 0, "bad": 0, "end": 0}
    good = []
    while answers.tell() < len(answers.getvalue()):
        header, body = wire.decode(answers.read, len(answers.getvalue()))
        counts[header["kind"]] += header["records"]
        if header["kind"] == "good":
            good.append(body)
        elif header["kind"] == "bad":
            assert len(json.loads(body)) == header["records"]
    return counts, good


def job_of(shared: Workspace) -> Job:
    """Return a job with few of the names that there are: each run of the worker reads them all."""
    names = Lookups(shared.store).of(CONTRACT.table, "370200")
    few = {column: {name: found[name] for name in GOOD if name in found} for column, found in names.items()}
    return Job(CONTRACT, "https://example.org/d/", few)


def test_every_row_is_stored_or_quarantined_and_what_is_stored_keeps_the_contract(shared: Workspace) -> None:
    job, shapes = job_of(shared), Shapes.from_turtle(CONTRACT.shapes)

    @given(rows())
    @settings(max_examples=100, deadline=None)
    def holds(table: list[list[str]]) -> None:
        counts, good = judged(job, written(table), "csv")
        assert counts["good"] + counts["bad"] == counts["end"] == sum(any(row) for row in table)
        stored = [quad for text in good for quad in quads(text, CONTRACT.iri, job)]
        assert len({quad.subject for quad in stored}) == counts["good"]
        assert not list(shapes.validate(quad.triple for quad in stored))

    holds()


def test_any_bytes_at_all_are_records_or_are_refused_in_words(shared: Workspace) -> None:
    job = job_of(shared)
    node = '{"@type":"Observation","station":"A","measure":"1小时降雨量","value":1}'
    lines = (",".join(row).encode() for row in (COLUMNS, GOOD))
    marks = b'{ } [ ] " < > , @ \xff\xfe \x00 _:a <alert> PK\x03\x04'.split(b" ")
    pieces = st.sampled_from([*marks, *lines, node.encode(), b"\n", b"<a:b> a <c:d> ."])
    garbage = st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=12).map(b"".join))

    @given(garbage, st.sampled_from(["csv", "xlsx", "geojson", "jsonld", "turtle", "cap"]))
    @settings(max_examples=200, deadline=None)
    def holds(content: bytes, format_: str) -> None:
        try:
            counts, _ = judged(job, content, format_)
        except Unreadable as error:
            refusals.append(error.fault)
        else:
            assert counts["good"] + counts["bad"] == counts["end"]

    refusals: list[Fault] = []
    holds()
    assert all(fault.code.startswith("delivery.") and fault.message.zh for fault in refusals)


def test_the_store_and_the_quarantine_hold_just_what_was_counted(
    intake: Intake, shared: Workspace, at: Callable[[str], Dataset], tmp_path_factory: Any
) -> None:
    dataset, file = at(GAUGES), tmp_path_factory.mktemp("counts") / "file.csv"

    @given(rows().filter(lambda table: any(any(row) for row in table)))
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    def holds(table: list[list[str]]) -> None:
        intake.withdraw(dataset, actor="test", reason="again")
        file.write_bytes(written(table))
        outcome = intake.submit(dataset, Incoming.of(file, file.name), actor="li", again=True)
        assert outcome.records == outcome.stored + outcome.quarantined == sum(any(row) for row in table)
        subjects = {quad.subject for quad in shared.store.match(None, None, None, dataset.graph)}
        assert len(subjects) == outcome.stored
        assert intake.in_quarantine(dataset) == outcome.quarantined

    holds()
