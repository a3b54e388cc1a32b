"""The list of what other agencies' data queries may reach: a file that an administrator can read and edit.

``federation.ttl`` in the home folder names SPARQL endpoints, for ``SERVICE``, and documents, for ``LOAD``, by
their addresses. The terms are defined in ``ontology/federation.ttl``::

    @prefix xz: <https://w3id.org/xiezhi/ns#> .
    @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

    <https://water.example.gov.cn/sparql> a xz:Endpoint ;
        rdfs:label "水务局"@zh, "Water authority"@en ;
        xz:withinNetwork "10.8.0.0/16" ;    # only where its name stands for an address that is not public
        xz:mostSeconds 3 ; xz:mostRows 2000 ; xz:mostBytes 1000000 .    # less, or more, than others get

    <https://water.example.gov.cn/stations.ttl> a xz:LinkedDocument ;
        rdfs:label "水文站"@zh, "Gauging stations"@en .

It is read when the server starts. Credentials have no place in it: an address with a user is refused.

::

    InputError   federation.syntax      the file is not Turtle
                 federation.endpoint    an entry has no fit address
                 federation.limit       a limit or a network is none
                 address.invalid
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeAlias

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat

from kb.errors import InputError, Text, XiezhiError
from kb.namespaces import RDF_TYPE, RDFS_LABEL, xz
from kb.store.address import Address

FILE = "federation.ttl"
"""The list, in the home folder."""
ENDPOINT, DOCUMENT = xz("Endpoint"), xz("LinkedDocument")
_LIMITS = {xz("mostSeconds"): "seconds", xz("mostRows"): "rows", xz("mostBytes"): "size"}
_NETWORK = xz("withinNetwork")

Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An entry of the list: the *iri* that queries name it by, its *address* and what people call it.

    *document*: it is one, for ``LOAD``. *networks* are those, beside the Internet, where it may be.
    *seconds*, *rows* (of a document: triples) and *size* in bytes bound its answers; ``None``: as others'.
    """

    iri: str
    address: Address
    label: Text
    document: bool = False
    networks: tuple[Network, ...] = ()
    seconds: float | None = None
    rows: int | None = None
    size: int | None = None


def endpoints(home: Path, more: Iterable[str] = ()) -> Mapping[str, Endpoint]:
    """Return by IRI what the list in *home*, if there is one, and the endpoints *more* name.

    :raises InputError: see above.
    """
    found = [_endpoint(url, (), "--federate") for url in more]
    path = home / FILE
    if path.exists():
        found += _listed(path)
    return {endpoint.iri: endpoint for endpoint in found}


_Statements: TypeAlias = Sequence[tuple[NamedNode, object]]


def _listed(path: Path) -> Iterable[Endpoint]:
    statements: dict[object, list[tuple[NamedNode, object]]] = {}
    try:
        for quad in pyoxigraph.parse(path.read_bytes(), format=RdfFormat.TURTLE):
            statements.setdefault(quad.subject, []).append((quad.predicate, quad.object))
    except SyntaxError as error:
        raise InputError.of(
            "federation.syntax",
            f"联邦端点名单写得不对：{error}",
            f"the list of endpoints is not well written: {error}",
            where=str(path),
            repair=("按 Turtle 语法修改", "mend it by the grammar of Turtle"),
        ) from error
    for subject, said in statements.items():
        if (RDF_TYPE, ENDPOINT) in said or (RDF_TYPE, DOCUMENT) in said:
            if not isinstance(subject, NamedNode):
                raise _unfit("", str(path))
            yield _endpoint(subject.value, said, str(path))


def _endpoint(url: str, said: _Statements, where: str) -> Endpoint:
    address = Address(url)
    if address.authorization is not None or "#" in url:
        raise _unfit(address.shown, where)
    labels = {
        value.language or "": value.value
        for key, value in said
        if key == RDFS_LABEL and isinstance(value, Literal)
    }
    name = next(iter(labels.values()), address.host)
    limits = {_LIMITS[key]: _number(key, value, url) for key, value in said if key in _LIMITS}
    return Endpoint(
        url,
        address,
        Text(labels.get("zh", name), labels.get("en", name)),
        (RDF_TYPE, DOCUMENT) in said,
        (*_own(address.host), *(_network(value, url) for key, value in said if key == _NETWORK)),
        limits.get("seconds"),
        *(int(limits[key]) if key in limits else None for key in ("rows", "size")),
    )


def _own(host: str) -> Iterable[Network]:
    """Yield the address that *host* is, if it is one: then it is on the list itself."""
    with suppress(ValueError):
        yield ip_network(host)


def _network(value: object, url: str) -> Network:
    try:
        return ip_network(str(getattr(value, "value", "")))
    except ValueError as error:
        raise _no_limit(_NETWORK, str(error), url) from error


def _number(key: NamedNode, value: object, url: str) -> float:
    try:
        number = float(getattr(value, "value", ""))
        if 0 < number < float("inf"):
            return number
    except ValueError:
        pass
    raise _no_limit(key, str(value), url)


def _no_limit(key: NamedNode, told: str, url: str) -> XiezhiError:
    name = key.value.rpartition("#")[2]
    return InputError.of(
        "federation.limit",
        f"联邦端点的 xz:{name} 无效：{told}",
        f"xz:{name} of the endpoint is not valid: {told}",
        where=url,
        repair=("写正数，网络写作 10.8.0.0/16", "write a number above 0, a network as 10.8.0.0/16"),
    )


def _unfit(shown: str, where: str) -> XiezhiError:
    return InputError.of(
        "federation.endpoint",
        f"联邦端点须是不含用户名和 # 的 http 或 https 地址：{shown}",
        f"an endpoint must be an http or https address with neither a user nor #: {shown}",
        where=where,
        repair=("写出端点的地址", "write the endpoint's address"),
    )
