"""The registry of datasets in the catalogue graph: who delivers what, under which contract, shared how.

A declaration is Turtle about one resource, ``<ROOT>dataset/<department>/<slug>``, where *department* are
the last two parts of the publisher's IRI (``370200/emergency-management``). It is checked by the shapes in
``ontology/shapes/dataset-declaration.ttl`` before it enters, and replaced as a whole when it is declared
again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, parse

from kb.errors import Fault, InputError, NotFound, Text
from kb.namespaces import CATALOGUE, DCTERMS, PROV, RDF_TYPE, ROOT, graph, xz
from kb.ontology.names import did_you_mean, nearest
from kb.sharing.contracts import Contracts
from kb.sharing.errors import DatasetFault
from kb.sharing.reading import Unreadable, guard
from kb.store.protocol import Change, Store, Term
from kb.validation.shapes import Shapes

DATASET = ROOT + "dataset/"
MODIFIED = NamedNode(DCTERMS + "modified")
GENERATED = NamedNode(PROV + "wasGeneratedBy")
PUBLISHER = NamedNode(DCTERMS + "publisher")
SIZE = 1 << 20
"""The most bytes of a declaration."""
_KEPT = frozenset((MODIFIED, GENERATED))
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A declared dataset."""

    iri: NamedNode
    department: str
    """The last two parts of the publisher's IRI: ``370200/emergency-management``."""
    slug: str
    title: Text
    description: Text
    publisher: NamedNode
    contract: str
    """The name of its contract."""
    steward: NamedNode | None
    freshness_limit: str | None
    """As ``xsd:duration``: ``P30D``."""
    sharing: NamedNode | None
    data_level: NamedNode | None
    license: NamedNode | None
    retention: str | None
    increments: bool
    """Whether a delivery adds to the earlier ones; else it takes their place."""
    modified: str | None
    """When the last good delivery ended, in ISO 8601."""

    @property
    def path(self) -> str:
        """``<department>/<slug>``: how people name it."""
        return f"{self.department}/{self.slug}"

    @property
    def graph(self) -> NamedNode:
        """The graph of its good records."""
        return graph(f"source/{self.path}")

    @property
    def quarantine(self) -> NamedNode:
        """The graph of its bad records."""
        return graph(f"quarantine/{self.path}")

    @property
    def personal(self) -> NamedNode:
        """The graph of its personal fields."""
        return graph(f"personal/{self.path}")

    @property
    def base(self) -> str:
        """What the IRIs of its records begin with."""
        return f"{self.iri.value}/"

    @property
    def city(self) -> str | None:
        """The division code of the city whose graph describes the publisher."""
        found = re.match(re.escape(ROOT) + r"city/(\d+)/", self.publisher.value)
        return found[1] if found else None


