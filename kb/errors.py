"""Errors that people read: what is wrong, where, and what to do, in Chinese and in English.

::

    XiezhiError
    ├── InputError            what somebody gave us breaks a contract (exit 1, HTTP 4xx)
    │   ├── ReportRejected    an incident report (kb.report)
    │   ├── SyntaxFault       a rule document (kb.srl)
    │   ├── KnowledgeFault    a file of ontology, rules or a city profile
    │   ├── QueryRefused      a stranger's SPARQL that the gate turns away (kb.store)
    │   ├── Forbidden         the asker may not see or do this (HTTP 403)
    │   └── NotFound          the thing asked for does not exist
    ├── QueryStopped          a stranger's SPARQL that ran into a limit (HTTP 503 or 504)
    ├── ResourceMissing       a data folder of the product, or a library it needs, is not installed
    └── StoreError            the durable store cannot do what it promised

Modules add leaves to this tree and draw them at their own top.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages.

    >>> Text("未知网格", "unknown grid").in_("en")
    'unknown grid'
    """

    zh: str
    en: str

    def in_(self, lang: str) -> str:
        """Return the sentence in *lang*: ``"zh"`` or ``"en"``."""
        return self.zh if lang == "zh" else self.en


def both(text: Text) -> dict[str, str]:
    """Return *text* as it stands in JSON: ``{"zh", "en"}``."""
    return {"zh": text.zh, "en": text.en}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a number for the manual, a place, a sentence and a repair.

    *code* is stable (``"report.unknown-key"``), *where* names the place in the input
    (``"deaths"``, ``"rules/lead.srl:3:7"``), *repair* says what to do.
    """

    code: str
    message: Text
    where: str = ""
    repair: Text | None = None

    def render(self, lang: str) -> str:
        """Return place, sentence and repair as one line in *lang*."""
        text = f"{self.where}: " if self.where else ""
        text += self.message.in_(lang)
        if self.repair is not None:
            text += ("　→ " if lang == "zh" else "  → ") + self.repair.in_(lang)
        return text


@dataclass(eq=False)
class XiezhiError(Exception):
    """Base of every error that Xiezhi raises on purpose; carries one or more faults."""

    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def of(
        cls, code: str, zh: str, en: str, *, where: str = "", repair: Text | tuple[str, str] | None = None
    ) -> Self:
        """Build the error with a single fault; *repair* may be a pair ``(zh, en)``."""
        text = Text(*repair) if isinstance(repair, tuple) else repair
        return cls([Fault(code, Text(zh, en), where, text)])

    def render(self, lang: str) -> str:
        """Return all faults, one a line, in *lang*."""
        return "\n".join(fault.render(lang) for fault in self.faults)

    def __str__(self) -> str:
        """Both languages: whoever reads a log may read either."""
        return "; ".join(f"[{f.code}] {f.render('en')} / {f.message.zh}" for f in self.faults)


class InputError(XiezhiError):
    """What somebody gave us breaks a contract."""


class ReportRejected(InputError):
    """An incident report breaks its contract; nothing of it was stored."""


class SyntaxFault(InputError):
    """A rule document is not well written; every fault carries file, line and column."""


class KnowledgeFault(InputError):
    """A file of the ontology, the rules or a city profile is wrong."""


class QueryRefused(InputError):
    """A stranger's query breaks a rule of the service and was not run."""


class Forbidden(InputError):
    """Whoever asks may not see this, or may not do it."""


class NotFound(InputError):
    """What was asked for does not exist."""


class QueryStopped(XiezhiError):
    """A stranger's query was stopped at a limit: time, memory or size of the answer."""


class ResourceMissing(XiezhiError):
    """A data folder of the product, or a library that a command needs, is not installed."""


class StoreError(XiezhiError):
    """The durable store cannot do what it promised."""
