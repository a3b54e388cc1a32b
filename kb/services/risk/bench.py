"""How long it takes from a hundred million observations of a megacity to a risk index for each unit grid."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import shapely
from pyoxigraph import NamedNode

from kb.city import builder, terms
from kb.city.divisions import Level
from kb.city.layout import divide
from kb.errors import NotFound, Text
from kb.geo.index import GridIndex
from kb.inference.relational.connection import Connection
from kb.namespaces import RDF_TYPE, xz
from kb.resources import folder
from kb.risk import history, method
from kb.risk.index import Neighbours, compute
from kb.sensing import synthetic
from kb.sensing.source import Facts
from kb.services.risk import assessing

MEMORY = "5GB"
"""What DuckDB takes; numpy and shapely come on top."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds by the clock and of the processors for each step, and the most memory, in bytes."""

    observations: int
    cells: int
    counted: int
    steps: tuple[tuple[Text, float, float], ...]
    memory: int

    def render(self, lang: str) -> Iterator[str]:
        """Yield the figures as lines."""
        yield Text(
            f"{self.observations:,} 条观测，{self.cells:,} 个单元网格，计入 {self.counted:,} 条",
            f"{self.observations:,} observations, {self.cells:,} unit grids, {self.counted:,} counted",
        ).in_(lang)
        for label, wall, cpu in self.steps:
            yield f"  {label.in_(lang)}: {wall:.1f} s ({cpu:.1f} s CPU)"
        wall, cpu = sum(step[1] for step in self.steps), sum(step[2] for step in self.steps)
        total = Text("合计", "in all").in_(lang)
        yield f"  {total}: {wall:.1f} s ({cpu:.1f} s CPU), {self.memory / 1e9:.2f} GB"


def measure(
    facts: Facts,
    city: str,
    observations: int,
    *,
    file: Path | None = None,
    progress: Callable[[Text, int, int], None] | None = None,
) -> Figures:
    """Make *observations* of *city* and time what becomes of them; making them is not timed.

    :param file: keeps the observations for the next time; made where it does not exist.
    """
    how = method.read(facts)
    slugs = [category.slug for category in how.categories]
    cells = _grid(city, facts)
    with tempfile.TemporaryDirectory(prefix="xiezhi-risk-") as name:
        path = file or Path(name) / "observations.parquet"
        if not path.exists():
            label = Text("生成观测", "making observations")

            def tell(done: int) -> None:
                if progress is not None:
                    progress(label, done, observations)

            synthetic.write(path, observations, cells.bounds, slugs, progress=tell)
        clock = _Clock()
        with Connection(memory=MEMORY) as connection:
            observed = assessing.placed(connection, synthetic.source(slugs), [path], how, cells)
            clock.step(Text("读取、归类、落入网格", "read, understood, placed in grids"))
            whole = history.read(observed, slugs, len(cells))
            clock.step(Text("按网格、类别、时段计数", "counted by grid, category and time"))
            neighbours = Neighbours(cells)
            chosen = assessing.parameters(observed, how, neighbours, len(cells))
            clock.step(Text("在历史上选定参数", "parameters chosen on history"))
        compute(whole, neighbours, chosen)
        clock.step(Text("计算指数", "indexes computed"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Figures(observations, len(cells), int(whole.total.sum()), tuple(clock.steps), memory)


class _Clock:
    """Notes how long each step took."""

    def __init__(self) -> None:
        self.steps: list[tuple[Text, float, float]] = []
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def step(self, label: Text) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        self.steps.append((label, wall - self._wall, cpu - self._cpu))
        self._wall, self._cpu = wall, cpu


def _grid(city: str, facts: Facts) -> GridIndex:
    """Return as many cells as *city* has unit grids, in its extent."""
    functions = {
        quad.subject.value.rpartition("/")[2]
        for quad in facts.match(None, RDF_TYPE, xz("Function"))
        if isinstance(quad.subject, NamedNode)
    }
    plan = builder.read(city, folder("examples"), functions=functions)
    communities = sum(Level.COMMUNITY in division.levels for division in plan.local.divisions.values())
    extent = plan.profile.extent
    if extent is None:
        raise NotFound.of("geo.no-shapes", f"城市 {city} 没有范围", f"the city {city} has no extent")
    shapes = divide(extent, [1] * (plan.profile.unit_grids_per_community * communities))
    return GridIndex(
        [terms.of_city(city, f"grid/{number:07}") for number in range(len(shapes))],
        list(shapely.from_wkt([shape.wkt for shape in shapes])),
    )
