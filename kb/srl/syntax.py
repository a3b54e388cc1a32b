"""The abstract syntax of SPARQL-RL (`rules-defns`): what a parsed rule document is.

Terms are those of pyoxigraph. Every node knows the place it was read from; places take no part in ``==``
or ``hash``, so two documents are equal when they say the same.

Two things of the concrete syntax are gone here. Paths, collections, ``[...]``, reifiers and annotations
are plain triple patterns. And a body has no blank nodes: each is a *generated* variable
(:attr:`Rule.generated`), as section `eval-rule` demands. Blank nodes of a head stay, to be made fresh for
every solution; those of DATA blocks have identifiers that no other document gets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

Term: TypeAlias = NamedNode | BlankNode | Literal | Triple
"""An RDF term. A triple term that stands in a rule as :class:`Triple` is constant."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a document: its name, and line and column, both counted from 1."""

    source: str
    line: int
    column: int

    def __str__(self) -> str:
        """``rules/lead.srl:3:7``."""
        return f"{self.source}:{self.line}:{self.column}"


NOWHERE = Span("<none>", 1, 1)
"""The place of syntax that was built by a program."""


@dataclass(frozen=True, slots=True)
class TripleTermPattern:
    """A triple term that is not constant: it mentions a variable or, in a head, a blank node.

    A triple term that RDF forbids (a literal as subject) is written so too; nothing ever equals it.
    """

    subject: PatternTerm
    predicate: PatternTerm
    object: PatternTerm


PatternTerm: TypeAlias = Term | Variable | TripleTermPattern
"""What may stand in a triple pattern or a triple template."""


@dataclass(frozen=True, slots=True)
class TriplePattern:
    """A triple pattern of a body or a triple template of a head."""

    subject: PatternTerm
    predicate: PatternTerm
    object: PatternTerm
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def terms(self) -> tuple[PatternTerm, PatternTerm, PatternTerm]:
        """Subject, predicate and object."""
        return self.subject, self.predicate, self.object


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function applied to arguments.

    *operator* is ``= != < > <= >= && || ! + - * /``, ``IN``, ``NOT IN`` (first the value, then the list),
    the name of a built-in in upper case (``STRSTARTS``, ``ISIRI``; ``URI`` and ``ISURI`` are read as their
    IRI synonyms) or the IRI of a function or cast. ``&&`` and ``||`` take two or more arguments, ``+`` and
    ``-`` one or two. A triple term with variables in an expression is a call of ``TRIPLE``.
    """

    operator: str | NamedNode
    arguments: tuple[Expression, ...]
    span: Span = field(default=NOWHERE, compare=False)


Expression: TypeAlias = Term | Variable | Call


@dataclass(frozen=True, slots=True)
class Filter:
    """``FILTER``: keeps the solutions for which the expression is true."""

    expression: Expression
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Assignment:
    """``SET (?v := expression)``: binds a variable; an error removes the solution."""

    variable: Variable
    expression: Expression
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """``NOT { }`` (*evaldata* true) or ``NOT DATA { }`` (false: the base graph alone is looked at)."""

    inner: tuple[TriplePattern | Filter, ...]
    evaldata: bool = True
    span: Span = field(default=NOWHERE, compare=False)


Element: TypeAlias = TriplePattern | Filter | Negation | Assignment
"""An element of a rule body."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``RULE iri? { head } WHERE { body }``; *evaldata* is false for ``WHERE DATA``.

    *generated* holds the variables of the body that the author did not write: they stand for blank nodes
    and for the inner nodes of paths. Their names are written by nobody else in the same rule.
    """

    iri: NamedNode | None
    head: tuple[TriplePattern, ...]
    body: tuple[Element, ...]
    evaldata: bool = True
    generated: frozenset[Variable] = frozenset()
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables that a solution of the body binds, generated ones too, in order of appearance.

        Variables that occur only inside ``NOT`` are not among them (`wellformed`).
        """
        seen: dict[Variable, None] = {}
        for element in self.body:
            if isinstance(element, TriplePattern):
                seen.update(dict.fromkeys(variables_of(element)))
            elif isinstance(element, Assignment):
                seen[element.variable] = None
        return tuple(seen)

    @property
    def own_variables(self) -> tuple[Variable, ...]:
        """Those of :attr:`variables` that the author wrote: what to show of a solution."""
        return tuple(variable for variable in self.variables if variable not in self.generated)

    @property
    def run_once(self) -> bool:
        """Whether this is a run-once rule: it assigns, or its head makes a blank node or a triple term."""
        return any(isinstance(element, Assignment) for element in self.body) or any(
            _makes_node(term) for template in self.head for term in template.terms
        )

    @property
    def name(self) -> str:
        """The IRI in angle brackets, or the place for a rule that has none."""
        return str(self.iri) if self.iri is not None else str(self.span)


@dataclass(frozen=True, slots=True)
class Import:
    """``IMPORTS <iri>``."""

    iri: NamedNode
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A rule document, or several merged: rules in the order written, data without repetitions.

    *data* are the triples of all DATA blocks. *prefixes* serve only for showing terms as they were written.
    """

    rules: tuple[Rule, ...] = ()
    data: tuple[Triple, ...] = ()
    imports: tuple[Import, ...] = ()
    prefixes: Mapping[str, str] = field(default_factory=dict, hash=False)


def variables_of(node: Element | Expression | PatternTerm) -> Iterator[Variable]:
    """Yield the variables that *node* mentions, with repetitions, in the order written."""
    match node:
        case Variable():
            yield node
        case TriplePattern() | TripleTermPattern():
            for term in (node.subject, node.predicate, node.object):
                yield from variables_of(term)
        case Call():
            yield from _all_variables(node.arguments)
        case Filter():
            yield from variables_of(node.expression)
        case Assignment():
            yield node.variable
            yield from variables_of(node.expression)
        case Negation():
            yield from _all_variables(node.inner)


def _makes_node(term: PatternTerm) -> bool:
    """Whether *term* in a head makes a blank node or a triple term that depends on the solution."""
    match term:
        case BlankNode():
            return True
        case TripleTermPattern(subject, predicate, object_):
            parts = (subject, predicate, object_)
            return any(isinstance(part, Variable) or _makes_node(part) for part in parts)
    return False


def _all_variables(nodes: Iterable[Element | Expression]) -> Iterator[Variable]:
    for node in nodes:
        yield from variables_of(node)
