"""From observations to an assessment: counted, parameters chosen, checked, computed, kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import ibis.expr.types as ir

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import InputError
from kb.geo.index import GridIndex
from kb.inference.relational.connection import Connection
from kb.risk import checking, choosing, factors, history, keeping
from kb.risk.checking import Check
from kb.risk.index import Neighbours, Parameters, compute
from kb.risk.keeping import Assessment
from kb.risk.method import Method
from kb.sensing import gathering, table
from kb.sensing.source import Source
from kb.store.protocol import Store


def placed(
    connection: Connection, source: Source, paths: Sequence[Path], method: Method, index: GridIndex
) -> ir.Table:
    """Return the observations in *paths* that lie in *index* and are of a category of *method*."""
    categories = [category.slug for category in method.categories]
    return gathering.placed(connection, table.read(connection, source, *paths, categories=categories), index)


def parameters(observed: ir.Table, method: Method, neighbours: Neighbours, cells: int) -> Parameters:
    """Return the parameters under which the last fifth of what was *observed* is likeliest.

    Of a history too short to be split, the middle candidates.
    """
    categories = [category.slug for category in method.categories]
    try:
        since = history.split(observed)
        before = history.read(observed, categories, cells, until=since)
    except InputError:
        middle = (method.bandwidths[len(method.bandwidths) // 2], method.priors[len(method.priors) // 2])
        return Parameters(*middle, method.city_share, method.time_prior)
    return choosing.choose(method, before, neighbours, history.events(observed, since))[0]


def assess(
    store: Store,
    home: Path,
    city: str,
    method: Method,
    cells: GridIndex,
    source: Source,
    paths: Sequence[Path],
    *,
    actor: str,
    engine: str = "duckdb",
) -> Assessment:
    """Assess the risk of all *cells* from the files *paths* of *source*; keep it and tell the graph.

    :raises InputError: ``risk.no-events``, ``sensing.*``. ResourceMissing: Spark is asked for and missing.
    """
    neighbours = Neighbours(cells)
    with Connection(engine) as connection:
        observed = placed(connection, source, paths, method, cells)
        whole = history.read(observed, [category.slug for category in method.categories], len(cells))
        chosen = parameters(observed, method, neighbours, len(cells))
        check = _checked(observed, method, neighbours, len(cells))
    counted = factors.counts(store, method, cells)
    index = compute(whole, neighbours, chosen, factors.place(method, counted))
    made = datetime.now(CHINA_STANDARD_TIME).replace(microsecond=0)
    assessment = Assessment(
        city,
        made.isoformat(),
        str(whole.hours[0]),
        str(whole.hours[-1]),
        int(whole.total.sum()),
        source.iri,
        index,
        counted,
        keeping.cuts(method, index),
        None if check is None else keeping.told(check),
    )
    keeping.save(home / "risk", assessment, cells)
    store.replace_graph(
        keeping.named(city),
        keeping.triples(assessment, method, cells),
        actor=actor,
        action="assess risk",
        reason=city,
    )
    return assessment


def _checked(observed: ir.Table, method: Method, neighbours: Neighbours, cells: int) -> Check | None:
    """Return how the index does on the last part of history; ``None`` where history is too short to tell."""
    try:
        return checking.check(observed, method, neighbours, cells)
    except InputError:
        return None
