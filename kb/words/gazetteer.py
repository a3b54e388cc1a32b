"""The names of divisions and what they mean: official and short, the nation's and the loaded cities'.

A short name leaves out the ending and the peoples (宁夏, 巍山). A code says what holds what: 370102 lies in
3701 (济南) and 37 (山东).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from babel import Locale
from pyoxigraph import QuerySolutions

from kb.city.naming import Namer
from kb.store.protocol import Store
from kb.words.lexicon import Matcher
from kb.words.text import Span

DIVISIONS = """
PREFIX xz: <https://w3id.org/xiezhi/ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?code ?zh WHERE {
  VALUES ?kind { xz:Province xz:City xz:District xz:Street xz:Community }
  ?area a ?kind ; xz:code ?code ; rdfs:label ?zh .
  FILTER(LANG(?zh) = "zh")
}
"""
"""Every division, no unit grid: nobody names those."""
HOME = "CN", "HK", "MO", "TW"
DISTRICT = 6


@dataclass(frozen=True, slots=True, order=True)
class Division:
    """A division of China: its code, its official and its short name."""

    code: str
    name: str
    short: str

    @property
    def stem(self) -> str:
        """What the codes of everything in the division begin with."""
        if len(self.code) == DISTRICT:
            return (
                self.code.removesuffix("0000") if self.code.endswith("0000") else self.code.removesuffix("00")
            )
        return self.code

    def holds(self, other: Division) -> bool:
        """Whether *other* lies in the division, or is it."""
        return other.code.startswith(self.stem)


@dataclass(frozen=True, slots=True)
class Named:
    """A name of divisions in a text; *full*: the official name, which no ordinary word is."""

    span: Span
    divisions: tuple[Division, ...]
    full: bool


class Gazetteer:
    """Finds names of divisions, and of other countries, in a text.

    :param homes: codes of the cities that are loaded, whose streets and communities are known, too.
    """

    def __init__(self, store: Store, namer: Namer, abroad: Iterable[str] = ()) -> None:
        self._divisions: dict[str, Division] = {}
        result = store.query(DIVISIONS)
        assert isinstance(result, QuerySolutions)
        for row in result:
            code, name = row["code"].value, row["zh"].value
            if code.isdecimal() and code not in self._divisions:
                self._divisions[code] = Division(code, name, namer.short(name))
        self.homes = frozenset({code[:4] for code in self._divisions if len(code) > DISTRICT})
        self._full: dict[str, list[Division]] = {}
        self._short: dict[str, list[Division]] = {}
        for division in sorted(self._divisions.values()):
            self._full.setdefault(division.name, []).append(division)
            if len(division.code) <= DISTRICT and division.short != division.name:
                self._short.setdefault(division.short, []).append(division)
            elif len(division.code) > DISTRICT:
                place = namer.place(division.name)
                if place != division.name:
                    self._full.setdefault(place, []).append(division)
        self._matcher = Matcher((*self._full, *self._short), overlapping=True)
        territories = Locale("zh").territories
        countries = {
            name
            for code, name in territories.items()
            if code.isalpha() and code not in HOME and len(name) > 1
        }
        self._abroad = Matcher({*countries, *abroad} - {"世界"})

    def __getitem__(self, code: str) -> Division:
        """Return the division with *code*; ``KeyError`` where there is none."""
        return self._divisions[code]

    def around(self, division: Division) -> list[Division]:
        """Return the divisions that hold *division*, the widest first."""
        codes = (division.code[:2] + "0000", division.code[:4] + "00", division.code[:6], division.code[:9])
        found = (self._divisions.get(code) for code in codes)
        return [one for one in found if one is not None and one.code != division.code and one.holds(division)]

    def names(self, text: str) -> Iterator[Named]:
        """Yield every name of a division in *text*, those within others, too, in the order of starts."""
        found = sorted(self._matcher.find(text), key=lambda pair: (pair[1].start, -pair[1].end))
        for name, span in found:
            full = self._full.get(name)
            divisions = full if full is not None else self._short[name]
            yield Named(span, tuple(divisions), full is not None)

    def abroad(self, text: str) -> list[Span]:
        """Return where *text* names other countries."""
        return [span for _, span in self._abroad.find(text)]
