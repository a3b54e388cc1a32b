"""When it happened: times as Chinese tells them (昨天下午1点多, 12日早7时许), against the time of the report.

The words of a date, of a part of the day and of the clock are a closed class of the language, so they stand
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from kb.clock import CHINA_STANDARD_TIME
from kb.words.kinds import Kind
from kb.words.lexicon import Lexicon
from kb.words.numerals import value_of
from kb.words.text import Span, Words

_N = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3}|零[一二三四五六七八九]?)"
_AGO = {"今": 0, "当": 0, "同": 0, "昨": 1, "前": 2}
_PARTS = {
    "凌晨": (3, 0), "清晨": (6, 0), "早晨": (7, 0), "早上": (7, 0), "一早": (7, 0), "早": (7, 0),
    "晨": (6, 0), "上午": (9, 0), "中午": (12, 0), "正午": (12, 0), "午间": (12, 0), "下午": (15, 12),
    "午后": (14, 12),
    "傍晚": (18, 12), "晚上": (20, 12), "晚间": (20, 12), "当晚": (20, 12), "夜间": (22, 12),
    "夜里": (22, 12), "深夜": (23, 12), "半夜": (0, 0), "夜晚": (21, 12), "晚": (20, 12), "夜": (22, 12),
}  # fmt: skip
"""Parts of the day: the hour where no clock is told, and what is added to one told up to twelve."""
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
_TIME = re.compile(
    rf"(?:(?P<year>\d{{4}})年)?(?:(?P<month>{_N})月(?P<day>{_N})[日号]?|(?P<only>{_N})[日号](?!线|院|楼|店|[公省国]道))"
    rf"?(?P<ago>[今昨前当同](?:[天日](?!报|本)|(?=[晚早晨夜])))?,?\(?(?:(?:北京|当地|莫斯科)?时间)?,?(?P<part>{_PART})?"
    rf"(?:(?P<hour>{_N})(?:时|点(?!名|火|燃|[\d零一二三四五六七八九]级)|[:](?=\d\d))(?P<minute>\d{{1,2}}|[一二三四五六七八九十]{{1,3}}(?=分)|零[一二三四五六七八九])?"
    rf"(?P<half>半)?)?"
)
_HEAD = re.compile(
    r"\s{0,20}(?:时间:)?(\d{4})[-年/.](\d{1,2})[-月/.](\d{1,2})日?[ T]{0,4}"
    r"(?:(\d{1,2}):(\d{2})(?::\d{2})?)?[^\n]{0,20}\n"
)
_AS_OF = re.compile(r"(?:截至|截止|截止到|至|到|自|持续到)$")
_DATE_LINE = re.compile(r"(?:[电讯]|消息|信息|报道|援引|晚间从|从)")
_TOLD = re.compile(r"获悉|表示|通报|介绍|宣布|召开|抵达|启动|扑灭|控制|获救|救治|出院|死于")
LEAD = 4
AFTER = 24
"""Characters behind a time in which a verb says what happened then."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that the words tell. *precision*: ``minute``, ``hour``, ``part`` of the day or ``day``."""

    at: datetime
    span: Span
    precision: str
    score: float


def heading(words: Words) -> tuple[datetime | None, int]:
    """Return the date in the first line, where news bear one, and where the text begins behind it."""
    found = _HEAD.match(words.folded)
    if found is None:
        return None, 0
    year, month, day, hour, minute = (int(part) if part else 0 for part in found.groups())
    try:
        at = datetime(year, month, day, hour, minute, tzinfo=CHINA_STANDARD_TIME)
    except ValueError:
        return None, 0
    return (at if found[4] else at.replace(hour=23, minute=59)), found.end()


def moment(
    words: Words, reported: datetime, begin: int, types: Sequence[Kind], lexicon: Lexicon
) -> Moment | None:
    """Return when it happened; ``None`` where the words do not say.

    :param reported: when the words were said: 昨天 is the day before.
    :param begin: where the text begins behind its heading.
    """
    told = [
        m for m in _moments(words, reported, begin, types, lexicon) if m.at <= reported + timedelta(minutes=1)
    ]
    if not told:
        return None
    best = max(told, key=lambda m: (m.score, -m.span.start))
    if best.precision in ("day", "part"):
        finer = [
            m for m in told
            if m.precision in ("minute", "hour") and m.at.date() == best.at.date() and m.score > 0
            and (best.precision == "day" or abs((m.at - best.at).total_seconds()) <= 4 * 3600)
        ]  # fmt: skip
        if finer:
            return max(finer, key=lambda m: (m.score, -m.span.start))
    return best


