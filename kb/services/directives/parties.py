"""On which side of a directive somebody stands, whether he may release it, and what its guards say."""

from __future__ import annotations

from collections.abc import Mapping

from pyoxigraph import NamedNode

from kb.access.principal import Operator, Principal
from kb.errors import Text
from kb.flow.definition import FLOWS, SYSTEM
from kb.flow.machine import Actor, Guard, Life
from kb.namespaces import ONTOLOGY, RDF_TYPE, ROOT, xz
from kb.services.directives import terms
from kb.services.workspace import Workspace
from kb.store.protocol import Term

ISSUER, ADDRESSEE = (NamedNode(f"{ROOT}kb/party/{name}") for name in ("issuer", "addressee"))
_GUARDS = f"{ROOT}kb/guard/"


def actor_of(principal: Principal, life: Life) -> Actor:
    """Return *principal* with his side of the directive *life*, and the body in whose name he acts.

    Who commands stands on the issuer's side of what the command issued; a department, on that of its own
    requests and of what it is to carry out. The operator of this machine acts for either.
    """
    addressee, issuer = life.one(terms.ADDRESSEE), life.one(terms.ISSUER)
    own = None if principal.department is None else NamedNode(principal.department)
    parties = []
    if isinstance(principal, Operator):
        return Actor(principal, (ISSUER, ADDRESSEE), None)
    if own is not None and own == addressee:
        parties.append(ADDRESSEE)
    if (own is not None and own == issuer) or (not is_request(life) and principal.may("confirm-response")):
        parties.append(ISSUER)
    body = own if own is not None else issuer if ISSUER in parties else None
    return Actor(principal, tuple(parties), body if isinstance(body, NamedNode) else None)


def system(workspace: Workspace) -> Actor:
    """Return the system, which acts when a clock runs out, and drafts what rules recommend."""
    policy = workspace.policies.current
    return Actor(Operator(terms.SYSTEM_NAME, frozenset(policy.roles), policy), (SYSTEM,))


def is_request(life: Life) -> bool:
    """Whether a department issued it by itself: a part of its own directive, or a lateral request."""
    return terms.PARENT in life.values or terms.LATERAL in life.values


def may_release(workspace: Workspace, principal: Principal, level: Term | None) -> bool:
    """Whether *principal* may issue directives at *level*; ``None``: where there is no level."""
    return principal.may(release_action(workspace, level))


def release_action(workspace: Workspace, level: Term | None) -> str:
    """Return the action that issuing at *level* takes, as ``ontology/directives.ttl`` lays down."""
    store = workspace.store
    for quad in store.match(None, RDF_TYPE, xz("ReleaseAuthority"), ONTOLOGY):
        assert isinstance(quad.subject, NamedNode)
        levels = [q.object for q in store.match(quad.subject, xz("onLevel"), None, ONTOLOGY)]
        if (level in levels) if level is not None else not levels:
            for action in store.match(quad.subject, xz("requiresAction"), None, ONTOLOGY):
                if isinstance(action.object, NamedNode):
                    return action.object.value.rpartition("/")[2]
    return "release-authority"


def guards(
    workspace: Workspace, principal: Principal, life: Life, values: Mapping[NamedNode, tuple[Term, ...]]
) -> dict[NamedNode, Guard]:
    """Return what the guards of the flow of directives say of *life*."""

    def parts_ended() -> Text | None:
        left = open_parts(workspace, life.about)
        if not left:
            return None
        numbers = "、".join(str(terms.parts_of(part)[1]) for part in left)
        return Text(f"子指令 {numbers} 尚未办结", f"its sub-directives {numbers} are still open")

    def release_authority() -> Text | None:
        if may_release(workspace, principal, life.one(terms.LEVEL)):
            return None
        action = release_action(workspace, life.one(terms.LEVEL))
        said = workspace.policies.current.actions.get(action, Text(action, action))
        return Text(f"该级别须由有权“{said.zh}”的人签发", f"at this level it takes the right to {said.en}")

    def new_addressee() -> Text | None:
        to = values.get(terms.ADDRESSEE, ())
        if life.one(terms.ADDRESSEE) in to or set(to) & set(life.values.get(terms.REFUSED, ())):
            return Text(
                "不能改派给原部门或退回过的部门",
                "it cannot go to the same department, or one that returned it",
            )
        return None

    def own_request() -> Text | None:
        own = principal.department == getattr(life.one(terms.ISSUER), "value", "")
        if is_request(life) and (own or isinstance(principal, Operator)):
            return None
        return Text("须经审核、签发", "it must be reviewed and issued")

    every = {
        "parts-ended": parts_ended,
        "release-authority": release_authority,
        "new-addressee": new_addressee,
        "own-request": own_request,
    }
    return {NamedNode(_GUARDS + name): guard for name, guard in every.items()}


def open_parts(workspace: Workspace, directive: NamedNode) -> list[NamedNode]:
    """Return the sub-directives of *directive* that are not ended."""
    states = workspace.flows.machine(terms.FLOW).flow.states
    within = terms.states_graph(terms.parts_of(directive)[0])
    found = []
    for quad in workspace.store.match(None, terms.PARENT, directive, within):
        assert isinstance(quad.subject, NamedNode)
        now, _ = workspace.flows.ledger.stored_state(quad.subject, within)
        if now is not None and not states[now].final:
            found.append(quad.subject)
    return sorted(found, key=lambda part: terms.parts_of(part)[1])


def state(name: str) -> NamedNode:
    """Return the state *name* of the flow of directives."""
    return NamedNode(f"{FLOWS}{terms.FLOW}/state/{name}")
