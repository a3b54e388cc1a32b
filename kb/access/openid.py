"""Which OpenID provider the environment names, if any: an option (``XIEZHI_OIDC_ISSUER`` and two more).

::

    InputError  openid.address, openid.client
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from kb.errors import InputError

ISSUER, CLIENT, SECRET = "XIEZHI_OIDC_ISSUER", "XIEZHI_OIDC_CLIENT_ID", "XIEZHI_OIDC_CLIENT_SECRET"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Provider:
    """What the environment says of the OpenID provider."""

    issuer: str
    client: str
    secret: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self | None:
        """Return the provider that is configured, if any.

        :raises InputError: ``openid.address``, for an issuer without TLS on another machine;
            ``openid.client``, where it is not said as whom this server is known there.
        """
        issuer = environment.get(ISSUER, "").rstrip("/")
        if not issuer:
            return None
        parts = urlsplit(issuer)
        if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
            raise InputError.of(
                "openid.address",
                f"OpenID 提供方的地址须用 https：{issuer}",
                f"the address of an OpenID provider begins with https: {issuer}",
                where=ISSUER,
                repair=("改用 https 地址", "give its https address"),
            )
        if missing := [name for name in (CLIENT, SECRET) if not environment.get(name)]:
            raise InputError.of(
                "openid.client",
                f"缺少 {'、'.join(missing)}",
                f"missing: {', '.join(missing)}",
                where=ISSUER,
                repair=(
                    "填写在 OpenID 提供方登记的客户端标识与密钥",
                    "give the client id and secret under which this server is registered there",
                ),
            )
        return cls(issuer, environment[CLIENT], environment[SECRET])
