"""Which addresses a request to another agency may really go to: decided after the name is resolved.

A name on the list of endpoints may point anywhere: to this machine, to the network behind the firewall, to
the metadata service of a cloud. So the name is resolved once, every address that comes back is looked at, and
the connection goes to such an address, not to the name again, which could mean another place by then. Allowed
are addresses of the public Internet, the address itself where the list has one instead of a name, and the
networks that the list names for the endpoint.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from kb.store.endpoints import Endpoint, Network

_Place: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]

_TRANSLATED = tuple(map(ip_network, ("64:ff9b::/96", "2001::/32", "2002::/16")))
"""IPv6 addresses that stand for IPv4 ones (NAT64, Teredo, 6to4), which could be any."""


class OutOfReach(Exception):
    """The name of an endpoint stands for an *address* to which no request may go."""

    def __init__(self, address: str) -> None:
        """Keep the address."""
        super().__init__(address)
        self.address = address


def dial(endpoint: Endpoint, timeout: float) -> socket.socket:
    """Return a connection to the host of *endpoint*.

    :param timeout: seconds for all of it, the resolving included.
    :raises OutOfReach: before any socket is opened.
    :raises OSError: where nobody answers; ``TimeoutError``.
    """
    until = time.monotonic() + timeout
    host, port = endpoint.address.host, endpoint.address.port
    places = _resolved(host, port, timeout)
    for *_, place in places:
        if not permitted(str(place[0]), endpoint.networks):
            raise OutOfReach(str(place[0]))
    failure: OSError = TimeoutError()
    for family, kind, protocol, _, place in places:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(until - time.monotonic(), 0.001))
            connection.connect(place)
        except OSError as error:
            connection.close()
            failure = error
        else:
            connection.settimeout(timeout)
            return connection
    raise failure


def permitted(address: str, networks: Iterable[Network]) -> bool:
    """Whether a request may go to the IP *address* of an endpoint that the list has in *networks*."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if any(found in network for network in networks):
        return True
    if any(found in network for network in _TRANSLATED):
        return False
    return found.is_global and not found.is_multicast


def _resolved(host: str, port: int, timeout: float) -> Sequence[_Place]:
    """Look *host* up on a thread of its own: the system's look-up has no deadline."""
    answers: SimpleQueue[Sequence[_Place] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=look_up, name=f"resolving {host}", daemon=True).start()
    try:
        found = answers.get(timeout=timeout)
    except Empty:
        raise TimeoutError from None
    if isinstance(found, OSError):
        raise found
    return found
