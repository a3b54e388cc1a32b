"""The network of Qingdao out of the shared store, and a way to make a small city for a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pytest
from pyoxigraph import NamedNode

from kb.city import terms
from kb.errors import Text
from kb.namespaces import ORG, RDF_TYPE, ROOT, xz
from kb.network import bodies, collaboration
from kb.network.bodies import Bodies, Body
from kb.network.collaboration import Graph
from kb.network.duties import Duties
from kb.network.outage import Outages
from kb.network.substitution import Substitution
from kb.services.workspace import Workspace

CITY = "370200"
DAY = date(2026, 7, 1)
UNIT_OF = NamedNode(ORG + "unitOf")


@dataclass(frozen=True)
class Network:
    """What is read of one city."""

    bodies: Bodies
    duties: Duties
    substitution: Substitution
    graph: Graph

    @property
    def outages(self) -> Outages:
        return Outages(self.bodies, self.duties, self.graph, self.substitution)


def body_of(path: str) -> NamedNode:
    """Return the IRI of a department of Qingdao: ``370202/health``, ``370200/water``."""
    return NamedNode(f"{ROOT}city/{CITY}/dept/{path}")


@pytest.fixture(scope="session")
def qingdao(workspace: Workspace) -> Network:
    found, duties = bodies.read(workspace.store, CITY), Duties(workspace.store, DAY)
    return Network(found, duties, Substitution(workspace.store), collaboration.build(found, duties))


@pytest.fixture(scope="session")
def small(qingdao: Network) -> Callable[..., Network]:
    """``small({"name": ["function", …]}, above={"name": "superior"})``: a city of one area.

    Names that begin with ``government`` are governments, the others departments of ``government`` if it is
    there. Duties and ways of substitution are those of the knowledge.
    """

    def make(staff: Mapping[str, Sequence[str]], above: Mapping[str, str] | None = None) -> Network:
        def values(name: str, functions: Sequence[str]) -> dict[NamedNode, tuple[NamedNode, ...]]:
            kind = "Government" if name.startswith("government") else "Department"
            found = {
                RDF_TYPE: (xz(kind),),
                terms.JURISDICTION: (terms.area(CITY),),
                terms.TIER: (terms.tier("city"),),
                terms.PERFORMS: tuple(terms.function(one) for one in functions),
            }
            if kind == "Department" and "government" in staff:
                found[UNIT_OF] = (NamedNode(f"{ROOT}test/government"),)
            if name in (above or {}):
                found[terms.SUPERIOR] = (NamedNode(f"{ROOT}test/{(above or {})[name]}"),)
            return found

        every = [
            Body(NamedNode(f"{ROOT}test/{name}"), Text(name, name), values(name, functions))
            for name, functions in staff.items()
        ]
        found = Bodies(CITY, every, qingdao.bodies.above)
        graph = collaboration.build(found, qingdao.duties)
        return Network(found, qingdao.duties, qingdao.substitution, graph)

    return make
