"""Well-formedness (`wellformed`): every variable has a value where it is used."""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import Variable

from kb.errors import Fault, SyntaxFault
from kb.srl import errors
from kb.srl.syntax import Assignment, Element, Filter, Negation, Rule, RuleSet, variables_of


def require_wellformed(ruleset: RuleSet) -> None:
    """Raise every fault of every rule at once; return if there is none.

    :raises SyntaxFault: ``srl.unbound-filter``, ``srl.unbound-set``, ``srl.set-in-scope``,
        ``srl.head-variable``.
    """
    if faults := [fault for rule in ruleset.rules for fault in check(rule)]:
        raise SyntaxFault(faults)


def check(rule: Rule) -> list[Fault]:
    """Return what is not well-formed in *rule*: each variable once for each element that misuses it."""
    scope: set[Variable] = set()
    faults = _check_elements(rule.body, scope)
    for template in rule.head:
        for variable in dict.fromkeys(variables_of(template)):
            if variable not in scope:
                faults.append(errors.head_variable(template.span, str(variable)))
    return faults


def _check_elements(elements: Iterable[Element], scope: set[Variable]) -> list[Fault]:
    """Go through *elements* in order, adding to *scope* what each brings in."""
    faults: list[Fault] = []
    for element in elements:
        match element:
            case Filter(expression, span):
                for variable in dict.fromkeys(variables_of(expression)):
                    if variable not in scope:
                        faults.append(errors.unbound_filter(span, str(variable)))
            case Assignment(variable, expression, span):
                for used in dict.fromkeys(variables_of(expression)):
                    if used not in scope:
                        faults.append(errors.unbound_set(span, str(variable), str(used)))
                if variable in scope:
                    faults.append(errors.set_in_scope(span, str(variable)))
                scope.add(variable)
            case Negation():
                faults += _check_elements(element.inner, set(scope))
            case _:
                scope.update(variables_of(element))
    return faults
