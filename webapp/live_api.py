"""``GET /events``: what changed, as it changes (server-sent events), as far as the reader may see it.

::

    event: directive
    id: 5f0c2a91-17
    data: {"kind": "directive", "id": "demo-gas"}

``missed`` instead says that the stream was away too long: everything may have changed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import cast

from flask import Blueprint, Flask, Response, g, request, stream_with_context
from werkzeug.exceptions import Unauthorized

from kb.access.principal import Principal, person
from webapp.access import again, me, requires
from webapp.desk import desk

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is alive."""
LOOK = 1.0
"""Seconds after which a silent stream looks whether its reader has left: his next page needs another one."""
LONGEST = 600.0
"""Seconds after which a stream ends; the browser opens another one."""
GATHER = 0.05
"""Seconds for which changes are gathered: who imports a thousand incidents is not told a thousand times."""
RETRY = 1_000
"""Milliseconds after which the browser opens another one."""
blueprint = Blueprint("live", __name__)


def init_app(app: Flask) -> None:
    """Let pages know what they have seen: ``live_mark()``, read before anything else is."""

    @app.before_request
    def remember() -> None:
        g.live_mark = desk().live.mark

    app.jinja_env.globals["live_mark"] = lambda: g.live_mark


@blueprint.get("/events")
@requires("explain")
def events() -> Response:
    """Stream what changes: of one thing (``about``), of some kinds (``kind``), since a mark (``after``)."""
    with ExitStack() as held:
        held.enter_context(desk().live.stream(person(me().name)))
        kinds, about = frozenset(request.args.getlist("kind")), request.args.get("about")
        mark = request.headers.get("Last-Event-ID") or request.args.get("after") or cast(str, g.live_mark)
        response = Response(
            stream_with_context(_messages(mark, kinds, about)),
            content_type=MEDIA_TYPE,
            # A proxy that gathers an answer before it hands it on would make it late.
            headers={"X-Accel-Buffering": "no"},
        )
        response.call_on_close(held.pop_all().close)
        return response


def _messages(mark: str, kinds: frozenset[str], about: str | None) -> Iterator[str]:
    live, end = desk().live, time.monotonic() + LONGEST
    has_left = request.environ.get("waitress.client_disconnected", lambda: False)
    yield f"retry: {RETRY}\n: {mark}\n\n"
    beat = time.monotonic() + HEARTBEAT
    while not live.closed and time.monotonic() < end and not has_left():
        if live.wait(mark, LOOK):
            time.sleep(GATHER)
        told, mark = live.since(mark)
        wanted = [
            one for one in told or () if (not kinds or one.kind in kinds) and about in (None, one.identifier)
        ]
        silent = time.monotonic() < beat
        if silent and told is not None and not wanted:
            continue
        reader = _still()
        if reader is None:
            return
        seen = dict.fromkeys((one.kind, one.identifier) for one in wanted if reader.sees(one.graph))
        news = [("missed", "")] if told is None else list(seen)
        # What he may not see does not even make him hear a sound.
        if news or not silent:
            yield "".join(_message(*one, mark) for one in news) or ":\n\n"
            beat = time.monotonic() + HEARTBEAT


def _message(kind: str, identifier: str, mark: str) -> str:
    data = json.dumps({"kind": kind, "id": identifier})
    return f"event: {kind}\nid: {mark}\ndata: {data}\n\n"


def _still() -> Principal | None:
    """Return the reader as he is now; ``None`` where he may not listen any more."""
    try:
        reader = again()
    except Unauthorized:
        return None
    return reader if reader.may("explain") else None
