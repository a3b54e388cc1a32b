"""A text is read whatever it holds: nothing breaks, nothing blows up, and every word stays where it was."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.clock import CHINA_STANDARD_TIME
from kb.services.pasted import keeping, telling
from kb.services.workspace import Workspace
from kb.words import WordsRefused
from kb.words.moments import heading
from kb.words.numerals import numbers, value_of
from kb.words.text import LONGEST, Words

NOW = datetime(2026, 7, 21, 12, tzinfo=CHINA_STANDARD_TIME)
PIECES = st.sampled_from(
    ["死亡", "受伤", "3人", "十二名", "其中", "另有", "，", "。", "（", "）", "20日", "17时",
     "昨天", "济南市", "市中区", "未造成", "可能造成", "起火", "中毒", "数百", "\n", " ",
     "1", "年", "至", "和", "\u202e", "\x00", "𠀀"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=80).map("".join)))
@settings(max_examples=150, deadline=None)
def test_whatever_the_text_the_words_of_each_value_stand_in_it(workspace: Workspace, text: str) -> None:
    if not readable(text):
        return
    read = workspace.words.read(text, NOW)
    assert len(read.words.folded) == len(text)
    for reading in read.readings.values():
        assert reading.spans
        for span in reading.spans:
            assert 0 <= span.start < span.end <= len(text)
    telling.told(workspace, read)


def readable(text: str) -> Words | None:
    try:
        return Words.of(text)
    except WordsRefused:
        return None


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x01\u200b\ufeff"])
def test_nothing_to_read_is_refused(workspace: Workspace, text: str) -> None:
    with pytest.raises(WordsRefused) as caught:
        workspace.words.read(text, NOW)
    assert caught.value.faults[0].code == "words.empty"


def test_too_long_a_text_is_refused_with_its_length(workspace: Workspace) -> None:
    with pytest.raises(WordsRefused) as caught:
        workspace.words.read("火" * 1_000_000, NOW)
    assert "1000000" in caught.value.faults[0].message.en


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "一",
        "(",
        "十二月",
        "3人死亡",
        "济南市",
        "其中",
        "年月日时分",
        "朝阳区",
        "未",
        "  ",
        "起火中毒",
        "1,",
        "上海" * 3,
    ],
)
def test_no_text_that_may_be_read_takes_long(workspace: Workspace, piece: str) -> None:
    workspace.words.prepare()
    begun = time.process_time()
    workspace.words.read(("灾" + piece * LONGEST)[:LONGEST], NOW)
    assert time.process_time() - begun < 5, "something grows faster than the text"


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("6", 6),
        ("十三", 13),
        ("二十", 20),
        ("两", 2),
        ("三百零五", 305),
        ("百", 100),
        ("1.2万", 12000),
        ("1,234", 1234),
    ],
)
def test_numerals_have_their_value(numeral: str, value: int) -> None:
    assert value_of(numeral) == value


@pytest.mark.parametrize(
    ("text", "value", "exact"),
    [("30余人", 30, False), ("近百名", 100, False), ("数百人", 200, False), ("３人", 3, True),
     ("三至五人", 3, False), ("1.5万人", 15000, True), ("至少6人", 6, False)],
)  # fmt: skip
def test_a_number_is_exact_or_a_bound(text: str, value: int, exact: bool) -> None:
    [number] = numbers(Words.of(text))
    assert (number.value, number.exact) == (value, exact)


@pytest.mark.parametrize(
    ("line", "at"),
    [("2008年04月05日 09:12", "2008-04-05T09:12"), ("2011-11-8 9:14:27", "2011-11-08T09:14"),
     ("时间：2014-03-29 05:54:45", "2014-03-29T05:54"), ("2007-7-8", "2007-07-08T23:59"),
     ("2007-13-8", None)],
)  # fmt: skip
def test_news_bear_their_date_in_the_first_line(line: str, at: str | None) -> None:
    found, _ = heading(Words.of(f"{line}\n今天"))
    assert (None if found is None else found.isoformat()[:16]) == at


def test_numbers_of_telephones_and_identity_cards_are_masked(workspace: Workspace) -> None:
    text = "李某13812345678，座机0531-88881234，身份证37010219800101123X，编号20260721"
    masked = keeping.masked(text, workspace.store)
    assert masked == "李某138****5678，座机053****1234，身份证370102********123X，编号20260721"


def test_only_words_of_known_keys_that_were_confirmed_are_kept(workspace: Workspace) -> None:
    carried = [
        "deaths=2人死亡",
        "nonsense=x",
        "injured=3人受伤",
        "address=打13812345678",
        "no separator",
        "type=" + "火" * 900,
    ]
    kept = keeping.kept(workspace, carried, {"deaths": 3, "address": "x", "type": "火灾"})
    texts = [term.value for term in kept]
    assert [text.split("：")[0] for text in texts] == ["死亡人数", "详细地址", "类型"] or len(texts) == 3
    assert any("138****5678" in text for text in texts)
    assert max(map(len, texts)) < 250


def test_new_words_of_the_ontology_are_known_at_once(fresh: Workspace) -> None:
    from pyoxigraph import Literal, NamedNode, Quad

    from kb.namespaces import SKOS, graph, xz
    from kb.store.protocol import Change

    text = "某地老虎灶冒烟了"
    assert "type" not in fresh.words.read(text, NOW).readings
    word = Quad(
        xz("FireAccident"),
        NamedNode(SKOS + "hiddenLabel"),
        Literal("老虎灶冒烟", language="zh"),
        graph("ontology"),
    )
    fresh.store.commit(Change([word]), actor="test", action="a word")
    assert fresh.words.read(text, NOW).readings["type"].value == xz("FireAccident").value
