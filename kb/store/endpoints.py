"""The list of endpoints that federated queries may reach: a file that an administrator can read and edit.

``federation.ttl`` in the home folder names each agency's SPARQL endpoint by its address::

    @prefix xz: <https://w3id.org/xiezhi/ns#> .
    @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

    <https://water.example.gov.cn/sparql> a xz:FederatedEndpoint ;
        rdfs:label "水务局"@zh, "Water authority"@en .

It is read when the server starts. Credentials have no place in it: an address with a user is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat

from kb.errors import InputError, Text, XiezhiError
from kb.namespaces import RDF_TYPE, RDFS_LABEL, xz
from kb.store.http import Address

FILE = "federation.ttl"
"""The list, in the home folder."""
_ENDPOINT = xz("FederatedEndpoint")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint on the list: the *iri* that queries name it by, its *address* and what people call it."""

    iri: str
    address: Address
    label: Text


def endpoints(home: Path, more: Iterable[str] = ()) -> Mapping[str, Endpoint]:
    """Return by IRI the endpoints that the list in *home*, if there is one, and the addresses *more* name.

    :raises InputError: ``federation.syntax``, ``federation.endpoint``, ``address.invalid``.
    """
    path = home / FILE
    found = [_endpoint(url, {}, "--federate") for url in more]
    if path.exists():
        try:
            quads = list(pyoxigraph.parse(path.read_bytes(), format=RdfFormat.TURTLE))
        except SyntaxError as error:
            raise InputError.of(
                "federation.syntax",
                f"联邦端点名单写得不对：{error}",
                f"the list of endpoints is not well written: {error}",
                where=str(path),
                repair=("按 Turtle 语法修改", "mend it by the grammar of Turtle"),
            ) from error
        found += _listed(quads, str(path))
    return {endpoint.iri: endpoint for endpoint in found}


def _listed(quads: list[Quad], where: str) -> Iterable[Endpoint]:
    for quad in quads:
        if quad.predicate == RDF_TYPE and quad.object == _ENDPOINT:
            if not isinstance(quad.subject, NamedNode):
                raise _unfit("", where)
            labels = {
                each.object.language or "": each.object.value
                for each in quads
                if each.subject == quad.subject
                and each.predicate == RDFS_LABEL
                and isinstance(each.object, Literal)
            }
            yield _endpoint(quad.subject.value, labels, where)


def _endpoint(url: str, labels: Mapping[str, str], where: str) -> Endpoint:
    address = Address(url)
    if address.authorization is not None or "#" in url:
        raise _unfit(address.shown, where)
    any_label = next(iter(labels.values()), address.host)
    return Endpoint(url, address, Text(labels.get("zh", any_label), labels.get("en", any_label)))


def _unfit(shown: str, where: str) -> XiezhiError:
    return InputError.of(
        "federation.endpoint",
        f"联邦端点须是不含用户名和 # 的 http 或 https 地址：{shown}",
        f"an endpoint must be an http or https address with neither a user nor #: {shown}",
        where=where,
        repair=("写出端点的地址", "write the endpoint's address"),
    )
