"""A city's own choices: its departments and what each performs, read from ``profile.yaml``.

A profile may extend another (``extends: ../model-city.yaml``) and then says only what differs. An
entry of ``departments`` describes one id at some tiers; where the id is inherited at a tier, what
the entry leaves out is inherited too. Keys of a profile::

    extends                         another profile, relative to this one
    about                           description {zh, en}, source, licence (both IRIs)
    unit_grids_per_community        1 to 999
    governance_grids_per_community  1 to 99
    grid_posts                      unit, governance: label {zh, en}, department (an id at street tier)
    departments                     the entries
    without                         ids that the city does not have
    extent                          west, south, east, north in degrees: the rectangle in which the synthetic
                                    shapes of its areas lie (kb.city.layout); without it they have none
    on_request                      true: loaded only where asked for by code (a megacity for benchmarks)

Keys of an entry: ``id``, ``tiers``, ``label`` {zh, en}, ``functions``; optionally ``class`` (Department
unless Government or Headquarters) and ``variants``: other labels for divisions whose names end so
(``镇: {zh: 人民政府, en: People's Government}``). The division's name is put before a label, unless the
label says where, by ``{name}`` (济南市, Jinan Municipal) or ``{stem}`` (济南, Jinan).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kb.city.divisions import Level
from kb.city.layout import Rectangle
from kb.city.located import Item, Reader, read
from kb.errors import KnowledgeFault, Text

TIERS = tuple(level.tier for level in Level)
DEPARTMENT, GOVERNMENT, HEADQUARTERS = "Department", "Government", "Headquarters"
KINDS = (DEPARTMENT, GOVERNMENT, HEADQUARTERS)
"""The classes of bodies in ``ontology/core.ttl``."""

_TOP = ("about", "unit_grids_per_community", "governance_grids_per_community", "grid_posts", "departments")
_SIDES = ("west", "south", "east", "north")
_ENTRY = ("id", "tiers", "label", "functions", "class", "variants")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_IRI = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
_PLACEHOLDER = re.compile(r"\{(.*?)\}")
_WHAT = {
    "tier": ("层级", "tier"),
    "function": ("职能", "function"),
    "class": ("类", "class"),
    "department": ("部门", "department"),
    "placeholder": ("占位符", "placeholder"),
}


@dataclass(frozen=True, slots=True)
class Department:
    """One body as the profile describes it at one tier."""

    id: str
    tier: str
    label: Text
    functions: tuple[str, ...]
    kind: str = DEPARTMENT
    variants: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True, slots=True)
class GridPost:
    """The post accountable for a grid, and the id of the street's department that holds it."""

    label: Text
    department: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What a city has chosen."""

    description: Text
    source: str
    licence: str
    unit_grids_per_community: int
    governance_grids_per_community: int
    unit_post: GridPost
    governance_post: GridPost
    departments: tuple[Department, ...]
    extent: Rectangle | None = None

    def at(self, tier: str) -> dict[str, Department]:
        """Return the bodies of a *tier* by their ids."""
        return {d.id: d for d in self.departments if d.tier == tier}

    def lacking(self, functions: Iterable[str], tier: str) -> list[str]:
        """Return those of *functions* that nobody performs at the *tier*."""
        performed = {f for d in self.departments if d.tier == tier for f in d.functions}
        return [f for f in functions if f not in performed]


_Bodies = dict[tuple[str, str], Department]
"""By tier and id."""


def load(path: Path, functions: Collection[str]) -> Profile:
    """Read the profile in *path*, with all that it extends.

    :param functions: the slugs of the functions that the ontology defines.
    :raises KnowledgeFault: every mistake in the files, each with file, line and, for a misspelt word,
        the nearest that exist.
    """
    reader = Reader()
    top: dict[str, Item] = {}
    bodies: _Bodies = {}
    for document in reversed(_chain(path, reader)):
        own = reader.mapping(document, (*_TOP, "extends", "without", "on_request", "extent"))
        top |= own
        for item in reader.items(own.get("without")):
            gone = reader.choice(item, {id for _, id in bodies}, _WHAT["department"])
            bodies = {key: body for key, body in bodies.items() if key[1] != gone}
        bodies |= _departments(reader, own.get("departments"), bodies, functions)
    for key in _TOP:
        if key not in top:
            reader.missing(key, str(path))
    reader.stop()  # from here on, these keys are there
    if (Level.CITY.tier, GOVERNMENT) not in {(body.tier, body.kind) for body in bodies.values()}:
        reader.fault("city.no-government", "市级缺少人民政府", "the city has no Government", str(path))
    about = reader.mapping(top["about"], ("description", "source", "licence"), whole=True)
    posts = reader.mapping(top["grid_posts"], ("unit", "governance"), whole=True)
    reader.stop()
    street = [id for tier, id in bodies if tier == Level.STREET.tier]
    profile = Profile(
        _label(reader, about["description"], ()),
        _iri(reader, about["source"]),
        _iri(reader, about["licence"]),
        reader.count(top["unit_grids_per_community"], 999),
        reader.count(top["governance_grids_per_community"], 99),
        _post(reader, posts["unit"], street),
        _post(reader, posts["governance"], street),
        tuple(bodies.values()),
        _extent(reader, top["extent"]) if "extent" in top else None,
    )
    reader.stop()
    return profile


def _chain(path: Path, reader: Reader) -> list[Item]:
    """Return the document in *path* and, in turn, those that it extends."""
    documents: list[Item] = []
    seen: set[Path] = set()
    following: Path | None = path.resolve()
    while following is not None:
        if following in seen:
            raise KnowledgeFault.of(
                "city.extends-itself", "方案循环继承", "the profile extends itself", where=str(path)
            )
        seen.add(following)
        documents.append(document := read(following))
        extends = reader.mapping(document).get("extends")
        following = (following.parent / reader.text(extends)).resolve() if extends else None
    return documents


def _departments(
    reader: Reader, entries: Item | None, inherited: _Bodies, functions: Collection[str]
) -> _Bodies:
    """Return what *entries* describe, each completed by what is *inherited*."""
    found: _Bodies = {}
    for entry in reader.items(entries):
        for body in _entry(reader, entry, inherited, functions):
            if (body.tier, body.id) in found:
                reader.fault(
                    "city.duplicate",
                    f"{body.id} 在 {body.tier} 层级重复",
                    f"{body.id} stands twice at the tier {body.tier}",
                    entry.where,
                )
            found[body.tier, body.id] = body
    return found


def _entry(
    reader: Reader, entry: Item, inherited: _Bodies, functions: Collection[str]
) -> Iterator[Department]:
    """Yield what one entry describes, tier by tier."""
    keys = reader.mapping(entry, _ENTRY)
    if "id" not in keys:
        reader.missing("id", entry.where)
        return
    id = reader.text(keys["id"])
    if not _SLUG.fullmatch(id):
        reader.wrong(keys["id"], "小写字母、数字与连字符组成的标识", "a slug: a-z, 0-9 and hyphens")
    tiers = [reader.choice(item, TIERS, _WHAT["tier"]) for item in reader.items(keys.get("tiers"))]
    tiers = tiers or [tier for tier, other in inherited if other == id]
    if not tiers:
        reader.missing("tiers", entry.where)

    says: dict[str, Any] = {}
    if "label" in keys:
        says["label"] = _label(reader, keys["label"])
    if "functions" in keys:
        listed = reader.items(keys["functions"])
        says["functions"] = tuple(reader.choice(item, functions, _WHAT["function"]) for item in listed)
    if "class" in keys:
        says["kind"] = reader.choice(keys["class"], KINDS, _WHAT["class"])
    if "variants" in keys:
        endings = reader.mapping(keys["variants"])
        longest_first = sorted(endings, key=len, reverse=True)
        says["variants"] = tuple((ending, _label(reader, endings[ending])) for ending in longest_first)
    for tier in filter(TIERS.__contains__, tiers):  # of an unknown tier, nothing more need be said
        if (tier, id) not in inherited:
            for key in ("label", "functions"):
                if key not in keys:
                    reader.missing(key, entry.where)
        base = inherited.get((tier, id), Department(id, tier, Text("", ""), ()))
        yield replace(base, **says)


def _post(reader: Reader, item: Item, departments: Collection[str]) -> GridPost:
    keys = reader.mapping(item, ("label", "department"), whole=True)
    label = _label(reader, keys["label"], ()) if "label" in keys else Text("", "")
    department = (
        reader.choice(keys["department"], departments, _WHAT["department"]) if "department" in keys else ""
    )
    return GridPost(label, department)


def _extent(reader: Reader, item: Item) -> Rectangle:
    keys = reader.mapping(item, _SIDES, whole=True)
    given = [keys[side].value if side in keys else 0 for side in _SIDES]
    west, south, east, north = (float(side) if isinstance(side, int | float) else 0.0 for side in given)
    if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
        reader.wrong(
            item, "度数：西小于东，南小于北", "degrees: west less than east, south less than north, within 85"
        )
        return Rectangle(0, 0, 1, 1)
    return Rectangle.of(west, south, east, north)


def _iri(reader: Reader, item: Item) -> str:
    text = reader.text(item)
    if text and not _IRI.fullmatch(text):
        reader.wrong(
            item, "以 https:// 或 http:// 开头的网址", "an address that begins with https:// or http://"
        )
    return text


def _label(reader: Reader, item: Item, placeholders: Collection[str] = ("name", "stem")) -> Text:
    keys = reader.mapping(item, ("zh", "en"), whole=True)
    zh, en = (reader.text(keys[lang]) if lang in keys else "" for lang in ("zh", "en"))
    for name in _PLACEHOLDER.findall(zh + en):
        if name not in placeholders:
            reader.unknown(_WHAT["placeholder"], name, placeholders, item.where)
    return Text(zh, en)
