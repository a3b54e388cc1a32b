"""The response rules on a million incidents: `xiezhi bench bulk`.

Each size runs in a process of its own, so that its memory is its own; so do the peers, whose scripts read the
same files (tests/bench/README.md).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kb.errors import Text
from kb.inference.program import read
from kb.inference.relational.connection import Connection
from kb.inference.relational.executor import RelationalExecutor
from kb.resources import folder
from kb.services import synthetic
from kb.services.workspace import Workspace

OURS = "xiezhi"


@dataclass(frozen=True, slots=True)
class Figures:
    """One run: counts of triples, seconds, and the most memory that was in use (MB)."""

    peer: str
    incidents: int
    facts_in: int
    derived: int | None
    load_s: float
    derive_s: float
    memory_mb: float
    note: str = ""

    @property
    def total_s(self) -> float:
        """Seconds from the files to the last conclusion."""
        return self.load_s + self.derive_s

    def render(self, lang: str, ours: Figures | None = None) -> str:
        """Return the figures as a line in *lang*, with how long an incident takes compared with *ours*."""
        derived = self.derived or 0
        rate = derived / self.total_s if self.total_s else 0.0
        per_incident = self.total_s / self.incidents * 1e6 if self.incidents else 0.0
        times = ""
        if ours is not None and ours.incidents and self.incidents:
            fewer = ours.incidents / self.incidents
            whole, alone = fewer * self.total_s / ours.total_s, fewer * self.derive_s / ours.derive_s
            times = Text(
                f"；每起用时为本系统的 {whole:.1f} 倍（不计读入 {alone:.1f} 倍）",
                f"; {whole:.1f} times as long for each as ours ({alone:.1f} without loading)",
            ).in_(lang)
        line = Text(
            f"{self.peer}：{self.incidents:,} 起，读入 {self.facts_in:,} 条，推出 {derived:,} 条；"
            f"读入 {self.load_s:.1f} 秒，推理 {self.derive_s:.1f} 秒，每起 {per_incident:.1f} 微秒，"
            f"每秒 {rate:,.0f} 条，内存 {self.memory_mb:,.0f} MB",
            f"{self.peer}: {self.incidents:,} incidents, {self.facts_in:,} facts in, "
            f"{derived:,} derived; "
            f"load {self.load_s:.1f} s, derive {self.derive_s:.1f} s, {per_incident:.1f} us an incident, "
            f"{rate:,.0f} facts/s, {self.memory_mb:,.0f} MB",
        ).in_(lang)
        return line + times + (f"\n    {self.note}" if self.note else "")


class _Failed(RuntimeError):
    """A process that measures ended with an error: what it said."""


def files(workspace: Workspace, city: str, sizes: Sequence[int], target: Path) -> tuple[Path, list[Path]]:
    """Write the base graph and synthetic incidents of each size below *target*; return the files."""
    base = target / "base.parquet"
    synthetic.background(workspace, base)
    paths = []
    for size in sizes:
        paths.append(target / f"incidents-{size}.parquet")
        synthetic.incidents(workspace, city, size, paths[-1])
    return base, paths


def apart(base: Path, incidents: Path, size: int, engine: str) -> Figures:
    """Run the relational executor in a process of its own."""
    command = [sys.executable, "-m", "kb.services.bulk", str(base), str(incidents), str(size), engine]
    return _figures(command)


def peers(scripts: Path, base: Path, incidents: Path, sizes: dict[str, int]) -> Iterator[Figures]:
    """Run the peers' *scripts*, each on as many of the *incidents* as *sizes* says.

    A peer that cannot run (not installed, out of memory) gives a line that says so.
    """
    for name, size in sizes.items():
        script = scripts / f"{name}.py"
        command = [sys.executable, str(script), str(folder("rules")), str(base), str(incidents)]
        try:
            yield _figures([*command, "--limit", str(size)])
        except _Failed as error:
            yield Figures(name, 0, 0, 0, 0.0, 0.0, 0.0, note=str(error).splitlines()[-1])


def _figures(command: Sequence[str]) -> Figures:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own scripts
    if done.returncode != 0:
        raise _Failed(done.stderr.strip() or f"exit {done.returncode}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return Figures(**{name: found[name] for name in Figures.__dataclass_fields__ if name in found})


def _run(base: Path, incidents: Path, size: int, engine: str) -> Figures:
    program = read(folder("rules"))
    with Connection(engine) as connection:
        start = time.perf_counter()
        executor = RelationalExecutor(program.response, connection)
        inference = executor.derive(connection.read(base), connection.read(incidents))
        total = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return Figures(
            peer=f"{OURS} ({engine})",
            incidents=size,
            facts_in=inference.facts_in,
            derived=len(inference),
            load_s=inference.load_seconds,
            derive_s=total - inference.load_seconds,
            memory_mb=memory,
        )


if __name__ == "__main__":
    base_file, incident_file, count, chosen = sys.argv[1:5]
    print(json.dumps(asdict(_run(Path(base_file), Path(incident_file), int(count), chosen))))  # noqa: T201
