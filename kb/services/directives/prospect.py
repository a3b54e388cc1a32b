"""What confirming an incident's response would do now: which orders would go out, and who issues them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.services import incident
from kb.services.directives import board, confirming, parties
from kb.services.life import standing
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace


def prospect(
    workspace: Workspace,
    identifier: str,
    reader: Principal,
    recommendation: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Return what *reader* would send by confirming now; ``None``: nothing, or it is not for him to confirm.

    :param recommendation: what is recommended now to those who see everything, if it is known.
    :return: ``orders`` (department, module, task), whether *reader* ``issues`` them at once, and by label the
        ``issuers``, the roles that may issue at this level of the response.
    :raises NotFound: ``incident.unknown``.
    """
    machine = standing.machine(workspace)
    life, _ = standing.life_of(workspace, identifier)
    if not reader.may("confirm-response") or "confirm" not in {step.name for step in machine.possible(life)}:
        return None
    if recommendation is None:
        recommendation = recommend(workspace, incident.recall(workspace, identifier))
    orders = confirming.outstanding(workspace, identifier, recommendation)
    if not orders:
        return None
    level = recommendation["response"]["level"]
    of_level = None if level is None else NamedNode(level["iri"])
    return {
        "orders": board.told(workspace, orders),
        "issues": parties.may_release(workspace, reader, of_level),
        "issuers": board.issuers(workspace, of_level),
    }
