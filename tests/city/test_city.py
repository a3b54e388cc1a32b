from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from kb.city import builder, terms
from kb.errors import KnowledgeFault, NotFound
from kb.geo.terms import AS_WKT, HAS_GEOMETRY
from kb.namespaces import DCTERMS, RDF_TYPE, RDFS_LABEL, XZ, graph, xz
from kb.resources import folder

CITIES = builder.sources(folder("examples"))
DIGEST = """
import hashlib, json, sys
from pathlib import Path
from kb.city import builder
digest = hashlib.sha256()
for quad in builder.build(sys.argv[1], Path(sys.argv[2]), functions=json.loads(sys.argv[3])):
    digest.update(str(quad).encode())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def quads(examples, functions):
    return cache(lambda code: list(builder.build(code, examples, functions=functions)))


def objects(quads: list[Quad], predicate: NamedNode) -> dict[NamedNode, list]:
    found = defaultdict(list)
    for quad in quads:
        if quad.predicate == predicate:
            found[quad.subject].append(quad.object)
    return found


def typed(quads: list[Quad], name: str) -> set[NamedNode]:
    return {q.subject for q in quads if q.predicate == RDF_TYPE and q.object == xz(name)}


def test_all_quads_are_in_the_graph_of_the_city(quads):
    assert {q.graph_name for q in quads("370200")} == {graph("city/370200")}


def test_no_quad_is_said_twice(quads):
    assert len(set(quads("370200"))) == len(quads("370200"))


@pytest.mark.parametrize("code", ["370100", "370200"])
def test_a_unit_grid_is_coded_6_3_3_3_and_lies_in_exactly_one_community(quads, code):
    communities = typed(quads(code), "Community")
    parents, codes = objects(quads(code), xz("partOf")), objects(quads(code), xz("code"))
    grids = typed(quads(code), "UnitGrid")
    assert grids
    for grid in grids:
        (number,), (community,) = codes[grid], parents[grid]
        digits = number.value
        assert digits.isdecimal()
        assert len(digits) == 15
        assert community == terms.area(digits[:12])
        assert community in communities
        (street,) = parents[community]
        assert street == terms.area(digits[:9])
        (district,) = parents[street]
        assert district == terms.area(digits[:6])


def test_governance_grids_are_a_partition_of_their_own(quads):
    unit, governance = typed(quads("370100"), "UnitGrid"), typed(quads("370100"), "GovernanceGrid")
    codes, parents = objects(quads("370100"), xz("code")), objects(quads("370100"), xz("partOf"))
    assert not unit & governance
    assert Counter(len(parents[grid]) for grid in governance) == {1: len(governance)}
    assert all(codes[grid][0].value[12] == "G" for grid in governance)
    assert {parents[grid][0] for grid in governance} == {parents[grid][0] for grid in unit}


def test_every_grid_has_a_post_in_a_department_of_its_street(quads):
    posts, held = objects(quads("370200"), xz("gridOfficer")), objects(quads("370200"), terms.POST_IN)
    departments = typed(quads("370200"), "Department")
    for grid in typed(quads("370200"), "UnitGrid") | typed(quads("370200"), "GovernanceGrid"):
        (post,) = posts[grid]
        (department,) = held[post]
        assert department in departments
        assert f"/{grid.value.rsplit('/', 1)[1][:9]}/" in department.value


@pytest.mark.parametrize("code", CITIES)
def test_every_body_has_tier_jurisdiction_and_superiors_up_to_the_top_government(city, code):
    bodies = {body.iri: body for body in city(code).bodies}
    tops = {body.iri for body in bodies.values() if body.superior is None}
    assert len(tops) == 1
    for body in bodies.values():
        assert body.division.levels
        if body.kind == "Department":
            assert bodies[body.government].kind == "Government"
        steps = 0
        while body.superior is not None:
            assert len(body.division.code) >= len(bodies[body.superior].division.code)
            body, steps = bodies[body.superior], steps + 1
            assert steps < 10
        assert body.kind == "Government"
        assert body.iri in tops
        assert "province" in [level.tier for level in body.division.levels]


def test_a_departments_superior_is_the_same_department_one_tier_up(city):
    superior = {body.label.zh: body.superior for body in city("370100").bodies}
    iri = {body.label.zh: body.iri for body in city("370100").bodies}
    assert superior["历下区应急管理局"] == iri["济南市应急管理局"]
    assert superior["济南市应急管理局"] == iri["山东省应急管理厅"]
    assert superior["解放路派出所"] == iri["历下区公安分局"]
    assert superior["解放路街道办事处"] == iri["历下区人民政府"]


def test_towns_are_governed_by_a_peoples_government_and_zones_by_a_committee(city):
    labels = {body.label.zh for body in city("370100").bodies}
    assert {"柳埠街道办事处", "孝直镇人民政府", "商河经济开发区管理委员会"} <= labels
    assert "济南高新技术产业开发区管理委员会" in labels


def test_a_department_has_the_iri_that_other_parts_count_on(city):
    iris = {body.iri.value for body in city("370100").bodies}
    root = "https://w3id.org/xiezhi/city/370100/"
    assert {
        root + "dept/370102/emergency-management",
        root + "government/370102",
        root + "headquarters/370100",
    } <= iris


def test_two_cities_of_a_province_say_the_same_of_its_departments(quads):
    def of_province(code: str) -> set:
        prefix = "https://w3id.org/xiezhi/city/370000/"
        return {q.triple for q in quads(code) if q.subject.value.startswith(prefix)}

    assert of_province("370100")
    assert of_province("370100") == of_province("370200")


def test_the_bodies_of_a_municipality_are_of_both_tiers(city):
    beijing = next(body for body in city("110000").bodies if body.label.zh == "北京市应急管理局")
    assert [level.tier for level in beijing.division.levels] == ["province", "city"]


@pytest.mark.parametrize("code", ["370100", "370200"])
def test_everything_is_labelled_once_in_each_language(quads, code):
    labels = objects(quads(code), RDFS_LABEL)
    shapes = (HAS_GEOMETRY, AS_WKT)  # that of a district, which the nation's graph labels, and its text
    for subject in {q.subject for q in quads(code) if q.predicate not in shapes}:
        assert sorted(label.language for label in labels[subject]) == ["en", "zh"], subject


def test_only_words_of_the_ontology_are_used(quads):
    defined = set()
    for file in ("core.ttl", "scales.ttl", "functions.ttl"):
        path = folder("ontology") / file
        defined |= {q.subject for q in parse(path=str(path), format=RdfFormat.TURTLE)}
    used = {q.predicate for q in quads("370100")}
    used |= {q.object for q in quads("370100") if q.predicate in (RDF_TYPE, terms.TIER, terms.PERFORMS)}
    own = {term for term in used if term.value.startswith((XZ, "https://w3id.org/xiezhi/kb/"))}
    assert len(own) > 40
    assert own <= defined


def test_the_graph_says_what_is_synthetic_and_whose_the_data_is(quads):
    about = {q.predicate: q.object for q in quads("370100") if q.subject == graph("city/370100")}
    assert "synthetic" in about[NamedNode(DCTERMS + "description")].value
    assert NamedNode(DCTERMS + "source") in about
    assert NamedNode(DCTERMS + "license") in about


def test_the_same_files_always_give_the_same_quads(examples, functions, quads):
    digest = hashlib.sha256()
    for quad in quads("370200"):
        digest.update(str(quad).encode())
    other = subprocess.run(
        [sys.executable, "-c", DIGEST, "370200", str(examples), json.dumps(functions)],
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(folder("examples").parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == digest.hexdigest()


def test_beijing_is_a_megacity_and_progress_counts_to_its_end(examples, functions):
    seen: list[tuple[int, int]] = []
    kinds: Counter[str] = Counter()
    total = 0
    for quad in builder.build(
        "110000", examples, functions=functions, progress=lambda done, of: seen.append((done, of))
    ):
        total += 1
        if quad.predicate == RDF_TYPE:
            kinds[quad.object.value.removeprefix(XZ)] += 1
    assert kinds["UnitGrid"] >= 60_000
    assert kinds["Department"] >= 3_000
    assert total >= 1_000_000
    assert seen == sorted(seen)
    assert (
        seen[-1][0]
        == seen[-1][1]
        == sum(kinds[kind] for kind in ("Street", "Community", "UnitGrid", "GovernanceGrid"))
    )


def test_an_unknown_city_is_answered_with_those_that_exist(examples, functions):
    with pytest.raises(NotFound, match="370100"):
        builder.build("999999", examples, functions=functions)


def test_a_folder_that_is_no_city_is_refused(tmp_path: Path, examples, functions):
    (tmp_path / "divisions").symlink_to(examples / "divisions")
    (tmp_path / "cities" / "370102").mkdir(parents=True)
    (tmp_path / "cities" / "370102" / "profile.yaml").touch()
    assert builder.sources(tmp_path) == ["370102"]
    with pytest.raises(KnowledgeFault, match="370102"):
        builder.build("370102", tmp_path, functions=functions)
