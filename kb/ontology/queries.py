"""Vetted example queries: which there are, in which words, and their SPARQL ready to be sent.

Each is one Turtle file below ``examples/queries``, in the vocabulary of SIB's sparql-examples: a
``sh:SPARQLExecutable`` with ``rdfs:comment``, ``schema:keywords``, ``schema:target``, ``sh:prefixes`` and the
query in ``sh:select``, ``sh:ask``, ``sh:construct`` or ``sh:describe`` (SHACL, SHACL Advanced Features).
``xz:mayBeEmpty`` marks what may find nothing, ``spex:federatesWith`` names the endpoints that a query asks.
A folder scan finds the files; nothing is registered.

Errors: :class:`~kb.errors.KnowledgeFault` ``examples.empty``, ``examples.incomplete``, ``examples.prefix``;
:class:`~kb.errors.NotFound` ``examples.unknown``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import BlankNode, Dataset, Literal, NamedNode, Quad

from kb.errors import KnowledgeFault, NotFound, Text
from kb.namespaces import RDF_TYPE, RDFS, ROOT, SH, graph, xz
from kb.ontology.files import KnowledgeFile
from kb.ontology.names import did_you_mean, nearest

SCHEMA = "https://schema.org/"
SPEX = "https://purl.expasy.org/sparql-examples/ontology#"
TARGET = NamedNode(ROOT + "sparql")
"""The service that the files name; whoever publishes them puts the address of a server in its place."""
FORMS = ("select", "ask", "construct", "describe")

_EXECUTABLE = NamedNode(SH + "SPARQLExecutable")
_HAS_TARGET = NamedNode(SCHEMA + "target")
_ASKS_FOR_CHINESE = re.compile(r'(\bLANG\(\?\w+\)\s*=\s*)"zh"', re.IGNORECASE)
_NAME_OR_HIDDEN = re.compile(r'"[^"\n]*"|<[^<>\s]*>|#[^\n]*|(?<![\w:])([A-Za-z][\w-]*):')


@dataclass(frozen=True)
class Example:
    """One vetted query.

    *name* is the end of its IRI and the stem of its file; *comment* says what it answers; *form* is one of
    :data:`FORMS`; *federates* are the endpoints that it asks beside ours.
    """

    iri: NamedNode
    comment: Text
    keywords: dict[str, tuple[str, ...]]
    form: str
    body: str = field(repr=False)
    prefixes: dict[str, str] = field(repr=False)
    federates: tuple[str, ...] = ()
    may_be_empty: bool = False

    @property
    def name(self) -> str:
        """The name by which people call it."""
        return self.iri.value.rsplit("/", 1)[-1]

    def query(self, lang: str = "zh") -> str:
        """Return the whole query with the prefixes that it uses, asking for labels in *lang*.

        The files ask for Chinese labels, ``LANG(?label) = "zh"``; for English the condition is exchanged.
        """
        used = {found[1] for found in _NAME_OR_HIDDEN.finditer(self.body) if found[1]}
        heads = [f"PREFIX {name}: <{self.prefixes[name]}>" for name in self.prefixes if name in used]
        text = _ASKS_FOR_CHINESE.sub(rf'\1"{lang}"', self.body)
        return "\n".join([*heads, "", text.strip(), ""] if heads else [text.strip(), ""])


class Examples:
    """The examples of a *folder*, in the order of their names.

    :raises KnowledgeFault: for Turtle that is not well-formed, an example that lacks what every one must
        have, or a folder without any.
    """

    def __init__(self, folder: Path) -> None:
        self._quads = Dataset(
            quad
            for path in sorted(folder.glob("*.ttl"))
            for quad in KnowledgeFile(path, graph("examples")).quads()
        )
        executables = self._quads.quads_for_object(_EXECUTABLE)
        found = sorted({q.subject.value for q in executables if isinstance(q.subject, NamedNode)})
        if not found:
            raise KnowledgeFault.of(
                "examples.empty", "没有找到任何示例查询", "no example query was found", where=str(folder)
            )
        self._examples = [self._read(NamedNode(iri)) for iri in found]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._examples)

    def __iter__(self) -> Iterator[Example]:
        """Yield each of them."""
        return iter(self._examples)

    def find(self, name: str) -> Example:
        """Return the example *name*.

        :raises NotFound: ``examples.unknown``, with the nearest names.
        """
        for example in self._examples:
            if example.name == name:
                return example
        names = [example.name for example in self._examples]
        raise NotFound.of(
            "examples.unknown", f"没有示例查询 {name}", f"there is no example query {name}",
            where=name, repair=did_you_mean(nearest(name, names)),
        )  # fmt: skip

    def triples(self, endpoint: str) -> Iterator[Quad]:
        """Yield the examples as RDF, to be run at the address *endpoint*."""
        for quad in self._quads:
            is_target = quad.predicate == _HAS_TARGET and quad.object == TARGET
            yield Quad(quad.subject, quad.predicate, NamedNode(endpoint) if is_target else quad.object)

    def _read(self, iri: NamedNode) -> Example:
        comments = self._texts(iri, RDFS + "comment")
        keywords = self._texts(iri, SCHEMA + "keywords")
        queries = [(form, q.value) for form in FORMS for q in self._objects(iri, SH + form)]
        types = {term.value for term in self._objects(iri, RDF_TYPE.value)}
        wanted = {f"{SH}SPARQL{form.capitalize()}Executable" for form, _ in queries}
        lacking = [
            name
            for name, given in (
                ("rdfs:comment (zh, en)", sorted(map(len, comments.values())) == [1, 1]),
                ("schema:keywords (zh, en)", set(keywords) == {"zh", "en"}),
                ("sh:select | sh:ask | sh:construct | sh:describe", len(queries) == 1),
                ("sh:SPARQL…Executable", wanted <= types),
                ("schema:target", TARGET in self._objects(iri, SCHEMA + "target")),
            )
            if not given
        ]  # fmt: skip
        if lacking:
            raise KnowledgeFault.of(
                "examples.incomplete",
                f"示例查询缺少（或多于一个）：{'、'.join(lacking)}",
                f"an example query lacks, or has more than one of: {', '.join(lacking)}",
                where=iri.value,
            )
        ((form, body),) = queries
        return Example(
            iri,
            Text(comments["zh"][0], comments["en"][0]),
            {lang: tuple(sorted(words)) for lang, words in keywords.items()},
            form,
            body,
            self._prefixes(iri, body),
            tuple(sorted(term.value for term in self._objects(iri, SPEX + "federatesWith"))),
            any(term.value == "true" for term in self._objects(iri, xz("mayBeEmpty").value)),
        )

    def _prefixes(self, iri: NamedNode, body: str) -> dict[str, str]:
        """The prefixes of *iri*, of which *body* may use no other."""
        declared: dict[str, str] = {}
        for block in self._objects(iri, SH + "prefixes"):
            for entry in self._objects(block, SH + "declare"):
                (name,), (start,) = (self._objects(entry, SH + part) for part in ("prefix", "namespace"))
                declared[name.value] = start.value
        unknown = sorted({f[1] for f in _NAME_OR_HIDDEN.finditer(body) if f[1]} - declared.keys())
        if unknown:
            raise KnowledgeFault.of(
                "examples.prefix",
                f"未声明的前缀：{'、'.join(unknown)}",
                f"prefixes that nobody declares: {', '.join(unknown)}",
                where=iri.value,
                repair=("写入 prefixes.ttl", "declare them in prefixes.ttl"),
            )
        return dict(sorted(declared.items()))

    def _objects(self, subject: object, predicate: str) -> list[NamedNode | BlankNode | Literal]:
        if not isinstance(subject, NamedNode | BlankNode):
            return []
        wanted = NamedNode(predicate)
        return [
            q.object
            for q in self._quads.quads_for_subject(subject)
            if q.predicate == wanted and isinstance(q.object, NamedNode | BlankNode | Literal)
        ]

    def _texts(self, subject: NamedNode, predicate: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for term in self._objects(subject, predicate):
            if isinstance(term, Literal):
                found.setdefault(term.language or "", []).append(term.value)
        return found
