"""Answers of the data services are packed for whoever can unpack gzip: RDF shrinks to a tenth.

A packed answer is another representation (RFC 9110), so it has a weak entity tag and no ranges.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, request

LEAST = 1024
"""Bytes below which it is not worth it."""
LEVEL, GZIP = 5, 31  # 31: a gzip header, and the largest window


def pack(blueprint: Blueprint) -> None:
    """Pack what *blueprint* answers."""

    @blueprint.after_request
    def packed(response: Response) -> Response:
        response.vary.add("Accept-Encoding")
        small = response.content_length is not None and response.content_length < LEAST
        if response.status_code != 200 or small or "Range" in request.headers or request.method == "HEAD":
            return response
        if request.accept_encodings.best_match(["identity", "gzip"]) != "gzip":
            return response
        response.call_on_close(getattr(response.response, "close", lambda: None))
        response.response = _gzip(response.iter_encoded())
        response.direct_passthrough = False
        response.headers["Content-Encoding"] = "gzip"
        del response.headers["Content-Length"], response.headers["Accept-Ranges"]
        if (tag := response.get_etag()[0]) is not None:
            response.set_etag(tag, weak=True)
        return response


def _gzip(parts: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(LEVEL, wbits=GZIP)
    for part in parts:
        if packed := packer.compress(part):
            yield packed
    yield packer.flush()
