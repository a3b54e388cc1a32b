"""How fast deliveries are taken in, and with how much memory: a large invented file through the whole way."""

from __future__ import annotations

import csv
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text
from kb.sharing.incoming import Incoming
from kb.sharing.intake import READING, Intake

Progress = Callable[[Text, int, int], None]
CITY, CONTRACT = "370200", "observations"
"""Whose dataset the invented readings are handed in for."""
EVERY = 1_000
"""Of so many records one is wrong."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: *seconds* from the file to the last durable commit; memory in bytes."""

    records: int
    stored: int
    quarantined: int
    quads: int
    file_bytes: int
    store_bytes: int
    seconds: float
    reading: float
    """Seconds of it until the last record was judged."""
    server_rss: int
    worker_rss: int

    def render(self, lang: str) -> str:
        """Return the figures as lines."""
        rate = self.records / self.seconds
        memory = (self.server_rss + self.worker_rss) / (1 << 20)
        return Text(
            f"{self.records:,} 条记录（{self.file_bytes / 1e6:,.0f} MB CSV）：{self.seconds:,.1f} 秒，"
            f"其中读取校验 {self.reading:,.1f} 秒；每秒 {rate:,.0f} 条；"
            f"入库 {self.stored:,}，隔离 {self.quarantined:,}；"
            f"{self.quads:,} 个四元组，占盘 {self.store_bytes / 1e6:,.0f} MB；内存峰值 {memory:,.0f} MB"
            f"（服务 {self.server_rss >> 20:,}，工作进程 {self.worker_rss >> 20:,}）",
            f"{self.records:,} records ({self.file_bytes / 1e6:,.0f} MB of CSV) in {self.seconds:,.1f} s, "
            f"of which {self.reading:,.1f} s to read and judge; {rate:,.0f} records/s; "
            f"{self.stored:,} stored, {self.quarantined:,} quarantined; {self.quads:,} quads, "
            f"{self.store_bytes / 1e6:,.0f} MB on disk; peak memory {memory:,.0f} MB "
            f"(server {self.server_rss >> 20:,}, worker {self.worker_rss >> 20:,})",
        ).in_(lang)


def measure(
    intake: Intake, declaration: bytes, size: int, home: Path, progress: Progress | None = None
) -> Figures:
    """Declare, write *size* observations, one in a thousand wrong, and submit them."""
    declared = intake.declare(declaration, actor="bench")
    dataset = next(one for one in declared if one.contract == CONTRACT)
    judged = 0.0

    def tell(what: Text, done: int, total: int) -> None:
        nonlocal judged
        if what == READING:
            judged = time.perf_counter()
        if progress is not None:
            progress(what, done, total)

    with tempfile.TemporaryDirectory(prefix="xiezhi-intake-") as folder:
        file = Path(folder) / "observations.csv"
        write(file, size, dataset.city or "")
        before = _size(home)
        start = time.perf_counter()
        outcome = intake.submit(dataset, Incoming.of(file, file.name), actor="bench", progress=tell)
        seconds = time.perf_counter() - start
        length = file.stat().st_size
    return Figures(
        outcome.records,
        outcome.stored,
        outcome.quarantined,
        intake.count(dataset),
        length,
        _size(home) - before,
        seconds,
        judged - start,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10,
    )


def write(file: Path, size: int, area: str) -> None:
    """Write *size* readings of 2,000 rain gauges, one a minute, all invented."""
    start = datetime(2026, 1, 1, tzinfo=CHINA_STANDARD_TIME)
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["监测点", "监测项", "监测时间", "读数", "所在网格", "置信度"])
        for number in range(size):
            moment = start + timedelta(minutes=number // 2_000)
            wrong = number % EVERY == EVERY - 1
            rows.writerow(
                [
                    f"QD-{number % 2_000:04}",
                    "1小时降雨量",
                    moment.isoformat(),
                    "很多" if wrong else f"{number * 7 % 900 / 10}",
                    area,
                    f"0.{number % 10}",
                ]
            )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
