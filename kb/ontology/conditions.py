"""The condition records of criteria: which of them serves which test, and which have to be written.

A record that others use is never changed: the criterion is given another one. A record that only criteria
use which all leave it is rewritten in its place, under the name that its new test demands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kb.errors import Fault, Text
from kb.namespaces import RDF, XSD, XZ
from kb.ontology.cells import canonical
from kb.ontology.drafts import Draft, Test
from kb.ontology.records import KB, Records, shorten
from kb.ontology.rewriting import Document, statement
from kb.ontology.tables import test_of
from kb.store.protocol import Term

CONDITION = XZ + "condition"
_TYPE = RDF + "type"


@dataclass(slots=True)
class _Slot:
    """One condition of a criterion: the record it has now (if any) and the test it shall make."""

    draft: Draft
    test: Test
    old: str | None
    chosen: str | None = None


class Conditions:
    """Chooses and writes condition records; what it did is in its public attributes."""

    def __init__(self, knowledge: Records, document: Callable[[str], Document]) -> None:
        self._knowledge = knowledge
        self._document = document
        self._planned: dict[str, tuple[str, Test]] = {}  # new conditions: their file and their test
        self.changes: list[Text] = []
        self.notes: list[Fault] = []
        self.touched: set[str] = set()
        self.ahead: dict[str, list[str]] = {}
        """Statements of conditions that a new criterion brings, by the criterion."""

    def choose(self, drafts: Sequence[Draft]) -> None:
        """Choose the condition records of every criterion, and write those that are new.

        A record that others use is never changed: the criterion is given another one. A record that only
        criteria use which all leave it is rewritten in its place, under the name that its new test demands.
        """
        slots = {draft.iri: self._slots(draft) for draft in drafts}
        changing = [slot for found in slots.values() for slot in found if slot.chosen is None]
        for slot in changing:
            slot.chosen = self._existing(slot.draft.file, slot.test)
        kept = {slot.chosen for found in slots.values() for slot in found}
        left: dict[str, set[str]] = {}
        for slot in changing:
            if slot.old is not None:
                left.setdefault(slot.old, set()).add(slot.draft.iri)
        for slot in changing:
            if slot.chosen is None:
                slot.chosen = self._made(slot, left, kept)
        for draft in drafts:
            now = self._knowledge.values(draft.iri, CONDITION)
            chosen = {
                slot.old: NamedNode(slot.chosen) for slot in slots[draft.iri] if slot.old and slot.chosen
            }
            kept_terms = [chosen.get(t.value, t) if isinstance(t, NamedNode) else t for t in now]
            added = [NamedNode(s.chosen) for s in slots[draft.iri] if s.old is None and s.chosen]
            draft.properties[CONDITION] = list(dict.fromkeys([*kept_terms, *added]))

    def _slots(self, draft: Draft) -> list[_Slot]:
        """Match the tests that *draft* wants with the conditions that it has."""
        now = {
            term.value: test
            for term in self._knowledge.values(draft.iri, CONDITION)
            if isinstance(term, NamedNode) and (test := test_of(self._knowledge, term.value))
        }
        slots, open_ = [], []
        for _, test in draft.tests:
            same = next((iri for iri, old in now.items() if test_key(old) == test_key(test)), None)
            if same is None:
                open_.append(test)
            else:
                del now[same]
                slots.append(_Slot(draft, test, same, same))
        for likeness in (2, 1, 0):  # the same measure and comparison, the same measure, any that is left
            for test in list(open_):
                old = next((iri for iri, t in now.items() if t[:likeness] == test[:likeness]), None)
                if old is not None:
                    self._tell_test(draft, now.pop(old), test)
                    slots.append(_Slot(draft, test, old))
                    open_.remove(test)
        for test in open_:
            if not draft.new:
                self._tell_test(draft, None, test)
            slots.append(_Slot(draft, test, None))
        for iri in now:
            self.notes.append(
                Fault(
                    "table.row-gone",
                    Text(
                        f"{shorten(draft.iri)} 的条件 {shorten(iri)} 不在表中，予以保留",
                        f"the condition {shorten(iri)} of {shorten(draft.iri)} is not in the table; it stays",
                    ),
                    draft.file,
                    Text(
                        "如该标准已变，写明失效并另建标准",
                        "if the criterion changed, end it and write another one",
                    ),
                )
            )
        return slots

    def _tell_test(self, draft: Draft, old: Test | None, new: Test) -> None:
        before, behind = ("∅" if t is None else " ".join(map(short, t)) for t in (old, new))
        what = f"{shorten(draft.iri)}: {before} → {behind}"
        self.changes.append(Text(what, what))

    def _existing(self, file: str, test: Test) -> str | None:
        """Return a condition with this *test* that *file* may use."""
        for iri in self._knowledge.members(XZ + "Condition"):
            known = test_of(self._knowledge, iri)
            if known is not None and test_key(known) == test_key(test) and self._knowledge.sees(file, iri):
                return iri
        return None

    def _made(self, slot: _Slot, left: dict[str, set[str]], kept: set[str | None]) -> str:
        """Return a new condition for *slot*, written in the place of its old one where nobody needs that."""
        file = slot.draft.file
        for iri, (where, test) in self._planned.items():
            if where == file and test_key(test) == test_key(slot.test):
                return iri
        old, document = slot.old, self._document(file)
        free = (
            old is not None
            and old not in kept
            and set(self._knowledge.users(old)) <= left[old]
            and document.has(old) == 1
        )
        custom = old is not None and (known := test_of(self._knowledge, old)) and condition_id(known) != old
        if free and custom and old is not None:  # a name of its own says nothing of the bound and may stay
            measure, how, bound = slot.test
            for predicate in (XZ + "measure", *(p for p in _bounds(self._knowledge, old) if p != how)):
                document.set(old, predicate, [NamedNode(measure)] if predicate == XZ + "measure" else [])
            document.set(old, how, [bound])
            self._note(old, file, slot.test, kept)
            return old
        iri = self._free_id(slot)
        measure, how, bound = slot.test
        line: list[tuple[str, list[Term]]] = [
            (_TYPE, [NamedNode(XZ + "Condition")]),
            (XZ + "measure", [NamedNode(measure)]),
            (how, [bound]),
        ]
        text = statement(iri, [line], document)
        if free and old is not None:
            document.exchange(old, text)
            self.touched.add(old)
        elif slot.draft.new:
            self.ahead.setdefault(slot.draft.iri, []).append(text)
        else:
            document.add(text, before=slot.draft.iri)
        self._note(iri, file, slot.test, kept)
        if free and old is not None:
            kept.add(old)
        return iri

    def _note(self, iri: str, file: str, test: Test, kept: set[str | None]) -> None:
        self._planned[iri] = (file, test)
        self.touched.add(iri)
        kept.add(iri)

    def _free_id(self, slot: _Slot) -> str:
        iri = condition_id(slot.test)
        regime = next((t.value for t in slot.draft.properties[XZ + "regime"] if isinstance(t, NamedNode)), "")
        names = [iri, f"{iri}-{regime.rsplit('/', 1)[-1]}"]
        names += [f"{names[1]}-{number}" for number in range(2, 100)]
        return next(n for n in names if not self._knowledge.known(n) and n not in self._planned)


def condition_id(test: Test) -> str:
    """Return the IRI that a condition with this test has by custom: ``condition:deaths-at-least-30``."""
    measure, how, bound = test
    if isinstance(bound, NamedNode):
        value = re.split("[/#]", bound.value)[-1]
    else:
        value = bound.value.replace(".", "-") if isinstance(bound, Literal) else str(bound)
    if value.startswith("-"):
        value = f"minus{value}"
    return f"{KB}condition/{_kebab(measure)}-{_kebab(how)}-{value}"


def _kebab(iri: str) -> str:
    name = re.split("[/#]", iri)[-1]
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "-", name).lower()


def _bounds(knowledge: Records, condition: str) -> list[str]:
    test = test_of(knowledge, condition)
    return [] if test is None else [test[1]]


def test_key(test: Test) -> tuple[str, str, object]:
    """Return what makes two tests equal."""
    return (*test[:2], canonical(test[2]))


def short(term: Term | str) -> str:
    """Return a term as a line of changes shows it."""
    if isinstance(term, str):
        return shorten(term)
    if isinstance(term, NamedNode):
        return shorten(term.value)
    if isinstance(term, Literal) and term.datatype.value.startswith(XSD) and term.language is None:
        return term.value
    return str(term)
