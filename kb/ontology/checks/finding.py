"""A finding about the knowledge: how bad it is, what, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rdflib import URIRef
from rdflib.term import Node

from kb.errors import Fault, Text
from kb.namespaces import PREFIXES


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    """The knowledge is wrong and must not be used."""
    WARNING = "warning"
    """It works, and somebody should look."""
    NOTE = "note"
    """Nothing is wrong; something is due or rests on weak evidence."""

    @property
    def label(self) -> Text:
        """The word for it."""
        return WORDS[self]


WORDS = {
    Severity.ERROR: Text("错误", "error"),
    Severity.WARNING: Text("警告", "warning"),
    Severity.NOTE: Text("提示", "note"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    severity: Severity
    fault: Fault

    def render(self, lang: str) -> str:
        """Return the finding as a line in *lang*."""
        return f"{self.severity.label.in_(lang)}: {self.fault.render(lang)}"


def short(term: Node | str | None) -> str:
    """Return an IRI with its prefix (``kb:duty/gas-lead`` as ``duty:gas-lead``), anything else as it is."""
    text = str(term)
    if isinstance(term, URIRef) or text.startswith("http"):
        for prefix, namespace in sorted(PREFIXES.items(), key=lambda item: -len(item[1])):
            if text.startswith(namespace):
                tail = text.removeprefix(namespace)
                head, slash, rest = tail.partition("/")
                return f"{head}:{rest}" if prefix == "kb" and slash else f"{prefix}:{tail}"
    return text