def _moments(
    words: Words, reported: datetime, begin: int, types: Sequence[Kind], lexicon: Lexicon
) -> Iterator[Moment]:
    text = words.folded
    happening = {span.start for span in lexicon.group("happening", text)}
    happening |= {span.start for kind in types[:2] for span in kind.spans}
    day: date | None = None
    for found in _TIME.finditer(text, begin):
        if not any(found[name] for name in ("month", "only", "ago", "part", "hour")):
            continue
        resolved = _resolve(found, reported, day)
        if resolved is None:
            continue
        at, precision, own = resolved
        if own is not None:
            day = own
        said = found[0]
        span = Span(found.end() - len(said.lstrip(",(")), found.start() + len(said.rstrip(",(")))
        yield Moment(at, span, precision, _score(span, precision, words, happening, own is not None))


def _score(span: Span, precision: str, words: Words, happening: set[int], dated: bool) -> float:
    text = words.folded
    end = words.sentence_end(span.start)
    score = {"minute": 1.2, "hour": 1.0, "part": 0.6, "day": 0.3}[precision] + 0.4 * dated
    score += 1.0 * (words.sentence(span.start) < LEAD)
    score += 1.6 * any(span.start <= at < min(end, span.end + 2 * AFTER) for at in happening)
    if _DATE_LINE.match(text, span.end) or text[span.start - 1 : span.start] == "(":
        score -= 3.0
    if _AS_OF.search(text, max(span.start - 4, 0), span.start):
        score -= 3.0
    told = _TOLD.search(text, span.end, min(end, span.end + AFTER))
    if told is not None and not any(span.end <= at < told.start() for at in happening):
        score -= 1.5
    return score


def _resolve(
    found: re.Match[str], reported: datetime, before: date | None
) -> tuple[datetime, str, date | None] | None:
    """Return the time that *found* means, how precise it is, and its day where it names one."""
    try:
        own = _day(found, reported, before)
        clock, precision = _clock(found)
    except ValueError:
        return None
    day = own or before
    if day is None:
        day = reported.date()
        if datetime.combine(day, clock, CHINA_STANDARD_TIME) > reported:
            day -= timedelta(days=1)
    return datetime.combine(day, clock, CHINA_STANDARD_TIME), precision, own


def _day(found: re.Match[str], reported: datetime, before: date | None) -> date | None:
    today = reported.astimezone(CHINA_STANDARD_TIME).date()
    if found["month"]:
        year = int(found["year"] or today.year)
        day = date(year, _int(found["month"]), _int(found["day"]))
        return day if found["year"] or day <= today else day.replace(year=year - 1)
    if found["only"]:
        day = today.replace(day=1)
        number = _int(found["only"])
        if number > today.day:
            day = (day - timedelta(days=1)).replace(day=1)
        return day.replace(day=number)
    if found["ago"]:
        if found["ago"][0] in "当同":
            return before
        return today - timedelta(days=_AGO[found["ago"][0]])
    return None


def _clock(found: re.Match[str]) -> tuple[time, str]:
    part = found["part"]
    if not found["hour"]:
        return (time(_PARTS[part][0]), "part") if part else (time(0), "day")
    hour = _int(found["hour"])
    if part and hour < 12 and (_PARTS[part][1] or (part in ("中午", "正午", "午间") and hour < 6)):
        hour += 12
    if part in ("凌晨", "半夜") and hour == 12:
        hour = 0
    minute = 30 if found["half"] else _int(found["minute"]) if found["minute"] else 0
    return time(hour % 24 if hour == 24 else hour, minute), "minute" if found["minute"] or found[
        "half"
    ] else "hour"


def _int(numeral: str) -> int:
    value = value_of(numeral)
    if value is None:
        raise ValueError(numeral)
    return int(value)
