"""Roles and compartments as the ontology declares them (``ontology/access.ttl``).

Every named graph lies in one compartment, and a role may read or write compartments: a few classes of graphs
instead of a list of thousands. Only ``graph/ontology`` and ``graph/catalogue`` are asked, which no delivery
can write: triples about rights in somebody's data mean nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat

from kb.errors import Text
from kb.namespaces import CATALOGUE, ONTOLOGY, RDF_TYPE, RDFS_LABEL, ROOT, graph, xz
from kb.store.protocol import Change, Store

GRAPHS = f"{ROOT}graph/"
OUTSIDE = "*"
"""The prefix that stands for every graph that is not of this system."""
PER_DATASET = ("source/", "quarantine/", "personal/")
"""Graphs of which there is one for each dataset: ``<kind>/<department>/<dataset>``."""
DATASETS = f"{ROOT}dataset/"
_ROLES, _ACTIONS = f"{ROOT}kb/role/", f"{ROOT}kb/action/"
_INCIDENTS = graph("response/")
_WITHHELD = NamedNode(f"{ROOT}kb/sharing/withheld")
_PUBLISHER = NamedNode("http://purl.org/dc/terms/publisher")


@dataclass(frozen=True, slots=True)
class Compartment:
    """A class of named graphs.

    Those that begin with one of *prefixes*, of datasets with *sharing* if given.
    """

    iri: str
    prefixes: tuple[str, ...]
    sharing: NamedNode | None
    restricted: bool


@dataclass(frozen=True, slots=True)
class Role:
    """The rights of a role: compartments by IRI, actions by name (the last part of their IRI)."""

    iri: str
    label: Text
    reads: frozenset[str]
    reads_own: frozenset[str]
    writes: frozenset[str]
    actions: frozenset[str]

    @property
    def name(self) -> str:
        """The last part of its IRI, by which people and programs call it."""
        return self.iri.removeprefix(_ROLES)


class Policy:
    """What the store declares at one moment; immutable.

    :param store: is read once.

    *actions* are the labels of actions by name; *digest* is the same for policies that say the same.
    """

    def __init__(self, store: Store) -> None:
        self.roles = {role.name: role for role in _roles(store)}
        self.compartments = {compartment.iri: compartment for compartment in _compartments(store)}
        self.actions = dict(_actions(store))
        self._datasets = dict(_datasets(store))
        self.digest = hashlib.sha256(
            "\n".join(sorted(_statements(store, self._datasets))).encode()
        ).hexdigest()
        self._found: dict[str, Compartment | None] = {}

    def compartment(self, name: NamedNode) -> Compartment | None:
        """Return the compartment of the graph *name*; ``None``: nobody reads or writes it."""
        iri = name.value
        if iri not in self._found:
            if len(self._found) > _REMEMBERED:
                self._found.clear()
            self._found[iri] = self._look_up(iri)
        return self._found[iri]

    def common(self, name: NamedNode) -> bool:
        """Whether everybody who may read incidents may also read the graph *name*.

        Rules read only such graphs: what they conclude stands in the incident's response, and nobody shall
        learn from it what he may not read (reliability.md, attack 26).
        """
        compartment, incidents = self.compartment(name), self.compartment(_INCIDENTS)
        if compartment is None or incidents is None:
            return False
        readers = [role for role in self.roles.values() if incidents.iri in role.reads]
        return all(compartment.iri in role.reads for role in readers)

    def publisher(self, name: NamedNode) -> str | None:
        """Return the IRI of the department that publishes the dataset of the graph *name*."""
        return self._datasets.get(_dataset_path(name.value), (None, None))[1]

    @cached_property
    def restricted(self) -> tuple[NamedNode, ...]:
        """The restricted graphs that datasets have or may come to have."""
        names = (NamedNode(f"{GRAPHS}{kind}{path}") for path in self._datasets for kind in PER_DATASET)
        return tuple(name for name in names if (one := self.compartment(name)) and one.restricted)

    @cached_property
    def _by_prefix(self) -> list[tuple[str, Compartment]]:
        """Longest first."""
        pairs = [(prefix, one) for one in self.compartments.values() for prefix in one.prefixes]
        return sorted(pairs, key=lambda pair: -len(pair[0]))

    def _look_up(self, iri: str) -> Compartment | None:
        path = iri.removeprefix(GRAPHS) if iri.startswith(GRAPHS) else None
        if path is None and iri.startswith(ROOT):
            return None
        sharing = self._datasets.get(_dataset_path(iri), (None, None))[0] or _WITHHELD
        for prefix, one in self._by_prefix:
            fits = path is None if prefix == OUTSIDE else path is not None and _begins(path, prefix)
            if fits and one.sharing in (None, sharing):
                return one
        return None


def role_names(ontology: Path) -> list[str]:
    """Return the names of the roles that the files of the *ontology* declare, without a store."""
    quads = pyoxigraph.parse(path=str(ontology / "access.ttl"), format=RdfFormat.TURTLE)
    role = xz("Role")
    return sorted(
        quad.subject.value.removeprefix(_ROLES)
        for quad in quads
        if quad.predicate == RDF_TYPE and quad.object == role and isinstance(quad.subject, NamedNode)
    )


class Policies:
    """The policy of a store now: made anew when ontology or catalogue changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._policy = Policy(store)
        self._stale = False
        self._listeners: list[Callable[[], None]] = []
        store.subscribe(self._changed)

    @property
    def current(self) -> Policy:
        """The policy in force."""
        if self._stale:
            self._stale = False  # first: a change from here on makes it stale again
            policy = Policy(self._store)
            if policy.digest != self._policy.digest:
                self._policy = policy
                for listener in self._listeners:
                    listener()
        return self._policy

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call *listener* when another policy has come into force, by the time somebody asks for it."""
        self._listeners.append(listener)

    def _changed(self, change: Change) -> None:
        if not change.graphs.isdisjoint((ONTOLOGY, CATALOGUE)):
            self._stale = True


_REMEMBERED = 50_000
"""So many graphs are remembered with their compartment; then the memory starts anew."""


def _begins(path: str, prefix: str) -> bool:
    """Whether *path* is *prefix*, or lies below it where it ends with a slash."""
    return path.startswith(prefix) if prefix.endswith("/") else path == prefix


def _dataset_path(iri: str) -> str:
    """Return ``<department>/<dataset>`` of a graph that belongs to a dataset, else an empty text."""
    path = iri.removeprefix(GRAPHS)
    for kind in PER_DATASET:
        if path.startswith(kind):
            return path.removeprefix(kind)
    return ""


def _roles(store: Store) -> Iterator[Role]:
    for quad in store.match(None, RDF_TYPE, xz("Role"), ONTOLOGY):
        assert isinstance(quad.subject, NamedNode)
        yield Role(
            quad.subject.value,
            label(store, quad.subject),
            frozenset(_values(store, quad.subject, "mayRead")),
            frozenset(_values(store, quad.subject, "mayReadOwn")),
            frozenset(_values(store, quad.subject, "mayWrite")),
            frozenset(iri.removeprefix(_ACTIONS) for iri in _values(store, quad.subject, "may")),
        )


def _actions(store: Store) -> Iterator[tuple[str, Text]]:
    for quad in store.match(None, RDF_TYPE, xz("Action"), ONTOLOGY):
        assert isinstance(quad.subject, NamedNode)
        yield quad.subject.value.removeprefix(_ACTIONS), label(store, quad.subject)


def _compartments(store: Store) -> Iterator[Compartment]:
    for quad in store.match(None, RDF_TYPE, xz("Compartment"), ONTOLOGY):
        assert isinstance(quad.subject, NamedNode)
        sharing = _values(store, quad.subject, "ofSharing")
        yield Compartment(
            quad.subject.value,
            tuple(_values(store, quad.subject, "graphPrefix")),
            NamedNode(sharing[0]) if sharing else None,
            "true" in _values(store, quad.subject, "restricted"),
        )


def _datasets(store: Store) -> Iterator[tuple[str, tuple[NamedNode | None, str | None]]]:
    for quad in store.match(None, xz("sharing"), None, CATALOGUE):
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(DATASETS):
            publishers = [q.object for q in store.match(quad.subject, _PUBLISHER, None, CATALOGUE)]
            publisher = publishers[0].value if publishers and isinstance(publishers[0], NamedNode) else None
            sharing = quad.object if isinstance(quad.object, NamedNode) else None
            yield quad.subject.value.removeprefix(DATASETS), (sharing, publisher)


def _statements(store: Store, datasets: Mapping[str, object]) -> Iterator[str]:
    """Yield everything that a policy rests on, as text."""
    for kind in ("Role", "Compartment", "Action"):
        for one in store.match(None, RDF_TYPE, xz(kind), ONTOLOGY):
            assert isinstance(one.subject, NamedNode)
            yield from map(str, store.match(one.subject, None, None, ONTOLOGY))
    yield from map(str, datasets.items())


def label(store: Store, subject: NamedNode) -> Text:
    """Return what the ontology calls *subject*; the last part of its IRI where it has no label."""
    name = subject.value.rpartition("/")[2]
    labels = [quad.object for quad in store.match(subject, RDFS_LABEL, None, ONTOLOGY)]
    said = {label.language: label.value for label in labels if isinstance(label, Literal)}
    return Text(said.get("zh", name), said.get("en", name))


def _values(store: Store, subject: NamedNode, name: str) -> list[str]:
    return [
        quad.object.value
        for quad in store.match(subject, xz(name), None, ONTOLOGY)
        if isinstance(quad.object, NamedNode | Literal)
    ]
