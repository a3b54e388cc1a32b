"""Relative IRIs: the examples of RFC 3986 section 5.4."""

from __future__ import annotations

import pytest

from kb.srl.iris import is_absolute, resolve

BASE = "http://a/b/c/d;p?q"
RFC = {
    "g:h": "g:h",
    "g": "http://a/b/c/g",
    "./g": "http://a/b/c/g",
    "g/": "http://a/b/c/g/",
    "/g": "http://a/g",
    "//g": "http://g",
    "?y": "http://a/b/c/d;p?y",
    "g?y": "http://a/b/c/g?y",
    "#s": "http://a/b/c/d;p?q#s",
    "g?y#s": "http://a/b/c/g?y#s",
    ";x": "http://a/b/c/;x",
    "": "http://a/b/c/d;p?q",
    ".": "http://a/b/c/",
    "..": "http://a/b/",
    "../g": "http://a/b/g",
    "../..": "http://a/",
    "../../g": "http://a/g",
    "../../../../g": "http://a/g",
    "/./g": "http://a/g",
    "/../g": "http://a/g",
    "g.": "http://a/b/c/g.",
    "..g": "http://a/b/c/..g",
    "./g/.": "http://a/b/c/g/",
    "g/../h": "http://a/b/c/h",
    "g;x=1/../y": "http://a/b/c/y",
    "g?y/../x": "http://a/b/c/g?y/../x",
    "g#s/../x": "http://a/b/c/g#s/../x",
}


@pytest.mark.parametrize(("reference", "expected"), RFC.items())
def test_a_reference_resolves_as_the_rfc_says(reference: str, expected: str) -> None:
    assert resolve(BASE, reference) == expected


def test_a_base_without_path_gets_a_slash() -> None:
    assert resolve("http://example.org", "x") == "http://example.org/x"


def test_an_absolute_iri_keeps_its_dots() -> None:
    assert resolve(BASE, "http://x/a/../b") == "http://x/a/../b"


def test_only_a_scheme_makes_an_iri_absolute() -> None:
    assert is_absolute("urn:x")
    assert not is_absolute("//host/x")
    assert not is_absolute("1x:y")
