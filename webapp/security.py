"""What protects the officer's browser: request forgery, DNS rebinding, injected scripts.

Everything is served by this process, so the policy can be strict: no inline script or style, nothing from
any other host.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from flask import Flask, Response, abort, request
from flask_wtf.csrf import CSRFProtect

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": the forgery check over HTTPS compares the referrer's origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def init_app(app: Flask, hosts: Sequence[str] = ()) -> CSRFProtect:
    """Protect *app*, whose server may be addressed by *hosts*, by ``localhost`` and by any IP address."""
    names = {"localhost", *(host.lower().rstrip(".") for host in hosts)}

    @app.before_request
    def refuse_strange_hosts() -> None:
        """Refuse a name that is not ours.

        A page that rebinds its own name to this machine (DNS rebinding) still sends that name; it cannot make
        a browser send an IP address. So addresses are harmless, and names must be known.
        """
        if not _is_known(request.environ.get("HTTP_HOST", ""), names):
            abort(400, description="unknown Host")

    @app.before_request
    def refuse_packed_bodies() -> None:
        """Refuse what could grow a thousandfold when unpacked (reliability.md, attack 22)."""
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            abort(415)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            # Casualties and addresses do not belong in a shared computer's cache.
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return CSRFProtect(app)


def secret_key(home: Path) -> bytes:
    """Return the secret of the server in *home*; made at the first start, readable by its owner only."""
    path = home / "secret.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()


def _is_known(host: str, names: set[str]) -> bool:
    name, _, port = host.lower().rpartition(":") if not host.endswith("]") else (host, "", "")
    if not name:
        name, port = port, ""
    if port and not (port.isascii() and port.isdigit()):
        return False
    if name.rstrip(".") in names:
        return True
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True
