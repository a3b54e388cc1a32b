"""Explanations as plain text, for a terminal or whoever asks for ``text/plain``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kb.errors import Text

WORDS = {
    "why": Text("为什么：", "Why: "),
    "seen": Text("（见上）", "(see above)"),
    "from": Text("来自", "from"),
    "held": Text("已满足", "held"),
    "found": Text("能得出它的最小改变", "the smallest changes that bring it about"),
    "tried": Text("（已试推导 {} 次）", "({} derivations tried)"),
    "cut": Text("（搜索达到上限，可能还有更小的改变）", "(the search was cut; a smaller change may exist)"),
    "or": Text("或：", "or: "),
    "others": Text("（另有 {} 种相近情形）", "({} other ways, none nearer)"),
    "blocks": Text("因为", "because"),
    "nothing": Text("没有任何结论会改变。", "No conclusion would change."),
    "share": Text("响应中有 {} 会改变", "{} of the response would change"),
    "now": Text("改为", "changes"),
    "if": Text("若", "if"),
    "decides": Text("最多可改变响应的 {}", "decides up to {} of the response"),
    "ask none": Text("没有会改变响应的未知事实。", "No unknown fact would change the response."),
}
MARKS = {"unknown": "?", "false": "✗", "blocked": "✗", "underived": "✗", "impossible": "∅"}
Node = Mapping[str, Any]


def proof(data: Node, lang: str, depth: int = 50) -> str:
    """Return the proofs in *data* as indented lines in *lang*, at most *depth* steps deep."""
    lines: list[str] = []
    told: set[str] = set()
    for node in data["conclusions"]:
        lines += list(_node(node, lang, ("", ""), depth, told))
        lines.append("")
    return "\n".join(lines)


def why_not(data: Node, lang: str, depth: int = 50) -> str:
    """Return why conclusions are missing as indented lines in *lang*, at most *depth* steps deep."""
    lines: list[str] = []
    for answer in data["answers"]:
        lines += [text[lang] for text in answer["summary"]]
        if answer["change"] is not None:
            lines += list(_changes(answer["change"], lang))
        for miss in answer["misses"]:
            lines += list(_miss(miss, lang, ("", ""), depth))
        lines.append("")
    return "\n".join([*lines, *_note(data, lang)])


def ask_next(data: Node, lang: str) -> str:
    """Return the questions in *data* as lines in *lang*."""
    lines = []
    for question in data["questions"]:
        asked = (question["question"] or question["label"])[lang]
        lines.append(f"? {asked}　{_w('decides', lang).format(_percent(question['share']))}")
        for outcome in question["outcomes"]:
            changed = "；".join(_relation(relation, lang) for relation in outcome["relations"])
            lines.append(f"    {_w('if', lang)} {outcome['label'][lang]}: {changed}")
    return "\n".join([*(lines or [_w("ask none", lang)]), *_note(data, lang)]) + "\n"


def what_if(data: Node, lang: str) -> str:
    """Return the difference in *data* as lines in *lang*."""
    lines = [change["text"][lang] for change in data["changes"]]
    if not data["relations"]:
        return "\n".join([*lines, "", _w("nothing", lang), *_note(data, lang)]) + "\n"
    lines += ["", _w("share", lang).format(_percent(data["share"]))]
    for relation in data["relations"]:
        lines.append(relation["relation"]["label"][lang])
        for pair in relation["changed"]:
            lines.append(f"  ~ {pair['from']['label'][lang]} → {pair['to']['label'][lang]}")
            lines.append(f"      {pair['to']['because']['sentence'][lang]}")
        for mark, part in (("+", "added"), ("-", "removed")):
            for thing in relation[part]:
                lines.append(f"  {mark} {thing['label'][lang]}")
                if mark == "+":
                    lines.append(f"      {thing['because']['sentence'][lang]}")
    return "\n".join([*lines, *_note(data, lang)]) + "\n"


def _note(data: Node, lang: str) -> list[str]:
    """Return what limits the whole answer, if anything does."""
    return [data["note"][lang]] if data["note"] else []


def _node(node: Node, lang: str, indent: tuple[str, str], depth: int, told: set[str]) -> Iterator[str]:
    """Yield the lines of a proof; *indent* is for its first line and for the others.

    :param told: what was proved above; only that is referred to instead of shown.
    """
    first, rest = indent
    statement = node["statement"][lang]
    sentence = node["sentence"][lang] if node.get("sentence") else ""
    clause = f"　[{node['clause']['label'][lang]}]" if node.get("clause") else ""
    graphs = "、".join(graph["label"][lang] for graph in node.get("graphs", []))
    source = f"　({_w('from', lang)} {graphs})" if graphs else ""
    again = f"　{_w('seen', lang)}" if node["kind"] == "repeated" and statement in told else ""
    yield f"{first}{statement}{clause}{source}{again}"
    premises = node["premises"] if depth > 0 else []
    if sentence and not again:
        yield f"{rest}{'│ ' if premises else '  '}{_w('why', lang)}{sentence}"
        told.add(statement)
    for premise, deeper in _deeper(premises, rest):
        yield from _node(premise, lang, deeper, depth - 1, told)


def _changes(change: Node, lang: str) -> Iterator[str]:
    if change["found"]:
        yield f"{_w('found', lang)}{_w('tried', lang).format(change['tried'])}"
        for found in change["found"]:
            yield "  · " + "；".join(fact["text"][lang] for fact in found["facts"])
    if not change["complete"]:
        yield _w("cut", lang)


def _miss(miss: Node, lang: str, indent: tuple[str, str], depth: int) -> Iterator[str]:
    first, rest = indent
    others = f"　{_w('others', lang).format(miss['others'])}" if miss["others"] else ""
    yield f"{first}{miss['rule']['label'][lang]}{others}"
    if depth <= 0:
        return
    for held in miss["held"]:
        yield f"{rest}  ✓ {held[lang]}"
    for failed, deeper in _deeper(miss["failed"], rest):
        yield from _condition(failed, lang, deeper, depth - 1)


def _condition(node: Node, lang: str, indent: tuple[str, str], depth: int) -> Iterator[str]:
    first, rest = indent
    again = f"　{_w('seen', lang)}" if node["kind"] == "repeated" else ""
    mark = MARKS.get(node.get("status", ""), "!")
    yield f"{first}{mark} {node['statement'][lang]}{again}"
    if node.get("sentence"):
        yield f"{rest}  {_w('why', lang)}{node['sentence'][lang]}"
    for inner, deeper in _deeper(node["because"] if depth > 0 else [], rest):
        if inner["kind"] == "miss":
            yield from _miss(inner, lang, deeper, depth - 1)
        else:
            yield from _condition(inner, lang, deeper, depth - 1)


def _deeper(nodes: list[Any], rest: str) -> Iterator[tuple[Any, tuple[str, str]]]:
    for index, node in enumerate(nodes):
        last = index == len(nodes) - 1
        yield node, (rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


def _relation(relation: Node, lang: str) -> str:
    """Return what would change in one relation in one line."""
    parts = [f"→ {pair['to']['label'][lang]}" for pair in relation["changed"]]
    parts += [f"+ {thing['label'][lang]}" for thing in relation["added"]]
    parts += [f"- {thing['label'][lang]}" for thing in relation["removed"]]
    return f"{relation['relation']['label'][lang]} {'，'.join(parts) if lang == 'zh' else ', '.join(parts)}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 or not share else "<1%"


def _w(key: str, lang: str) -> str:
    return WORDS[key].in_(lang)
