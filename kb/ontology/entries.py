"""The entries of the documentation's first page: what is said there of each kind of thing."""

from __future__ import annotations

from dataclasses import dataclass

from kb.errors import Text


@dataclass(frozen=True, slots=True)
class Item:
    """A thing with its name and definition; *fragment* is its anchor in the pages of the ontology."""

    iri: str
    label: Text
    definition: Text
    fragment: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack: what it requires and how many types of incident it brings."""

    item: Item
    requires: tuple[Text, ...]
    types: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of incident with what callers say for it and the types directly below."""

    item: Item
    words: Text
    below: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """One condition: a measure, a sign (``≥``) with its value, and the unit."""

    measure: Text
    sign: str
    value: Text
    unit: Text


@dataclass(frozen=True, slots=True)
class Threshold:
    """One criterion: all *bounds* together give *value*, a grade or a warning level."""

    value: Text
    bounds: tuple[Bound, ...]
    clause: Text


@dataclass(frozen=True, slots=True)
class Regime:
    """A regime of grades or warnings: to what, where and since when it applies, and its thresholds."""

    item: Item
    applies_to: tuple[Text, ...]
    area: Text
    since: str
    until: str
    clause: Text
    evidence: str
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """A plan module: phase, what comes before, who is responsible, and for which types it is used."""

    item: Item
    phase: Text
    after: tuple[Text, ...]
    responsible: Text
    uses: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that a report may state: its key, unit and the question that asks for it."""

    item: Item
    key: str
    unit: Text
    question: Text


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as a reader of explanations meets it."""

    item: Item
    sentence: Text
    clause: Text


@dataclass(frozen=True, slots=True)
class Mapping:
    """What is said to correspond to one of our terms in another vocabulary."""

    label: Text
    relation: str
    target: str
    target_label: Text
