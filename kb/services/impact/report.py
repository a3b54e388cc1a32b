"""The impact in words, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Self

from pyoxigraph import NamedNode

from kb.errors import Text, both
from kb.inference.relational.keys import key
from kb.ontology.knowledge import Knowledge
from kb.services.impact.comparing import Change, Impact
from kb.services.workspace import TrialWorkspace, Workspace
from kb.srl.syntax import Term

HEAD = (
    Text("关系", "relation"),
    Text("结论", "conclusion"),
    Text("新增", "gained"),
    Text("失去", "lost"),
    Text("例", "examples"),
)


class Words:
    """What terms are called: by the knowledge in force or, where that does not know them, by the draft."""

    def __init__(self, old: Workspace, new: Workspace) -> None:
        self._old, self._new = old, new

    @classmethod
    def under(cls, workspace: Workspace, knowledge: Knowledge) -> Self:
        """Return the words of *workspace*, and of its cities under *knowledge*."""
        return cls(workspace, TrialWorkspace(workspace, knowledge))

    def of(self, term: Term) -> Text:
        """Return what *term* is called, or says."""
        found = self._old.describer.text(term)
        if isinstance(term, NamedNode) and found.zh == re.split("[/#]", term.value.rstrip("/"))[-1]:
            return self._new.describer.text(term)
        return found


def lines(impact: Impact, words: Words, lang: str, most: int = 12) -> str:
    """Return the impact as text in *lang*: of each relation, the *most* that change for most incidents."""
    total = Text(
        f"{impact.incidents:,} 起事件中有 {impact.changed:,} 起的响应会改变（{impact.seconds:.1f} 秒；"
        f"另逐起核对 {impact.checked} 起，全部一致）",
        f"of {impact.incidents:,} incidents {impact.changed:,} would be answered differently "
        f"({impact.seconds:.1f} s; {impact.checked} of them derived one by one as well, "
        "with the same result)",
    ).in_(lang)
    out = [total]
    for relation, changes in _by_relation(impact).items():
        out += ["", words.of(relation).in_(lang)]
        for change in changes[:most]:
            out.append(
                f"  {words.of(change.value).in_(lang)}: {_counts(change)}  ({', '.join(change.examples)})"
            )
        if len(changes) > most:
            rest = len(changes) - most
            out.append(Text(f"  ……另有 {rest} 项", f"  … and {rest} more").in_(lang))
    if impact.types:
        out += ["", Text("按事件类型：", "by type of incident:").in_(lang)]
        out += [
            f"  {words.of(one.type).in_(lang)}: {one.changed:,} / {one.incidents:,}" for one in impact.types
        ]
    return "\n".join(out) + "\n"


def as_json(impact: Impact, words: Words) -> dict[str, Any]:
    """Return the impact as it stands in JSON."""
    return {
        "incidents": impact.incidents,
        "changed": impact.changed,
        "seconds": round(impact.seconds, 3),
        "checkedOneByOne": impact.checked,
        "relations": [
            {
                "relation": _named(relation, words),
                "changes": [
                    {
                        "value": _named(change.value, words),
                        "gained": change.gained,
                        "lost": change.lost,
                        "examples": list(change.examples),
                    }
                    for change in changes
                ],
            }
            for relation, changes in _by_relation(impact).items()
        ],
        "types": [
            {"type": _named(one.type, words), "changed": one.changed, "incidents": one.incidents}
            for one in impact.types
        ],
    }


def as_csv(impact: Impact, words: Words, lang: str) -> str:
    """Return a row for each conclusion that changes, with headings in *lang*."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([heading.in_(lang) for heading in HEAD])
    for change in impact.changes:
        label, value = words.of(change.relation).in_(lang), words.of(change.value).in_(lang)
        writer.writerow([label, value, change.gained, change.lost, " ".join(change.examples)])
    return out.getvalue()


def _by_relation(impact: Impact) -> dict[NamedNode, list[Change]]:
    found: dict[NamedNode, list[Change]] = {}
    for change in impact.changes:
        found.setdefault(change.relation, []).append(change)
    return found


def _counts(change: Change) -> str:
    parts = [f"+{change.gained:,}"] if change.gained else []
    return " ".join([*parts, f"−{change.lost:,}"] if change.lost else parts)


def _named(term: Term, words: Words) -> dict[str, Any]:
    iri = term.value if isinstance(term, NamedNode) else key(term)
    return {"iri": iri, "label": both(words.of(term))}
