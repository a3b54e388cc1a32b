"""The bodies of a city as a network: who works with whom, what hangs on whom, and who comes in.

::

    bodies ─────────┬── collaboration ── analysis      edges from duties, hierarchy, past directives
    duties ─────────┤
    directives ─────┘
    substitution ───┬── outage                         "this department is down"
                    └── roster ── shifts               who is on duty, who comes in, gaps and overlaps
    conflicts                                          duties that contradict or repeat one another

Everything is read from the graphs; which body, function or type there is, is known nowhere in here. Errors:

::

    NotFound
    ├── network.city      no city of that code is loaded
    ├── network.body      no such body in the city
    ├── network.area      the city has no bodies in that area
    └── network.path      no way leads from one body to the other
"""
