"""Tables for people who open them in a spreadsheet: in UTF-8 that Excel recognises, without live formulas.

What strangers delivered may begin like a formula (``=HYPERLINK(…)``); a spreadsheet would run it on the
desk of whoever opens the file (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

MARK = "\ufeff"
"""Without it, Excel takes UTF-8 for something else."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(cell: str) -> str:
    """Return *cell* so that no spreadsheet runs it; numbers stay numbers.

    >>> safe("=1+1"), safe("-8.5")
    ("'=1+1", '-8.5')
    """
    if cell.startswith(_FORMULA):
        try:
            float(cell)
        except ValueError:
            return "'" + cell
    return cell


def lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield *rows*, the first of them titles, as lines of CSV."""
    yield MARK
    for row in rows:
        output = io.StringIO()
        csv.writer(output).writerow([safe(cell) for cell in row])
        yield output.getvalue()
