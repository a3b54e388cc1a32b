"""Which graphs an update may have changed, told by its text: a small update stays quick on a large store.

Rather too many than too few. A graph may be written as an IRI or with a prefix, so it counts when its name
begins with any IRI in the text; all graphs count where a variable, ``ALL`` or ``NAMED`` may stand for one, or
where an IRI is not simply what it says. What is missed would be lost, never let in: a change that nobody
looks for is not made.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kb.store.gate import TOKEN

_PLAIN = re.compile(r"[a-z][a-z0-9+.\-]*:(?!.*/\.)", re.IGNORECASE)
"""An absolute IRI without the steps ``.`` and ``..``, which the engine would take."""


def may_touch(text: str) -> Callable[[str], bool]:
    """Return what says of the name of a graph whether the update *text* may have changed it."""
    starts: list[str] = []
    before = ""
    everything = "\\u" in text.lower()  # an escape may stand for any character of an IRI
    for token in TOKEN.finditer(text):
        written = token[0]
        if written.startswith("<") and written.endswith(">"):
            starts.append(written[1:-1])
        words = re.split(r"[.\-]", (token["words"] or "").upper())  # "1.GRAPH" is a number, an end and a word
        everything |= not {"ALL", "NAMED"}.isdisjoint(words) or (before == "GRAPH" and written[0] in "?$")
        if not written.isspace() and not written.startswith("#"):
            before = words[-1]
    if everything or not all(map(_PLAIN.match, starts)):
        return lambda name: True
    return lambda name: name.startswith(tuple(starts))
