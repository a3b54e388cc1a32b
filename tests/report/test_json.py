"""JSON that is none, too large, too deep or contradicts itself is refused in words, never with a crash."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from kb.errors import Fault, ReportRejected
from kb.report.document import MAX_BYTES, parse_json


def refuse(text: str | bytes) -> Fault:
    with pytest.raises(ReportRejected) as caught:
        parse_json(text)
    assert len(caught.value.faults) == 1
    fault = caught.value.faults[0]
    for lang in ("zh", "en"):
        fault.render(lang).encode()
    return fault


def test_text_and_bytes_are_read_alike() -> None:
    text = '{"type": "火灾", "deaths": 3}'
    assert parse_json(text) == parse_json(text.encode()) == {"type": "火灾", "deaths": 3}


def test_a_byte_order_mark_of_windows_does_no_harm() -> None:
    assert parse_json(b'\xef\xbb\xbf{"deaths": 3}') == {"deaths": 3}


@pytest.mark.parametrize("text", ["[]", "null", "3", '"火灾"', "true"])
def test_a_report_is_one_object(text: str) -> None:
    assert "one JSON object" in refuse(text).message.en


@pytest.mark.parametrize(
    ("text", "where"),
    [("", "1:1"), ("{", "1:2"), ('{"a": }', "1:7"), ('{\n"a": 1,\n}', "3:1"), ("{} {}", "1:4")],
)
def test_what_is_no_json_is_told_with_line_and_column(text: str, where: str) -> None:
    fault = refuse(text)
    assert fault.code == "report.json"
    assert fault.where == where


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(word: str) -> None:
    assert refuse(f'{{"deaths": {word}}}').code == "report.json"


@pytest.mark.parametrize("content", [b"\xff", b'{"type": "\xbb\xf0\xd4\xd6"}'])
def test_bytes_that_are_no_utf_8_are_refused(content: bytes) -> None:
    """The second is 火灾 in GB 18030, as an old program would send it."""
    assert refuse(content).code == "report.json"


@pytest.mark.parametrize("depth", [1_000, 5_000, 20_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_json_nested_too_deeply_is_refused(depth: int, opening: str, closing: str) -> None:
    text = '{"a":' + opening * depth + "1" + closing * depth + "}"
    with suppress(ReportRejected):  # how deep is too deep is Python's to say
        assert isinstance(parse_json(text), dict)


def test_json_that_is_too_large_is_refused_unread() -> None:
    assert refuse(" " * (MAX_BYTES + 1)).code == "report.too-large"
    assert refuse(b"[" * 10_000_000).code == "report.too-large"


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    assert refuse('{"deaths": ' + "9" * 5000 + "}").code == "report.json"


@pytest.mark.parametrize(
    ("first", "second"),
    [("1", "2"), ("1", "null"), ("true", '"是"'), ('"a"', '"b"'), ('"\\ud800"', '"\\ud801"')],
)
def test_a_key_given_twice_with_two_values_is_a_contradiction(first: str, second: str) -> None:
    fault = refuse(f'{{"deaths": {first}, "deaths": {second}}}')
    assert (fault.code, fault.where) == ("report.contradiction", "deaths")
    assert fault.repair is not None
    assert fault.repair.en == "keep one of them"


def test_a_key_given_twice_with_the_same_value_is_none() -> None:
    assert parse_json('{"deaths": 3, "deaths": 3}') == {"deaths": 3}


def test_every_contradiction_is_told() -> None:
    with pytest.raises(ReportRejected) as caught:
        parse_json('{"a": 1, "a": 2, "b": 1, "b": 2, "c": 1}')
    assert [fault.where for fault in caught.value.faults] == ["a", "b"]


def test_fractions_keep_their_digits() -> None:
    """Binary fractions would turn 0.1 into 0.1000000000000000055."""
    assert str(parse_json('{"directLoss": 0.1}')["directLoss"]) == "0.1"
    assert str(parse_json('{"directLoss": 123456789012.34}')["directLoss"]) == "123456789012.34"


def test_what_json_writes_is_read_back() -> None:
    data = {
        "type": "火灾",
        "grid": "370102",
        "deaths": 3,
        "fire": True,
        "address": "“引号”\\\n",
        "missing": None,
    }
    assert parse_json(json.dumps(data)) == data
    assert parse_json(json.dumps(data, ensure_ascii=False)) == data
