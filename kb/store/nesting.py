"""What is looked at before a parser sees a byte: how deep brackets nest, and document types.

Parsers overflow their stack on a few kilobytes that are nested deep (shared/reliability.md, attacks 5 to 8).
Everything here is linear: all quantifiers that could run far are possessive.
"""

from __future__ import annotations

import re
from collections.abc import Collection

# Strings, IRIs and comments first: they may hold brackets.
JSON = re.compile(rb'"(?:[^"\\]|\\.)*+"?+|[\[\]{}]', re.DOTALL)
TURTLE = re.compile(
    rb'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?+'
    rb"|'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?+"
    rb'|"(?:[^"\\\n\r]|\\.)*+"?+'
    rb"|'(?:[^'\\\n\r]|\\.)*+'?+"
    rb"|<<|>>"
    rb'|<[^<>"{}|^`\\\x00-\x20]*+>'
    rb"|#[^\n\r]*+"
    rb"|[(\[{)\]}]",
    re.DOTALL,
)
DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
OPENING, CLOSING = frozenset((b"(", b"[", b"{")), frozenset((b")", b"]", b"}"))


def beyond(
    text: bytes,
    tokens: re.Pattern[bytes],
    limit: int,
    opening: Collection[bytes] = OPENING,
    closing: Collection[bytes] = CLOSING,
) -> int | None:
    """Return the place at which *opening* marks nest deeper than *limit*; ``None``: nowhere.

    :param tokens: :data:`JSON` or :data:`TURTLE`: what marks do not count in.
    """
    depth = 0
    for token in tokens.finditer(text):
        mark = token[0]
        depth += (mark in opening) - (mark in closing)
        if depth > limit:
            return token.start()
    return None
