"""Risk of the grids of a city as people and programs ask for it.

::

    assessing   observations in, an assessment out: on disk and, in short, in the graph
    views       maps, profiles and checks as JSON, from what the reader may see
    drawing     a map of one category and hour as SVG
    proposals   warnings proposed to the monitoring centre, which confirms or dismisses them
    bench       how long a hundred million observations take
"""
