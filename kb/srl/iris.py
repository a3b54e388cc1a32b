"""Relative IRIs: RFC 3986 section 5.2, and nothing more (no normalisation, as SPARQL demands).

An absolute IRI stays as it is written, dots and all, as Oxigraph reads it in Turtle and SPARQL.

``urllib.parse.urljoin`` differs from the RFC for schemes that it does not know, and for ``?`` and ``#``
with nothing behind them, hence these few lines.
"""

from __future__ import annotations

import re

_PARTS = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)


def is_absolute(iri: str) -> bool:
    """Whether *iri* begins with a scheme."""
    return _split(iri)[0] is not None


def resolve(base: str, reference: str) -> str:
    """Resolve *reference* against the absolute IRI *base*.

    >>> resolve("http://a/b/c/d;p?q", "../g")
    'http://a/b/g'
    """
    scheme, authority, path, query, fragment = _split(reference)
    if scheme is not None:
        return reference
    base_scheme, base_authority, base_path, base_query, _ = _split(base)
    if authority is not None:
        path = _remove_dots(path)
    else:
        authority = base_authority
        if not path:
            path = base_path
            query = base_query if query is None else query
        elif path.startswith("/"):
            path = _remove_dots(path)
        else:
            path = _remove_dots(_merge(base_authority, base_path, path))
    return (
        f"{base_scheme}:"
        + ("" if authority is None else f"//{authority}")
        + path
        + ("" if query is None else f"?{query}")
        + ("" if fragment is None else f"#{fragment}")
    )


def _split(iri: str) -> tuple[str | None, str | None, str, str | None, str | None]:
    match = _PARTS.fullmatch(iri)
    assert match is not None, "every part of the pattern may be empty"
    scheme, authority, path, query, fragment = match.groups()
    return scheme, authority, path, query, fragment


def _merge(base_authority: str | None, base_path: str, path: str) -> str:
    if base_authority is not None and not base_path:
        return "/" + path
    return base_path[: base_path.rfind("/") + 1] + path


def _remove_dots(path: str) -> str:
    """Take ``.`` and ``..`` out of *path* (RFC 3986 section 5.2.4)."""
    if "." not in path:
        return path
    rooted = path.startswith("/")
    kept: list[str] = []
    segments = path[rooted:].split("/")
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" * rooted + "/".join(kept)
