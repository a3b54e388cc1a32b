"""The same answers from the services, over HTTP and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from kb.cli import main
from kb.services.grids.views import GridViews
from tests.homes import copied
from webapp import create_app

CIRCLE = "36.07,120.38 2"
POINT = ("120.38", "36.07")


@pytest.fixture(scope="module")
def views(workspace) -> GridViews:
    return GridViews(workspace)


@pytest.fixture(scope="module")
def client(workspace) -> FlaskClient:
    return create_app(workspace, testing=True).test_client()


@pytest.fixture(scope="module")
def run(prepared: Path, tmp_path_factory: pytest.TempPathFactory):
    home = copied(prepared, tmp_path_factory.mktemp("grid") / "home")

    def asked(*words: str, lang: str = "en"):
        return CliRunner().invoke(main, ["--home", str(home), "--lang", lang, "grid", *words])

    return asked


def test_a_point_is_told_with_its_grids_and_all_that_holds_it(client):
    found = client.get("/api/grid/locate?longitude=120.38&latitude=36.07").json
    assert found["city"] == "370200"
    assert len(found["unitGrid"]["code"]) == 15
    assert found["governanceGrid"]["code"][12] == "G"
    assert [len(area["code"]) for area in found["within"]] == [12, 9, 6, 6, 6, 6]  # … city, province, country
    assert found["within"][-3]["label"] == {"zh": "青岛市", "en": "Qingdao City"}
    assert found["nearest"] == []


def test_a_point_in_no_grid_is_told_the_nearest(client):
    found = client.get("/api/grid/locate?longitude=120.38&latitude=34&city=370200").json
    assert found["unitGrid"] is None
    distances = [grid["kilometres"] for grid in found["nearest"]]
    assert distances == sorted(distances)
    assert distances[0] > 100


def test_a_warning_is_told_the_grids_that_it_covers_whatever_form_it_has(client):
    found = client.get("/api/grid/covered", query_string={"circle": CIRCLE, "city": "370200"}).json
    assert found["number"] == len(found["areas"])
    assert found["squareKilometres"] == pytest.approx(12.55, rel=0.01)
    again = {"geojson": json.dumps(found["shape"]), "city": "370200"}
    posted = client.post("/api/grid/covered", data=again).json
    assert [area["code"] for area in posted["areas"]] == [area["code"] for area in found["areas"]]
    communities = client.get(
        "/api/grid/covered", query_string={"circle": CIRCLE, "city": "370200", "kind": "community"}
    ).json
    assert 0 < communities["number"] < found["number"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("covered", 422, "grid.shape"),
        (f"covered?circle={CIRCLE}&wkt=POINT(1 1)", 422, "grid.shape"),
        ("covered?circle=x", 422, "geometry.circle"),
        (f"covered?circle={CIRCLE}&kind=square", 422, "grid.kind"),
        (f"covered?circle={CIRCLE}&city=110000", 404, "grid.city"),
        ("locate?longitude=x&latitude=1", 422, "geometry.number"),
        ("locate?longitude=nan&latitude=1", 422, "geometry.range"),
        ("partition?city=999999", 404, "grid.city"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(client, query, status, code):
    reply = client.get(f"/api/grid/{query}")
    assert reply.status_code == status, reply.text
    assert reply.json["faults"][0]["code"] == code
    assert reply.json["faults"][0]["message"].keys() == {"zh", "en"}


def test_who_may_not_see_a_city_is_not_told_of_its_grids(views):
    with pytest.raises(Exception, match=r"grid\.city"):
        views.locate("370200", 120.38, 36.07, lambda graph: False)


def test_a_partition_is_checked_over_http(client):
    found = client.get("/api/grid/partition?city=370200&kind=street").json
    assert found["whole"]
    assert found["gaps"] == found["overlaps"] == []


def test_the_command_line_tells_the_same(run, client):
    at = json.loads(run("locate", *POINT, "--format", "json").output)
    assert at == client.get(f"/api/grid/locate?longitude={POINT[0]}&latitude={POINT[1]}").json
    text = run("covered", "--circle", CIRCLE, "--city", "370200", lang="zh").output
    assert "平方公里" in text
    assert "单元网格" in text
    whole = run("partition", "--city", "370100", "--kind", "community")
    assert whole.exit_code == 0
    assert "no gaps" in whole.output
    wrong = run("covered")
    assert wrong.exit_code == 1
    assert "give one shape" in wrong.output


def test_the_answers_have_just_the_keys_that_are_described(client):
    schemas = client.get("/api/openapi.json").json["components"]["schemas"]
    answers = {
        "Located": "locate?longitude=120.38&latitude=36.07",
        "CoveredAreas": f"covered?circle={CIRCLE}&city=370200",
        "Partition": "partition?city=370200&kind=district",
    }
    for name, path in answers.items():
        found = client.get(f"/api/grid/{path}").json
        assert found.keys() == set(schemas[name]["required"]) == schemas[name]["properties"].keys()
