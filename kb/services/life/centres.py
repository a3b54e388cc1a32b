"""Centres as ``ontology/directives.ttl`` declares them: who is on watch in each, and which receives first."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode

from kb.access.principal import Operator, Principal
from kb.errors import InputError, KnowledgeFault, Text
from kb.namespaces import ONTOLOGY, RDF_TYPE, xz
from kb.ontology.names import did_you_mean
from kb.services.life import standing
from kb.services.workspace import Workspace
from kb.store.protocol import Store

_CENTRE, _STAFFED, _FIRST, _COMMANDS = xz("Centre"), xz("staffedBy"), xz("receivesFirst"), xz("commands")


def every(store: Store) -> list[NamedNode]:
    """Return all centres, in the order of their names."""
    found = (q.subject for q in store.match(None, RDF_TYPE, _CENTRE, ONTOLOGY))
    return sorted((one for one in found if isinstance(one, NamedNode)), key=lambda one: one.value)


def staffed_by(store: Store, centre: NamedNode) -> frozenset[str]:
    """Return the names of the roles that are on watch in *centre*."""
    roles = (q.object for q in store.match(centre, _STAFFED, None, ONTOLOGY))
    return frozenset(role.value.rpartition("/")[2] for role in roles if isinstance(role, NamedNode))


def of(workspace: Workspace, principal: Principal) -> NamedNode | None:
    """Return the centre that has what *principal* reports.

    That is the one where he is on watch; of several, the one that commands. What comes from anybody else goes
    to the centre that receives first.
    """
    store = workspace.store
    own = [centre for centre in every(store) if staffed_by(store, centre) & principal.roles]
    return next(iter([*_with(store, own, _COMMANDS), *own, *_with(store, every(store), _FIRST)]), None)


def commanding(workspace: Workspace) -> NamedNode:
    """Return the centre that commands responses.

    :raises KnowledgeFault: ``centre.none``, where none is declared to.
    """
    for centre in _with(workspace.store, every(workspace.store), _COMMANDS):
        return centre
    raise KnowledgeFault.of("centre.none", "没有负责指挥的中心", "no centre is declared to command")


def why_not_from(workspace: Workspace, principal: Principal, identifier: str) -> Text | None:
    """Say why *principal* cannot hand the incident over; ``None``: he is on watch in the centre that has it.

    What no centre has may be handed to one by whoever has the right.
    """
    present = [t.object for t in standing.context(workspace.store, identifier)]
    if isinstance(principal, Operator) or not present:
        return None
    for centre in present:
        if isinstance(centre, NamedNode) and staffed_by(workspace.store, centre) & principal.roles:
            return None
    labels = [workspace.describer.text(centre) for centre in present]
    return Text(
        f"事件在{labels[0].zh}，只有在那里值守的人可以移交",
        f"the incident is at the {labels[0].en}, and only who is on watch there may hand it over",
    )


def find(workspace: Workspace, text: str) -> NamedNode:
    """Return the centre that *text* names: by label, IRI, or the last part of its IRI.

    :raises InputError: ``centre.unknown``.
    """
    known = every(workspace.store)
    for centre in known:
        label = workspace.describer.text(centre)
        if text.strip() in {label.zh, label.en, centre.value, centre.value.rpartition("/")[2]}:
            return centre
    labels = [workspace.describer.text(centre) for centre in known]
    raise InputError.of(
        "centre.unknown",
        f"没有名为“{text}”的中心",
        f"there is no centre “{text}”",
        where="to",
        repair=did_you_mean([name for label in labels for name in (label.zh, label.en)]),
    )


def _with(store: Store, centres: list[NamedNode], property_: NamedNode) -> Iterator[NamedNode]:
    for centre in centres:
        values = (q.object for q in store.match(centre, property_, None, ONTOLOGY))
        if any(isinstance(value, Literal) and value.value == "true" for value in values):
            yield centre
