"""Who takes over a directive that was returned, as the rules derive it (``rules/directives/fallback.srl``).

首接负责: the first receiver stays responsible until somebody else has it; 兜底处置: then the lead, the
coordinator, the command. The rules get the returned directive as facts beside those of the incident.
"""

from __future__ import annotations

from pyoxigraph import NamedNode, Triple

from kb.flow.machine import Life
from kb.inference.interactive.derivation import Derivation
from kb.namespaces import xz
from kb.services import incident
from kb.services.directives import acting, terms
from kb.services.workspace import Workspace

FALLBACK, RETURNED, LEAD = xz("fallback"), xz("returnedDirective"), xz("leadDepartment")


def suggested(workspace: Workspace, identifier: str, number: int) -> list[NamedNode]:
    """Return who is to take over directive *number*, the best first; empty where nobody returned it.

    :raises NotFound: ``flow.unknown``, ``incident.unknown``.
    """
    life = acting.life_of(workspace, identifier, number)
    if terms.REFUSED not in life.values:
        return []
    derivation = derived(workspace, identifier, life)
    about = terms.incident_iri(identifier)
    leads = derivation.objects(about, LEAD)
    found = [body for body in derivation.objects(about, FALLBACK) if isinstance(body, NamedNode)]
    gone = {*life.values[terms.REFUSED], life.one(terms.ADDRESSEE)}
    return sorted((b for b in found if b not in gone), key=lambda body: (body not in leads, body.value))


def derived(workspace: Workspace, identifier: str, life: Life) -> Derivation:
    """Return what follows for the incident with the returned directive *life* among its facts."""
    about = terms.incident_iri(identifier)
    facts = [
        *incident.recall(workspace, identifier).facts,
        Triple(about, RETURNED, life.about),
        *(
            Triple(life.about, property_, term)
            for property_ in (terms.ADDRESSEE, terms.REFUSED)
            for term in life.values.get(property_, ())
        ),
    ]
    return incident.derive(workspace, about, facts)
