"""Files of a source become one table, whatever their format; grids and windows of it are counted."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from pyoxigraph import NamedNode

from kb.errors import KnowledgeFault, NotFound
from kb.geo.index import GridIndex
from kb.inference.relational.connection import Connection
from kb.resources import folder
from kb.sensing import gathering, source, synthetic, table
from kb.sensing.table import ObservationsRefused

ROWS = [
    ("a", "2026-01-05T00:30:00", 117.05, 36.05, "fire", 1.0),  # a Monday
    ("b", "2026-01-05T00:45:00", 117.05, 36.05, "fire-alarm", 2.0),
    ("c", "2026-02-10T13:00:00", 117.15, 36.05, "gas", 1.0),
    ("d", "2026-02-10T13:10:00", 118.50, 36.05, "gas", 1.0),  # in no cell
    ("e", "2026-02-10T13:10:00", 117.15, 36.05, "lottery", 1.0),  # no risk
    ("f", "2026-02-10T13:10:00", 999.0, 36.05, "gas", 1.0),  # not on the earth
]
KINDS = ("fire", "gas")
KEYS = ("id", "time", "longitude", "latitude", "category", "value")


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Connection]:
    with Connection() as connection:
        yield connection


@pytest.fixture(scope="module")
def pushed() -> source.Source:
    return source.source(source.Files(folder("ontology") / "observations.ttl"), "pushed")


@pytest.fixture(scope="module")
def board() -> GridIndex:
    west, east = shapely.box(117, 36, 117.1, 36.1), shapely.box(117.1, 36, 117.2, 36.1)
    return GridIndex([NamedNode("urn:west"), NamedNode("urn:zeast")], [west, east])


def written(path: Path) -> Path:
    if path.name.endswith(".csv"):
        lines = [",".join(KEYS), *(",".join(map(str, row)) for row in ROWS)]
        path.write_text("\n".join(lines), encoding="utf-8")
    elif path.name.endswith(".csv.gz"):
        lines = [",".join(KEYS), *(",".join(map(str, row)) for row in ROWS)]
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
    elif path.suffix == ".jsonl":
        path.write_text(
            "\n".join(json.dumps(dict(zip(KEYS, row, strict=True))) for row in ROWS), encoding="utf-8"
        )
    else:
        times = [datetime.fromisoformat(row[1]) for row in ROWS]
        columns = dict(zip(KEYS, zip(*ROWS, strict=True), strict=True)) | {"time": times}
        pq.write_table(pa.table({key: pa.array(list(column)) for key, column in columns.items()}), path)
    return path


@pytest.mark.parametrize("name", ["o.csv", "o.csv.gz", "o.jsonl", "o.parquet"])
def test_every_format_gives_the_same_counts(duckdb, pushed, board, tmp_path, name):
    seen = gathering.placed(
        duckdb, table.read(duckdb, pushed, written(tmp_path / name), categories=KINDS), board
    )
    rows = gathering.counted(seen, "cell", "category", window="hourOfWeek").to_pyarrow().to_pylist()
    found = {
        (row["cell"], KINDS[row["category"]], row["window"]): (row["number"], row["total"]) for row in rows
    }
    tuesday = 24 + 13
    assert found == {(0, "fire", 0): (2, 3.0), (1, "gas", tuesday): (1, 1.0)}


def test_windows_follow_one_another_or_come_round(duckdb, pushed, tmp_path):
    seen = table.read(duckdb, pushed, written(tmp_path / "o.csv"), categories=KINDS)
    for window, expected in {
        "hour": {datetime(2026, 1, 5, 0): 2, datetime(2026, 2, 10, 13): 2},
        "month": {datetime(2026, 1, 1): 2, datetime(2026, 2, 1): 2},
        "monthOfYear": {1: 2, 2: 2},
    }.items():
        rows = gathering.counted(seen, window=window).to_pyarrow().to_pylist()
        assert {row["window"]: row["number"] for row in rows} == expected


def test_a_position_keeps_a_metre(duckdb):
    longitudes, latitudes = np.array([117.123456, -75.38210, 180.0]), np.array([36.654321, 40.08835, -90.0])
    file = duckdb.table(pa.table({"longitude": longitudes, "latitude": latitudes}))
    positions = file.select(p=table._position(file.longitude, file.latitude)).to_pyarrow()["p"].to_numpy()
    east, north = table.decode(positions)
    order = np.argsort(east)
    assert np.allclose(east[order], np.sort(longitudes), atol=0.6e-5)
    assert np.allclose(sorted(north), sorted(latitudes), atol=0.6e-5)


def test_a_column_that_is_missing_is_named_with_those_there_are(duckdb, pushed, tmp_path):
    (tmp_path / "o.csv").write_text("id,time\n1,2026-01-01T00:00:00\n", encoding="utf-8")
    with pytest.raises(ObservationsRefused) as caught:
        table.read(duckdb, pushed, tmp_path / "o.csv", categories=KINDS)
    (fault,) = caught.value.faults
    assert fault.code == "sensing.column"
    assert "id, time" in fault.repair.en


@pytest.mark.parametrize("name", ["o.xlsx", "missing.csv"])
def test_a_file_that_cannot_be_read_is_refused(duckdb, pushed, tmp_path, name):
    with pytest.raises(ObservationsRefused):
        table.read(duckdb, pushed, tmp_path / name, categories=KINDS)


def test_a_source_nobody_described_is_not_found():
    with pytest.raises(NotFound, match="pushed"):
        source.source(source.Files(folder("ontology") / "observations.ttl"), "hotline")


@pytest.mark.parametrize(
    "text",
    [
        "source:x a xz:ObservationSource .",
        "source:x a xz:ObservationSource ; xz:timeColumn [ ] .",
        'source:x a xz:ObservationSource ; xz:timeZone "Mars" .',
        "this is no Turtle",
    ],
)
def test_a_description_that_is_wrong_is_refused(tmp_path, text):
    (tmp_path / "x.ttl").write_text(
        "@prefix xz: <https://w3id.org/xiezhi/ns#> . "
        f"@prefix source: <https://w3id.org/xiezhi/kb/observation-source/> . {text}",
        encoding="utf-8",
    )
    with pytest.raises(KnowledgeFault):
        source.sources(source.Files(tmp_path / "x.ttl"))


def test_made_up_observations_are_the_same_with_the_same_seed(tmp_path):
    for name in ("one", "two"):
        synthetic.write(tmp_path / name, 5_000, (117, 36, 118, 37), ["fire", "gas"])
    one, two = (pq.read_table(tmp_path / name) for name in ("one", "two"))
    assert one.equals(two)
    assert one.num_rows == 5_000
    assert set(Counter(one["category"].to_pylist())) == {"fire", "gas"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # PySpark leaves its sockets to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_spark_counts_what_duckdb_counts(duckdb, tmp_path):
    pytest.importorskip("pyspark")
    kinds = ["fire", "gas", "traffic"]
    synthetic.write(tmp_path / "o.parquet", 200_000, (117, 36, 117.2, 36.1), kinds)
    shapes = [shapely.box(117 + n / 50, 36, 117 + (n + 1) / 50, 36.1) for n in range(10)]
    index = GridIndex([NamedNode(f"urn:{n}") for n in range(10)], shapes)
    answers = []
    with Connection("spark") as spark:
        for connection in (duckdb, spark):
            seen = table.read(connection, synthetic.source(kinds), tmp_path / "o.parquet", categories=kinds)
            placed = gathering.placed(connection, seen, index)
            rows = [
                gathering.counted(placed, "cell", "category", window=window).to_pyarrow().to_pylist()
                for window in gathering.WINDOWS
            ]
            answers.append([sorted(tuple(map(str, row.values())) for row in part) for part in rows])
    assert answers[0] == answers[1]
    assert len(answers[0][0]) > 10_000
