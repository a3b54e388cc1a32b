"""From a grid code, a division's name or an IRI to the area it means."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode

from kb.errors import Fault, Text
from kb.namespaces import RDF_TYPE, RDFS_LABEL, xz
from kb.ontology.names import Names
from kb.store.protocol import Store

CODE = xz("code")
PART_OF = xz("partOf")
CITY, COUNTRY = xz("City"), xz("Country")


def find_area(text: str, store: Store, names: Names, where: str) -> NamedNode | Fault:
    """Return the one area that *text* names (code, label in zh or en, or IRI), or what is wrong.

    Codes and labels are looked up in the store's index: a megacity has 60,000 grids, and nothing of them is
    held in memory for this.
    """
    wanted = text.strip()
    found = list(dict.fromkeys(_areas(wanted, store)))
    if len(found) == 1:
        return found[0]
    if found:
        listed = "、".join(f"{code_of(area, store)} {full_name(area, store, names).zh}" for area in found[:5])
        listed_en = ", ".join(
            f"{code_of(area, store)} {full_name(area, store, names).en}" for area in found[:5]
        )
        return Fault(
            "report.ambiguous-grid",
            Text(
                f"“{wanted}”有 {len(found)} 处：{listed}",
                f"“{wanted}” names {len(found)} places: {listed_en}",
            ),
            where,
            Text("请填写代码", "give the code"),
        )
    known = _longest_known(wanted, store)
    near = Text("", "")
    if known is not None:
        near = Text(
            f"；已知的最近上级是 {code_of(known, store)} {full_name(known, store, names).zh}",
            f"; the nearest known area is {code_of(known, store)} {full_name(known, store, names).en}",
        )
    return Fault(
        "report.unknown-grid",
        Text(f"未知网格或区划“{wanted}”{near.zh}", f"unknown grid or division “{wanted}”{near.en}"),
        where,
        Text(
            "填写 6、9、12 位区划代码或 15 位单元网格编码",
            "give a division code of 6, 9 or 12 digits, or a unit-grid code of 15",
        ),
    )


def full_name(area: NamedNode, store: Store, names: Names) -> Text:
    """Return the area's name with those of the areas around it, up to the city."""
    chain = [area]
    while not _is(chain[-1], CITY, store) and (outer := parent(chain[-1], store)) is not None:
        if outer in chain or _is(outer, COUNTRY, store):
            break
        chain.append(outer)
    labels = [names.label(a) for a in chain]
    return Text("".join(label.zh for label in reversed(labels)), ", ".join(label.en for label in labels))


def code_of(area: NamedNode, store: Store) -> str:
    """Return the national code of *area*, or the end of its IRI."""
    for quad in store.match(area, CODE, None):
        if isinstance(quad.object, Literal):
            return quad.object.value
    return area.value.rsplit("/", 1)[-1]


def parent(area: NamedNode, store: Store) -> NamedNode | None:
    """Return the area one step up."""
    for quad in store.match(area, PART_OF, None):
        if isinstance(quad.object, NamedNode):
            return quad.object
    return None


def _is(area: NamedNode, kind: NamedNode, store: Store) -> bool:
    return any(True for _ in store.match(area, RDF_TYPE, kind))


def _areas(text: str, store: Store) -> Iterator[NamedNode]:
    if text.startswith(("http://", "https://")) and not set(text) & set(' <>"{}|\\^`'):
        area = NamedNode(text)
        if any(True for _ in store.match(area, CODE, None)):
            yield area
        return
    if text.isascii() and text.isalnum():
        # A division code may be written short (370102) or in full (370102000000).
        short = text[:6] if len(text) == 12 and text.endswith("000000") else text
        for code in dict.fromkeys((text, short)):
            yield from (
                q.subject for q in store.match(None, CODE, Literal(code)) if isinstance(q.subject, NamedNode)
            )
    for language in ("zh", "en"):
        for quad in store.match(None, RDFS_LABEL, Literal(text, language=language)):
            if isinstance(quad.subject, NamedNode) and any(
                True for _ in store.match(quad.subject, CODE, None)
            ):
                yield quad.subject


def _longest_known(code: str, store: Store) -> NamedNode | None:
    """Return the area with the longest known code that *code* begins with."""
    if not (code.isascii() and code.isdigit()):
        return None
    for length in (12, 9, 6):
        if length < len(code):
            for quad in store.match(None, CODE, Literal(code[:length])):
                if isinstance(quad.subject, NamedNode):
                    return quad.subject
    return None
