"""What one evaluation derived, with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pyoxigraph import NamedNode, Quad, Triple, Variable

from kb.inference.interactive.compiler import Reason
from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.overlay import Row
from kb.srl.syntax import Rule, Term, TriplePattern, TripleTermPattern

Mark = TypeVar("Mark", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Because:
    """Why a triple was derived: a rule, and a value for each of its variables."""

    rule: Rule
    bindings: Mapping[Variable, Term]


class Derivation:
    """What one evaluation derived: the inference graph GI, each triple with its first reason.

    Rows are decoded to terms only when somebody looks: most of a derivation is steps that nobody does.
    *asserted* are the facts it was given; *data* the triples of the rule set's DATA blocks.
    """

    def __init__(
        self,
        found: Mapping[Row, Reason],
        dictionary: Dictionary,
        asserted: frozenset[Triple],
        data: frozenset[Triple],
    ) -> None:
        self.asserted = asserted
        self.data = data
        self._found = found
        self._dictionary = dictionary
        self._index: dict[tuple[int, int], list[int]] = {}

    def __len__(self) -> int:
        """How many triples were derived."""
        return len(self._found) + len(self.data)

    def __contains__(self, triple: Triple) -> bool:
        """Whether *triple* was derived."""
        return triple in self.data or self.because(triple) is not None

    def __iter__(self) -> Iterator[Triple]:
        """Yield the derived triples in the order of derivation."""
        yield from self.data
        yield from self.triples()

    def triples(self, unless: Callable[[NamedNode], bool] = lambda _: False) -> Iterator[Triple]:
        """Yield what rules derived, but for the predicates that *unless* is true of."""
        terms = self._dictionary.terms
        for s, p, o in self._rows(unless):
            yield Triple(terms[s], terms[p], terms[o])  # type: ignore[arg-type]

    def quads(
        self, graph: NamedNode, unless: Callable[[NamedNode], bool] = lambda _: False
    ) -> Iterator[Quad]:
        """Yield the same as :meth:`triples`, in *graph*."""
        terms = self._dictionary.terms
        for s, p, o in self._rows(unless):
            yield Quad(terms[s], terms[p], terms[o], graph)  # type: ignore[arg-type]

    def _rows(self, unless: Callable[[NamedNode], bool]) -> list[Row]:
        terms, found = self._dictionary.terms, self._found
        left_out = {p for p in {p for _, p, _ in found} if unless(terms[p])}  # type: ignore[arg-type]
        return [row for row in found if row[1] not in left_out]

    def rules(self) -> Iterator[Rule]:
        """Yield the rules that gave the first reason of something, each once."""
        # By identity: to hash a rule is to hash all of its patterns.
        return (one.rule for one in {id(reason): reason for reason, _ in self._found.values()}.values())

    def because(self, triple: Triple) -> Because | None:
        """Return the first reason for *triple*, or ``None`` where no rule derived it."""
        find = self._dictionary.find
        s, p, o = find(triple.subject), find(triple.predicate), find(triple.object)
        if s is None or p is None or o is None or (s, p, o) not in self._found:
            return None
        compiled, numbers = self._found[s, p, o]
        return Because(compiled.rule, _Bindings(compiled.variables, numbers, self._dictionary.terms))

    def resting_on(self, among: Callable[[Term], bool]) -> Iterator[tuple[Triple, Because]]:
        """Yield what rules derived from a solution in which some variable stands for a term of *among*."""
        terms = self._dictionary.terms
        met = {number for _, numbers in self._found.values() for number in numbers}
        wanted = {number for number in met if among(terms[number])}
        if not wanted:
            return
        for (s, p, o), (compiled, numbers) in self._found.items():
            if not wanted.isdisjoint(numbers):
                triple = Triple(terms[s], terms[p], terms[o])  # type: ignore[arg-type]
                yield triple, Because(compiled.rule, _Bindings(compiled.variables, numbers, terms))

    def spread(self, marks: Mapping[Triple, Iterable[Mark]]) -> dict[Triple, set[Mark]]:
        """Return the *marks* of derived triples, each with those of its premises besides.

        Looks at the first reason of each triple only, as :meth:`because` does.
        """
        find, terms = self._dictionary.find, self._dictionary.terms
        known: dict[tuple[int | None, ...], set[Mark]] = {
            (find(t.subject), find(t.predicate), find(t.object)): set(given) for t, given in marks.items()
        }
        for row, (compiled, numbers) in self._found.items():  # premises were derived before conclusions
            values: dict[object, int] = dict(zip(compiled.variables, numbers, strict=True))
            for element in compiled.rule.body:
                if isinstance(element, TriplePattern):
                    premise = tuple(
                        values.get(term) if isinstance(term, Variable | TripleTermPattern) else find(term)
                        for term in element.terms
                    )
                    if premise in known and premise != row:
                        known.setdefault(row, set()).update(known[premise])
        return {
            Triple(terms[s], terms[p], terms[o]): known[s, p, o]  # type: ignore[arg-type]
            for s, p, o in self._found
            if (s, p, o) in known
        }

    def objects(self, subject: Term, predicate: NamedNode) -> list[Term]:
        """Return the derived objects of *subject* and *predicate*, in the order of derivation."""
        if not self._index:
            for s, p, o in self._found:
                self._index.setdefault((s, p), []).append(o)
        find, terms = self._dictionary.find, self._dictionary.terms
        key = (find(subject), find(predicate))
        return [terms[number] for number in self._index.get(key, ())]  # type: ignore[arg-type]


class _Bindings(Mapping[Variable, Term]):
    """The bindings of one solution, decoded only when somebody looks."""

    def __init__(self, variables: Sequence[Variable], numbers: Sequence[int], terms: Sequence[Term]) -> None:
        self._numbers, self._terms = dict(zip(variables, numbers, strict=True)), terms

    def __getitem__(self, variable: Variable) -> Term:
        return self._terms[self._numbers[variable]]

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)
