"""The knowledge as records: what the Turtle files say of each thing, in which file, and under which names.

For tools that edit the files. It reads them as they stand on disk, without a store, so that an edit can be
planned, tried on texts and read again before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat

from kb.errors import KnowledgeFault
from kb.namespaces import OWL, PREFIXES, RDF, RDFS, ROOT, SKOS
from kb.ontology import statements
from kb.resources import folder as product_folder
from kb.store.protocol import Term

KB = ROOT + "kb/"
_TYPE = RDF + "type"
_NAMES = (RDFS + "label", SKOS + "altLabel")
_KB_CURIE = re.compile(r"([a-z][a-z-]*):(.+)")


class Records:
    """The Turtle files of one folder, and the product's own files behind them where the folder lacks a core.

    *texts* are the files of the folder by their path in it (``packs/gas/types.ttl``); only these may be
    edited. *behind* are files that are read for names and never written.
    """

    def __init__(self, texts: Mapping[str, str], behind: Mapping[str, str] | None = None) -> None:
        self.texts = dict(texts)
        self._behind = dict(behind or {})
        self._facts: dict[str, dict[str, list[Term]]] = {}
        self._blank: dict[BlankNode, dict[str, list[Term]]] = {}
        self._home: dict[str, str] = {}
        self._ontology: dict[str, str] = {}
        self._imports: dict[str, list[str]] = {}
        self._members: dict[str, list[str]] = {}
        self._named: dict[str, dict[str, list[str]]] = {}
        for path, text in (self.texts | {f"/{p}": t for p, t in self._behind.items()}).items():
            self._read(path, text)

    @classmethod
    def of(cls, folder: Path) -> Records:
        """Read every Turtle file below *folder*, or below its ``ontology`` where it has one.

        :raises KnowledgeFault: where there is none, or one is not well written.
        """
        texts = _texts(ontology_of(folder))
        if not texts:
            raise KnowledgeFault.of(
                "knowledge.empty", "没有找到任何知识文件", "no knowledge file was found", where=str(folder)
            )
        behind = {} if "core.ttl" in texts else _texts(product_folder("ontology"))
        return cls(texts, {path: text for path, text in behind.items() if path not in texts})

    def with_texts(self, texts: Mapping[str, str]) -> Records:
        """Return this knowledge with other texts for some files."""
        return Records(self.texts | dict(texts), self._behind)

    def members(self, kind: str) -> list[str]:
        """Return the things that are a *kind* (an IRI) or a subclass of it, in the order of the files."""
        found = self._members.get(kind)
        if found is None:
            kinds, waiting = set(), [kind]
            while waiting:
                iri = waiting.pop()
                if iri not in kinds:
                    kinds.add(iri)
                    waiting += self._subclasses.get(iri, [])
            types = {NamedNode(iri) for iri in kinds}
            found = [iri for iri, facts in self._facts.items() if not types.isdisjoint(facts.get(_TYPE, ()))]
            self._members[kind] = found
        return found

    def values(self, subject: str, predicate: str) -> list[Term]:
        """Return what is said of *subject* by *predicate*, in the order written."""
        return list(self._facts.get(subject, {}).get(predicate, ()))

    def subjects_of(self, predicate: str, value: str) -> list[str]:
        """Return the subjects whose *predicate* has the IRI *value*."""
        wanted = NamedNode(value)
        return [iri for iri, facts in self._facts.items() if wanted in facts.get(predicate, ())]

    def list_of(self, subject: str, predicate: str) -> list[str]:
        """Return the literals of the RDF list that *subject* has by *predicate*."""
        found = []
        rest = next(iter(self.values(subject, predicate)), None)
        while isinstance(rest, BlankNode):
            cell = self._blank.get(rest, {})
            found += [t.value for t in cell.get(RDF + "first", ()) if isinstance(t, Literal)]
            rest = next(iter(cell.get(RDF + "rest", ())), None)
        return found

    def users(self, iri: str) -> list[str]:
        """Return the subjects that some statement relates to *iri*."""
        return self._users.get(iri, [])

    def known(self, iri: str) -> bool:
        """Whether some file describes *iri*."""
        return iri in self._facts

    def home(self, iri: str) -> str | None:
        """Return the file of the folder that describes *iri*; ``None`` where none does."""
        path = self._home.get(iri)
        return None if path is None or path.startswith("/") else path

    def label(self, iri: str, language: str = "zh") -> str:
        """Return the label of *iri* in *language*; empty where it has none."""
        for term in self.values(iri, RDFS + "label"):
            if isinstance(term, Literal) and term.language == language:
                return term.value
        return ""

    def names(self, iri: str) -> list[str]:
        """Return what *iri* may be called: short form, labels and synonyms."""
        said = [t.value for p in _NAMES for t in self.values(iri, p) if isinstance(t, Literal)]
        return [shorten(iri), *said]

    def find(self, name: str, kinds: Iterable[str]) -> list[str]:
        """Return the members of *kinds* that are called *name*, whatever its case."""
        wanted = name.casefold()
        return [iri for kind in kinds for iri in self._index(kind).get(wanted, ())]

    def sees(self, file: str, iri: str) -> bool:
        """Whether *file* describes *iri* itself or imports, at any distance, the file that does.

        True where that cannot be told: the file has no ontology header, or nobody describes *iri*.
        """
        home = self._home.get(iri)
        if home is None or file not in self._ontology:
            return True
        files = {ontology: path for path, ontology in self._ontology.items()}
        waiting, seen = [file], set()
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                waiting += [files[target] for target in self._imports.get(path, ()) if target in files]
        return home in seen

    def ontology_iri(self, iri: str) -> str:
        """Return the IRI of the ontology whose file describes *iri*; empty where there is none."""
        return self._ontology.get(self._home.get(iri, ""), "")

    def differences(self, other: Records) -> set[str]:
        """Return the subjects of which the two say different things."""
        return {
            iri
            for iri in self._facts.keys() | other._facts.keys()
            if _sets(self._facts.get(iri, {})) != _sets(other._facts.get(iri, {}))
        }

    def _index(self, kind: str) -> dict[str, list[str]]:
        index = self._named.get(kind)
        if index is None:
            index = self._named[kind] = {}
            for iri in self.members(kind):
                for name in dict.fromkeys(name.casefold() for name in self.names(iri)):
                    index.setdefault(name, []).append(iri)
        return index

    @cached_property
    def _subclasses(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for iri, facts in self._facts.items():
            for term in facts.get(RDFS + "subClassOf", ()):
                if isinstance(term, NamedNode):
                    found.setdefault(term.value, []).append(iri)
        return found

    @cached_property
    def _users(self) -> dict[str, list[str]]:
        users: dict[str, list[str]] = {}
        for subject, facts in self._facts.items():
            for terms in facts.values():
                for term in terms:
                    if isinstance(term, NamedNode):
                        users.setdefault(term.value, []).append(subject)
        return users

    def _read(self, path: str, text: str) -> None:
        try:
            quads = list(
                pyoxigraph.parse(statements.encode(text), format=RdfFormat.TURTLE, rename_blank_nodes=True)
            )
        except SyntaxError as error:
            raise KnowledgeFault.of(
                "knowledge.turtle",
                f"Turtle 语法错误：{error.msg}",
                f"not well-formed Turtle: {error.msg}",
                where=f"{path.lstrip('/')}:{error.lineno or 1}:{error.offset or 1}",
            ) from error
        for quad in quads:
            predicate = quad.predicate.value
            if isinstance(quad.subject, BlankNode):
                self._blank.setdefault(quad.subject, {}).setdefault(predicate, []).append(quad.object)
            if not isinstance(quad.subject, NamedNode):
                continue
            subject = quad.subject.value
            if path.startswith("/") and not self._home.get(subject, "/").startswith("/"):
                continue  # the folder's own word counts
            self._facts.setdefault(subject, {}).setdefault(predicate, []).append(quad.object)
            if predicate == _TYPE:
                self._home.setdefault(subject, path)
                if quad.object == NamedNode(OWL + "Ontology"):
                    self._ontology[path] = subject
            if predicate == OWL + "imports" and isinstance(quad.object, NamedNode):
                self._imports.setdefault(path, []).append(quad.object.value)


def ontology_of(folder: Path) -> Path:
    """Return the folder of the ontology in *folder*: its ``ontology``, where it has one, else itself."""
    return folder / "ontology" if (folder / "ontology").is_dir() else folder


def shorten(iri: str) -> str:
    """Return *iri* as people write it: ``xz:deaths``, ``condition:deaths-at-least-3``; else in brackets."""
    if iri.startswith(KB) and iri.count("/") == KB.count("/") + 1:
        return iri.removeprefix(KB).replace("/", ":")
    for prefix, namespace in sorted(PREFIXES.items(), key=lambda item: -len(item[1])):
        if iri.startswith(namespace) and len(iri) > len(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return f"<{iri}>"


def expand(text: str) -> str | None:
    """Return the IRI that :func:`shorten` wrote as *text*; ``None`` where *text* is no short form."""
    if text.startswith("<") and text.endswith(">"):
        return text[1:-1]
    match = _KB_CURIE.fullmatch(text)
    if match is None or " " in text:
        return None
    prefix, local = match.groups()
    return PREFIXES.get(prefix, f"{KB}{prefix}/") + local


def words(terms: Iterable[Term], language: str) -> Iterator[str]:
    """Yield the literals among *terms* that are in *language*."""
    for term in terms:
        if isinstance(term, Literal) and term.language == language:
            yield term.value


def _sets(facts: Mapping[str, list[Term]]) -> dict[str, set[Term | None]]:
    """Return *facts* so that two readings can be compared: a blank node has another name in each."""
    return {
        predicate: {term if isinstance(term, NamedNode | Literal) else None for term in terms}
        for predicate, terms in facts.items()
    }


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): statements.read(path) for path in sorted(folder.rglob("*.ttl"))
    }
