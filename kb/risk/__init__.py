"""The risk of each grid, by category, hour and season, with what every factor adds; and whether that is
right.

::

    method     categories, parameters, factors and thresholds, read from ontology/risk.ttl
    history    events counted by cell, category, hour of the week and month, from observations
    index      smoothed rates times factors of time and place: the index, and each factor's part in it
    choosing   the parameters that make the last part of history likeliest
    checking   how many of held-back events fall in the top grid-hours, beside plain counting
    squares    a grid of squares over events that have no city
    factors    what else is in a grid: sources of risk, what is exposed
    keeping    an assessment on disk and in the graph, with its provenance

Nothing here knows of a category, a weight or a threshold by name.
"""
