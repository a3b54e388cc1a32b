"""Every sentence of the pages exists in Chinese and in English."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

WEBAPP = Path(__file__).parents[2] / "webapp"
TEMPLATES = sorted((WEBAPP / "templates").rglob("*.html"))
CHINESE = re.compile(r"[\u3400-\u9fff]")


def said_in_the_code() -> set[str]:
    found = extract_from_dir(
        WEBAPP,
        method_map=[("**.py", "python"), ("**.html", "jinja2")],
        options_map={"**.html": {"extensions": "jinja2.ext.i18n"}},
        keywords={"_": None, "gettext": None, "ngettext": (1, 2)},
    )
    return {message for _, _, message, _, _ in found}


def translated() -> dict[str, str]:
    with (WEBAPP / "translations" / "zh.po").open("rb") as file:
        catalogue = read_po(file, locale="zh", abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def test_every_sentence_of_the_pages_has_a_chinese_translation() -> None:
    said = said_in_the_code()
    assert len(said) > 50
    assert {sentence for sentence in said if not translated().get(sentence)} == set()


def test_no_translation_is_left_over() -> None:
    assert set(translated()) - said_in_the_code() == set()


def test_placeholders_are_the_same_in_both_languages() -> None:
    for english, chinese in translated().items():
        assert set(re.findall(r"%\(\w+\)s", english)) == set(re.findall(r"%\(\w+\)s", chinese)), english


def test_templates_hold_no_chinese_but_the_name_and_the_language_switch() -> None:
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        for allowed in (">协治<", ">中文<", '"type": "燃气爆炸"'):
            text = text.replace(allowed, "")
        assert not CHINESE.search(text), template


def test_templates_hold_no_english_outside_the_translations() -> None:
    """Text between tags is either translated, data, or one of the names that both languages share."""
    shared = {
        "Xiezhi",
        "SPARQL",
        "JSON",
        "English",
        "Alt",
        "OpenAPI 3.1",
        "CSV / Turtle",
        "CSV",
        "VoID",
        "SHACL",
        "GraphML",
        "SVG",
        "CAP",
    }
    for template in TEMPLATES:
        text = re.sub(
            r"{#.*?#}|{{.*?}}|{%.*?%}|<pre[^>]*>.*?</pre>|<kbd>.*?</kbd>",
            "",
            template.read_text("utf-8"),
            flags=re.S,
        )
        for piece in re.findall(r">([^<>=]*)<", text):  # with "=", it is an attribute that a macro writes
            words = piece.strip(" \n·—→+/,.()")
            assert not re.search(r"[A-Za-z]{2,}", words) or words in shared, f"{template.name}: {words!r}"
