"""The catalogue as harvesters read it: it keeps its shapes on every page, and tells each reader his part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, Triple

from kb.access.principal import VISITOR, Principal
from kb.catalogue.catalogue import HYDRA, SERIALIZED, Catalogue, serialize
from kb.catalogue.dcat import DCAT, IRI, Addresses
from kb.catalogue.metrics import DQV
from kb.catalogue.void import VOID
from kb.errors import NotFound
from kb.namespaces import DCTERMS, RDF_TYPE, ROOT
from kb.resources import folder
from kb.services.audience import everything
from kb.services.datasets import DatasetViews
from kb.services.workspace import Workspace
from kb.validation.shapes import Shapes
from tests.catalogue.conftest import CITY, GAUGES, RISKS, ROSTER, TARGETS, iri

NOW = datetime.now(UTC)
HERE = Addresses("https://xiezhi.example/")
EMERGENCY = f"{ROOT}city/{CITY}/dept/{CITY}/emergency-management"
Visible = Callable[[NamedNode], bool]


@pytest.fixture(scope="module")
def catalogue(delivered: Workspace) -> Catalogue:
    delivered.shared.quality.refresh()
    return DatasetViews(delivered).catalogue


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    return Shapes.from_files(folder("ontology") / "shapes" / "catalogue.ttl")


def reader(workspace: Workspace, *roles: str, department: str | None = None) -> Visible:
    return Principal("test", frozenset(roles), workspace.policies.current, department).sees


def page(catalogue: Catalogue, visible: Visible = everything, number: int = 1, size: int = 50) -> set[Triple]:
    return set(catalogue.triples(catalogue.page(visible, number, size), visible, HERE, NOW))


def objects(triples: Iterable[Triple], subject: NamedNode, predicate: str) -> set[object]:
    return {t.object for t in triples if t.subject == subject and t.predicate.value == predicate}


def test_every_page_for_every_reader_keeps_the_shapes_of_the_catalogue(
    delivered: Workspace, catalogue: Catalogue, shapes: Shapes
) -> None:
    readers = [everything, reader(delivered, VISITOR), reader(delivered, "duty-officer")]
    for visible in readers:
        last = catalogue.page(visible, 1, 9).last
        assert last > 2
        for number in range(1, last + 1):
            found = page(catalogue, visible, number, 9)
            assert [violation.message.en for violation in shapes.validate(found)] == []


@pytest.mark.parametrize("lost", ["title", "license", "publisher"])
def test_the_shapes_miss_what_a_harvester_would_miss(catalogue: Catalogue, shapes: Shapes, lost: str) -> None:
    poorer = [t for t in page(catalogue) if (t.subject, t.predicate.value) != (iri(RISKS), DCTERMS + lost)]
    assert [violation.focus for violation in shapes.validate(poorer)] == [iri(RISKS)]


def test_whoever_follows_the_pages_gets_every_dataset_once(catalogue: Catalogue) -> None:
    seen: list[object] = []
    number: int | None = 1
    while number is not None:
        found = page(catalogue, number=number, size=7)
        view = NamedNode(HERE.catalogue(number, 7))
        assert objects(found, IRI, HYDRA + "view") == {view}
        seen += objects(found, IRI, DCAT + "dataset")
        following = objects(found, view, HYDRA + "next")
        assert following in (set(), {NamedNode(HERE.catalogue(number + 1, 7))})
        number = number + 1 if following else None
    assert len(seen) == len(set(seen)) == len(catalogue.entries(everything))
    with pytest.raises(NotFound, match=r"catalogue\.page"):
        catalogue.page(everything, 99)


@pytest.mark.parametrize("media", SERIALIZED)
def test_every_format_says_the_same(catalogue: Catalogue, media: str) -> None:
    """As far as terms have names: labels of blank nodes are a matter of the file."""

    def named(triples: Iterable[Triple]) -> set[Triple]:
        nodes = NamedNode | Literal
        return {t for t in triples if isinstance(t.subject, nodes) and isinstance(t.object, nodes)}

    triples = page(catalogue)
    body = serialize(triples, media)
    back = (quad.triple for quad in pyoxigraph.parse(body, format=SERIALIZED[media]))
    assert named(back) == named(triples)
    assert serialize(triples, media) == body, "asked again it is the same, or nobody could keep it"


def test_a_withheld_dataset_is_listed_to_those_only_who_may_read_it(
    delivered: Workspace, catalogue: Catalogue
) -> None:
    steward = reader(delivered, "steward", department=EMERGENCY)
    stranger = reader(delivered, "steward", department=f"{ROOT}city/{CITY}/dept/{CITY}/health")
    for visible, listed in ((everything, True), (steward, True), (stranger, False)):
        assert (ROSTER in {entry.path for entry in catalogue.entries(visible)}) is listed
    assert iri(ROSTER) not in {term for t in page(catalogue, stranger) for term in (t.subject, t.object)}
    assert iri(ROSTER) not in {t.object for t in catalogue.void(stranger, HERE)}
    with pytest.raises(NotFound):
        catalogue.entry(ROSTER, stranger)


def test_a_conditional_dataset_is_listed_to_all_and_to_be_downloaded_by_those_who_may(
    delivered: Workspace, catalogue: Catalogue
) -> None:
    visitor, officer = (page(catalogue, reader(delivered, role)) for role in (VISITOR, "duty-officer"))
    for found, may in ((visitor, False), (officer, True)):
        assert iri(RISKS) in objects(found, IRI, DCAT + "dataset")
        assert bool(objects(found, iri(RISKS), DCAT + "distribution")) is may
        assert bool(objects(found, iri(RISKS), VOID + "classPartition")) is may
    assert objects(visitor, iri(RISKS), VOID + "triples"), "how large it is, everybody may know"
    assert objects(officer, iri(TARGETS), DCAT + "distribution")


def test_a_dataset_says_whose_it_is_on_which_terms_and_how_good(catalogue: Catalogue) -> None:
    found = page(catalogue)
    kb = ROOT + "kb/"
    expected = {
        "http://www.w3.org/ns/odrl/2/hasPolicy": kb + "policy/conditional",
        DCTERMS + "license": "https://spdx.org/licenses/CC-BY-4.0",
        DCTERMS + "publisher": EMERGENCY,
        DCTERMS + "accessRights": kb + "sharing/conditional",
        ROOT + "ns#freshness": kb + "freshness/overdue",
        ROOT + "ns#steward": EMERGENCY,
    }
    for predicate, value in expected.items():
        assert objects(found, iri(RISKS), predicate) == {NamedNode(value)}, predicate
    assert len(objects(found, iri(RISKS), DQV + "hasQualityMeasurement")) == 3


def test_the_statistics_are_those_of_the_graph(delivered: Workspace, catalogue: Catalogue) -> None:
    found = page(catalogue)
    for path in (GAUGES, f"city/{CITY}"):
        entry = catalogue.entry(path, everything)
        quads = list(delivered.store.match(None, None, None, entry.graph))
        (triples,) = objects(found, entry.iri, VOID + "triples")
        (subjects,) = objects(found, entry.iri, VOID + "distinctSubjects")
        assert (triples.value, subjects.value) == (str(len(quads)), str(len({q.subject for q in quads})))  # type: ignore[attr-defined]


def test_the_void_names_every_dataset_and_where_to_get_it(catalogue: Catalogue) -> None:
    found = set(catalogue.void(everything, HERE))
    assert objects(found, IRI, VOID + "subset") == {entry.iri for entry in catalogue.entries(everything)}
    assert NamedNode(HERE.download(RISKS, "nt")) in objects(found, iri(RISKS), VOID + "dataDump")
    document = NamedNode("https://xiezhi.example/.well-known/void")
    assert objects(found, document, RDF_TYPE.value) == {NamedNode(VOID + "DatasetDescription")}
