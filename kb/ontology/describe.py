"""Records in words: what a condition, a criterion, a duty, a binding or a use says, in both languages.

Records of the ontology carry no labels of their own; their words follow from their parts, so that they can
never disagree with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from pyoxigraph import Literal, NamedNode

from kb.errors import Text
from kb.namespaces import RDFS_LABEL, XSD, xz
from kb.ontology.names import Names, about_incidents
from kb.store.protocol import Change, Store, Term

COMPARISONS = {"atLeast": "≥", "moreThan": ">", "below": "<", "atMost": "≤", "is": "="}
ARROW = " → "


class Describer:
    """Words for any term; remembered until knowledge changes."""

    def __init__(self, store: Store, names: Names) -> None:
        self._store = store
        self._names = names
        self._known: dict[Term, Text] = {}
        self._schemes: tuple[tuple[NamedNode, Callable[[NamedNode], Text]], ...] = (
            (xz("measure"), self._condition),
            (xz("regime"), self._criterion),
            (xz("task"), self._task),
            (xz("module"), self._use),
            (xz("scheme"), self._binding),
            (xz("mayCause"), self._cascade),
            (xz("group"), partial(self._for_types, of=xz("group"))),
            (xz("menu"), partial(self._for_types, of=xz("menu"))),
            (xz("exposes"), self._exposure),
            (xz("neededKind"), self._need),
        )
        store.subscribe(self._forget)

    def text(self, term: Term) -> Text:
        """Return what *term* is called, or what it says."""
        found = self._known.get(term)
        if found is None:
            found = self._describe(term)
            if isinstance(term, NamedNode) and "/incident/" not in term.value:
                self._known[term] = found
        return found

    def _describe(self, term: Term) -> Text:
        if isinstance(term, NamedNode) and self._one(term, RDFS_LABEL) is None:
            for property_, describe in self._schemes:
                if self._one(term, property_) is not None:
                    return describe(term)
        if isinstance(term, Literal) and term.datatype.value == XSD + "boolean":
            return Text("是", "yes") if term.value == "true" else Text("否", "no")
        if isinstance(term, Literal) and term.datatype.value in {XSD + "integer", XSD + "decimal"}:
            return Text(grouped(term.value), grouped(term.value))
        return self._names.label(term)

    def _condition(self, condition: NamedNode) -> Text:
        measure = self._one(condition, xz("measure"))
        assert isinstance(measure, NamedNode)
        label = self.text(measure)
        unit = self._names.texts(measure, xz("unit")) or Text("", "")
        for name, sign in COMPARISONS.items():
            bound = self._one(condition, xz(name))
            if bound is not None:
                value = self.text(bound)
                return Text(
                    f"{label.zh} {sign} {value.zh} {unit.zh}".strip(),
                    f"{label.en} {sign} {value.en} {unit.en}".strip(),
                )
        return label

    def _criterion(self, criterion: NamedNode) -> Text:
        return self._conditions(criterion)

    def _task(self, duty: NamedNode) -> Text:
        text = self._names.texts(duty, xz("task"))
        assert text is not None
        return text

    def _use(self, use: NamedNode) -> Text:
        module = self._one(use, xz("module"))
        assert module is not None
        label, conditions = self.text(module), self._conditions(use)
        if conditions.zh:
            return Text(f"{label.zh}（{conditions.zh}）", f"{label.en} ({conditions.en})")
        return label

    def _binding(self, binding: NamedNode) -> Text:
        trigger = self._one(binding, xz("onGrade")) or self._one(binding, xz("onWarning"))
        level = self._one(binding, xz("level"))
        before = self.text(trigger) if trigger else Text("等级未定", "grade open")
        after = self.text(level) if level else Text("级别由指挥机构决定", "level set by the command")
        return Text(before.zh + ARROW + after.zh, before.en + ARROW + after.en)

    def _cascade(self, cascade: NamedNode) -> Text:
        cause, effect = self._one(cascade, xz("appliesTo")), self._one(cascade, xz("mayCause"))
        assert cause is not None
        assert effect is not None
        before, after = self.text(cause), self.text(effect)
        return Text(before.zh + ARROW + after.zh, before.en + ARROW + after.en)

    def _for_types(self, use: NamedNode, of: NamedNode) -> Text:
        """Say the use of a working group or a menu: what is used, and for which types."""
        used = self._one(use, of)
        assert used is not None
        label, types = self.text(used), self._listed(use, xz("appliesTo"))
        return Text(f"{label.zh}（{types.zh}）", f"{label.en} ({types.en})")

    def _exposure(self, exposure: NamedNode) -> Text:
        before, after = self._listed(exposure, xz("appliesTo")), self._listed(exposure, xz("exposes"))
        return Text(before.zh + ARROW + after.zh, before.en + ARROW + after.en)

    def _need(self, need: NamedNode) -> Text:
        kind, quantity, per = (
            self._one(need, xz(name)) for name in ("neededKind", "neededQuantity", "perFact")
        )
        assert kind is not None
        label, count = self.text(kind), "?" if quantity is None else self.text(quantity).zh.removesuffix(".0")
        if per is None:
            return Text(f"{label.zh} × {count}", f"{label.en} × {count}")
        each = self.text(per)
        return Text(f"{label.zh} × {count}（按{each.zh}计）", f"{label.en} × {count} (for each: {each.en})")

    def _listed(self, record: NamedNode, property_: NamedNode) -> Text:
        texts = sorted((self.text(term) for term in self._all(record, property_)), key=lambda text: text.en)
        return Text("、".join(t.zh for t in texts), ", ".join(t.en for t in texts))

    def _conditions(self, record: NamedNode) -> Text:
        texts = sorted((self.text(c) for c in self._all(record, xz("condition"))), key=lambda text: text.en)
        return Text(" 且 ".join(t.zh for t in texts), " and ".join(t.en for t in texts))

    def _all(self, subject: NamedNode, predicate: NamedNode) -> Iterable[Term]:
        return dict.fromkeys(quad.object for quad in self._store.match(subject, predicate, None))

    def _one(self, subject: NamedNode, predicate: NamedNode) -> Term | None:
        return next(iter(self._all(subject, predicate)), None)

    def _forget(self, change: Change) -> None:
        if not about_incidents(change):
            self._known.clear()


def grouped(number: str) -> str:
    """Return *number* with thousands set off: ``53954100`` becomes ``53,954,100``."""
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, dot, fraction = digits.partition(".")
    return f"{sign}{int(whole):,}{dot}{fraction}" if whole.isdigit() else number
