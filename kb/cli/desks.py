"""Who answers the commands about incidents: a store that this process owns, or the server that has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from kb.catalogue.catalogue import serialize
from kb.catalogue.dcat import Addresses
from kb.cli.remote import JSON, Remote, as_object
from kb.clock import today
from kb.services import asking, auditing, explaining, export, incident, whatif, whynot
from kb.services.audience import everything
from kb.services.datasets import DatasetViews
from kb.services.pasted import telling
from kb.services.recommendation import recommend
from kb.services.releases import listing, replay
from kb.services.workspace import Workspace


class Desk:
    """What the commands about incidents ask for; answered here or by a server."""

    def report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Store a report and return the recommendation."""
        raise NotImplementedError

    def read_words(self, text: str, reported: datetime | None) -> dict[str, Any]:
        """Return what a pasted text proposes for a report; nothing is stored."""
        raise NotImplementedError

    def why(self, identifier: str, conclusion: str) -> dict[str, Any]:
        """Return the proofs of a conclusion."""
        raise NotImplementedError

    def why_not(
        self, identifier: str, target: str, relation: str | None, triple: Sequence[str] | None
    ) -> dict[str, Any]:
        """Return why a conclusion is missing."""
        raise NotImplementedError

    def ask_next(self, identifier: str) -> dict[str, Any]:
        """Return the unknown facts that decide most."""
        raise NotImplementedError

    def what_if(self, identifier: str, changes: dict[str, Any], removed: Sequence[str]) -> dict[str, Any]:
        """Return how the response would change with other facts."""
        raise NotImplementedError

    def replay(self, identifier: str, at: date) -> dict[str, Any]:
        """Return an incident under the facts and the release of a day."""
        raise NotImplementedError

    def releases(self) -> list[dict[str, Any]]:
        """Return every release."""
        raise NotImplementedError

    def rdf(self, identifier: str, media_type: str) -> bytes:
        """Return an incident and its response as RDF."""
        raise NotImplementedError

    def quality(self, department: str) -> dict[str, Any]:
        """Return the quality of shared data, of one department or of all."""
        raise NotImplementedError

    def catalogue(self, media_type: str, page: int, size: int, address: str) -> bytes:
        """Return a page of the catalogue; *address* is where the links lead, where no server runs."""
        raise NotImplementedError

    def audit_verify(self) -> dict[str, Any]:
        """Check the chain of the journal."""
        raise NotImplementedError

    def audit_list(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return entries of the journal."""
        raise NotImplementedError


class LocalDesk(Desk):
    """Answers from a store that this process owns."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Store a report and return the recommendation."""
        answer = incident.report(self._workspace, data, actor="command line")
        return recommend(self._workspace, answer)

    def read_words(self, text: str, reported: datetime | None) -> dict[str, Any]:
        """Return what a pasted text proposes for a report."""
        return telling.read_words(self._workspace, text, datetime.now(UTC), reported)

    def why(self, identifier: str, conclusion: str) -> dict[str, Any]:
        """Return the proofs of a conclusion."""
        return explaining.why(self._workspace, identifier, conclusion)

    def why_not(
        self, identifier: str, target: str, relation: str | None, triple: Sequence[str] | None
    ) -> dict[str, Any]:
        """Return why a conclusion is missing."""
        return whynot.why_not(self._workspace, identifier, target, relation=relation, triple=triple)

    def ask_next(self, identifier: str) -> dict[str, Any]:
        """Return the unknown facts that decide most."""
        return asking.ask_next(self._workspace, identifier)

    def what_if(self, identifier: str, changes: dict[str, Any], removed: Sequence[str]) -> dict[str, Any]:
        """Return how the response would change with other facts."""
        return whatif.what_if(self._workspace, identifier, changes=changes, remove=removed)

    def replay(self, identifier: str, at: date) -> dict[str, Any]:
        """Return an incident under the facts and the release of a day."""
        return replay.replay(self._workspace, identifier, at)

    def releases(self) -> list[dict[str, Any]]:
        """Return every release."""
        return listing.listed(self._workspace, today())

    def rdf(self, identifier: str, media_type: str) -> bytes:
        """Return an incident and its response as RDF."""
        return export.serialize(self._workspace, identifier, media_type)

    def quality(self, department: str) -> dict[str, Any]:
        """Return the quality of shared data, of one department or of all."""
        return DatasetViews(self._workspace).quality.report(department=department)

    def catalogue(self, media_type: str, page: int, size: int, address: str) -> bytes:
        """Return a page of the catalogue."""
        self._workspace.shared.quality.refresh()
        found = DatasetViews(self._workspace).catalogue
        triples = found.triples(
            found.page(everything, page, size), everything, Addresses(address), datetime.now(UTC)
        )
        return serialize(triples, media_type)

    def audit_verify(self) -> dict[str, Any]:
        """Check the chain of the journal."""
        return auditing.verified(self._workspace.store)

    def audit_list(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return entries of the journal."""
        after, limit = wanted.pop("after"), wanted.pop("limit")
        store = self._workspace.store
        return list(auditing.listed(store, auditing.Wanted(**wanted), after=after, limit=limit))


class RemoteDesk(Desk):
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Store a report and return the recommendation."""
        body = json.dumps(data, default=str).encode()
        return as_object(self._ask("/api/recommend", body))

    def read_words(self, text: str, reported: datetime | None) -> dict[str, Any]:
        """Return what a pasted text proposes for a report."""
        at = None if reported is None else reported.isoformat()
        return as_object(self._ask("/api/words", json.dumps({"text": text, "reported": at}).encode()))

    def why(self, identifier: str, conclusion: str) -> dict[str, Any]:
        """Return the proofs of a conclusion."""
        query = urlencode({"conclusion": conclusion})
        return as_object(self._ask(f"/api/incidents/{quote(identifier)}/why?{query}"))

    def why_not(
        self, identifier: str, target: str, relation: str | None, triple: Sequence[str] | None
    ) -> dict[str, Any]:
        """Return why a conclusion is missing."""
        given = [
            ("target", target),
            ("relation", relation or ""),
            *(("triple", part) for part in triple or ()),
        ]
        query = urlencode([(key, value) for key, value in given if value])
        return as_object(self._ask(f"/api/incidents/{quote(identifier)}/why-not?{query}"))

    def ask_next(self, identifier: str) -> dict[str, Any]:
        """Return the unknown facts that decide most."""
        return as_object(self._ask(f"/api/incidents/{quote(identifier)}/ask-next"))

    def what_if(self, identifier: str, changes: dict[str, Any], removed: Sequence[str]) -> dict[str, Any]:
        """Return how the response would change with other facts."""
        body = json.dumps({"set": changes, "unset": list(removed)}, default=str).encode()
        return as_object(self._ask(f"/api/incidents/{quote(identifier)}/what-if", body))

    def replay(self, identifier: str, at: date) -> dict[str, Any]:
        """Return an incident under the facts and the release of a day."""
        return as_object(self._ask(f"/api/incidents/{quote(identifier)}/replay?at={at.isoformat()}"))

    def releases(self) -> list[dict[str, Any]]:
        """Return every release."""
        found: list[dict[str, Any]] = as_object(self._ask("/api/releases"))["releases"]
        return found

    def rdf(self, identifier: str, media_type: str) -> bytes:
        """Return an incident and its response as RDF."""
        return self._ask(f"/api/incidents/{quote(identifier)}", accept=media_type)

    def quality(self, department: str) -> dict[str, Any]:
        """Return the quality of shared data, of one department or of all."""
        return as_object(self._ask(f"/api/quality?{urlencode({'department': department})}"))

    def catalogue(self, media_type: str, page: int, size: int, address: str) -> bytes:
        """Return a page of the catalogue, with the links of the server."""
        return self._ask(f"/catalogue?page={page}&size={size}", accept=media_type)

    def audit_verify(self) -> dict[str, Any]:
        """Check the chain of the journal."""
        return as_object(self._ask("/api/audit/verify"))

    def audit_list(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return entries of the journal."""
        found: list[dict[str, Any]] = as_object(self._ask(f"/api/audit?{urlencode(wanted)}"))["entries"]
        return found

    def _ask(self, path: str, body: bytes | None = None, accept: str = JSON) -> bytes:
        return self._remote.ask(path, body, accept=accept)
