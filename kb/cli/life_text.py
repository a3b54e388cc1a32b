"""The course of incidents as text that one reads in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text

WORDS = {
    "none": Text("没有。", "None."),
    "same": Text("处置建议没有变化。", "The recommendation stayed the same."),
    "hand over": Text("应移交", "To be handed over to"),
    "first": Text("先", "first"),
    "then": Text("后", "then"),
    "over": Text("都需要", "both call upon"),
    "taken": Text("带过去", "taken over"),
    "choose": Text("须选定", "to be chosen"),
    "ungraded": Text("未定级", "no grade"),
}
Node = Mapping[str, Any]


def incidents(found: Iterable[Node], lang: str) -> list[str]:
    """Return a line for each incident: state, identifier, types, place, grade."""
    lines = []
    for one in found:
        grade = one["grade"]["label"][lang] if one["grade"] else _w("ungraded", lang)
        centre = f"　{one['centre']['label'][lang]}" if one["centre"] else ""
        into = f" → {one['mergedInto']}" if one["mergedInto"] else ""
        lines.append(f"{one['state']['label'][lang]}{into}　{line(one, lang)}　{grade}{centre}")
    return _lines(lines, lang)


def timeline(found: Node, lang: str) -> list[str]:
    """Return the state of an incident and its events, the oldest first."""
    centre = f"　{found['centre']['label'][lang]}" if found["centre"] else ""
    lines = [f"{found['incident']}　{found['state']['label'][lang]}{centre}"]
    if found["handOverTo"]:
        lines.append(f"  ! {_w('hand over', lang)} {found['handOverTo']['label'][lang]}")
    for event in found["events"]:
        body = f" ({event['body']['label'][lang]})" if event["body"] else ""
        lines.append(
            f"  {event['number']}. {_moment(event['at'])}　{event['text'][lang]}　{event['actor']}{body}"
        )
        if event["reason"]:
            lines.append(f"       {event['reason']}")
    return _lines(lines, lang)


def changes(found: Node, lang: str) -> list[str]:
    """Return what changed and because of which facts."""
    lines = [change["text"][lang] for change in found["changes"]]
    if not found["relations"]:
        lines.append(_w("same", lang))
    for relation in found["relations"]:
        lines.append(relation["relation"]["label"][lang])
        for pair in relation["changed"]:
            lines.append(
                f"  ~ {pair['from']['label'][lang]} → {pair['to']['label'][lang]}{_follows(pair['to'], lang)}"
            )
        for mark, part in (("+", "added"), ("-", "removed")):
            lines += [f"  {mark} {one['label'][lang]}{_follows(one, lang)}" for one in relation[part]]
    if found["note"]:
        lines.append(found["note"][lang])
    return _lines(lines, lang)


def merger(found: Node, lang: str) -> list[str]:
    """Return what merging would take over, and which figures have to be chosen."""
    lines = [
        f"{_w('taken', lang)}: {one['label'][lang]} {one['value']['label'][lang]}" for one in found["taken"]
    ]
    for one in found["conflicts"]:
        pair = f"kept {one['kept']['label'][lang]} ≠ merged {one['merged']['label'][lang]}"
        lines.append(f"{_w('choose', lang)}: {one['key']} ({one['label'][lang]})　{pair}")
    return _lines(lines, lang)


def duplicates(found: Iterable[Node], lang: str) -> list[str]:
    """Return pairs that may be the same, with the reasons."""
    lines = []
    for pair in found:
        lines.append(f"{line(pair['incident'], lang)}　=?　{line(pair['other'], lang)}")
        lines.append("    " + _joined((reason[lang] for reason in pair["reasons"]), lang))
    return _lines(lines, lang)


def contention(found: Iterable[Node], lang: str) -> list[str]:
    """Return pairs that contend, who goes first, and why."""
    lines = []
    for pair in found:
        first, then = line(pair["first"], lang), line(pair["then"], lang)
        lines.append(f"{_w('first', lang)}: {first}　{_w('then', lang)}: {then}")
        clause = f"　[{pair['because']['clause']['label'][lang]}]" if pair["because"]["clause"] else ""
        lines.append(f"    {pair['because']['sentence'][lang]}{clause}")
        over = _joined((one["label"][lang] for one in pair["over"]), lang)
        lines.append(f"    {_w('over', lang)}: {over}")
    return _lines(lines, lang)


def line(one: Node, lang: str) -> str:
    """Return an incident in a few words: identifier, types, place."""
    types = " + ".join(type_["label"][lang] for type_ in one["types"])
    place = f" {one['grid']['label'][lang]}" if one["grid"] else ""
    return f"{one['id']} {types}{place}"


def _follows(thing: Node, lang: str) -> str:
    names = [fact["label"][lang] for fact in thing.get("follows", ())]
    return f"　← {_joined(names, lang)}" if names else ""


def _joined(names: Iterable[str], lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(names)


def _lines(lines: list[str], lang: str) -> list[str]:
    return lines or [_w("none", lang)]


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M:%S}"


def _w(key: str, lang: str) -> str:
    return WORDS[key].in_(lang)
