"""Places on the ground: shapes, the grid in which a point falls, what a warning covers.

::

    geometry    well-known text, GeoJSON and CAP in and out; circles; limits on what comes from outside
    terms       of GeoSPARQL
    distance    between two places
    index       cells of a partition: where a point falls, what a shape covers; the nearest of some things
    partition   gaps and overlaps of a partition
    city        the partitions of a city as the store has them, kept until they change
    functions   what GeoSPARQL has and Oxigraph has not: geof:buffer and others

Shapes are shapely's, in degrees of longitude and latitude (WGS 84, which for all that is done here is
CGCS2000 too), longitude first. Distances are in kilometres: along the ellipsoid where they are told or drawn
(geographiclib), on the sphere where only nearness counts. Nothing here knows of incidents; the package stands
below the store, whose query workers use :mod:`kb.geo.functions`.

::

    InputError
    └── GeometryRefused    geometry.*: what somebody gave us is no shape, or more than is taken
"""
