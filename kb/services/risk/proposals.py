"""Warnings proposed to the monitoring centre. A proposal is a record that people confirm or dismiss, no
alert."""

from __future__ import annotations

from datetime import datetime
from threading import Lock
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from kb.city import terms
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import InputError, NotFound, both
from kb.namespaces import PROV, RDF_TYPE, XSD, graph, xz
from kb.services.audience import Visible, everything
from kb.services.risk.views import RiskViews
from kb.services.workspace import Workspace
from kb.store.protocol import Change

MOST = 20
"""So many proposals are made for one hour, those of the highest index: nobody reads more."""
PROPOSED = "proposed"
DECISIONS = {"confirm": "confirmed", "dismiss": "dismissed"}
REASON = 500
_STATE, _FOR = xz("proposalState"), xz("proposedFor")


class Proposals:
    """The proposals of the cities in *workspace*."""

    def __init__(self, workspace: Workspace, views: RiskViews) -> None:
        self._store, self._describer, self._views = workspace.store, workspace.describer, views
        self._lock = Lock()

    def propose(self, city: str, at: datetime, *, actor: str) -> dict[str, Any]:
        """Propose warnings for the hour of *at*; what was proposed for it already is not proposed again.

        :raises NotFound: ``risk.city``, ``risk.not-assessed``.
        """
        code = self._views.city(city)
        hour = at.astimezone(CHINA_STANDARD_TIME).replace(minute=0, second=0, microsecond=0)
        reached = self._views.reaching(code, hour)
        name = _graph(code)
        quads: list[Quad] = []
        how = self._views.method
        for cell, category, value, level in reached[:MOST]:
            slug = f"{hour:%Y%m%d%H}-{category.slug}-{cell.value.rpartition('/')[2]}"
            iri = terms.of_city(code, f"warning-proposal/{slug}")
            if any(self._store.match(iri, _STATE, None, name)):
                continue
            quads += [
                Quad(iri, RDF_TYPE, xz("WarningProposal"), name),
                Quad(iri, xz("ofGrid"), cell, name),
                Quad(iri, xz("ofRiskCategory"), category.iri, name),
                Quad(iri, xz("ofRiskLevel"), how.thresholds[level].level, name),
                Quad(iri, xz("relativeRisk"), _literal(f"{value:.3f}", "decimal"), name),
                Quad(iri, _FOR, _literal(hour.isoformat(), "dateTime"), name),
                Quad(iri, NamedNode(PROV + "wasDerivedFrom"), graph(f"risk/{code}"), name),
                Quad(iri, _STATE, Literal(PROPOSED), name),
            ]
        if quads:
            self._store.commit(Change(quads), actor=actor, action="propose warnings", reason=hour.isoformat())
        made = sum(quad.predicate == _STATE for quad in quads)
        return {"city": code, "hour": hour.isoformat(), "reaching": len(reached), "made": made}

    def listed(self, city: str, state: str = "", visible: Visible = everything) -> list[dict[str, Any]]:
        """Return the proposals of *city*, those in *state* or all, the latest hour and highest index
        first."""
        code = self._views.city(city, visible)
        name = _graph(code)
        if not visible(name):
            return []
        found = [
            self._told(quad.subject, name)
            for quad in self._store.match(None, RDF_TYPE, xz("WarningProposal"), name)
            if isinstance(quad.subject, NamedNode)
        ]
        found = [one for one in found if not state or one["state"] == state]
        found.sort(key=lambda one: one["index"], reverse=True)
        return sorted(found, key=lambda one: str(one["hour"]), reverse=True)

    def decide(self, city: str, identifier: str, decision: str, reason: str, *, actor: str) -> dict[str, Any]:
        """Confirm or dismiss a proposal for a *reason*, once.

        :raises NotFound: ``risk.proposal``. InputError: ``risk.decision``, ``risk.reason``, and
            ``risk.decided``: somebody decided it before.
        """
        code = self._views.city(city)
        name, known = _graph(code), identifier.isascii() and identifier.replace("-", "").isalnum()
        iri = terms.of_city(code, f"warning-proposal/{identifier if known else 0}")
        if decision not in DECISIONS:
            raise InputError.of(
                "risk.decision",
                "决定应为确认或驳回",
                "a decision is to confirm or to dismiss",
                repair=(", ".join(DECISIONS), ", ".join(DECISIONS)),
            )
        reason = reason.strip()
        if not 2 <= len(reason) <= REASON:
            raise InputError.of(
                "risk.reason",
                f"请说明理由（2 至 {REASON} 字）",
                f"give a reason of 2 to {REASON} characters",
                where="reason",
            )
        with self._lock:  # two may decide at once: one does, the other is told
            states = list(self._store.match(iri, _STATE, None, name))
            if not states:
                raise NotFound.of(
                    "risk.proposal", f"没有建议 {identifier[:60]}", f"there is no proposal {identifier[:60]}"
                )
            if states[0].object != Literal(PROPOSED):
                raise InputError.of("risk.decided", "该建议已有决定", "this proposal was decided already")
            self._store.commit(
                Change(
                    [
                        Quad(iri, _STATE, Literal(DECISIONS[decision]), name),
                        Quad(iri, xz("proposalDecidedBy"), Literal(actor), name),
                        Quad(iri, xz("decisionReason"), Literal(reason), name),
                    ],
                    states,
                ),
                actor=actor,
                action=f"{decision} warning proposal",
                reason=reason,
                key=f"decide {iri.value}",
            )
        return self._told(iri, name)

    def _told(self, iri: NamedNode, name: NamedNode) -> dict[str, Any]:
        values = {quad.predicate: quad.object for quad in self._store.match(iri, None, None, name)}

        def text(key: str) -> str | None:
            term = values.get(xz(key))
            return term.value if isinstance(term, Literal) else None

        return {
            "id": iri.value.rpartition("/")[2],
            "iri": iri.value,
            **{key: self._thing(values.get(xz(of))) for key, of in _THINGS},
            "index": float(text("relativeRisk") or 0),
            "hour": text("proposedFor"),
            "state": text("proposalState"),
            "decidedBy": text("proposalDecidedBy"),
            "reason": text("decisionReason"),
        }

    def _thing(self, term: object) -> dict[str, Any] | None:
        if not isinstance(term, NamedNode):
            return None
        return {"iri": term.value, "label": both(self._describer.text(term))}


_THINGS = (("grid", "ofGrid"), ("category", "ofRiskCategory"), ("level", "ofRiskLevel"))


def _graph(city: str) -> NamedNode:
    return graph(f"risk/{city}/proposals")


def _literal(value: str, datatype: str) -> Literal:
    return Literal(value, datatype=NamedNode(XSD + datatype))
