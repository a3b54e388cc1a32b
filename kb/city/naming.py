"""English names of places: pinyin where the spelling is regular, a table where it is not.

All that is particular (endings, peoples, names with an English form of their own, readings that the
dictionary gets wrong) is data, in ``examples/divisions/english.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

from kb.city.located import read
from kb.errors import KnowledgeFault, Text

_SECTIONS = ("committees", "suffixes", "zones", "attributive", "peoples", "names", "readings")


@dataclass(frozen=True, slots=True)
class Name:
    """A place's name, in the forms that labels need."""

    official: str
    """The name in the source, such as 解放桥社区居民委员会."""
    place: Text
    """The place itself: 解放桥社区, Jiefangqiao Community."""
    stem: Text
    """The short name, without an ending such as 市: 济南, Jinan."""
    attributive: Text
    """Before the name of a body: 济南市, Jinan Municipal."""

    @property
    def label(self) -> Text:
        """The label of the division: the official name, and the place in English."""
        return Text(self.official, self.place.en)


class Namer:
    """Names places by the tables of ``english.yaml``."""

    def __init__(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        """Take the sections of the file, each a mapping."""
        self._committees = tables["committees"]
        self._suffixes, self._zones = tables["suffixes"], tables["zones"]
        self._attributive = tables["attributive"]
        self._peoples, self._names = tables["peoples"], tables["names"]
        self._readings = {phrase: reading.split() for phrase, reading in tables["readings"].items()}

    @classmethod
    def load(cls, path: Path) -> Namer:
        """Read ``english.yaml``.

        :raises KnowledgeFault: the file is no YAML, or a section is missing or no mapping of texts.
        """
        document = read(path).value
        tables: dict[str, dict[str, str]] = {}
        for section in _SECTIONS:
            item = document.get(section) if isinstance(document, dict) else None
            if item is None or not isinstance(item.value, dict):
                raise KnowledgeFault.of(
                    "city.missing-key",
                    f"缺少映射 {section}",
                    f"the mapping {section} is missing",
                    where=str(path),
                )
            tables[section] = {key: str(entry.value) for key, entry in item.value.items()}
        return cls(tables)

    def name(self, official: str) -> Name:
        """Return the forms of the *official* Chinese name of a division."""
        place = self.place(official)
        suffix = _ending(place, self._endings)
        stem_en, kind = self._english(place, suffix)
        english = f"{stem_en} {kind}".rstrip()
        attributive = f"{stem_en} {self._attributive.get(kind, kind)}".rstrip()
        short = place.removesuffix(suffix) if suffix in self._suffixes else place
        if len(short) == 1:  # 单县 is never called 单
            short = place
        return Name(
            official,
            Text(place, english),
            Text(short, stem_en if short != place else english),
            Text(place, attributive),
        )

    def place(self, official: str) -> str:
        """Return the place that *official* names: 解放桥社区 for the committee that governs it."""
        committee = _ending(official, self._committees)
        return official.removesuffix(committee) + self._committees[committee] if committee else official

    def short(self, official: str) -> str:
        """Return what people call the place *official*: no ending, no peoples, no committee.

        宁夏回族自治区 is 宁夏, 巍山彝族回族自治县 is 巍山; a single syllable keeps its ending (单县).
        """
        place = self.place(official)
        stem = place.removesuffix(_ending(place, self._suffixes))
        while people := _ending(stem, self._peoples):
            stem = stem.removesuffix(people)
        return stem if len(stem) > 1 else place

    @cached_property
    def _endings(self) -> Mapping[str, str]:
        return {**self._suffixes, **self._zones}

    def _english(self, place: str, suffix: str) -> tuple[str, str]:
        """Return stem and ending of *place* in English; the ending is empty where there is none."""
        if place in self._names:
            return self._names[place], ""
        stem, kind = place.removesuffix(suffix), self._endings.get(suffix, "")
        if stem in self._names:
            return self._names[stem], kind
        if len(stem) == 1:  # a single syllable keeps its ending: 单县 is Shanxian County
            return self._pinyin(place, len(place)), kind
        peoples: list[str] = []
        while people := _ending(stem, self._peoples, whole=True):
            stem = stem.removesuffix(people)
            peoples.insert(0, self._peoples[people])
        if not stem:  # 鄂伦春自治旗 is named after its people alone
            return " ".join(peoples), kind
        name = self._names.get(stem) or self._pinyin(place, len(stem))
        return " ".join([name, *peoples]), kind

    def _pinyin(self, text: str, length: int) -> str:
        """Return the pinyin of the first *length* characters of *text*.

        The dictionary sees the whole text, since it knows 东阿县 where it does not know 东阿.
        """
        from pypinyin import lazy_pinyin  # a third of a second of dictionaries, for whoever builds a city

        # One item a character, also for 24; pypinyin documents lists here, its stubs forget them.
        syllables = lazy_pinyin(text, v_to_u=True, errors=list)  # type: ignore[arg-type]
        for phrase, reading in self._readings.items():
            start = text.find(phrase)
            while start >= 0:
                syllables[start : start + len(phrase)] = reading
                start = text.find(phrase, start + len(phrase))
        pairs = list(zip(text, syllables, strict=True))[:length]
        return " ".join(_words(pairs))


def _words(pairs: list[tuple[str, str]]) -> Iterator[str]:
    """Yield one word for every run of Chinese characters, and other runs (``24``) as they are."""
    for chinese, run in groupby(pairs, key=lambda pair: pair[0] != pair[1]):
        syllables = [syllable for _, syllable in run]
        if chinese:
            yield _joined(syllables).capitalize()
        elif text := "".join(syllables).strip():
            yield text


def _joined(syllables: list[str]) -> str:
    """Join syllables; an apostrophe before a vowel says where one begins, as in Xi'an."""
    first, *rest = syllables
    return first + "".join(f"'{s}" if s[0] in "aoe" else s for s in rest)


def _ending(text: str, endings: Mapping[str, str], *, whole: bool = False) -> str:
    """Return the longest of *endings* that *text* ends with, or the empty string.

    An ending that is all of *text* counts only where *whole* says so: 矿区 is a 区 named 矿.
    """
    for length in range(len(text) if whole else len(text) - 1, 0, -1):
        if text[-length:] in endings:
            return text[-length:]
    return ""
