"""Conditions are said as people write them, with the values that they had."""

from __future__ import annotations

import pytest
from pyoxigraph import Literal, NamedNode, Variable

from kb.namespaces import ROOT
from kb.services import incident
from kb.services.views import View
from kb.services.words import Words
from kb.services.workspace import Workspace
from kb.srl.parser import parse
from kb.srl.syntax import Filter


@pytest.mark.parametrize(
    ("condition", "zh", "en"),
    [
        ("?n >= 50", "12 ≥ 50", "12 ≥ 50"),
        ("?n != 50 - 1", "12 ≠ 50 − 1", "12 ≠ 50 − 1"),
        ("?n IN (1, 2)", "12 ∈ {1、2}", "12 ∈ {1, 2}"),
        ("?n NOT IN (1, 2)", "12 ∉ {1、2}", "12 ∉ {1, 2}"),
        ("STRLEN(STR(?n)) < 3", "STRLEN(STR(12)) < 3", "STRLEN(STR(12)) < 3"),
    ],
)
def test_a_condition_is_said_with_signs_and_values(
    workspace: Workspace, condition: str, zh: str, en: str
) -> None:
    answer = incident.report(workspace, {"type": "燃气泄漏", "grid": "370102"}, actor="test")
    words = Words(View.of(workspace, answer))
    (rule,) = parse(f"RULE {{ ?n <urn:p> 1 }} WHERE {{ ?n <urn:q> 2 FILTER ({condition}) }}").rules
    (element,) = (e for e in rule.body if isinstance(e, Filter))
    said = words.computation(element, {Variable("n"): Literal(12)})
    assert (said.zh, said.en) == (zh, en)


@pytest.mark.parametrize(
    ("record", "zh", "en"),
    [
        ("group-use/common-rescue", "抢险救援组（突发事件）", "Rescue group (Incident)"),
        (
            "menu-use/article-74",
            "社会安全事件处置措施（社会安全事件）",
            "Measures for social-security events",
        ),
        ("exposure/tank-fire", " → ", " → "),
    ],
)
def test_a_use_without_a_label_is_said_by_what_it_uses_and_for_which_types(
    workspace: Workspace, record: str, zh: str, en: str
) -> None:
    said = workspace.describer.text(NamedNode(f"{ROOT}kb/{record}"))
    assert zh in said.zh
    assert en in said.en
    assert record.rpartition("/")[2] not in said.zh + said.en
