"""The files that a new piece of knowledge needs, written out of templates so that they check as they are.

The templates are data (``kb/ontology/templates``): whoever changes the vocabulary changes them and no code.
An expert's folder may be a whole body of knowledge or only changes to the one that is shipped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined

from kb.errors import KnowledgeFault, Text
from kb.namespaces import OWL, RDFS, ROOT, XZ
from kb.ontology import statements
from kb.ontology.names import did_you_mean, nearest
from kb.ontology.records import Records, expand, shorten
from kb.ontology.rewriting import Document
from kb.ontology.spelling import KEBAB, camel, kebab, require_plain
from kb.resources import folder as product_folder

ONTOLOGY = ROOT + "ontology/"
_ALWAYS = {
    "incident-type": ("core",),
    "module": ("core", "scales", "functions", "modules", "sources"),
    "duty": ("common",),
}
"""Which ontologies the templates use, besides the one that describes the wider type."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to add: the kind, its name, its labels, and where it belongs.

    What is left open stands in the files as a line to be rewritten: a *definition*, what callers say
    (*spoken*, in Chinese). Of a duty, its labels are the task, and *function*, *role* and *clause* are names.
    """

    kind: str
    name: str
    zh: str = ""
    en: str = ""
    pack: str = ""
    parent: str = ""
    topic: str = ""
    definition: Text | None = None
    spoken: tuple[str, ...] = ()
    function: str = ""
    role: str = ""
    clause: str = ""


@dataclass(slots=True)
class Scaffold:
    """The files to make and to change, by path in the folder; and what to do next."""

    made: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    next: list[Text] = field(default_factory=list)

    def write(self, root: Path) -> None:
        """Write the files below *root*."""
        for path, text in (self.made | self.changed).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(statements.encode(text))


def root_of(folder: Path) -> Path:
    """Return the folder that has ``ontology`` and ``rules``: *folder*, or the one above an ontology."""
    return folder.resolve().parent if (folder / "core.ttl").is_file() else folder


def plan(root: Path, wanted: Wanted) -> Scaffold:
    """Return the files that *wanted* needs below *root*.

    :raises KnowledgeFault: for a name, type or pack that cannot be, or what is there already.
    """
    name = kebab(wanted.name)
    require_plain(wanted.zh, wanted.en)
    records = _records(root)
    parent = _type(records, wanted)
    words = re.sub("-", " ", name)
    values: dict[str, object] = {
        "name": name,
        "zh": wanted.zh or f"新{words}",
        "en": wanted.en or words.capitalize(),
        "today": datetime.now(UTC).date().isoformat(),
        "parent": shorten(parent),
        "parent_zh": records.label(parent, "zh"),
        "parent_en": records.label(parent, "en").lower(),
        "definition": wanted.definition,
        "spoken": wanted.spoken,
    }
    if wanted.kind == "duty":
        values |= {
            "function": _record(records, wanted.function, "Function"),
            "role": _record(records, wanted.role, "DutyRole"),
            "clause": _record(records, wanted.clause, "Clause"),
        }
    if wanted.kind == "rule":
        scaffold = _rule(root, wanted, name, values)
    else:
        scaffold = _in_pack(root, records, wanted, name, parent, values)
    for path in scaffold.made:
        for base in (root, product_folder("ontology").parent):
            if (base / path).exists():
                raise _exists(str(base / path))
    return scaffold


def render(template: str, **values: object) -> str:
    """Return the template called *template* filled with *values*."""
    environment = Environment(
        loader=FunctionLoader(_template),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Turtle and YAML, not HTML; strings are quoted by the filter
    )
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    return environment.get_template(template).render(**values)


def _in_pack(
    root: Path, records: Records, wanted: Wanted, name: str, parent: str, values: dict[str, object]
) -> Scaffold:
    pack = wanted.pack or _pack_of(records, parent)
    _require_pack(root, pack)
    subject = XZ + camel(name) if wanted.kind == "incident-type" else expand(f"{wanted.kind}:{name}")
    assert subject is not None
    if records.known(subject):
        raise _exists(shorten(subject))
    for label in (wanted.zh, wanted.en):
        for other in records.find(label, [XZ + "IncidentType"]) if wanted.kind == "incident-type" else []:
            raise _exists(f"{shorten(other)}（{label}）")
    base = f"ontology/packs/{pack}/{name}"
    ontology = ONTOLOGY + base.removeprefix("ontology/")
    imports = [ONTOLOGY + part for part in _ALWAYS[wanted.kind]]
    home = records.ontology_iri(parent)
    imports += [home] if home and home not in imports else []
    use = f"{re.split('[/#]', shorten(parent))[-1].partition(':')[2]}"
    values |= {
        "ontology": ontology,
        "imports": imports,
        "subject": shorten(subject),
        "use": f"{kebab(use)}-{name}",
    }
    scaffold = Scaffold(
        {
            f"{base}.ttl": render(f"{wanted.kind}.ttl.jinja", **values),
            f"{base}.cases.yaml": render(f"{wanted.kind}.cases.yaml.jinja", **values),
        }
    )
    scaffold.next += [
        Text(f"改写 {base}.ttl 中带 ← 的行", f"rewrite the lines of {base}.ttl that are marked ←"),
        Text("类型改名后，用例中的名称一并修改", "where you change a label, change it in the cases too"),
    ]
    _register(root, scaffold, pack, ontology, base)
    scaffold.next += _checks(root, base)
    return scaffold


def _rule(root: Path, wanted: Wanted, name: str, values: dict[str, object]) -> Scaffold:
    topics = sorted({path.parent.name for path in product_folder("rules").rglob("*.srl")})
    if not KEBAB.fullmatch(wanted.topic):
        raise KnowledgeFault.of(
            "new.topic",
            f"规则主题（文件夹）未写或不合规：{wanted.topic or '—'}",
            f"the topic of the rule (its folder) is missing or no name: {wanted.topic or '—'}",
            repair=(
                f"用 --topic 写明，已有：{'、'.join(topics)}",
                f"say --topic; there are: {', '.join(topics)}",
            ),
        )
    taken = re.compile(rf"\brule:{re.escape(name)}\b")
    for folder in {product_folder("rules"), root / "rules"}:
        for path in sorted(folder.rglob("*.srl")):
            if taken.search(path.read_text(encoding="utf-8")):
                raise _exists(f"rule:{name}（{path}）")
    base = f"rules/{wanted.topic}/{name}"
    made = {f"{base}.{part}": render(f"rule.{part}.jinja", **values) for part in ("srl", "ttl", "cases.yaml")}
    first = Text(
        f"改写 {base}.srl 的条件与结论，再改说明与用例",
        f"rewrite what {base}.srl looks at and concludes, then its description and cases",
    )
    return Scaffold(made, {}, [first, *_checks(root, base)])


def _register(root: Path, scaffold: Scaffold, pack: str, ontology: str, base: str) -> None:
    """Let the pack import the new file and Protégé find it, where the folder has those files."""
    path, subject = f"ontology/packs/{pack}/pack.ttl", f"{ONTOLOGY}packs/{pack}/pack"
    if (root / path).is_file():
        document = Document(statements.read(root / path))
        document.append(subject, OWL + "imports", ontology)
        scaffold.changed[path] = document.text
    else:
        scaffold.next.append(
            Text(
                f"并入产品时，在 {path} 加 owl:imports <{ontology}>",
                f"to contribute it, add owl:imports <{ontology}> to {path}",
            )
        )
    catalog = root / "ontology" / "catalog-v001.xml"
    file = base.removeprefix("ontology/") + ".ttl"
    line = f'    <uri name="{ontology}" uri="{file}"/>'
    if catalog.is_file():
        text = catalog.read_bytes().decode("utf-8")
        lines = text.splitlines(keepends=True)
        end = "\r\n" if "\r\n" in text else "\n"
        kin = [n for n, existing in enumerate(lines) if f'name="{ONTOLOGY}packs/{pack}/' in existing]
        last = [n for n, existing in enumerate(lines) if "</catalog>" in existing]
        if kin or last:
            lines.insert(kin[-1] + 1 if kin else last[-1], line + end)
            scaffold.changed["ontology/catalog-v001.xml"] = "".join(lines)
            return
    scaffold.next.append(
        Text(
            f"用 Protégé 时，在 catalog-v001.xml 加一行 {line.strip()}",
            f"for Protégé, add the line {line.strip()} to catalog-v001.xml",
        )
    )


def _checks(root: Path, base: str) -> list[Text]:
    shipped = root.resolve() == product_folder("ontology").parent.resolve()
    where, cases = ("", f" {root / base}.cases.yaml") if shipped else (f" {root}", f" {root}")
    return [
        Text(f"检查：xiezhi check{where}", f"check it: xiezhi check{where}"),
        Text(f"运行用例：xiezhi test{cases}", f"run its cases: xiezhi test{cases}"),
    ]


def _records(root: Path) -> Records:
    own = root / "ontology"
    return Records.of(own if own.is_dir() and any(own.rglob("*.ttl")) else product_folder("ontology"))


def _type(records: Records, wanted: Wanted) -> str:
    """Return the IRI of the wider type (of a module or rule: the type that it is about)."""
    if not wanted.parent:
        families = records.subjects_of(RDFS + "subClassOf", XZ + "Incident")
        widest = ", ".join(map(shorten, families))
        raise KnowledgeFault.of(
            "new.parent",
            "没有说明上位类型（模块与规则：用于哪类事件）",
            "the wider type (of a module or rule: the type that it is for) is missing",
            repair=(f"用 --parent 写明，最宽的有：{widest}", f"say --parent; the widest are: {widest}"),
        )
    kinds = [XZ + "IncidentType"]
    members = records.members(kinds[0])
    for iri in (expand(wanted.parent), XZ + wanted.parent):
        if iri in members:
            return iri
    found = records.find(wanted.parent, kinds)
    if len(found) == 1:
        return found[0]
    names = [name for iri in members for name in records.names(iri)]
    raise KnowledgeFault.of(
        "new.parent",
        f"未知的事件类型：{wanted.parent}",
        f"unknown type of incident: {wanted.parent}",
        repair=did_you_mean([shorten(i) for i in found] or nearest(wanted.parent, names)),
    )


def _record(records: Records, name: str, kind: str) -> str:
    """Return, with its prefix, the record of this *kind* that *name* means: an IRI or a label."""
    kinds = [XZ + kind]
    found = [name] if name in records.members(kinds[0]) else records.find(name, kinds) if name else []
    if len(found) == 1:
        return shorten(found[0])
    names = [known for iri in records.members(kinds[0]) for known in records.names(iri)]
    raise KnowledgeFault.of(
        "new.record",
        f"没有找到{records.label(kinds[0], 'zh')}：{name or '—'}",
        f"no {records.label(kinds[0], 'en').lower()} is called {name or '—'}",
        where=kind,
        repair=did_you_mean([shorten(i) for i in found] or nearest(name, names)),
    )


def _pack_of(records: Records, iri: str) -> str:
    parts = records.ontology_iri(iri).removeprefix(ONTOLOGY).split("/")
    return parts[1] if parts[0] == "packs" else ""


def _require_pack(root: Path, pack: str) -> None:
    packs = sorted(
        {
            p.parent.name
            for base in (root / "ontology", product_folder("ontology"))
            for p in base.glob("packs/*/pack.ttl")
        }
    )
    if pack not in packs:
        raise KnowledgeFault.of(
            "new.pack",
            f"没有知识包 {pack}" if pack else "没有说明写入哪个知识包",
            f"there is no pack {pack!r}" if pack else "the pack that it belongs to is missing",
            repair=(
                f"用 --pack 写明，已有：{'、'.join(packs)}",
                f"say --pack; there are: {', '.join(packs)}",
            ),
        )


def _exists(what: str) -> KnowledgeFault:
    return KnowledgeFault.of(
        "new.exists",
        f"已经存在，不覆盖：{what}",
        f"it is there already and is not overwritten: {what}",
        repair=("换一个名称，或直接编辑该文件", "take another name, or edit that file"),
    )


def _template(name: str) -> str:
    return (files("kb.ontology") / "templates" / name).read_text(encoding="utf-8")
