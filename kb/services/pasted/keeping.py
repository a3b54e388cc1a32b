"""The words behind the values that an officer confirmed, as provenance in the timeline of the incident.

Kept are the few words that each value was read from, never the whole text (《个人信息保护法》 § 6: as
little as is needed), with the numbers of telephones and identity cards masked as the ontology says: the
journal does not forget.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.namespaces import ROOT
from kb.report.values import is_text
from kb.services.workspace import Workspace
from kb.sharing.personal.masking import masking
from kb.store.protocol import Store
from kb.words.reader import TYPE

MOST, LONGEST = 60, 200
"""Values of one report, and characters of the words of one."""
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])|(?<!\d)\d{15}(?!\d)")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)|(?<!\d)0\d{2,3}[ -]?\d{7,8}(?!\d)")
_SEPARATOR = "="


def masked(text: str, store: Store) -> str:
    """Return *text* with the numbers of identity cards and telephones masked."""
    for pattern, kind in ((_ID_NUMBER, "id-number"), (_PHONE, "phone")):
        hide = masking(store, NamedNode(f"{ROOT}kb/masking/{kind}"))
        text = pattern.sub(lambda found, hide=hide: hide.of(found[0]) or "…", text)  # type: ignore[misc]
    return text


def offered(fields: Iterable[Mapping[str, Any]], store: Store) -> list[str]:
    """Return what a form carries to say from which words its values were read: ``deaths=6人死亡``."""
    return [
        f"{one['key']}{_SEPARATOR}{masked('…'.join(one['words'][:3]), store)[:LONGEST]}" for one in fields
    ]


def parsed(carried: Iterable[str]) -> dict[str, str]:
    """Return the words by key out of what a form carries."""
    pairs = (one.partition(_SEPARATOR) for one in list(carried)[:MOST])
    return {key: words[:LONGEST] for key, found, words in pairs if found and words.strip() and is_text(words)}


def kept(workspace: Workspace, carried: Sequence[str], data: Mapping[str, Any]) -> tuple[Literal, ...]:
    """Return the words that the timeline keeps of a confirmed report *data*: those of its keys."""
    words = parsed(carried)
    fields = workspace.vocabulary.fields
    known = [key for key in words if key in data and (key == TYPE or key in fields)]
    labels = {key: "类型" if key == TYPE else fields[key].label.zh for key in known}
    return tuple(Literal(f"{labels[key]}：{masked(words[key], workspace.store)}") for key in known)
