"""What of a personal value everybody may see: ``138****5678``. The kinds are data (``xz:Masking``)."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kb.namespaces import ONTOLOGY, xz
from kb.store.protocol import Store

HIDDEN_SHARE = 3
"""One character of so many must be hidden, or all are: four digits of a number of five hide nothing."""


@dataclass(frozen=True, slots=True)
class Masking:
    """So many *leading* and *trailing* characters stay; *text* stands for the others, and "" for no value."""

    leading: int = 0
    trailing: int = 0
    text: str = ""

    def of(self, value: str) -> str | None:
        """Return *value* masked; ``None`` where nothing of it may be seen.

        >>> Masking(3, 4, "****").of("13812345678")
        '138****5678'
        >>> Masking(1, 0, "*").of("张三")
        '张*'
        """
        if not self.text:
            return None
        hidden = len(value) - self.leading - self.trailing
        if hidden < 1 or hidden * HIDDEN_SHARE < len(value):
            return self.text
        return value[: self.leading] + self.text + value[len(value) - self.trailing :]


def masking(store: Store, kind: NamedNode) -> Masking:
    """Return the masking *kind* as the ontology declares it; one that it does not know shows nothing."""

    def said(name: str) -> str:
        found = (quad.object for quad in store.match(kind, xz(name), None, ONTOLOGY))
        return next((value.value for value in found if isinstance(value, Literal)), "")

    return Masking(int(said("keepsLeading") or 0), int(said("keepsTrailing") or 0), said("maskText"))
