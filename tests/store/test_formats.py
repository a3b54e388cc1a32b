"""Which media type an Accept header gets."""

from __future__ import annotations

import pytest

from kb.errors import QueryRefused
from kb.store import formats
from kb.store.gate import Form

JSON, XML, CSV = "application/sparql-results+json", "application/sparql-results+xml", "text/csv"


@pytest.mark.parametrize(
    ("accept", "form", "expected"),
    [
        ("", Form.SELECT, JSON),
        ("*/*", Form.ASK, JSON),
        ("", Form.CONSTRUCT, "text/turtle"),
        ("text/csv", Form.SELECT, CSV),
        ("Text/CSV; charset=utf-8", Form.SELECT, CSV),
        ("text/*", Form.SELECT, CSV),
        ("text/*", Form.DESCRIBE, "text/turtle"),
        ("application/json", Form.SELECT, JSON),
        ("application/json", Form.CONSTRUCT, "application/ld+json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form.SELECT, XML),
        ("text/csv;q=0.2, application/sparql-results+xml;q=0.7", Form.SELECT, XML),
        (f"{JSON};q=0, */*", Form.SELECT, XML),
        ("text/csv;q=nonsense, */*;q=0.1", Form.SELECT, JSON),
    ],
)
def test_the_type_liked_best_is_chosen(accept: str, form: Form, expected: str) -> None:
    assert formats.choose(accept, form) == expected


@pytest.mark.parametrize("accept", ["image/png", "text/turtle", "*/*;q=0"])
def test_where_none_is_liked_the_choices_are_named(accept: str) -> None:
    with pytest.raises(QueryRefused) as error:
        formats.choose(accept, Form.SELECT)
    (fault,) = error.value.faults
    assert fault.code == "query.not-acceptable"
    assert fault.repair is not None
    assert JSON in fault.repair.en
