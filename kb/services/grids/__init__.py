"""Grids of a city as people and programs ask for them: where a point falls, what a shape covers.

::

    views      answers as JSON, from graphs that the reader may see
    requests   what is asked for, as keys and values: a point, a circle, a polygon, a GeoJSON geometry
"""
