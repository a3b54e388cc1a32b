"""What is sent to do harm is refused with a reason, and the process that reads it may die alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.cap import CapRefused, process
from kb.cap.document import ELEMENTS, Element, parse
from tests.cap.conftest import EXAMPLES

RAINSTORM = (EXAMPLES / "rainstorm.xml").read_bytes()
HEAD = b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'


def refusal(text: bytes) -> str:
    with pytest.raises(CapRefused) as refused:
        process.read(text)
    fault = refused.value.faults[0]
    assert fault.message.zh != fault.message.en
    return fault.code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + HEAD + b"</alert>", "cap.doctype"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + HEAD + b"&b;</alert>", "cap.doctype"),
        (RAINSTORM.decode().encode("utf-16"), "cap.encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?>' + HEAD + b"</alert>", "cap.format"),
        (HEAD + b"<info>" * 100 + b"</info>" * 100 + b"</alert>", "cap.too-deep"),
        (HEAD + b"<info/>" * (ELEMENTS + 1) + b"</alert>", "cap.too-deep"),
        (HEAD + b"<note>" + b"x" * (process.BIGGEST + 1) + b"</note></alert>", "cap.size"),
        (b"", "cap.format"),
        (b"{}", "cap.format"),
        (RAINSTORM[:-20], "cap.format"),
        (RAINSTORM.replace(b"<scope>", b"<scope>&#0;"), "cap.format"),
    ],
    ids=["entities", "external", "utf-16", "utf-7", "deep", "many", "big", "empty", "json", "cut", "nul"],
)
def test_what_would_do_harm_is_refused_in_words(text: bytes, code: str) -> None:
    assert refusal(text) == code


def test_a_long_row_of_points_takes_no_longer_than_it_should() -> None:
    points = b" ".join(b"36.05,120.33" for _ in range(200_000))
    started = time.monotonic()
    text = RAINSTORM.replace(b"</areaDesc>", b"</areaDesc><polygon>" + points + b",</polygon>", 1)
    assert refusal(text) == "cap.standard"
    assert time.monotonic() - started < 5


def test_an_alert_in_the_chinese_national_encoding_is_read() -> None:
    text = RAINSTORM.decode().replace('encoding="UTF-8"', 'encoding="GB2312"').encode("gb18030")
    assert process.read(text).infos[0].event == "暴雨"
    hidden = b'<?xml version="1.0" encoding="GBK"?><!DOCTYPE alert>' + HEAD + b"</alert>"
    assert refusal(hidden) == "cap.doctype"


def test_a_process_that_runs_out_of_memory_takes_nothing_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MEMORY", 48 << 20)
    assert refusal(HEAD + b"<code>%s</code></alert>" % (b"x" * (7 << 20))) in ("cap.memory", "cap.stopped")
    monkeypatch.undo()
    assert process.read(RAINSTORM).identifier == "QD-MET-2026-0713"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: HEAD + text.encode() + b"</alert>"))
def test_any_bytes_are_an_alert_or_are_refused(text: bytes) -> None:
    try:
        element = parse(text)
    except CapRefused:
        return
    assert Element.decoded(element.encoded()) == element
