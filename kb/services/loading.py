"""Knowledge and cities into the store: only what changed since the last time.

Each graph remembers the digest of the files that it was made from (``graph/state``). A start compares and
replaces what differs, as a whole graph, so a file that was deleted takes its triples with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.city import builder
from kb.errors import Text
from kb.inference.engine import Engine
from kb.namespaces import RDF_TYPE, graph, xz
from kb.ontology import files
from kb.ontology.files import KnowledgeFile
from kb.store.protocol import Change, Store

STATE = graph("state")
INFERRED = graph("inferred/background")
KNOWLEDGE = tuple(graph(part).value for part in ("ontology", "knowledge/", "shapes", "rules", "alignments"))
DIGEST = xz("contentDigest")
ACTOR = "xiezhi"

Progress = Callable[[Text, int, int], None]
"""Told what is being loaded, how much of it is done, and how much there is."""


def load_knowledge(store: Store, ontology: Path, rules: Path) -> bool:
    """Bring all graphs that are made from files of knowledge up to date; return whether any changed.

    :raises KnowledgeFault: for a file that is not well-formed; then nothing at all was changed.
    """
    sources: dict[NamedNode, list[KnowledgeFile]] = {}
    for file in files.scan(ontology, rules):
        sources.setdefault(file.graph, []).append(file)
    removable = (graph("knowledge/").value, graph("alignments").value)
    previous = {
        name for name in store.graphs() if name.value.startswith(removable) and name != builder.NATION
    }
    digests = {
        name: _digest(*(file.path for file in sources.get(name, ()))) for name in {*sources, *previous}
    }
    # Only what changed is read: what is the same to the letter was well-formed when it came.
    wanted = {
        name: {triple for file in sources.get(name, ()) for triple in _triples(file.quads())}
        for name in sorted(digests, key=str)
        if _current(store, name) != digests[name]
    }
    for name, triples in wanted.items():
        _replace(store, name, triples, digests[name])
    return bool(wanted)


def is_knowledge(name: NamedNode) -> bool:
    """Whether the graph *name* holds knowledge or what background rules derived, not a city or incidents."""
    if name == builder.NATION:
        return False
    return name.value.startswith(KNOWLEDGE) or name == INFERRED


def load_divisions(store: Store, examples: Path) -> bool:
    """Bring the national table of provinces, cities and districts up to date."""
    digest = _digest(examples / "divisions")
    if _current(store, builder.NATION) == digest:
        return False
    _replace(store, builder.NATION, _triples(builder.nation(examples)), digest)
    return True


def load_city(store: Store, code: str, examples: Path, progress: Progress | None = None) -> bool:
    """Bring the graph of the city with the division code *code* up to date.

    A new city is loaded in chunks: after a crash the next start loads it again, which is harmless. The digest
    is written last, so a half-loaded city is never taken for a whole one.
    """
    name = graph(f"city/{code}")
    digest = _digest(
        examples / "cities" / code, *sorted((examples / "cities").glob("*.yaml")), examples / "divisions"
    )
    if _current(store, name) == digest:
        return False
    functions = {
        q.subject.value.rsplit("/", 1)[-1]
        for q in store.match(None, RDF_TYPE, xz("Function"))
        if isinstance(q.subject, NamedNode)
    }
    city = builder.read(code, examples, functions=functions)
    label = Text(f"城市 {code}", f"city {code}")

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(label, done, total)

    if _current(store, name) is None:
        store.load(city.quads(tell), actor=ACTOR, action="load city", reason=code)
        store.commit(Change([_state(name, digest)]), actor=ACTOR, action="load city", reason=code)
        return True
    _replace(store, name, _triples(city.quads()), digest)
    return True


def update_background(store: Store, engine: Engine, rules: Path) -> bool:
    """Run the background rules if they or what they read changed since they last ran to their end."""
    digest = _digest(*sorted(rules.rglob("*.srl")))
    read = sorted(str(quad) for quad in store.match(None, DIGEST, None, STATE) if quad.subject != INFERRED)
    digest = hashlib.sha256("\n".join([digest, *read]).encode()).hexdigest()
    current = _current(store, INFERRED)
    if current == digest:
        return False
    infer_background(store, engine)
    old = [] if current is None else [_state(INFERRED, current)]
    store.commit(Change([_state(INFERRED, digest)], old), actor=ACTOR, action="background rules")
    return True


def infer_background(store: Store, engine: Engine) -> None:
    """Run the background rules and replace the graph of their conclusions."""
    store.replace_graph(INFERRED, engine.background(), actor=ACTOR, action="background rules")


def _replace(store: Store, name: NamedNode, triples: Iterable[Triple], digest: str) -> None:
    current = _current(store, name)
    store.replace_graph(name, triples, actor=ACTOR, action="load knowledge", reason=name.value)
    old = [] if current is None else [_state(name, current)]
    store.commit(Change([_state(name, digest)], old), actor=ACTOR, action="load knowledge", reason=name.value)


def _triples(quads: Iterable[Quad]) -> Iterator[Triple]:
    return (Triple(quad.subject, quad.predicate, quad.object) for quad in quads)


def _current(store: Store, name: NamedNode) -> str | None:
    return next(
        (q.object.value for q in store.match(name, DIGEST, None, STATE) if isinstance(q.object, Literal)),
        None,
    )


def _state(name: NamedNode, digest: str) -> Quad:
    return Quad(name, DIGEST, Literal(digest), STATE)


def _digest(*places: Path) -> str:
    total = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                content = path.read_bytes()
                total.update(f"{path.name} {len(content)} ".encode() + content)
    return total.hexdigest()
