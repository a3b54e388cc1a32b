"""Where it happened: the division that the words name, and the address in their own words.

Names that follow one another (浙江台州黄岩区) are one mention of the innermost division; an ambiguous name
means what the other names of the text hold, or what is at home here. The mention that counts is early and
beside 发生 or 位于; a date line (昆明8月20日电), a body (云南省地震局), where somebody comes from or goes
to (开往承德) count little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.words.gazetteer import DISTRICT, Division, Gazetteer, Named
from kb.words.lexicon import Lexicon
from kb.words.text import Span, Words

LEAD, NEAR, ADDRESS = 4, 25, 60
"""Sentences that tell the news; characters to 发生, and of an address."""
BODY = 8
"""Characters behind a name in which a word makes it the name of a body."""
INNER = 2.0
"""How much less may speak for a narrower place than for the wide one that it lies in."""
MOST = 300
"""Names of a text that are looked at; a news flash has some thirty."""
ENOUGH = 2.5
"""The lead of the best mention over the next that makes the place clear."""
_DATE_LINE = re.compile(
    r"[省市县区]?(?:[\d一二三四五六七八九十]{1,3}月)?[\d一二三四五六七八九十]{1,3}日(?:[电讯]|消息|信息|报道)|[电讯](?:[(:]|$)"
)
_ENDS = re.compile(
    r"发生|突发|爆发|突然|起火|失火|着火|爆炸|相撞|追尾|出现|遭遇|遭到|遭|传来|附近居民|有\d|有[一两二三]|一[辆名起栋座所幢声家]"
    r"|地震|有明显|震感|迄今|[\d一二三四五六七八九十]{1,3}[日时]|凌晨|早晨|上午|下午|晚上|两[辆车名]|三[辆名]|[\d]+[辆名人级]|因|造成|突起|先后|已|正|时[,发]|[,。;!?:\n\"“”(]|被|将|开展|组织|派出|立即|食用|处置"
)
_STARTS = re.compile(r"位于|地处|发生在|就在|[在于,。;:!?\s\n日时分许晨午晚间早讯电)据]")
_ROAD = re.compile(r"[路道高速线号桥隧河江]")
_LOCAL = re.compile(
    r"(?:[\u4e00-\u9fff]{2,10}?(?:大道|大街|路|街|巷|小区|社区|村|大厦|广场|商场|工业园|收费站|隧道|大桥|立交桥|码头|车站)"
    r"[与和]?){1,3}(?:\d{1,5}号)?(?:[\u4e00-\u9fff]{0,4}(?:路口|附近|交叉口|门口|楼下))?"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place: its division (``None``: only an address), its words, and what else it may be."""

    division: Division | None
    span: Span
    address: Span
    basis: str
    score: float
    others: tuple[Division, ...] = ()


@dataclass(frozen=True, slots=True)
class _Mention:
    """Names that follow one another and mean one division, or one of several."""

    span: Span
    divisions: tuple[Division, ...]
    links: int
    full: bool
    penalty: float
    score: float


def place(words: Words, gazetteer: Gazetteer, lexicon: Lexicon) -> Place | None:
    """Return where *words* say that it happened; ``None`` where they do not, or it was abroad."""
    named = list(gazetteer.names(words.folded))[:MOST]
    mentions = _mentions(words, named, lexicon)
    known = _resolved(mentions, gazetteer)
    abroad = max(
        (_score(span, words, lexicon)[1] + 0.5 for span in gazetteer.abroad(words.folded)[:MOST]),
        default=None,
    )
    best = max(known, key=lambda m: (m.score, -m.span.start), default=None)
    if best is None or (abroad is not None and abroad > best.score):
        return None if abroad is not None else _address_alone(words)
    division = best.divisions[0]
    floor = best.score - (INNER if best.penalty < 2 else 2 * INNER)
    inner = [m for m in known if m.penalty < 2 and m.score >= floor and _narrower(division, m.divisions[0])]
    while inner:
        best = max(inner, key=lambda m: (m.score, -m.span.start))
        division = best.divisions[0]
        inner = [m for m in inner if _narrower(division, m.divisions[0])]
    rivals = [m for m in known if not m.divisions[0].holds(division) and not division.holds(m.divisions[0])]
    lead = best.score - max((m.score for m in rivals), default=best.score - ENOUGH)
    others = (*best.divisions[1:], *(m.divisions[0] for m in sorted(rivals, key=lambda m: -m.score)))
    if len(best.divisions) > 1:
        basis = "ambiguous"
    elif best.penalty >= 2:
        basis = "doubtful"
    elif lead < ENOUGH:
        basis = "contested"
    else:
        basis = "named" if best.full or best.links > 1 else "short"
    return Place(
        division, best.span, _address(best.span, words), basis, best.score, tuple(dict.fromkeys(others))[:4]
    )


