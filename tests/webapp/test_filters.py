"""How times and numbers are written."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.filters import amount, deadlines, severity, within


@pytest.fixture
def english() -> object:
    app = Flask("webapp")
    with app.test_request_context("/?lang=en") as context:
        yield context


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        ("PT0S", "at once"),
        ("PT1H", "within 1 h"),
        ("PT90M", "within 90 min"),
        ("P1DT2H", "within 26 h"),
        (None, "no time set"),
        ("soon", "no time set"),
    ],
)
@pytest.mark.usefixtures("english")
def test_a_time_limit_reads_as_words(duration: str | None, words: str) -> None:
    assert within(duration) == words


def test_what_is_due_at_once_comes_first_and_what_has_no_limit_last() -> None:
    duties = [{"within": w, "by": None} for w in ("PT2H", None, "PT0S", "PT30M", "PT2H")]
    assert [(limit, len(group)) for limit, _, group in deadlines(duties)] == [
        ("PT0S", 1),
        ("PT30M", 1),
        ("PT2H", 2),
        (None, 1),
    ]


@pytest.mark.parametrize(
    ("iri", "style"),
    [
        ("…/grade/particularly-major", 1),
        ("…/level/II", 2),
        ("…/warning/yellow", 3),
        ("…/grade/ordinary", 4),
        ("…/x", 0),
    ],
)
def test_severity_is_the_same_for_grades_levels_and_warnings(iri: str, style: int) -> None:
    assert severity({"iri": iri}) == f"severity-{style}"
    assert severity(None) == "severity-0"


@pytest.mark.usefixtures("english")
def test_amounts_have_separators_units_and_words() -> None:
    people = {"zh": "人", "en": "people"}
    assert amount({"value": 12000, "unit": people}) == "12,000 people"
    assert amount({"value": True, "unit": None}) == "yes"
    assert (
        amount({"value": {"label": {"zh": "红色预警", "en": "Red warning"}}, "unit": None}) == "Red warning"
    )
    assert amount({"value": "1,2", "unit": None}) == "1,2"
