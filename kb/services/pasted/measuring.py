"""How well texts are read: precision and recall a field, beside a plain baseline: `xiezhi bench words`.

The texts are news flashes of the Chinese Emergency Corpus; what is right comes from their annotation, which
the reader never sees, not from the text:

- **type**: the corpus' label; right where it stands in the label of the type read, or of one above it.
- **deaths, injured, poisoned**: the figure in the headline, where it tells one, read by strict patterns of
  its own. A text whose headline is silent about a field is not counted for it.
- **place**: the innermost division that the headline names, else the first annotated location that names
  one, date lines left out; right where the place read is that or lies within it. None named: the incident
  was abroad, or nobody says, and a place read is wrong.
- **time**: the annotation has words, no times; right where the words read overlap an annotated expression.

The texts of each label are dealt out in turn: words and patterns were developed on the first half, the
second half was held out. Confidence is counted on the second half, with one right and one wrong added.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pyoxigraph import NamedNode

from kb.errors import InputError, Text
from kb.services.workspace import Workspace
from kb.words.gazetteer import DISTRICT, Division, Gazetteer
from kb.words.lexicon import Lexicon
from kb.words.numerals import value_of
from kb.words.reader import PLACE, TIME, TYPE, Read
from kb.words.text import Words

TEXTS, ANNOTATION = "cec_dev.jsonl", "cec_dev_gold.jsonl"
FIGURES = ("deaths", "injured", "poisoned")
FIELDS = (TYPE, *FIGURES, PLACE, TIME)
CONFIDENCE = """\
# How often a reading was right, by what it rests on: counted on the half of 207 news flashes that was held
# out by `xiezhi bench words --calibrate`, (right + 1) / (read + 2). What is not here was not measured.
"""
_N = r"(\d+|[一二两三四五六七八九十百]+)"
_WHO = r"(?:余|多|几)?(?:[人名个位])?(?:学生|工人|员工)?"
_HEADLINE = {
    "deaths": (rf"{_N}{_WHO}(?:当场|不幸|全部)?(?:死亡|身亡|丧生|遇难|丧命|死(?!伤)|亡)",
               rf"(?:死亡|撞死|烧死|炸死|砍死|致死|死)(?:至少)?{_N}[人名]"),
    "injured": (rf"{_N}{_WHO}[重轻]?(?:受)?[重轻]?伤(?!亡)", rf"(?:受伤|撞伤|砍伤|伤){_N}[人名]"),
    "poisoned": (rf"{_N}(?:余|多)?(?:[人名位]|学生|工人|员工)[^\d,]{{0,14}}?(?:中毒|发病|入院|呕吐)",),
}  # fmt: skip
_NOBODY = re.compile(r"[无未没][有造成人员]{0,5}伤亡(?!的?[报消])")
_PLAIN = {
    "deaths": re.compile(rf"{_N}[^\d]{{0,8}}?(?:死亡|遇难|丧生|死)"),
    "injured": re.compile(rf"{_N}[^\d]{{0,8}}?(?:受伤|伤)"),
    "poisoned": re.compile(rf"{_N}[^\d]{{0,20}}?中毒"),
}
NAMES = {
    TYPE: Text("类型", "type"), "deaths": Text("死亡", "deaths"), "injured": Text("受伤", "injured"),
    "poisoned": Text("中毒", "poisoned"), PLACE: Text("地点", "place"),
    TIME: Text("时间（词语）", "time (words)"),
}  # fmt: skip


@dataclass(slots=True)
class Score:
    """Readings that were right, all readings, and all that there was to read."""

    right: int = 0
    read: int = 0
    known: int = 0

    def add(self, read: bool, right: bool, known: bool) -> None:
        """Count one text."""
        self.read, self.right, self.known = self.read + read, self.right + right, self.known + known

    @property
    def precision(self) -> float:
        """The share of readings that were right."""
        return self.right / self.read if self.read else 0.0

    @property
    def recall(self) -> float:
        """The share of what there was to read that was read right."""
        return self.right / self.known if self.known else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(slots=True)
class Measured:
    """Scores by half and field, of the reader and of the baseline; milliseconds; what was wrong."""

    texts: int
    scores: dict[tuple[str, str, str], Score] = field(default_factory=dict)
    basis: dict[tuple[str, str], Score] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    start: float = 0.0

    def score(self, half: str, who: str, key: str) -> Score:
        """Return the score of *who* (``reader``, ``plain``) for a field in a half."""
        return self.scores.setdefault((half, who, key), Score())

    def confidence(self) -> dict[str, dict[str, float]]:
        """Return how often readings were right by kind and basis, in the half held out."""
        found: dict[str, dict[str, float]] = {}
        for (kind, basis), score in sorted(self.basis.items()):
            found.setdefault(kind, {})[basis] = round((score.right + 1) / (score.read + 2), 2)
        return found

    def render(self, lang: str) -> str:
        """Return a table for people."""
        times = sorted(self.milliseconds)
        lines = [
            f"{self.texts} texts; {times[len(times) // 2]:.1f} ms each (p50), {times[-1]:.1f} ms (max); "
            f"start {self.start:.2f} s"
        ]
        head = Text("字段", "field").in_(lang)
        lines.append(
            f"{head:<14}{'half':<10}{'n':>5}  {'P':>5} {'R':>5} {'F1':>5}"
            f"   plain: {'P':>5} {'R':>5} {'F1':>5}"
        )
        for key in FIELDS:
            for half in ("developed", "held out", "all"):
                mine, plain = self.score(half, "reader", key), self.score(half, "plain", key)
                lines.append(
                    f"{NAMES[key].in_(lang):<14}{half:<10}{mine.known:>5}  "
                    f"{mine.precision:5.2f} {mine.recall:5.2f} {mine.f1:5.2f}          "
                    + (
                        f"{plain.precision:5.2f} {plain.recall:5.2f} {plain.f1:5.2f}"
                        if plain.known
                        else "    –"
                    )
                )
        return "\n".join(lines)


def measure(workspace: Workspace, folder: Path) -> Measured:
    """Read every text in *folder* and compare it with its annotation.

    :raises InputError: ``words.data``: the two files are not there, or no JSON lines.
    """
    begun = time.perf_counter()
    lexicon, gazetteer = workspace.words.prepare()
    pairs = list(_pairs(folder))
    result = Measured(len(pairs), start=time.perf_counter() - begun)
    judge = _Judge(workspace, lexicon, gazetteer)
    dealt: dict[str, int] = {}
    now = datetime.now(UTC)
    for text, gold in pairs:
        turn = dealt[text["label"]] = dealt.get(text["label"], -1) + 1
        half = "held out" if turn % 2 else "developed"
        begun = time.perf_counter()
        read = workspace.words.read(text["text"], now)
        result.milliseconds.append((time.perf_counter() - begun) * 1000)
        for key, found, right, known in judge.judged(read, text, gold):
            for which in (half, "all"):
                result.score(which, "reader", key).add(found, right, known)
            reading = read.readings.get(key)
            if half == "held out" and found and reading is not None:
                kind = "figure" if key in FIGURES else key
                result.basis.setdefault((kind, reading.basis), Score()).add(True, right, known)
            if (known and not right) or (found and not right):
                told = None if reading is None else f"{reading.value} ({reading.basis})"
                result.wrong.append(
                    f"{half}\t{text['id']}\t{key}\t{told}\t{judge.expected(key, text, gold)}\t{gold['title']}"
                )
        for key, found, right, known in judge.plain(text, gold):
            for which in (half, "all"):
                result.score(which, "plain", key).add(found, right, known)
    return result


Judged = tuple[str, bool, bool, bool]
"""A field; whether it was read; whether rightly; whether there was something to read."""


@dataclass(frozen=True)
class _Judge:
    workspace: Workspace
    lexicon: Lexicon
    gazetteer: Gazetteer

    def judged(self, read: Read, text: Mapping[str, Any], gold: Mapping[str, Any]) -> Iterator[Judged]:
        values = {key: reading.value for key, reading in read.readings.items()}
        type_ = values.get(TYPE)
        yield (
            TYPE,
            type_ is not None,
            type_ is not None and self._is_type(NamedNode(str(type_)), text["label"]),
            True,
        )
        yield from self._figures(lambda key: values.get(key), gold)
        place = values.get(PLACE)
        yield self._place(None if place is None else [self.gazetteer[str(place)]], text, gold)
        when = read.readings.get(TIME)
        said = [Words.of(one).folded for one in gold["times"] if one.strip()]
        words = None if when is None else read.words.folded[when.spans[0].start : when.spans[0].end]
        right = words is not None and any(one in words or words in one for one in said)
        if said:
            yield TIME, words is not None, right, True

    def plain(self, text: Mapping[str, Any], gold: Mapping[str, Any]) -> Iterator[Judged]:
        """The baseline: first name of a type, first number before the word, first name of a place."""
        folded = Words.of(text["text"]).folded
        labels = (
            types[0] for word, _ in self.lexicon.of_types.find(folded) if (types := self._labelled(word))
        )
        type_ = next(labels, None)
        yield TYPE, type_ is not None, type_ is not None and self._is_type(type_, text["label"]), True
        yield from self._figures(lambda key: _first(_PLAIN[key], folded), gold)
        named = next((list(one.divisions) for one in self.gazetteer.names(folded)), None)
        yield self._place(named, text, gold)

    def expected(self, key: str, text: Mapping[str, Any], gold: Mapping[str, Any]) -> Any:
        """Return what would have been right."""
        if key == TYPE:
            return text["label"]
        if key == PLACE:
            return [division.name for division in self._true_places(text, gold)]
        return gold["times"][:4] if key == TIME else headline(key, gold["title"])

    def _labelled(self, word: str) -> list[NamedNode]:
        """The types of *word*, unless it is only a hidden label, which the baseline does not have."""
        names = {
            member.name
            for member in self.workspace.names.members(NamedNode("https://w3id.org/xiezhi/ns#IncidentType"))
        }
        return self.lexicon.types[word] if word in names else []

    def _is_type(self, type_: NamedNode, label: str) -> bool:
        return any(label in self.workspace.names.label(one).zh for one in (type_, *self.lexicon.above(type_)))

    @staticmethod
    def _figures(read: Callable[[str], Any], gold: Mapping[str, Any]) -> Iterator[Judged]:
        for key in FIGURES:
            true = headline(key, gold["title"])
            if true is not None:
                value = read(key)
                yield key, value is not None, value is not None and int(value) == true, True

    def _place(self, read: list[Division] | None, text: Mapping[str, Any], gold: Mapping[str, Any]) -> Judged:
        true = self._true_places(text, gold)
        right = read is not None and any(one.holds(found) for one in true for found in read)
        return PLACE, read is not None, right, bool(true)

    def _true_places(self, text: Mapping[str, Any], gold: Mapping[str, Any]) -> list[Division]:
        folded = Words.of(text["text"]).folded
        annotation = Words.of(" ".join((gold["title"], *gold["locations"]))).folded
        for said in (gold["title"], *gold["locations"]):
            words = Words.of(said).folded if said.strip() else ""
            line = re.compile(
                re.escape(words) + r"[\d一二三四五六七八九十]+月[\d一二三四五六七八九十]+日[电讯消信]"
            )
            if words and (said == gold["title"] or not line.search(folded)):
                found = self._innermost(words, annotation)
                if found:
                    return found
        return []

    def _innermost(self, words: str, annotation: str) -> list[Division]:
        """The innermost division that *words* name.

        The short name of a district may be any two characters (亚东 in 哥伦比亚东北部): it counts within a
        division that is named before it, or where the annotation has it with its ending (富阳市).
        """
        best: list[Division] = []
        for one in self.gazetteer.names(words):
            name = words[one.span.start : one.span.end]
            divisions = [d for d in one.divisions if len(d.code) == DISTRICT]
            inner = [d for d in divisions if any(b.holds(d) for b in best)]
            wide = all(d.code.endswith("00") for d in divisions) and name not in self.lexicon.groups_of(
                "ordinary"
            )
            if divisions and (inner or one.full or wide or re.search(name + "[市县区旗州]", annotation)):
                best = inner or best or divisions
        return best


def write_confidence(found: Measured, path: Path) -> None:
    """Write how often readings were right below the comment that heads the file."""
    path.write_text(CONFIDENCE + yaml.safe_dump(found.confidence(), sort_keys=True), encoding="utf-8")


def headline(key: str, title: str) -> int | None:
    """Return the figure that a headline tells for *key*; ``None`` where it tells none."""
    folded = Words.of(title).folded
    for pattern in _HEADLINE[key]:
        found = [_int(number) for number in re.findall(pattern, folded)]
        told = [number for number in found if number is not None]
        if told:
            return sum(told) if key == "injured" and len(told) > 1 else told[0]
    return 0 if key != "poisoned" and _NOBODY.search(folded) else None


def _first(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return None if found is None else _int(found[1])


def _int(numeral: str) -> int | None:
    value = value_of(numeral)
    return None if value is None else int(value)


def _pairs(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    texts, gold = (_lines(folder / name) for name in (TEXTS, ANNOTATION))
    by_id = {one["id"]: one for one in gold}
    yield from ((text, by_id[text["id"]]) for text in texts if text["id"] in by_id)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError.of(
            "words.data", f"读不了 {path}：{error}", f"cannot read {path}: {error}", where=str(path)
        ) from error
