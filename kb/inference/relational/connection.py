"""The engines that run relational rules: DuckDB in this process, Spark here or on a cluster.

Everything above this module is Ibis expressions; which engine runs them is settled here and nowhere else.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from kb.errors import ResourceMissing
from kb.inference.bounds import TOO_LARGE

Backend: TypeAlias = Any
"""An Ibis backend; their common class declares less than all of them have."""
ENGINES = ("duckdb", "spark")
MEMORY = "2GB"
"""What DuckDB takes before it uses the disk: a million incidents take 8 GB without a limit, and as long."""


class Connection:
    """An engine with a folder for what does not fit into memory.

    :param engine: one of :data:`ENGINES`.
    :param memory: how much memory DuckDB may take before it uses the disk, as ``"8GB"``.
    :param threads: how many threads; by default, as many as there are processors.
    :param master: where Spark runs: ``local[*]``, or the URL of a cluster; by default what
        ``XIEZHI_SPARK_MASTER`` says, else here.
    :param folder: where tables are kept until the end; by default below what ``XIEZHI_SPARK_FOLDER`` says,
        else where temporary files go. A cluster needs one that all its machines see.
    :raises ResourceMissing: Spark is asked for and PySpark is not installed.
    """

    def __init__(
        self,
        engine: str = "duckdb",
        *,
        memory: str = MEMORY,
        threads: int | None = None,
        master: str | None = None,
        folder: Path | None = None,
    ) -> None:
        self.engine = engine
        shared = folder or (os.environ.get("XIEZHI_SPARK_FOLDER") if engine == "spark" else None)
        self._folder = tempfile.TemporaryDirectory(prefix="xiezhi-relational-", dir=shared)
        self._files = 0
        here = Path(self._folder.name)
        self.backend, self._stop = (
            _duckdb(here, memory, threads)
            if engine == "duckdb"
            else _spark(here, master or os.environ.get("XIEZHI_SPARK_MASTER", "local[*]"))
        )

    def table(self, data: pa.Table) -> ir.Table:
        """Return *data* as a table of the engine."""
        self._files += 1
        path = Path(self._folder.name) / f"{self._files}.parquet"
        pq.write_table(data, path)
        return self.read(path)

    def read(self, *paths: Path) -> ir.Table:
        """Return Parquet files as one table of the engine."""
        tables = [self.backend.read_parquet(str(path)) for path in paths]
        return tables[0] if len(tables) == 1 else ibis.union(*tables)

    def stored(self, table: ir.Table) -> ir.Table:
        """Compute *table* now and keep its rows, so that what is built on it starts from there.

        DuckDB keeps them until nobody refers to them, in memory while there is room. Spark writes them to
        its warehouse: kept as a plan they would be planned again, ever longer, by each later query.
        """
        if self.engine == "duckdb":
            return table.cache()
        self._files += 1
        return self.backend.create_table(f"stored_{self._files}", table)

    def at_most(self, rows: ir.Table, number: int) -> ir.Table:
        """Return *rows*, of which no more than *number* need be computed.

        DuckDB stops there. Spark is not asked to: it would bring all rows to one machine to count them.
        """
        return rows.limit(number) if self.engine == "duckdb" else rows

    @cached_property
    def unit(self) -> ir.Table:
        """A table of one row: the one solution of an empty body."""
        return self.stored(self.table(pa.table({"one": pa.array([1], pa.int32())})))

    def rows(self, table: ir.Table) -> list[dict[str, Any]]:
        """Return the rows of *table*.

        :raises InferenceStopped: ``inference.too-large``.
        """
        try:
            found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
        except Exception as error:
            if self.is_full(error):
                raise TOO_LARGE.error(()) from error
            raise
        return found

    def interrupt(self) -> None:
        """Make the query that runs now fail, if one does; called from another thread than waits for it."""
        if self.engine == "duckdb":
            self.backend.con.interrupt()
        else:
            self.backend._session.sparkContext.cancelAllJobs()

    def is_full(self, error: Exception) -> bool:
        """Whether *error* says that neither memory nor the folder had room for a query."""
        return isinstance(error, duckdb.OutOfMemoryException)

    def close(self) -> None:
        """End the session and remove its files."""
        self._stop()
        self._folder.cleanup()

    def __enter__(self) -> Connection:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _duckdb(folder: Path, memory: str, threads: int | None) -> tuple[Backend, Callable[[], None]]:
    settings: dict[str, Any] = {
        "temp_directory": str(folder),
        "memory_limit": memory,
        "max_temp_directory_size": f"{shutil.disk_usage(folder).free // 2} bytes",
        "preserve_insertion_order": False,  # tables are sets; keeping order costs memory
        "autoinstall_known_extensions": False,  # nothing is fetched from the network
        "autoload_known_extensions": False,
    }
    if threads is not None:
        settings["threads"] = threads
    backend = ibis.duckdb.connect(**settings)
    backend.raw_sql("SET enable_progress_bar = false")  # standard output belongs to whoever called us
    # The order of joins is ours (kb.inference.relational.ordering). column_lifetime, in DuckDB 1.5.6, drops
    # a column that a join still needs when its sides are swapped ("Failed to bind column reference"), at
    # random.
    backend.raw_sql("SET disabled_optimizers = 'join_order, column_lifetime'")
    # Not disconnected: tables that somebody still holds drop themselves later. With the last of them it ends.
    return backend, lambda: None


def _spark(folder: Path, master: str) -> tuple[Backend, Callable[[], None]]:
    try:
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise ResourceMissing.of(
            "spark.missing",
            "没有安装 PySpark",
            "PySpark is not installed",
            repair=(
                "安装：pip install 'xiezhi-governance[spark]'（另需 Java 17）",
                "install it: pip install 'xiezhi-governance[spark]' (Java 17 is needed too)",
            ),
        ) from missing
    here = master.startswith("local")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": "2" if here else "200",
        "spark.sql.ansi.enabled": "false",  # a cast that fails gives NULL, as in DuckDB's TRY_CAST
        "spark.sql.session.timeZone": "UTC",
    }
    if here:  # nobody outside has any business with it
        settings |= {"spark.driver.host": "localhost", "spark.driver.bindAddress": "127.0.0.1"}
    builder = SparkSession.builder.master(master).appName("xiezhi")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return ibis.pyspark.connect(session), session.stop
