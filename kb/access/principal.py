"""Whoever asks: a person, a program with a token, the operator of this machine, or somebody unknown."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property

from pyoxigraph import NamedNode

from kb.access.policy import Policy, Role
from kb.errors import Forbidden, Text, XiezhiError

VISITOR = "visitor"
"""The role of whoever has not logged in."""
THROUGH = " (token "
"""Stands in the name of a principal between the user and the token that he uses."""


@dataclass(frozen=True)
class Principal:
    """Somebody with *roles* in a *department* (an IRI), under a *policy*.

    *name* is what the journal calls him. *scopes*, of a token, are the only actions that it may take;
    ``None``: all that the roles allow. Everything that it answers is the union over the roles.
    """

    name: str
    roles: frozenset[str]
    policy: Policy = field(repr=False, compare=False)
    department: str | None = None
    scopes: frozenset[str] | None = None

    def may(self, action: str) -> bool:
        """Whether he may take *action*."""
        if self.scopes is not None and action not in self.scopes:
            return False
        return any(action in role.actions for role in self._held)

    def require(self, action: str) -> None:
        """Insist that he may take *action*.

        :raises Forbidden: ``access.action``.
        """
        if not self.may(action):
            raise _not_allowed(action, self.policy)

    def require_own(self, graph: NamedNode) -> None:
        """Insist that *graph* belongs to a dataset of his department, or that he is of none and administers.

        :raises Forbidden: ``access.department``.
        """
        if self.department is None and self.may("administer"):
            return
        if not self.owns(graph):
            raise Forbidden.of(
                "access.department",
                "这个数据集属于别的部门",
                "the dataset belongs to another department",
                where=graph.value,
                repair=("请该部门的数据管理员提交", "ask that department's steward to deliver it"),
            )

    def sees(self, graph: NamedNode) -> bool:
        """Whether he may read the named graph."""
        compartment = self.policy.compartment(graph)
        if compartment is None:
            return False
        if compartment.iri in self._reads:
            return True
        return compartment.iri in self._reads_own and self.owns(graph)

    def writes(self, graph: NamedNode) -> bool:
        """Whether he may write the named graph directly."""
        compartment = self.policy.compartment(graph)
        return compartment is not None and any(compartment.iri in role.writes for role in self._held)

    def owns(self, graph: NamedNode) -> bool:
        """Whether the graph belongs to a dataset of his department."""
        return self.department is not None and self.policy.publisher(graph) == self.department

    @property
    def view(self) -> Hashable:
        """What two who see the same graphs have in common."""
        own = self._reads_own - self._reads
        return self.policy.digest, self._reads, own, self.department if own else None

    @property
    def is_visitor(self) -> bool:
        """Whether nobody knows who he is."""
        return self.roles == {VISITOR}

    @cached_property
    def reads_restricted(self) -> bool:
        """Whether there is a restricted graph that he may read: then each of his queries is recorded."""
        return any(self.sees(name) for name in self.policy.restricted)

    @cached_property
    def _held(self) -> tuple[Role, ...]:
        roles = self.policy.roles
        return tuple(roles[name] for name in sorted(self.roles) if name in roles)

    @cached_property
    def _reads(self) -> frozenset[str]:
        return frozenset().union(*(role.reads for role in self._held))

    @cached_property
    def _reads_own(self) -> frozenset[str]:
        return frozenset().union(*(role.reads_own for role in self._held))


def person(name: str) -> str:
    """Return the user whose principal is called *name*: the same in a session and with any of his tokens.

    >>> person("wang (token 3)"), person("wang")
    ('wang', 'wang')
    """
    return name.partition(THROUGH)[0]


class Operator(Principal):
    """Whoever works on this machine with the store's own key: he could read its files, so he sees everything.

    He takes every action; what may be written directly is still only what a role may write.
    """

    def may(self, action: str) -> bool:
        """Always."""
        return True

    def sees(self, graph: NamedNode) -> bool:
        """Always."""
        return True

    @property
    def view(self) -> Hashable:
        """``None``: everything."""
        return None


def _not_allowed(action: str, policy: Policy) -> XiezhiError:
    said = policy.actions.get(action, Text(action, action))
    able = [role.label for role in policy.roles.values() if action in role.actions]
    return Forbidden.of(
        "access.action",
        f"没有权限：{said.zh}",
        f"you may not {said.en}",
        where=action,
        repair=(
            f"登录，或请管理员授予可以这样做的角色：{'、'.join(role.zh for role in able)}",
            f"log in, or ask an administrator for a role that may: {', '.join(role.en for role in able)}",
        ),
    )
