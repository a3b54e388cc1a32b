"""Who answers the commands about incidents: a store that this process owns, or the server that has it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from kb.errors import Fault, InputError, Text
from kb.report.values import today
from kb.services import asking, auditing, explaining, export, incident, whatif, whynot
from kb.services.recommendation import recommend
from kb.services.releases import listing, replay
from kb.services.workspace import Workspace

TIMEOUT = 60


class Desk:
    """What the commands about incidents ask for; answered here or by a server."""

    def report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Store a report and return the recommendation."""
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

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._key = key

    def report(self, data: dict[str, Any]) -> dict[str, Any]:
        """Store a report and return the recommendation."""
        body = json.dumps(data, default=str).encode()
        return _json(self._ask("/api/recommend", body, "application/json"))

    def why(self, identifier: str, conclusion: str) -> dict[str, Any]:
        """Return the proofs of a conclusion."""
        query = urlencode({"conclusion": conclusion})
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/why?{query}"))

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
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/why-not?{query}"))

    def ask_next(self, identifier: str) -> dict[str, Any]:
        """Return the unknown facts that decide most."""
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/ask-next"))

    def what_if(self, identifier: str, changes: dict[str, Any], removed: Sequence[str]) -> dict[str, Any]:
        """Return how the response would change with other facts."""
        body = json.dumps({"set": changes, "unset": list(removed)}, default=str).encode()
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/what-if", body))

    def replay(self, identifier: str, at: date) -> dict[str, Any]:
        """Return an incident under the facts and the release of a day."""
        return _json(self._ask(f"/api/incidents/{quote(identifier)}/replay?at={at.isoformat()}"))

    def releases(self) -> list[dict[str, Any]]:
        """Return every release."""
        found: list[dict[str, Any]] = _json(self._ask("/api/releases"))["releases"]
        return found

    def rdf(self, identifier: str, media_type: str) -> bytes:
        """Return an incident and its response as RDF."""
        return self._ask(f"/api/incidents/{quote(identifier)}", accept=media_type)

    def audit_verify(self) -> dict[str, Any]:
        """Check the chain of the journal."""
        return _json(self._ask("/api/audit/verify"))

    def audit_list(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return entries of the journal."""
        found: list[dict[str, Any]] = _json(self._ask(f"/api/audit?{urlencode(wanted)}"))["entries"]
        return found

    def _ask(self, path: str, body: bytes | None = None, accept: str = "application/json") -> bytes:
        headers = {"Accept": accept, "Authorization": f"Bearer {self._key}"} | (
            {} if body is None else {"Content-Type": "application/json"}
        )
        request = urllib.request.Request(self._url + path, body, headers)  # noqa: S310 - our own http server
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - the same
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            raise problem(error.read()) from error


def _json(body: bytes) -> dict[str, Any]:
    data = json.loads(body)
    assert isinstance(data, dict)
    return data


def problem(body: bytes) -> InputError:
    """Return the error that a server told in problem details (RFC 9457), with its faults."""
    try:
        problem = json.loads(body)
        faults = [
            Fault(
                f["code"],
                Text(f["message"]["zh"], f["message"]["en"]),
                f.get("where", ""),
                Text(f["repair"]["zh"], f["repair"]["en"]) if f.get("repair") else None,
            )
            for f in problem.get("faults", [])
        ]
        detail = str(problem.get("detail") or problem.get("title"))
    except (ValueError, KeyError, TypeError, AttributeError):
        faults, detail = [], body.decode(errors="replace")[:500]
    return InputError(faults or [Fault("server.error", Text(detail, detail))])
