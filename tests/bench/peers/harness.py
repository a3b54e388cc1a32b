"""What every peer shares: arguments, columnar facts in and out, the line of figures.

A peer is a script: it reads the base graph and incidents as columnar facts (see `kb.services.synthetic`),
runs the response rules in its own way, and prints one line of JSON. Names of files here must not be those of
installed packages: a script's folder comes first on its path.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from kb.inference.program import read
from kb.inference.relational.keys import COLUMNS
from kb.srl.syntax import Rule


@dataclass(slots=True)
class Figures:
    """One run of one peer. *derive_s* is the run of the rules alone, *load_s* all reading before it.

    *cpu_s* is what the processor worked for both: on a machine with other work it says more than the clock.
    """

    peer: str
    version: str
    incidents: int = 0
    facts_in: int = 0
    derived: int | None = None
    load_s: float = 0.0
    derive_s: float = 0.0
    total_s: float = 0.0
    cpu_s: float = 0.0
    memory_mb: float = 0.0
    note: str = ""

    def show(self) -> None:
        """Print the line."""
        rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}
        print(json.dumps(rounded, ensure_ascii=False))


def arguments(description: str) -> argparse.Namespace:
    """Read the arguments that all peers have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("rules", type=Path, help="folder of rules")
    parser.add_argument("base", type=Path, help="base graph as columnar facts")
    parser.add_argument("incidents", type=Path, help="incidents as columnar facts")
    parser.add_argument("--limit", type=int, help="so many incidents only")
    parser.add_argument("--output", type=Path, help="write the derived triples there as columnar facts")
    parser.add_argument("-v", "--verbose", action="store_true", help="say where the time went")
    return parser.parse_args()


def response_rules(folder: Path) -> tuple[Rule, ...]:
    """Return the response rules; no peer knows validity, so a rule that is not always in force is refused."""
    program = read(folder)
    for rule in program.response:
        document = program.document(rule)
        if document.valid_from is not None or document.valid_until is not None:
            raise NotImplementedError(f"{rule.name} is not always in force")
    return program.response


class Facts:
    """The two files as views of one DuckDB database: ``base`` and ``incidents``, cut to *limit*."""

    def __init__(self, base: Path, incidents: Path, limit: int | None = None) -> None:
        self.database = duckdb.connect()
        # What does not fit into memory goes where temporary files go, not into the working folder.
        self.database.execute("SET temp_directory = ?", [tempfile.gettempdir()])
        self.database.execute("SET memory_limit = '4GB'; SET preserve_insertion_order = false")
        self.database.from_parquet(str(base)).create_view("base")
        every = self.database.from_parquet(str(incidents))
        if limit is None:
            every.create_view("incidents")
        else:
            # By hash, so that a few incidents are of all times and kinds.
            every.create_view("all_incidents")
            self.database.execute(
                "CREATE TABLE incidents AS FROM all_incidents SEMI JOIN ("
                "SELECT DISTINCT ON (hash(subject), subject) subject FROM all_incidents "
                f"ORDER BY hash(subject), subject LIMIT {limit}) USING (subject)"
            )

    def close(self) -> None:
        """Give the memory back."""
        self.database.close()

    def count(self) -> tuple[int, int]:
        """Return how many incidents there are, and how many facts in both files."""
        query = "SELECT count(DISTINCT subject), count(*) FROM incidents"
        row = self.database.execute(query).fetchone()
        base = self.database.execute("SELECT count(*) FROM base").fetchone()
        assert row is not None
        assert base is not None
        return row[0], row[1] + base[0]

    def rows(self, view: str, where: str = "true") -> Iterator[tuple[str, str, str]]:
        """Yield the triples of *view* as keys."""
        cursor = self.database.cursor()
        cursor.execute(f"SELECT subject, predicate, object FROM {view} WHERE {where}")
        while rows := cursor.fetchmany(100_000):
            yield from rows


def write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write triples of keys to *path*, sorted, each once."""
    table = pa.table(dict(zip(COLUMNS, zip(*rows, strict=True), strict=False)))
    target = str(path).replace("'", "''")
    with duckdb.connect() as database:
        database.register("derived", table)
        database.execute(f"COPY (SELECT DISTINCT * FROM derived ORDER BY ALL) TO '{target}' (FORMAT parquet)")


def memory_mb() -> float:
    """Return the most memory that this process has held, or has held since :func:`forget_peak`."""
    # Not ru_maxrss: after fork and exec that may still be the parent's.
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak() -> float:
    """Let :func:`memory_mb` count from now, and return what is held now."""
    with suppress(OSError):  # not Linux, or forbidden: then the peak is that of the whole process
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return memory_mb()


class Clock:
    """Seconds by name, of the wall and of the processor."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Add the time of the block to *name*."""
        start, busy = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.cpu[name] = self.cpu.get(name, 0.0) + time.process_time() - busy
