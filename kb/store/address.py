"""Where a server is: an ``http`` or ``https`` URL, with its credentials taken out of what people see."""

from __future__ import annotations

import base64
from urllib.parse import SplitResult, unquote, urlsplit

from kb.errors import InputError, XiezhiError


class Address:
    """An ``http`` or ``https`` URL of a server, with its credentials taken out.

    :ivar shown: the URL as people and logs may see it.
    :raises InputError: ``address.invalid``, which does not repeat credentials.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        """Read *url*, whose ``user:password@`` is for Basic authentication; *token* is a bearer's."""
        try:
            parts: SplitResult = urlsplit(url)
            self.host, self.port = parts.hostname or "", parts.port or 0
        except ValueError as error:
            raise _invalid("?", str(error)) from error
        place = parts.netloc.rpartition("@")[2]
        shown = parts._replace(netloc=place).geturl()
        self.shown = "?" if "@" in shown else shown  # of what is no URL, any part may be a password
        if parts.scheme not in ("http", "https") or not self.host or not url.isprintable() or " " in url:
            raise _invalid(self.shown, "http:// or https://")
        if not url.isascii():
            raise _invalid(self.shown, "ASCII; xn--")
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise _invalid(self.shown, "token")
        self.secure = parts.scheme == "https"
        self.port = self.port or (443 if self.secure else 80)
        self.path, self.query = parts.path or "/", parts.query
        self.authorization: str | None = None
        if token is not None:
            self.authorization = f"Bearer {token.strip()}"
        elif parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self.authorization = "Basic " + base64.b64encode(pair.encode()).decode()


def _invalid(shown: str, wanted: str) -> XiezhiError:
    return InputError.of(
        "address.invalid",
        f"服务器地址无效（{wanted}）",
        f"the address of the server is not valid ({wanted})",
        where=shown,
        repair=("形如 http://主机:端口/路径", "such as http://host:port/path"),
    )
