"""Frames between the server and a worker: a small JSON object, then bytes."""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Callable
from typing import Any

Header = dict[str, Any]

_LENGTHS = struct.Struct(">IQ")


def encode(header: Header, body: bytes = b"") -> bytes:
    """Return the frame of *header* and *body*."""
    head = json.dumps(header).encode()
    return _LENGTHS.pack(len(head), len(body)) + head + body


def decode(read: Callable[[int], bytes], limit: int) -> tuple[Header, bytes]:
    """Return header and body of the next frame; *read* returns exactly so many bytes.

    :raises EOFError: where *read* comes up short, or the frame is longer than *limit* bytes: the
        other side is gone, or no longer itself.
    """

    def exactly(count: int) -> bytes:
        data = read(count)
        if len(data) < count:
            raise EOFError
        return data

    head, body = _LENGTHS.unpack(exactly(_LENGTHS.size))
    if head + body > limit:
        raise EOFError
    return json.loads(exactly(head)), exactly(body)


class Pipe:
    """The server's two ends of a worker's pipes, with a deadline on everything.

    *until* is a reading of :func:`time.monotonic`. The descriptors become non-blocking.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        """Take over the two descriptors, but leave closing them to their owner."""
        self._incoming, self._outgoing = incoming, outgoing
        os.set_blocking(incoming, False)
        os.set_blocking(outgoing, False)

    def send(self, frame: bytes, until: float) -> None:
        """Write *frame*.

        :raises TimeoutError: at the deadline.
        :raises OSError: where the worker is gone.
        """
        rest = memoryview(frame)
        while rest:
            _wait(self._outgoing, select.POLLOUT, until)
            rest = rest[os.write(self._outgoing, rest[: select.PIPE_BUF]) :]

    def receive(self, until: float, limit: int) -> tuple[Header, bytes]:
        """Return the next frame, which has at most *limit* bytes.

        :raises TimeoutError: at the deadline.
        :raises EOFError: where the worker is gone.
        """

        def read(count: int) -> bytes:
            data = bytearray()
            while len(data) < count:
                _wait(self._incoming, select.POLLIN, until)
                part = os.read(self._incoming, count - len(data))
                if not part:
                    break
                data += part
            return bytes(data)

        return decode(read, limit)


def _wait(descriptor: int, event: int, until: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    if not poll.poll(max(0, until - time.monotonic()) * 1000):
        raise TimeoutError
