"""CAP 1.2 (OASIS Common Alerting Protocol): a record a block of information, checked by the standard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from kb.cap import CapRefused
from kb.cap.document import Element, parse
from kb.cap.standard import Finding, check
from kb.errors import Fault, Text
from kb.sharing.csvw import Table
from kb.sharing.reading import Record, Unreadable


def read_cap(file: IO[bytes], table: Table) -> Iterator[Record]:
    """Yield a record for every ``info`` of an alert, or one for an alert that has none.

    Its values are the elements by their names: those of the alert, of the block, and of its areas, with
    ``info`` counting the blocks from 1. Columns that the contract does not have are passed over: an alert
    is one whole, and its sender does not choose what it holds.

    :raises Unreadable: where it is no XML, carries a document type, nests too deep, or is no CAP 1.2.
    """
    try:
        alert = parse(file.read())
    except CapRefused as error:
        fault = error.faults[0]
        code = fault.code.removeprefix("cap.")
        raise Unreadable(code, fault.message.zh, fault.message.en, fault.where, fault.repair) from error
    findings = check(alert)
    blocks = alert.all("info") or [Element("info", alert.line)]
    for number, info in enumerate(blocks, 1):
        values: dict[str, str | list[str]] = {"info": str(number)}
        areas = info.all("area")
        for name, column in table.names.items():
            if column.virtual or name == "info":
                continue
            found = [
                child.text.strip()
                for holder in (alert, info, *areas)
                for child in holder.all(name)
                if not child.children
            ]
            if found:
                values[name] = found if len(found) > 1 else found[0]
        own = [_fault(one) for one in findings if not _inside_other(one.line, info, blocks)]
        yield Record(f"line {info.line}", values, faults=own)


def _fault(finding: Finding) -> Fault:
    said = finding.message
    return Fault("delivery.cap", Text(f"CAP：{said.zh}", f"CAP: {said.en}"), finding.element, finding.repair)


def _inside_other(line: int, info: Element, blocks: list[Element]) -> bool:
    """Whether *line* lies in another block than *info*: that fault is the other's."""
    holders = [block for block in blocks if block.line <= line]
    return bool(holders) and holders[-1] is not info
