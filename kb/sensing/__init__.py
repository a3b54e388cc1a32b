"""Observations by the hundred million: calls, alarms, sensors, traffic, posts; gathered on a city's grid.

::

    source      what a source's columns mean, as its description in Turtle says (SOSA, CSVW)
    table       files of a source (Parquet, CSV, JSON lines) as one table of canonical columns
    gathering   grids of positions; counts by grid, category and window of time: one set of Ibis expressions
    inbox       what is pushed: each observation once, by its id; kept as Parquet
    kafka       a topic of a Kafka-protocol broker, into the inbox (optional extra)
    synthetic   observations of a made-up megacity, for benchmarks

The expressions run on DuckDB, or on Spark where a city outgrows one machine (:mod:`kb.inference.relational`).
Observations never enter the graph: what follows from them does (:mod:`kb.risk`).

::

    InputError
    └── ObservationsRefused    sensing.*: a file or a push that is not as its source is described
"""
