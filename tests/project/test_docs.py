"""The documentation: complete in both languages, and needing nothing but a browser."""

from __future__ import annotations

import re
import sys
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from rdflib import OWL, RDF, RDFS, SKOS, Graph, Namespace

from kb.cli import main
from kb.errors import KnowledgeFault
from kb.ontology import documentation
from kb.ontology.overview import Overview
from kb.resources import folder

XZ = Namespace("https://w3id.org/xiezhi/ns#")
DECLARED = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "manifest"}
"""Attributes by which a page loads or sends something; ``href`` does so on a ``link`` only."""


class Page(HTMLParser):
    """One page: its text, its anchors, its links, and what it would load when it is looked at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.anchors: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self.language = ""
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        if tag == "script":
            self.scripts.append(given.get("type", ""))
        if tag == "a":
            self.links.append(given.get("href", ""))
        self.anchors += [given["id"]] if "id" in given else []
        self.loaded += [given[name] for name in LOADING & set(given)]
        self.loaded += [given["href"]] if tag in {"link", "base", "use", "image"} and "href" in given else []

    def handle_data(self, data: str) -> None:
        self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``xiezhi docs`` wrote."""
    out = tmp_path_factory.mktemp("docs") / "new" / "docs"
    done = CliRunner().invoke(main, ["--lang", "en", "docs", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert f"begin at {out / 'index.html'}" in done.output
    return out


@pytest.fixture(scope="module")
def pages(written: Path) -> dict[str, Page]:
    """Every page by its name without ``.html``."""
    found = {path.stem: Page(path) for path in written.iterdir()}
    assert set(found) == {"index", "ontology-zh", "ontology-en"}
    return found


@pytest.fixture(scope="module")
def core() -> Graph:
    return Graph().parse(folder("ontology") / "core.ttl")


@pytest.mark.parametrize("lang", documentation.LANGUAGES)
def test_every_class_and_property_of_the_core_is_described_in(
    lang: str, pages: dict[str, Page], core: Graph
) -> None:
    page = pages[f"ontology-{lang}"]
    assert page.language == lang
    anchors, texts = set(page.anchors), set(page.texts)
    terms = {
        term for kind in DECLARED for term in core.subjects(RDF.type, kind) if str(term).startswith(str(XZ))
    }
    assert len(terms) > 150
    for term in sorted(terms):
        assert str(term).removeprefix(str(XZ)) in anchors, term
        assert str(term) in texts, term
        for predicate in (RDFS.label, SKOS.definition):
            (text,) = (text for text in core.objects(term, predicate) if text.language == lang)
            assert " ".join(text.split()) in texts, f"{term} {predicate}"


@pytest.mark.parametrize("lang", documentation.LANGUAGES)
def test_the_types_of_incident_of_every_pack_are_described_in(lang: str, pages: dict[str, Page]) -> None:
    anchors = set(pages[f"ontology-{lang}"].anchors)
    types = list(folder("ontology").glob("packs/*/types.ttl"))
    assert len(types) > 5
    for path in types:
        for kind in Graph().parse(path).subjects(RDF.type, XZ.IncidentType):
            assert str(kind).removeprefix(str(XZ)) in anchors, kind


def test_a_page_speaks_its_own_language_only(pages: dict[str, Page]) -> None:
    english = " ".join(pages["ontology-en"].texts)
    assert set(re.findall(r"[\u4e00-\u9fff]+", english)) == {"中文"}, "only the link to the other page"
    chinese = set(pages["ontology-zh"].texts)
    assert {"类", "对象属性", "数据属性", "目录", "定义", "上位类"} <= chinese
    assert chinese.isdisjoint({"Classes", "Object Properties", "Description", "Table of Contents"})


def test_no_page_loads_anything_when_it_is_looked_at(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert [place for place in page.loaded if not place.startswith("data:")] == [], name
        assert set(page.scripts) <= {"application/ld+json"}, name
        assert not re.search(r"@import|url\(\s*['\"]?(?!data:)", page.source), name


def test_every_link_between_and_within_the_pages_leads_to_an_anchor(pages: dict[str, Page]) -> None:
    checked = Counter()
    for name, page in pages.items():
        assert len(set(page.anchors)) == len(page.anchors), name
        for link in page.links:
            if link.startswith(("http://", "https://")):
                continue
            target, _, anchor = link.partition("#")
            there = pages[target.removesuffix(".html") or name]
            assert not anchor or anchor in there.anchors, f"{name}: {link}"
            checked[name] += 1
    assert min(checked[name] for name in pages) > 20


def test_the_first_page_says_what_the_knowledge_holds(pages: dict[str, Page]) -> None:
    overview = Overview(folder("ontology"), folder("rules"))
    texts = set(pages["index"].texts)
    said = [
        *(pack.item.label for pack in overview.packs()),
        *(kind.item.label for top in overview.types() for kind in (top, *top.below)),
        *(regime.item.label for regime in overview.regimes()),
        *(bound.measure for r in overview.regimes() for t in r.thresholds for bound in t.bounds),
        *(threshold.clause for r in overview.regimes() for threshold in r.thresholds),
        *(module.item.definition for module in overview.modules()),
        *(fact.question for fact in overview.facts()),
        *(rule.sentence for rules in overview.rules().values() for rule in rules),
    ]
    assert len(said) > 150
    for text in said:
        assert " ".join(text.zh.split()) in texts, text
        assert " ".join(text.en.split()) in texts, text
    page = unescape(pages["index"].source)
    assert "http://w3id.org/concorde/ontology/EDXL#Fire" in page
    assert re.search(r"<td>≥ 30\b", page), "the deaths of a particularly major accident"


@pytest.mark.slow
def test_the_same_knowledge_gives_the_same_pages(written: Path, tmp_path: Path) -> None:
    for path in documentation.write(folder("ontology"), folder("rules"), tmp_path):
        assert path.read_bytes() == (written / path.name).read_bytes(), path.name


def test_without_pylode_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pylode", None)
    for lang, words in (("zh", "没有可用的 pyLODE"), ("en", "there is no working pyLODE")):
        done = CliRunner().invoke(main, ["--lang", lang, "docs", "--out", str(tmp_path / "docs")])
        assert done.exit_code == 1
        assert words in done.output
        assert "pip install 'xiezhi-governance[dev]'" in done.output
    assert not (tmp_path / "docs").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(KnowledgeFault, match="cannot be written"):
        documentation.write(folder("ontology"), folder("rules"), tmp_path / "file")
