"""A variable has a value wherever it is used."""

from __future__ import annotations

import pytest

from kb.errors import SyntaxFault
from kb.srl.parser import parse
from kb.srl.wellformed import check, require_wellformed

PREFIX = "PREFIX : <http://example/>\n"


def codes(text: str) -> list[str]:
    (rule,) = parse(PREFIX + text).rules
    return [fault.code for fault in check(rule)]


@pytest.mark.parametrize(
    "text",
    [
        "RULE {} WHERE {}",
        "RULE { ?x :p ?y } WHERE { ?x :q 1 SET (?y := ?x) }",
        "RULE { ?v :p 1 } WHERE { ?x :q <<( ?v :p 1 )>> }",
        "RULE { ?x :p 1 } WHERE { SET (?x := 1) ?x :q ?y FILTER (?y > ?x) }",
        "RULE { ?x :p 1 } WHERE { ?x :q 1 NOT { ?x :r ?z FILTER (?z > 1 && ?x != ?z) } }",
        "RULE { ?z :p 1 } WHERE { NOT { ?z :p 1 } SET (?z := :a) }",
        "RULE { ?z :p 1 } WHERE { NOT { ?z :p 1 } ?z :q 1 }",
    ],
)
def test_a_sound_rule_has_no_faults(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RULE { ?x :p ?y . ?y :p ?y } WHERE { ?x :q 1 }", ["srl.head-variable", "srl.head-variable"]),
        ("RULE { ?x :p <<( :a :b ?y )>> } WHERE { ?x :q 1 }", ["srl.head-variable"]),
        ("RULE { ?z :p 1 } WHERE { NOT { ?z :p 1 } }", ["srl.head-variable"]),
        ("RULE {} WHERE { FILTER (?x > ?x) ?x :q 1 }", ["srl.unbound-filter"]),
        ("RULE {} WHERE { NOT { FILTER (?y = 1) ?x :q ?y } }", ["srl.unbound-filter"]),
        ("RULE {} WHERE { NOT { ?x :q ?y } FILTER (?y = 1) }", ["srl.unbound-filter"]),
        ("RULE {} WHERE { SET (?x := ?y + ?z) }", ["srl.unbound-set", "srl.unbound-set"]),
        ("RULE {} WHERE { SET (?x := ?x) }", ["srl.unbound-set"]),
        ("RULE {} WHERE { ?x :q 1 SET (?x := 1) }", ["srl.set-in-scope"]),
        ("RULE {} WHERE { SET (?x := 1) SET (?x := 2) }", ["srl.set-in-scope"]),
    ],
)
def test_a_misused_variable_is_a_fault(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_all_faults_of_all_rules_come_at_once_and_say_where() -> None:
    text = "RULE { ?x :p ?typo } WHERE { ?x :q 1 }\nRULE {} WHERE { FILTER (?who = 1) }"
    with pytest.raises(SyntaxFault) as caught:
        require_wellformed(parse(PREFIX + text, source="r.srl"))
    first, second = caught.value.faults
    assert first.where == "r.srl:2:8"
    assert "?typo" in first.render("zh")
    assert second.where == "r.srl:3:17"
    assert "move the FILTER" in second.render("en")
