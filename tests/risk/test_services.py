"""An assessment of a city: maps, profiles, what enters the graph, and proposals that people decide."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from xml.etree import ElementTree

import pytest
from pyoxigraph import Literal, NamedNode

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import InputError, NotFound
from kb.namespaces import PROV, RDF_TYPE, graph, xz
from kb.services.risk.proposals import MOST, Proposals
from kb.services.risk.views import RiskViews
from tests.risk.conftest import CITY, KINDS

EVENING = datetime(2026, 7, 1, 18, 30, tzinfo=CHINA_STANDARD_TIME)


@pytest.fixture(scope="module")
def views(assessed) -> RiskViews:
    return RiskViews(assessed)


def test_an_assessment_tells_from_what_it_was_made_and_how_it_does(views):
    about = views.about(CITY)
    assert {one["slug"] for one in about["categories"]} == set(KINDS)
    assert about["events"] > 15_000
    assert [score["name"] for score in about["check"]["scores"]] == [
        "index",
        "counting",
        "counting by hour",
        "chance",
    ]


def test_a_map_differs_by_category_hour_and_month(views):
    evening = views.map(CITY, "fire", "18")
    night = views.map(CITY, "fire", "3")
    gas = views.map(CITY, "gas", "18")
    assert evening["grids"][0]["code"] == night["grids"][0]["code"]
    assert evening["grids"][0]["index"] > 2 * night["grids"][0]["index"]
    assert [grid["code"] for grid in gas["grids"]] != [grid["code"] for grid in evening["grids"]]
    assert evening["levels"][0]["label"]["en"] == "Major risk"
    assert views.map(CITY)["category"] is None


def test_levels_take_their_share_of_all_grid_hours(views):
    levels = views.map(CITY)["levels"]
    assert levels[0]["from"] > levels[1]["from"] > levels[2]["from"] >= 1
    assert sum(level["grids"] for level in levels) <= 0.3 * 12_720


def test_the_factors_of_a_grid_multiply_to_its_index(views):
    code = views.map(CITY, "traffic")["grids"][0]["code"]
    profile = views.profile(CITY, code)
    (traffic,) = (one for one in profile["categories"] if one["slug"] == "traffic")
    factors = traffic["factors"]
    assert traffic["index"] == pytest.approx(factors["smoothed"] * factors["place"], rel=0.01)
    assert traffic["events"] == round(traffic["events"])
    assert len(traffic["hours"]) == 168
    assert {one["kind"] for one in profile["place"]} == {"source", "exposure", "vulnerability"}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"category": "lottery"}, NotFound),
        ({"category": "flood"}, NotFound),
        ({"hour": "168"}, InputError),
        ({"month": "0"}, InputError),
        ({"hour": "٣"}, InputError),
    ],
)
def test_what_cannot_be_asked_is_refused(views, asked, error):
    with pytest.raises(error):
        views.map(CITY, **asked)


def test_what_was_not_assessed_is_said_so(views):
    with pytest.raises(NotFound, match=r"risk\.not-assessed"):
        views.map("370100")
    with pytest.raises(NotFound, match=r"risk\.city"):
        views.about(CITY, lambda name: "risk/" not in name.value)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_map_is_drawn_with_words_for_each_colour(views, lang):
    picture = ElementTree.fromstring(views.svg(CITY, "fire", "18", lang=lang))
    texts = ["".join(element.itertext()) for element in picture.iter() if element.tag.endswith("text")]
    wanted = {"zh": "重大风险", "en": "Major risk"}[lang]
    assert any(text.startswith(wanted) for text in texts)
    assert picture.get("role") == "img"


def test_only_results_enter_the_graph_with_their_provenance(assessed, views):
    store, name = assessed.store, graph(f"risk/{CITY}")
    (made,) = store.match(None, RDF_TYPE, xz("RiskAssessment"), name)
    used = [quad.object for quad in store.match(made.subject, NamedNode(PROV + "used"), None, name)]
    assert [term.value.rpartition("/")[2] for term in used] == ["made-up"]
    risks = list(store.match(None, RDF_TYPE, xz("GridRisk"), name))
    assert 0 < len(risks) < 0.02 * 12_720 * len(KINDS)
    for quad in risks[:5]:
        assert any(store.match(quad.subject, NamedNode(PROV + "wasGeneratedBy"), made.subject, name))
    assert not any(store.match(None, RDF_TYPE, NamedNode("http://www.w3.org/ns/sosa/Observation"), name))


def test_a_proposal_is_made_once_and_decided_once_and_issues_nothing(assessed, views):
    proposals = Proposals(assessed, views)
    first = proposals.propose(CITY, EVENING, actor="test")
    assert first["made"] == min(MOST, first["reaching"]) > 1
    assert proposals.propose(CITY, EVENING, actor="test")["made"] == 0
    one, other = proposals.listed(CITY, "proposed")[:2]
    assert one["hour"] == "2026-07-01T18:00:00+08:00"
    with pytest.raises(InputError, match=r"risk\.reason"):
        proposals.decide(CITY, one["id"], "confirm", " ", actor="li")
    told = proposals.decide(CITY, one["id"], "confirm", "现场核实", actor="li")
    assert (told["state"], told["decidedBy"], told["reason"]) == ("confirmed", "li", "现场核实")
    with pytest.raises(InputError, match=r"risk\.decided"):
        proposals.decide(CITY, one["id"], "dismiss", "again", actor="wang")
    assert proposals.decide(CITY, other["id"], "dismiss", "误报", actor="li")["state"] == "dismissed"
    with pytest.raises(NotFound, match=r"risk\.proposal"):
        proposals.decide(CITY, "no-such", "confirm", "why", actor="li")
    issued = assessed.store.match(None, xz("proposalState"), Literal("issued"))
    assert not any(issued)
    assert not any(assessed.store.match(None, RDF_TYPE, xz("Warning")))


def test_of_many_who_decide_at_once_one_does_and_the_others_are_told(assessed, views):
    proposals = Proposals(assessed, views)
    proposals.propose(CITY, datetime(2026, 7, 2, 18, tzinfo=CHINA_STANDARD_TIME), actor="clock")
    (one, *_) = proposals.listed(CITY, "proposed")

    def decide(number: int) -> str:
        try:
            return proposals.decide(CITY, one["id"], "confirm", "现场核实", actor=f"li-{number}")["decidedBy"]
        except InputError:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(decide, range(8)))
    assert sorted(done)[1:] == ["refused"] * 7
    (kept,) = [told for told in proposals.listed(CITY) if told["id"] == one["id"]]
    assert kept["decidedBy"] in done
