"""Terms as small integers: joins compare and hash integers, terms are met only at the edges.

Dictionary encoding is what RDF stores do (Neumann and Weikum, RDF-3X, VLDB 2008). Identifiers are never
reused, so a cached list of them stays right as long as the dictionary lives.
"""

from __future__ import annotations

from threading import Lock

from pyoxigraph import Literal, NamedNode, Triple

from kb.srl.syntax import Term


class Dictionary:
    """A two-way, growing map between RDF terms and integers; safe to share between threads.

    :attr:`iris` are the identifiers that may stand as predicates, :attr:`no_subjects` those that may not
    stand as subjects: literals and triple terms.

    :param private: IRIs that start with this text never occur in the base graph (an incident's own
        nodes); :attr:`private` holds their identifiers, so that nobody looks for them there.
    """

    def __init__(self, private: str = "") -> None:
        self.terms: list[Term] = []
        self.no_subjects: set[int] = set()
        self.iris: set[int] = set()
        self.private: set[int] = set()
        self._prefix = private
        self._ids: dict[Term, int] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """How many terms have been met."""
        return len(self.terms)

    def id(self, term: Term) -> int:
        """Return the identifier of *term*, giving it one at the first meeting."""
        found = self._ids.get(term)
        return found if found is not None else self._add(term)

    def find(self, term: Term) -> int | None:
        """Return the identifier of *term*, or ``None`` for a term never met."""
        return self._ids.get(term)

    def _add(self, term: Term) -> int:
        with self._lock:
            found = self._ids.get(term)
            if found is not None:
                return found
            number = len(self.terms)
            if isinstance(term, Literal | Triple):
                self.no_subjects.add(number)
            elif isinstance(term, NamedNode):
                self.iris.add(number)
                if self._prefix and term.value.startswith(self._prefix):
                    self.private.add(number)
            self.terms.append(term)
            self._ids[term] = number
            return number
