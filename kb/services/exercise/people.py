"""Simulated people: whoever has just the rights that a step takes; and which departments a name means."""

from __future__ import annotations

from collections.abc import Collection

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.city.profile import KINDS
from kb.flow.definition import Step
from kb.flow.machine import Life
from kb.namespaces import xz
from kb.services.directives import orders, parties, terms
from kb.services.exercise.reading import fault
from kb.services.exercise.scenario import Name
from kb.services.workspace import Workspace
from kb.store.protocol import Term

CONFIRM = "confirm-response"
"""The action that makes somebody stand on the side of the command."""
_PERFORMS = xz("performs")


class People:
    """Officers of departments and members of the command, as many as are needed, in *workspace*."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def for_step(self, step: Step, life: Life) -> Principal:
        """Return who takes *step* with the directive *life* in the ordinary course of things."""
        issuer, addressee = life.one(terms.ISSUER), life.one(terms.ADDRESSEE)
        if parties.ADDRESSEE in step.parties:
            return self.officer(addressee, step)
        if parties.is_request(life):
            return self.officer(issuer, step)
        needed = step.action or parties.release_action(self._workspace, life.one(terms.LEVEL))
        return self.commander(needed)

    def commander(self, *actions: str) -> Principal:
        """Return a member of the command who may take *actions*."""
        return self._somebody({CONFIRM, *actions}, None)

    def officer(self, body: object, step: Step) -> Principal:
        """Return the officer of the department *body* who may take *step*."""
        assert isinstance(body, NamedNode)
        return self._somebody({step.action} if step.action else set(), body.value)

    def reporter(self) -> Principal:
        """Return who reports incidents."""
        return self._somebody({"report", CONFIRM}, None)

    def _somebody(self, actions: Collection[str], department: str | None) -> Principal:
        """Return somebody with the role that has the fewest rights beyond *actions*."""
        policy = self._workspace.policies.current
        able = [role for role in policy.roles.values() if set(actions) <= role.actions]
        role = min(able, key=lambda one: (len(one.actions), one.name))
        of = "" if department is None else f" {_last(department)} {department.split('/')[-2]}"
        return Principal(f"exercise {role.name}{of}", frozenset([role.name]), policy, department)


def meant(workspace: Workspace, body: NamedNode, name: Name) -> bool:
    """Whether *name* means *body*: its label, the end of its IRI, or a function that it performs."""
    if _is(workspace, body, name.text):
        return True
    functions = (q.object for q in workspace.store.match(body, _PERFORMS, None))
    return any(_is(workspace, one, name.text) for one in functions if isinstance(one, NamedNode))


def require_meaning(workspace: Workspace, name: Name) -> None:
    """Insist that *name* means some department.

    :raises KnowledgeFault: ``exercise.unknown-body``.
    """
    bodies = {member.iri for kind in KINDS for member in workspace.names.members(xz(kind))}
    if not any(meant(workspace, body, name) for body in bodies):
        raise _unknown(workspace, name)


def body(workspace: Workspace, name: Name) -> NamedNode:
    """Return the one body that *name*, a label or IRI, means.

    :raises KnowledgeFault: ``exercise.unknown-body``.
    """
    found = orders.find(workspace, name.text)
    if found is None:
        raise _unknown(workspace, name)
    return found


def node(term: Term | None) -> NamedNode | None:
    """Return *term* where it has an IRI."""
    return term if isinstance(term, NamedNode) else None


def _is(workspace: Workspace, term: NamedNode, text: str) -> bool:
    label = workspace.names.label(term)
    return text in (label.zh, label.en, term.value, _last(term.value))


def _last(iri: str) -> str:
    return iri.rpartition("/")[2]


def _unknown(workspace: Workspace, name: Name) -> Exception:
    near = [n for kind in KINDS for n in workspace.names.nearest(name.text, xz(kind))][:3]
    return fault(
        "unknown-body",
        f"没有名为“{name.text}”的部门",
        f"there is no department {name.text}",
        name.where,
        (
            f"用部门全称、职能（如 fire-rescue）或：{'、'.join(near)}",
            f"use a department's full name, a function such as fire-rescue, or: {', '.join(near)}",
        ),
    )
