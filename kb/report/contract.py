"""The SHACL contract of an incident report (:mod:`kb.validation`): well under a millisecond for each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import Triple

from kb.errors import Fault, ReportRejected, Text
from kb.namespaces import RDF_TYPE
from kb.report.reading import TYPE_KEY
from kb.report.vocabulary import Vocabulary
from kb.validation.shapes import Shapes


class Contract:
    """A compiled shapes file; immutable, so threads may share it."""

    def __init__(self, shapes: Path, vocabulary: Vocabulary) -> None:
        """Compile *shapes*; *vocabulary* tells by which key a report calls each property."""
        self._shapes = Shapes.from_files(shapes)
        keys = {str(field.property): field.key for field in vocabulary.fields.values()}
        self._keys = keys | {str(RDF_TYPE): TYPE_KEY}

    def require(self, facts: Iterable[Triple]) -> None:
        """Check *facts*, which describe one incident.

        :raises ReportRejected: with one fault for each violated shape, in the words of the shape.
        """
        faults: dict[tuple[str, str], Fault] = {}
        for found in self._shapes.validate(facts):
            where = self._keys.get(found.path or "", found.path or "")
            zh, en = found.message.zh, found.message.en
            if found.value is not None:
                zh, en = f"{zh}（{found.value.value}）", f"{en} ({found.value.value})"
            faults[where, found.message.zh] = Fault("report.contract", Text(zh, en), where, found.repair)
        if faults:
            raise ReportRejected(list(faults.values()))
