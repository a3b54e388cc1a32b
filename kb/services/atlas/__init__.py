"""What a map shows, as GeoJSON: areas, incidents, warnings, and what is around one incident.

::

    ground   where areas and things are: shapes of the city, points that departments shared
    layers   areas with their open incidents; incidents; warnings in force
    around   of one incident: what is exposed, stocks and from where they come

Everything is of the reader's graphs alone. A city without shapes has no map, and lists say the same.
"""