def _narrower(outer: Division, inner: Division) -> bool:
    return outer.holds(inner) and not inner.holds(outer)


def _mentions(words: Words, named: Sequence[Named], lexicon: Lexicon) -> list[_Mention]:
    """Put names that follow one another together, the longest chain from each start; none within another."""
    starting: dict[int, list[Named]] = {}
    for one in named:
        starting.setdefault(one.span.start, []).append(one)
    ordinary, streets = lexicon.groups_of("ordinary"), lexicon.groups_of("streets")
    found: list[_Mention] = []
    last = 0
    for start in sorted(starting):
        if start < last:
            continue
        chain, divisions = _chain(start, None, starting, words.folded)
        end = chain[-1].span.end
        name, behind = words.folded[chain[-1].span.start : end], words.folded[end : end + 1]
        titled = chain[-1].full or (behind in "市县区旗州" and behind != "")
        if not chain[-1].full and any(words.folded.startswith(word, end) for word in streets):
            chain, divisions = _shortened(chain, starting, words.folded)
            if not chain:
                continue
            end = chain[-1].span.end
        if len(chain) == 1 and name in ordinary and (chain[0].full or not titled):
            continue
        span = Span(start, end)
        penalty, score = _score(span, words, lexicon)
        depth = min(len(divisions[0].stem) - 2, 6) * 0.15
        found.append(_Mention(span, divisions, len(chain), titled, penalty, score + depth))
        last = end
    return found


def _chain(
    start: int, outer: tuple[Division, ...] | None, starting: dict[int, list[Named]], text: str
) -> tuple[list[Named], tuple[Division, ...]]:
    """Return the longest chain of names from *start*, each within *outer*, and what its last may mean."""
    best: tuple[list[Named], tuple[Division, ...]] = ([], outer or ())
    for one in starting.get(start, ()):
        divisions = one.divisions if outer is None else tuple(
            d for d in one.divisions if any(o.holds(d) and o != d for o in outer)
        )  # fmt: skip
        if not divisions:
            continue
        rest: tuple[list[Named], tuple[Division, ...]] = ([], divisions)
        step = 1 if text[one.span.end : one.span.end + 1] in {"省", "市", "州", "县", "区", "的", "境"} else 0
        for gap in {0, step}:
            tried = _chain(one.span.end + gap, divisions, starting, text)
            if tried[0] and (not rest[0] or tried[0][-1].span.end > rest[0][-1].span.end):
                rest = tried
        chain = [one, *rest[0]]
        if not best[0] or chain[-1].span.end > best[0][-1].span.end:
            best = (chain, rest[1])
    return best


def _shortened(
    chain: list[Named], starting: dict[int, list[Named]], text: str
) -> tuple[list[Named], tuple[Division, ...]]:
    """Return *chain* without its last name, which is that of a street: 广州 of 广州黄埔大道."""
    kept = chain[:-1]
    if not kept:
        return [], ()
    return _chain(kept[0].span.start, None, {one.span.start: [one] for one in kept}, text)


