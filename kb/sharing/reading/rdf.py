"""JSON-LD and Turtle: a record a node. What is no column of the contract is a fault of its record.

A record is read back into columns, by property and language, so that it goes through the same mapping as a
row of a table: names are looked up, IRIs are made, and only what the contract knows can enter. No context
is ever fetched: a document names one of the contract's own, or carries its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat

from kb.errors import Fault, Text
from kb.namespaces import PREFIXES, RDF_TYPE
from kb.sharing.csvw import Table
from kb.sharing.reading import Record, Unreadable, geojson, guard

_PREFIX = re.compile(rb"(?:@prefix|PREFIX)\s+([\w.\-]*):\s*<([^>]*)>", re.IGNORECASE)
_LINE = re.compile(rb"^(?:<([^>\s]*)>|([A-Za-z][\w.\-]*)?:([^\s;,.]+))\s", re.MULTILINE)


def context(table: Table) -> dict[str, Any]:
    """Return the JSON-LD context of a contract: its columns, and its record class under its own name."""
    terms: dict[str, Any] = dict(PREFIXES)
    for column in table.columns:
        if column.virtual and column.value is not None:
            terms[re.split("[#/]", column.value.text)[-1]] = column.value.text
        elif column.property:
            terms[column.name] = {"@id": column.property} | (
                {"@language": column.lang} if column.lang else {}
            )
    return terms


def read_jsonld(
    file: IO[bytes], table: Table, classes: Iterable[str], contexts: Mapping[str, Any], base: str
) -> Iterator[Record]:
    """Yield a record for every node at the top of a JSON-LD document, whether it can be read or not.

    :param contexts: those that a document may name, by IRI.
    :param base: what relative IRIs are relative to.
    """
    document = geojson.load(file)
    head: Any = None
    if isinstance(document, dict):
        head = document.get("@context")
        extra = set(document) - {"@context", "@graph"}
        if "@graph" in document and extra:
            raise _named_graphs()
        nodes = document.get("@graph", [{k: v for k, v in document.items() if k != "@context"}])
        prefix = "/@graph/" if "@graph" in document else "/"
    else:
        nodes, prefix = document, "/"
    if not isinstance(nodes, list):
        raise Unreadable("format", "@graph 须为列表", "@graph must be a list")
    head = _bundled(head, contexts)
    for number, node in enumerate(nodes):
        yield _node(f"{prefix}{number}", node, head, table, frozenset(classes), base)


def read_turtle(file: IO[bytes], table: Table, classes: Iterable[str], base: str) -> Iterator[Record]:
    """Yield a record for every subject of a Turtle or N-Triples document."""
    text = file.read()
    guard.turtle(text)
    lines = _lines(text, base)
    subjects: dict[str, list[Quad]] = {}
    try:
        for quad in pyoxigraph.parse(
            input=text,
            format=RdfFormat.TURTLE,
            base_iri=base,
            without_named_graphs=True,
            rename_blank_nodes=True,
        ):
            subjects.setdefault(str(quad.subject), []).append(quad)
    except SyntaxError as error:
        raise Unreadable(
            "format",
            f"Turtle 语法错误：{error.msg}",
            f"not well-formed Turtle: {error.msg}",
            f"line {error.lineno or 1}",
        ) from error
    for number, quads in enumerate(subjects.values(), 1):
        subject = quads[0].subject
        iri = subject.value if isinstance(subject, NamedNode) else ""
        position = f"line {lines[iri]}" if iri in lines else f"node {number}"
        yield _record(position, quads, table, frozenset(classes))


def _node(position: str, node: object, head: Any, table: Table, classes: frozenset[str], base: str) -> Record:
    """Read one node by itself, so that what is wrong with it is wrong with nothing else."""
    record = Record(position, {})
    if not isinstance(node, dict):
        record.faults.append(Fault("delivery.node", Text("不是 JSON-LD 节点", "this is no node of JSON-LD")))
        return record
    for key in node:
        if not key.startswith("@") and ":" not in key and isinstance(head, dict) and key not in head:
            record.faults.append(table.unknown(key))
    text = json.dumps({"@context": head, **node} if head is not None else node).encode("utf-8", "replace")
    try:
        quads = list(
            pyoxigraph.parse(
                input=text,
                format=RdfFormat.JSON_LD,
                base_iri=base,
                without_named_graphs=True,
                rename_blank_nodes=True,
            )
        )
    except SyntaxError as error:
        if "Named graphs" in str(error):
            raise _named_graphs() from error
        record.faults.append(
            Fault("delivery.node", Text(f"JSON-LD 有误：{error.msg}", f"wrong JSON-LD: {error.msg}"))
        )
        return record
    mains = [q.subject for q in quads if q.predicate == RDF_TYPE and isinstance(q.object, NamedNode)]
    main = next((s for s in mains), quads[0].subject if quads else None)
    own = [quad for quad in quads if quad.subject == main]
    found = _record(position, own, table, classes)
    found.faults += record.faults
    for quad in quads:
        if quad.subject != main:
            found.faults.append(_foreign(quad))
            break
    return found


def _record(position: str, quads: Iterable[Quad], table: Table, classes: frozenset[str]) -> Record:
    record = Record(position, {})
    typed = False
    for quad in quads:
        if isinstance(quad.subject, NamedNode):
            record.subject = quad.subject.value
        object_ = quad.object
        if quad.predicate == RDF_TYPE:
            if isinstance(object_, NamedNode) and object_.value in classes:
                typed = True
                continue
            record.faults.append(_not_allowed(f"rdf:type {object_}"))
            continue
        lang = (object_.language or "") if isinstance(object_, Literal) else ""
        column = table.properties.get((quad.predicate.value, lang)) or table.properties.get(
            (quad.predicate.value, "")
        )
        if column is None and not lang:
            column = next((c for (p, _), c in table.properties.items() if p == quad.predicate.value), None)
        if column is None or column.virtual:
            record.faults.append(_not_allowed(quad.predicate.value))
        elif isinstance(object_, Literal | NamedNode):
            values = record.values.setdefault(column.name, [])
            assert isinstance(values, list)
            values.append(object_.value)
        else:
            what = "空白节点" if isinstance(object_, BlankNode) else "三元组项"
            record.faults.append(
                Fault(
                    "delivery.value",
                    Text(
                        f"值不能是{what}",
                        f"the value must be an IRI or a literal, not {type(object_).__name__}",
                    ),
                    column.name,
                )
            )
    if not typed and not record.faults:
        record.faults.append(
            Fault(
                "delivery.class",
                Text(
                    "不是本契约的记录：没有声明其类",
                    "no record of this contract: it does not state its class",
                ),
                "",
                Text(f"加上 rdf:type {' '.join(classes)}", f"add rdf:type {' '.join(classes)}"),
            )
        )
    return record


def _bundled(head: Any, contexts: Mapping[str, Any]) -> Any:
    if isinstance(head, list):
        merged: dict[str, Any] = {}
        for part in head:
            merged.update(_bundled(part, contexts) or {})
        return merged
    if isinstance(head, str):
        if head not in contexts:
            raise Unreadable(
                "context",
                f"不取外部上下文 {head[:200]}",
                f"the context {head[:200]} is not fetched",
                "@context",
                Text(f"使用 {'、'.join(contexts)}", f"use {', '.join(contexts)}"),
            )
        return contexts[head]
    if isinstance(head, dict):
        return head
    if head is None:
        return next(iter(contexts.values()), None)
    raise Unreadable("format", "@context 有误", "the @context is wrong", "@context")


def _lines(text: bytes, base: str) -> dict[str, int]:
    """Return the line that each subject first begins; exact for text as people write it."""
    prefixes = {name.decode(): iri.decode("utf-8", "replace") for name, iri in _PREFIX.findall(text)}
    found: dict[str, int] = {}
    last, number = 0, 1
    for start in _LINE.finditer(text):
        number += text.count(b"\n", last, start.start())
        last = start.start()
        iri, prefix, local = (
            part.decode("utf-8", "replace") if part is not None else None for part in start.groups()
        )
        if iri is not None:
            iri = iri if ":" in iri else base + iri
        elif (prefix or "") in prefixes and local is not None:
            iri = prefixes[prefix or ""] + local
        if iri:
            found.setdefault(iri, number)
    return found


def _not_allowed(what: str) -> Fault:
    return Fault(
        "delivery.not-allowed",
        Text(f"契约不允许 {what[:200]}", f"the contract does not allow {what[:200]}"),
        what[:200],
        Text("删去该语句", "leave the statement out"),
    )


def _foreign(quad: Quad) -> Fault:
    return Fault(
        "delivery.foreign",
        Text(
            f"记录中夹带了关于 {quad.subject} 的语句", f"the record carries statements about {quad.subject}"
        ),
        str(quad.predicate.value),
        Text("每条记录只说自己", "let each record speak of itself alone"),
    )


def _named_graphs() -> Unreadable:
    return Unreadable(
        "named-graph",
        "不接受具名图：记录进入哪个图由数据集决定",
        "named graphs are not accepted: the dataset decides which graph the records go into",
        repair=Text("去掉 @graph 外层的 @id", "leave out what stands beside @graph"),
    )
