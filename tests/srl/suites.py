"""The SPARQL-RL test suites of W3C, read from their manifests.

They lie beside the checkout, in ``../shared/data/tests``, and are not part of it. :func:`cases` returns one
case for every entry of every manifest, and one for every document that no manifest names.

The suite of August 2026 (``sparql-rl``) was stored with gaps, its predecessor (``srl/rules``) was not. Files
that both have are equal (a test says so); so where one is missing, its namesake there stands in for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, Triple, parse

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "tests"

Term = Any

_MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
_SRT = re.compile(r"http://www\.w3\.org/ns/(?:sparql-rl-tests|shacl-rules-test)#(\w+)")
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_REMOVED = re.compile(r"^[^#\n]*\b(IF\s*\{|FOR\s+[?$]\w+\s+IN\b)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Case:
    """One test: its *kind* is the last part of the IRI of its type."""

    name: str
    kind: str
    rules: Path
    data: Path | None = None
    result: Path | None = None

    @property
    def suite(self) -> str:
        """The folder of the manifest: ``sparql-rl/eval``."""
        return self.name.split(" ")[0].rpartition("/")[0]

    @property
    def base(self) -> str:
        """The base IRI of the document."""
        return f"https://w3c.github.io/rdf-tests/sparql-rl/{self.rules.parent.name}/{self.rules.name}"

    def obstacle(self) -> str | None:
        """Say why the test cannot be run, if so: the kind of obstacle, a colon, and what it is."""
        missing = [file for file in (self.rules, self.data, self.result) if file and not file.is_file()]
        if missing:
            names = ", ".join(str(file.relative_to(SHARED)) for file in missing)
            return f"file in neither stored suite: {names}"
        if "Negative" not in self.kind:
            removed = _REMOVED.search(self.rules.read_text(encoding="utf-8"))
            if removed is not None:
                form = "FOR ?v IN <shape>" if removed[1].upper().startswith("FOR") else "IF { } THEN { }"
                return f"syntax that the grammar removed on 2026-08-24, {form}: {self.rules.name}"
        return None


def cases() -> list[Case]:
    """Return every case of both suites; none if they are not there."""
    if not SHARED.is_dir():
        return []
    places = ("sparql-rl/*", "srl/rules/*", "srl/rules-extensions")
    manifests = sorted(file for place in places for file in SHARED.glob(f"{place}/manifest.ttl"))
    found = [case for manifest in manifests for case in _manifest(manifest)]
    named = {case.rules for case in found}
    topics = {"syntax": "Syntax", "wellformed": "WellFormedness", "stratification": "Stratification"}
    for folder in (manifest.parent for manifest in manifests if manifest.parent.name in topics):
        for file in sorted(folder.glob("*.srl")):
            if file not in named:
                sign = "Negative" if "-bad-" in file.name else "Positive"
                name = f"{file.relative_to(SHARED).with_suffix('')} (in no manifest)"
                found.append(Case(name, f"Rules{sign}{topics[folder.name]}Test", file))
    return found


def _manifest(manifest: Path) -> Iterator[Case]:
    facts: dict[Term, dict[str, Term]] = {}
    for quad in parse(path=manifest, format=RdfFormat.TURTLE, base_iri=manifest.as_uri()):
        facts.setdefault(quad.subject, {})[quad.predicate.value] = quad.object
    folder = manifest.parent.relative_to(SHARED)
    for node, entry in facts.items():
        kind = _SRT.fullmatch(getattr(entry.get(_TYPE), "value", ""))
        if kind is None:
            continue
        action = facts.get(entry[_MF + "action"], {})
        parts = {name.rpartition("#")[2]: _path(term) for name, term in action.items()}
        rules = parts.get("ruleset") or _path(entry[_MF + "action"])
        result = entry.get(_MF + "result")
        name = f"{folder}/{entry[_MF + 'name'].value} [{node.value.rpartition('#')[2]}]"
        yield Case(name, kind[1], rules, parts.get("data"), _path(result) if result is not None else None)


def _path(term: Term) -> Path:
    assert isinstance(term, NamedNode)
    path = Path(term.value.removeprefix("file://"))
    other = namesake(path)
    return other if other is not None and not path.is_file() else path


def namesake(file: Path) -> Path | None:
    """Return the predecessor's file with the name of a file of the newer suite, if there is one."""
    if not file.is_relative_to(SHARED / "sparql-rl"):
        return None
    other = SHARED / "srl" / "rules" / file.relative_to(SHARED / "sparql-rl")
    return other if other.is_file() else None


def read_graph(file: Path) -> set[Triple]:
    """Return the triples of a Turtle file."""
    return {quad.triple for quad in parse(path=file, format=RdfFormat.TURTLE, base_iri=file.as_uri())}


def canonical(triples: set[Triple]) -> Dataset:
    """Return a dataset that is equal for isomorphic graphs."""
    dataset = Dataset(Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return dataset
