"""The documentation of the ontology as pages of HTML that need nothing but a browser.

``index.html`` says in both languages what the knowledge holds (:mod:`kb.ontology.overview`);
``ontology-zh.html`` and ``ontology-en.html`` describe every class and property. Those two are made by pyLODE
from a copy of the ontology in which one language is left: pyLODE itself would take every label at once. No
page loads anything when it is looked at.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import jinja2
from rdflib import DCTERMS, OWL, RDF, SDO, VANN, XSD, Graph, Literal, URIRef
from rdflib.term import Node

from kb.errors import KnowledgeFault, ResourceMissing, Text
from kb.namespaces import PREFIXES, ROOT, XZ
from kb.ontology.overview import Overview
from kb.ontology.reasoning import read

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("zh", "en")
IRI, MAINTAINERS = URIRef(ROOT + "ns"), URIRef(ROOT + "maintainers")
TITLE = Text("协治本体", "Xiezhi ontology")
ABOUT = Text(
    "城市安全风险协同治理的类与属性，以及各知识包的事件类型。",
    "Classes and properties for governing a city's safety risks together; types of incident of all packs.",
)
CREATOR = Text("协治维护者", "The Xiezhi maintainers")
CREATED = "2026-11-23"
OTHERS = frozenset({"alignments", "shapes"})
"""Folders below ``ontology/`` that are about other vocabularies, or about checks, and not the ontology."""
WORDS = {
    "Metadata": "概况",
    "Classes": "类",
    "Object Properties": "对象属性",
    "Datatype Properties": "数据属性",
    "Annotation Properties": "注释属性",
    "Functional Properties": "函数属性",
    "Namespaces": "命名空间",
    "Legend": "图例",
    "Table of Contents": "目录",
    "Title": "名称",
    "Creator": "作者",
    "Date Created": "创建日期",
    "Version Info": "版本",
    "Preferred Namespace Prefix": "前缀",
    "Preferred Namespace Uri": "命名空间",
    "Description": "定义",
    "Source": "依据",
    "Sub Class Of": "上位类",
    "Super Class Of": "下位类",
    "In Domain Of": "以此为定义域",
    "In Range Of": "以此为值域",
    "Sub Property Of": "上位属性",
    "Super Property Of": "下位属性",
    "Domain": "定义域",
    "Range": "值域",
}
"""The fixed words of pyLODE's pages, which it has in English only, in Chinese."""


def write(ontology: Path, rules: Path, out: Path) -> list[Path]:
    """Write the pages into the folder *out*, made if need be; return their paths, the first one first.

    :raises ResourceMissing: without a pyLODE that can be imported.
    :raises KnowledgeFault: for a file that is not well-formed, or where *out* is a file.
    """
    pylode = _pylode()
    with _writing(out):  # before the pages are made, which takes a while
        out.mkdir(parents=True, exist_ok=True)
    overview = Overview(ontology, rules)
    pages = {"index.html": _index(overview)}
    for lang in LANGUAGES:
        copy = in_one_language(_merged(ontology), lang, overview.release)
        pages[f"ontology-{lang}.html"] = _reference(pylode, copy, lang)
    with _writing(out):
        for name, page in pages.items():
            (out / name).write_text(page, encoding="utf-8")
    return [out / name for name in pages]


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KnowledgeFault.of(
            "docs.unwritable",
            f"文档写不进该文件夹：{error.strerror}",
            f"the documentation cannot be written there: {error.strerror}",
            where=str(out),
        ) from error


def in_one_language(graph: Graph, lang: str, version: str) -> Graph:
    """Return a copy of *graph* with the texts of *lang* only, under one ontology header made for pyLODE.

    Triples are added in a fixed order, so the same knowledge gives the same page.
    """
    copy = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        copy.bind(prefix, namespace)
    headers = set(graph.subjects(RDF.type, OWL.Ontology))
    for triple in sorted(graph, key=_order):
        subject, _, value = triple
        foreign = isinstance(value, Literal) and value.language not in (None, lang)
        if subject not in headers and not foreign:
            copy.add(triple)
    for predicate, text in (
        (DCTERMS.title, Literal(TITLE.in_(lang), lang=lang)),
        (DCTERMS.description, Literal(ABOUT.in_(lang), lang=lang)),
        (DCTERMS.created, Literal(CREATED, datatype=XSD.date)),
        (DCTERMS.creator, MAINTAINERS),
        (OWL.versionInfo, Literal(version)),
        (VANN.preferredNamespacePrefix, Literal("xz")),
        (VANN.preferredNamespaceUri, Literal(XZ)),
    ):
        copy.add((IRI, predicate, text))
    copy.add((IRI, RDF.type, OWL.Ontology))
    copy.add((MAINTAINERS, SDO.name, Literal(CREATOR.in_(lang), lang=lang)))
    return copy


def _merged(ontology: Path) -> Graph:
    """Return core and packs as one graph, in which annotations that OWL alone asks for are left out."""
    graph = read(
        path for path in sorted(ontology.rglob("*.ttl")) if path.relative_to(ontology).parts[0] not in OTHERS
    )
    for predicate in list(graph.subjects(RDF.type, OWL.AnnotationProperty)):
        if not str(predicate).startswith(XZ):
            graph.remove((predicate, None, None))
    return graph


def _reference(pylode: Any, graph: Graph, lang: str) -> str:
    document = pylode.OntPub(graph)
    own = (term for term in set(graph.subjects()) if isinstance(term, URIRef) and str(term).startswith(XZ))
    # pyLODE makes anchors of the ASCII letters of a label, of which a Chinese label has none.
    document.fids.update({str(term): str(term).removeprefix(XZ) for term in own})
    document.doc.set_attribute("lang", lang)
    page = str(document.make_html())
    if lang == "zh":
        page = re.sub(r"(?<=>)[A-Z][A-Za-z ]+(?=<)", lambda found: WORDS.get(found[0], found[0]), page)
    other = next(name for name in LANGUAGES if name != lang)
    links = _environment().get_template("links.html").render(lang=lang, other=other)
    return page.replace("<body>", "<body>\n" + links, 1)


def _index(overview: Overview) -> str:
    return _environment().get_template("index.html").render(overview=overview, title=TITLE, about=ABOUT)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _pylode() -> Any:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        return import_module("pylode")
    except (ImportError, FileNotFoundError) as error:  # 3.4.1 looks for a pyproject.toml beside itself
        raise ResourceMissing.of(
            "docs.pylode",
            f"没有可用的 pyLODE，文档由它生成（{error}）",
            f"there is no working pyLODE, which makes the documentation ({error})",
            repair=(
                "运行 pip install 'xiezhi-governance[dev]' 或 pip install 'pylode>=3.3.4,<3.4'",
                "run pip install 'xiezhi-governance[dev]' or pip install 'pylode>=3.3.4,<3.4'",
            ),
        ) from error
    finally:  # pyLODE turns on debugging messages for the whole process when it is imported
        root.setLevel(level)
        root.handlers[:] = handlers


def _order(triple: tuple[Node, Node, Node]) -> tuple[str, ...]:
    return tuple(map(str, triple))
