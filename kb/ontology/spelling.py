"""How names of new knowledge are spelt: kebab-case for files and records, CamelCase for classes, in ASCII."""

from __future__ import annotations

import re

from kb.errors import KnowledgeFault

KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_CAMEL = re.compile(r"(?:[A-Z][a-z0-9]*)+")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


def kebab(name: str) -> str:
    """Return *name* in kebab-case.

    :raises KnowledgeFault: where it is neither kebab-case nor CamelCase in ASCII.

    >>> kebab("GasStationFire")
    'gas-station-fire'
    """
    if KEBAB.fullmatch(name):
        return name
    if _CAMEL.fullmatch(name):
        return "-".join(word.lower() for word in _WORD.findall(name))
    plain = "-".join(re.findall(r"[a-z][a-z0-9]*", name.lower())) or "gas-station-fire"
    raise KnowledgeFault.of(
        "new.name",
        f"名称只能用英文：{name}",
        f"not a name for an IRI and a file: {name}",
        repair=(
            f"写成 {plain} 或 {camel(plain)}；中文名称写在 --label-zh",
            f"write {plain} or {camel(plain)}; the Chinese name goes into --label-zh",
        ),
    )


def require_plain(*labels: str) -> None:
    """Refuse labels with line breaks and other control characters, which end comments and lines.

    :raises KnowledgeFault: where a label has one.
    """
    if any(not label.isprintable() for label in labels):
        raise KnowledgeFault.of(
            "new.label",
            "名称含有换行或其他不可见字符",
            "a label has a line break or another character that cannot be seen",
            repair=("名称写成一行", "write it on one line"),
        )


def camel(name: str) -> str:
    """Return a kebab-case *name* in CamelCase."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("-"))
