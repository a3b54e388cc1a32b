"""What each department of an area has to do by a plan, before anything has happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pyoxigraph import NamedNode

from kb.city import terms
from kb.errors import both
from kb.namespaces import SKOS, xz
from kb.network import bodies
from kb.services.naming import named
from kb.services.plans import comparing, editions, listing
from kb.services.plans.keeping import Kept
from kb.services.workspace import Workspace

DUTY, NEED = xz("Duty"), xz("ResourceNeed")
FUNCTION, RESPONSIBLE, BY_LEAD = xz("function"), xz("responsibleFunction"), xz("ledByLead")
ROLE, NEEDED_BY, LEAD = xz("role"), xz("neededBy"), "lead"


def of_plan(workspace: Workspace, plan: NamedNode, city: str, area: str, on: date) -> dict[str, Any]:
    """Return a card for each department of *area*, a division of *city* (codes), that the plan calls upon.

    A card has the functions for which the department is called upon, its modules, duties with their clauses,
    and what its modules need. Functions that nobody has there come last, without a department.
    It is the edition in force that counts; where there is none, what the knowledge says today.

    :raises NotFound: ``network.city``.
    """
    now = editions.in_force(lives := editions.editions(workspace, plan), on)
    number = None if now is None else lives.index(now) + 1
    kept = listing.of_edition(workspace, plan, number, on)
    called = _called(kept)
    city_bodies, where = bodies.read(workspace.store, city), terms.area(area)
    by_body: dict[NamedNode | None, list[NamedNode]] = {}
    for function in sorted(called, key=lambda one: one.value):
        performing: list[NamedNode | None] = [body.iri for body in city_bodies.performing(where, function)]
        for body in performing or [None]:
            by_body.setdefault(body, []).append(function)
    nobody = [[function] for function in by_body.pop(None, [])]
    return {
        "plan": {**named(workspace, plan), "slug": editions.slug_of(plan)},
        "edition": number,
        "area": named(workspace, where),
        "cards": [
            *(_card(workspace, kept, called, body, functions) for body, functions in by_body.items()),
            *(_card(workspace, kept, called, None, functions) for functions in nobody),
        ],
    }


def _called(kept: Mapping[NamedNode, Kept]) -> dict[NamedNode, list[Kept]]:
    """Return the duties and modules of each function that the plan calls upon."""
    found: dict[NamedNode, list[Kept]] = {}
    leads = [
        function
        for one in kept.values()
        if one.kind == DUTY and any(r.value.endswith(f"/{LEAD}") for r in one.provision.objects(ROLE))
        for function in one.provision.objects(FUNCTION)
    ]
    for one in kept.values():
        functions: Iterable[NamedNode] = ()
        if one.kind == DUTY:
            functions = one.provision.objects(FUNCTION)
        elif one.kind == editions.MODULE:
            led = any(s.predicate == BY_LEAD for s in one.provision.statements)
            functions = leads if led else one.provision.objects(RESPONSIBLE)
        for function in dict.fromkeys(functions):
            found.setdefault(function, []).append(one)
    return found


def _card(
    workspace: Workspace,
    kept: Mapping[NamedNode, Kept],
    called: Mapping[NamedNode, list[Kept]],
    body: NamedNode | None,
    functions: list[NamedNode],
) -> dict[str, Any]:
    own = list(dict.fromkeys(one for function in functions for one in called[function]))
    modules = {one.provision.node: one for one in own if one.kind == editions.MODULE}
    needs = [
        (module, one)
        for one in kept.values()
        if one.kind == NEED
        for module in one.provision.objects(NEEDED_BY)
        if module in modules
    ]
    return {
        "department": named(workspace, body),
        "functions": [named(workspace, function) for function in functions],
        "modules": [
            {**comparing.told(workspace, one), "task": _task(workspace, node)}
            for node, one in modules.items()
        ],
        "duties": [comparing.told(workspace, one) for one in own if one.kind == DUTY],
        "resources": [
            {**comparing.told(workspace, one), "module": named(workspace, module)} for module, one in needs
        ],
    }


def _task(workspace: Workspace, module: NamedNode) -> dict[str, str]:
    found = workspace.names.texts(module, NamedNode(SKOS + "definition"))
    return both(found or workspace.describer.text(module))
