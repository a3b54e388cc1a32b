"""Asking a running server over its HTTP API, with the key of whoever owns its store."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import IO, Any

from kb.errors import Fault, InputError, Text

TIMEOUT = 60.0
"""Seconds that an answer may take, unless said otherwise."""
JSON = "application/json"


class Remote:
    """A running server: where it listens, and the key by which it knows the owner of the store."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._key = key

    def ask(
        self,
        path: str,
        body: bytes | IO[bytes] | None = None,
        *,
        media: str = JSON,
        accept: str = JSON,
        method: str | None = None,
        length: int | None = None,
        timeout: float = TIMEOUT,
    ) -> bytes:
        """Return the answer to a request for *path*.

        :param media: the type of *body*; *length* its bytes, where it is a stream.
        :raises InputError: with the faults that the server tells.
        """
        headers = {"Accept": accept, "Authorization": f"Bearer {self._key}"}
        if body is not None:
            headers["Content-Type"] = media
        if length is not None:
            headers["Content-Length"] = str(length)
        url = self._url + path
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - our own http server
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 - the same
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            raise problem(error.read()) from error


def as_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that an answer is."""
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
