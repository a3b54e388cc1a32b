"""CAP 1.2 (OASIS Common Alerting Protocol): alerts are read, judged by the standard, and written.

::

    document    XML into elements with their lines (expat); what is hostile or no CAP 1.2 is refused
    standard    what the schema of CAP 1.2 and the sentences of the standard beside it demand
    message     an alert as data: info, area, resource, reference
    writing     an alert as XML
    process     reads a stranger's XML in a process that may die (worker)

    CapRefused (InputError)    an alert that cannot be taken, with line, reason and what to do

Nothing here knows of incidents, cities or stores: :mod:`kb.services.warnings` gives alerts their meaning.
"""

from kb.errors import InputError


class CapRefused(InputError):
    """What was sent is no alert in CAP 1.2 that could be taken; every fault names a line and an element."""