class Datasets:
    """The datasets that are declared in *store*; read at each call, for there are dozens."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Dataset]:
        """Return every dataset, by path."""
        found = [
            self._read(quad.subject)
            for quad in self._store.match(None, RDF_TYPE, xz("Dataset"), CATALOGUE)
            if isinstance(quad.subject, NamedNode)
        ]
        return sorted(found, key=lambda dataset: dataset.path)

    def get(self, department: str, slug: str) -> Dataset:
        """Return one dataset.

        :raises NotFound: ``dataset.unknown``, naming the nearest.
        """
        path = f"{department}/{slug}"
        for dataset in self.all():
            if dataset.path == path:
                return dataset
        raise NotFound.of(
            "dataset.unknown",
            f"没有声明数据集 {path[:100]}",
            f"no dataset {path[:100]} is declared",
            repair=did_you_mean(nearest(path, [dataset.path for dataset in self.all()]))
            or Text("用 xiezhi dataset declare 声明", "declare it with xiezhi dataset declare"),
        )

    def find(self, path: str) -> Dataset:
        """Return the dataset that people name *path*: ``370200/emergency-management/risk-sources``.

        :raises NotFound: ``dataset.unknown``.
        """
        department, _, slug = path.strip("/").rpartition("/")
        return self.get(department, slug)

    def declare(self, text: bytes, contracts: Contracts, shapes: Shapes, *, actor: str) -> list[Dataset]:
        """Enter the declarations in *text* (Turtle), all or none; return what they declare.

        :raises DatasetFault: for each thing that is wrong with them.
        """
        subjects = _parsed(text)
        faults: list[Fault] = []
        for violation in shapes.validate(triple for triples in subjects.values() for triple in triples):
            where = str(getattr(violation.focus, "value", violation.focus)).removeprefix(DATASET)
            at = violation.predicate.value if violation.predicate else ""
            faults.append(
                Fault("dataset.declaration", violation.message, f"{where} {at}".strip(), violation.repair)
            )
        for iri, triples in subjects.items():
            faults += self._faults(iri, triples, contracts)
        if faults:
            raise DatasetFault(faults)
        additions = [
            Quad(t.subject, t.predicate, t.object, CATALOGUE)
            for triples in subjects.values()
            for t in triples
        ]
        removals = [
            quad
            for iri in subjects
            for quad in self._store.match(iri, None, None, CATALOGUE)
            if quad.predicate not in _KEPT
        ]
        names = ", ".join(iri.value.removeprefix(DATASET) for iri in subjects)
        self._store.commit(Change(additions, removals), actor=actor, action="declare dataset", reason=names)
        return [self._read(iri) for iri in subjects]

    def _faults(self, iri: NamedNode, triples: list[Triple], contracts: Contracts) -> list[Fault]:
        faults: list[Fault] = []
        if not any(t.predicate == RDF_TYPE and t.object == xz("Dataset") for t in triples):
            faults.append(
                Fault(
                    "dataset.declaration",
                    Text("没有声明为数据集", "it is not said to be a dataset"),
                    iri.value.removeprefix(DATASET),
                    Text("加上 a xz:Dataset", "add a xz:Dataset"),
                )
            )
        values = {t.predicate.value: t.object for t in triples}
        publisher = values.get(PUBLISHER.value)
        slug = values.get(DCTERMS + "identifier")
        contract = values.get(xz("contract").value)
        if isinstance(publisher, NamedNode):
            if next(self._store.match(publisher, xz("jurisdiction"), None), None) is None:
                faults.append(
                    Fault(
                        "dataset.publisher",
                        Text(f"没有机构 {publisher.value}", f"there is no body {publisher.value}"),
                        "dcterms:publisher",
                        Text("先装载该城市", "load its city first"),
                    )
                )
            if isinstance(slug, Literal) and _SLUG.fullmatch(slug.value):
                wanted = f"{DATASET}{department_of(publisher)}/{slug.value}"
                if iri.value != wanted:
                    faults.append(
                        Fault(
                            "dataset.iri",
                            Text(f"数据集的 IRI 应为 {wanted}", f"the IRI of the dataset must be {wanted}"),
                            iri.value,
                        )
                    )
        if isinstance(contract, NamedNode):
            try:
                found = contracts.get(contract.value.rsplit("/", 1)[-1])
                if found.personal and xz("retention").value not in values:
                    faults.append(
                        Fault(
                            "dataset.retention",
                            Text("含个人信息的数据集必须写明保存期限", "personal fields need a retention"),
                            iri.value,
                            Text(
                                '例如 xz:retention "P90D"^^xsd:duration',
                                'such as xz:retention "P90D"^^xsd:duration',
                            ),
                        )
                    )
            except InputError as error:
                faults += error.faults
        return faults

    def _read(self, iri: NamedNode) -> Dataset:
        values: dict[str, list[Term]] = {}
        for quad in self._store.match(iri, None, None, CATALOGUE):
            values.setdefault(quad.predicate.value, []).append(quad.object)

        def node(predicate: str) -> NamedNode | None:
            return next((v for v in values.get(predicate, ()) if isinstance(v, NamedNode)), None)

        def literal(predicate: str) -> str | None:
            return next((v.value for v in values.get(predicate, ()) if isinstance(v, Literal)), None)

        def words(predicate: str) -> Text:
            found = {v.language: v.value for v in values.get(predicate, ()) if isinstance(v, Literal)}
            plain = next(iter(found.values()), "")
            return Text(found.get("zh", plain), found.get("en", plain))

        department, _, slug = iri.value.removeprefix(DATASET).rpartition("/")
        contract = node(xz("contract").value)
        mode = node(xz("updateMode").value)
        return Dataset(
            iri,
            department,
            slug,
            words(DCTERMS + "title"),
            words(DCTERMS + "description"),
            node(PUBLISHER.value) or iri,
            contract.value.rsplit("/", 1)[-1] if contract else "",
            node(xz("steward").value),
            literal(xz("freshnessLimit").value),
            node(xz("sharing").value),
            node(xz("dataLevel").value),
            node(DCTERMS + "license"),
            literal(xz("retention").value),
            mode is not None and mode.value.endswith("/increment"),
            literal(MODIFIED.value),
        )


def department_of(publisher: NamedNode) -> str:
    """Return the last two parts of the IRI of a department: ``370200/emergency-management``."""
    return "/".join(publisher.value.rstrip("/").rsplit("/", 2)[-2:])


def _parsed(text: bytes) -> dict[NamedNode, list[Triple]]:
    """Return the triples of each dataset in *text*; nothing but datasets may be there."""
    if len(text) > SIZE:
        raise DatasetFault.of("dataset.turtle", "声明过大", "the declaration is too large")
    subjects: dict[NamedNode, list[Triple]] = {}
    try:
        guard.turtle(text)
        for quad in parse(text, format=RdfFormat.TURTLE, without_named_graphs=True, rename_blank_nodes=True):
            subject = quad.subject
            allowed = (
                isinstance(subject, NamedNode)
                and subject.value.startswith(DATASET)
                and isinstance(quad.object, NamedNode | Literal)
                and quad.predicate not in _KEPT
            )
            if not allowed:
                raise DatasetFault.of(
                    "dataset.declaration",
                    f"声明中不允许 {str(quad.triple)[:300]}",
                    f"a declaration cannot say {str(quad.triple)[:300]}",
                    repair=("只写数据集自己的属性", "state properties of the dataset itself alone"),
                )
            assert isinstance(subject, NamedNode)
            subjects.setdefault(subject, []).append(quad.triple)
    except Unreadable as error:
        raise DatasetFault([error.fault]) from error
    except SyntaxError as error:
        raise DatasetFault.of(
            "dataset.turtle",
            f"Turtle 语法错误：{error.msg}",
            f"not well-formed Turtle: {error.msg}",
            where=f"line {error.lineno or 1}",
        ) from error
    if not subjects:
        raise DatasetFault.of("dataset.declaration", "没有声明任何数据集", "no dataset is declared")
    return subjects
