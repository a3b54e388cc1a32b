"""Pages of other sites may use the query service (CORS, Fetch Standard), with a token or as visitors.

Never with cookies: a request of another site without a token is a visitor's (:mod:`webapp.access`), so the
permission is the same for every site.
"""

from __future__ import annotations

from flask import Blueprint, Response

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Accept, Content-Type, If-Match, If-None-Match, If-Range, "
    "Range",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Expose-Headers": "Location, Link, ETag, Content-Range, Xiezhi-Truncated",
    "Access-Control-Max-Age": "86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def open_to_other_sites(blueprint: Blueprint) -> None:
    """Let pages of other sites read what *blueprint* answers."""

    @blueprint.after_request
    def add(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response
