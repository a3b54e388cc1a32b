"""What we write, we read as it was, and the official schema takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.cap import message
from kb.cap.document import parse
from kb.cap.message import Alert, Area, Circle, Info, Named, Reference, Resource
from kb.cap.standard import WORDS
from kb.cap.writing import moment, written
from tests.cap.conftest import EXAMPLES

WORD = st.text("ab中文<&>'\"é.-", min_size=1, max_size=12)
IDENTIFIER = st.from_regex(r"[a-zA-Z0-9:._-]{1,20}", fullmatch=True)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
    lambda at: at.replace(microsecond=0, tzinfo=timezone(timedelta(hours=8)))
)
POINTS = st.tuples(st.integers(-1799999, 1799999), st.integers(-899999, 899999)).map(
    lambda pair: (pair[0] / 10000, pair[1] / 10000)
)
RINGS = st.lists(POINTS, min_size=3, max_size=6).map(lambda points: (*points, points[0]))
PAIRS = st.lists(st.builds(Named, WORD, WORD), max_size=2).map(tuple)


def word(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(WORDS[name])


AREAS = st.builds(
    Area,
    WORD,
    st.lists(RINGS, max_size=2).map(tuple),
    st.lists(st.builds(Circle, POINTS, st.integers(0, 500).map(float)), max_size=2).map(tuple),
    PAIRS,
)
INFOS = st.builds(
    Info,
    WORD,
    st.lists(word("category"), min_size=1, max_size=2).map(tuple),
    word("urgency"),
    word("severity"),
    word("certainty"),
    language=st.sampled_from(["zh-CN", "en-US"]),
    responses=st.lists(word("responseType"), max_size=2).map(tuple),
    event_codes=PAIRS,
    effective=st.none() | TIMES,
    onset=st.none() | TIMES,
    expires=st.none() | TIMES,
    headline=WORD,
    description=WORD,
    parameters=PAIRS,
    resources=st.lists(st.builds(Resource, WORD, WORD, st.just("12")), max_size=1).map(tuple),
    areas=st.lists(AREAS, max_size=2).map(tuple),
)
ALERTS = st.builds(
    Alert,
    IDENTIFIER,
    IDENTIFIER,
    TIMES,
    word("status"),
    st.just("Update"),
    st.just("Public"),
    st.lists(INFOS, max_size=2).map(tuple),
    note=WORD,
    references=st.lists(st.builds(Reference, IDENTIFIER, IDENTIFIER, TIMES), min_size=1, max_size=2).map(
        tuple
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ALERTS)
def test_what_is_written_is_read_as_it_was_and_keeps_the_schema(
    schema: xmlschema.XMLSchema, alert: Alert
) -> None:
    text = written(alert)
    assert message.of(parse(text)) == alert
    assert schema.is_valid(text.decode())


def test_an_example_goes_round_unchanged() -> None:
    for path in EXAMPLES.glob("*.xml"):
        alert = message.of(parse(path.read_bytes()))
        assert message.of(parse(written(alert))) == alert


def test_a_moment_in_utc_is_written_in_the_time_of_china() -> None:
    assert moment(datetime(2026, 7, 20, 0, 0, 5, 999, tzinfo=UTC)) == "2026-07-20T08:00:05+08:00"


def test_the_same_message_has_the_same_key_whatever_its_offset() -> None:
    one = message.reference("a,b,2026-07-20T08:00:00+08:00")
    two = message.reference("a,b,2026-07-20T00:00:00-00:00")
    assert one.key == two.key
    assert replace(one, identifier="c").key != one.key