def _score(span: Span, words: Words, lexicon: Lexicon) -> tuple[float, float]:
    """Return what speaks against a name being the place of the incident, and what speaks for it less that."""
    text = words.folded
    clause, end = words.clause(span.start), words.clause_end(span.start)
    weight, penalty = 1.0, 0.0
    sentence_end = words.sentence_end(span.start)
    happening = lexicon.group("happening", text[span.end : min(sentence_end, span.end + NEAR)])
    beside = bool(happening) or text[max(span.start - 2, 0) : span.start] in ("位于", "发生", "生在")
    weight += 2.0 * beside
    if words.sentence(span.start) < LEAD:
        weight += 1.5
    if _DATE_LINE.match(text, span.end):
        penalty += 4.0
    behind = text[span.end : min(end, span.end + BODY)]
    if lexicon.group("bodies", behind) and not (happening and happening[0].start < BODY):
        penalty += 2.5
    elif lexicon.group("venues", behind) and not happening:
        penalty += 1.0
    before = text[max(clause, span.start - 3) : span.start]
    if any(before.endswith(word) for word in lexicon.groups_of("passing")):
        penalty += 2.0
    return penalty, weight - penalty


def _resolved(mentions: Sequence[_Mention], gazetteer: Gazetteer) -> list[_Mention]:
    """Let each mention mean what other names of the text hold; leave out short names without support."""
    if any(m.divisions[0].code[:4] not in gazetteer.homes for m in mentions):
        mentions = [m for m in mentions if not _is_local(m) or _around(m, mentions)]
    sure = [
        m for m in mentions if len(m.divisions) == 1 and (m.full or m.links > 1 or _is_wide(m.divisions[0]))
    ]
    result = []
    for mention in mentions:

        def support(division: Division, of: _Mention = mention) -> float:
            around = sum(1.0 for m in sure if m is not of and m.divisions[0].holds(division))
            return around + 0.5 * (division.code[:4] in gazetteer.homes) + 0.2 * _is_wide(division)

        ranked = sorted(mention.divisions, key=lambda d: (-support(d), d.code))
        first = support(ranked[0])
        tied = tuple(d for d in ranked if support(d) == first)
        if not mention.full and mention.links == 1 and not _is_wide(ranked[0]) and first < 0.5:
            continue  # a short name of a district may be any word
        same = sum(1 for m in mentions if m is not mention and set(m.divisions) & set(tied))
        result.append(
            _Mention(
                mention.span, tied, mention.links, mention.full, mention.penalty,
                mention.score + min(0.4 * same, 1.2) + 0.5 * min(first, 2.0),
            )
        )  # fmt: skip
    return result


def _is_local(mention: _Mention) -> bool:
    """Whether *mention* is a street or community by itself, of which other cities may have one, too."""
    return mention.links == 1 and all(len(d.code) > DISTRICT for d in mention.divisions)


def _around(local: _Mention, mentions: Sequence[_Mention]) -> bool:
    return any(m.divisions[0].holds(d) for m in mentions if not _is_local(m) for d in local.divisions)


def _is_wide(division: Division) -> bool:
    """Whether *division* is a province or a city, whose short name everybody knows."""
    return len(division.code) == DISTRICT and division.code.endswith("00")


def _address(span: Span, words: Words) -> Span:
    """Return the words around *span* that say where: from 在 to the verb, 60 characters at most."""
    text = words.folded
    ending = _ENDS.search(text, span.end, span.end + ADDRESS)
    end = ending.start() if ending else min(words.clause_end(span.end), span.end + ADDRESS)
    floor = max(words.clause(span.start), span.start - 12)
    start = span.start
    before = [found.end() for found in _STARTS.finditer(text, floor, span.start)]
    left = max(before, default=floor)
    if left < span.start and _ROAD.search(text, left, span.start):
        start = left
    while end > span.end and text[end - 1] in "在的于,。 \n":
        end -= 1
    return Span(start, max(end, span.end))


def _address_alone(words: Words) -> Place | None:
    """Return the first words that look like an address, where no division is named."""
    found = _LOCAL.search(words.folded)
    if found is None:
        return None
    start = found.start()
    cut = [match.end() for match in _STARTS.finditer(words.folded, start, found.end())]
    span = Span(max((at for at in cut if at < found.end() - 2), default=start), found.end())
    return Place(None, span, span, "address", 0.0)
