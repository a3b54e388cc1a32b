"""Our rules beside the official schema, and for every rule an alert that breaks it."""

from __future__ import annotations

import copy
import random
import re
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.cap import CapRefused, message
from kb.cap.document import NAMESPACE, parse
from kb.cap.standard import PARTS, WORDS, check
from tests.cap.conftest import EXAMPLES

RAINSTORM = (EXAMPLES / "rainstorm.xml").read_text(encoding="utf-8")
VALUES = [
    "",
    " ",
    "Actual",
    "Alert",
    "Update",
    "Restricted",
    "Met",
    "Unknown",
    "36.05,120.33 3",
    "36.05,120.33 -3",
    "1,1 2,2 3,3 1,1",
    "1,1 2,2 1,1",
    "91,0 1,1 2,2 91,0",
    "2026-07-20T07:30:00+08:00",
    "2026-07-20T07:30:00Z",
    "2026-02-30T07:30:00+08:00",
    "2026-07-20T25:30:00+08:00",
    "2026-07-20T07:30:00+15:00",
    "0000-01-01T00:00:00+00:00",
    "a,b,2026-07-20T07:30:00+08:00",
    "a,b",
    "12",
    "-1.5",
    "http://example.org/a b",
    "https://example.org",
    "x y",
    "中文",
]


def mutated(seed: int, steps: int) -> bytes:
    """Return the example with so many random changes: elements moved, doubled, left out, given other text."""
    rng = random.Random(seed)
    root = ElementTree.fromstring(RAINSTORM)
    names = sorted({name for parts in PARTS.values() for name in parts})
    for _ in range(steps):
        holder = rng.choice([node for node in root.iter() if len(node)])
        place = rng.randrange(len(holder))
        child = holder[place]
        match rng.randrange(6):
            case 0:
                holder.remove(child)
            case 1:
                holder.insert(place, copy.deepcopy(child))
            case 2:
                holder.remove(child)
                holder.insert(rng.randrange(len(holder) + 1), child)
            case 3:
                child.text = rng.choice(VALUES)
            case 4:
                child.set(rng.choice(["lang", "id"]), "x")
            case _:
                new = ElementTree.Element(f"{{{NAMESPACE}}}{rng.choice(names)}")
                new.text = rng.choice(VALUES)
                holder.insert(place, new)
        if not len(root):
            break
    return bytes(ElementTree.tostring(root))


@settings(max_examples=150, deadline=None)
@example(seed=242, steps=1)  # a language that is none
@given(seed=st.integers(0, 10**9), steps=st.integers(1, 4))
def test_what_is_accepted_is_valid_by_the_official_schema(
    schema: xmlschema.XMLSchema, seed: int, steps: int
) -> None:
    text = mutated(seed, steps)
    if not check(parse(text)):
        assert schema.is_valid(text.decode()), text.decode()


def replaced(old: str, new: str) -> str:
    assert old in RAINSTORM
    return RAINSTORM.replace(old, new)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (replaced("<scope>Public</scope>", ""), "alert lacks scope"),
        (
            replaced("<scope>Public</scope>", "<scope>Restricted</scope>"),
            "Restricted in scope demands restriction",
        ),
        (replaced("<scope>Public</scope>", "<scope>Private</scope>"), "Private in scope demands addresses"),
        (replaced("<msgType>Alert", "<msgType>Cancel"), "Cancel in msgType demands references"),
        (replaced("<msgType>Alert", "<msgType>alert"), "msgType cannot be “alert”"),
        (replaced("<severity>Severe", "<severity>红色"), "severity cannot be “红色”"),
        (replaced("QD-MET-2026-0713", "QD MET"), "identifier must not be empty or hold spaces"),
        (replaced("<sent>2026-07-20T07:30:00+08:00", "<sent>2026-07-20T07:30:00Z"), "sent is no moment"),
        (replaced("<sent>2026-07-20T07:30:00", "<sent>2026-02-30T07:30:00"), "sent is no moment"),
        (replaced("<areaDesc>", "<polygon>1,1 2,2 1,1</polygon><areaDesc>"), "polygon is no valid area"),
        (replaced("</areaDesc>", "</areaDesc><circle>1,1 -2</circle>"), "circle is no valid area"),
        (
            replaced("</areaDesc>", "</areaDesc><polygon>95,1 1,1 2,2 95,1</polygon>"),
            "polygon is no valid area",
        ),
        (replaced("</area>", "<ceiling>300</ceiling></area>"), "ceiling stands only beside altitude"),
        (replaced("<info>", '<info lang="zh">'), "info has no attributes"),
        (replaced("<info>", "<info>some words"), "info holds elements"),
        (replaced("<event>", "<event><b>x</b>"), "event holds text alone"),
        (replaced("<category>Met</category>", ""), "info lacks category"),
        (replaced("<scope>", "<info/><scope>"), "scope stands in the wrong place"),
        (replaced("<scope>", "<colour>orange</colour><scope>"), "alert has no colour"),
        (replaced("<scope>", "<references>a,b</references><scope>"), "references are not written"),
        (replaced("<senderName>", "<expires>tomorrow</expires><senderName>"), "expires is no moment"),
        (replaced("<event>暴雨", "<event>" + "雨" * 600), "event has at most 500 characters"),
    ],
)
def test_each_rule_refuses_what_breaks_it_and_says_where_and_what_to_do(text: str, reason: str) -> None:
    with pytest.raises(CapRefused) as refused:
        message.of(parse(text.encode()))
    fault = next(one for one in refused.value.faults if reason in one.message.en)
    assert re.fullmatch(r"line \d+, \S+", fault.where)
    assert fault.repair is not None
    assert fault.repair.zh
    assert fault.repair.en


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_document() -> None:
    text = replaced("<scope>Public</scope>", "").replace("Severe", "Red").replace("Likely", "Sure")
    found = check(parse(text.encode()))
    assert len(found) == 5
    assert [one.line for one in found] == sorted(one.line for one in found)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.xml")))
def test_our_own_examples_keep_the_standard(name: str) -> None:
    assert check(parse((EXAMPLES / name).read_bytes())) == []


def test_there_are_as_many_code_values_as_the_standard_has() -> None:
    assert sum(map(len, WORDS.values())) == 5 + 5 + 3 + 12 + 9 + 5 + 5 + 5
