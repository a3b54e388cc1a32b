"""The SHACL contract of an incident report, checked by the fast engine.

``shacl`` (Rust, pinned) validates a report in well under a millisecond; the tests compare it with pySHACL,
the reference (shared-data contracts of the W3C Recommendation "Shapes Constraint Language", 2017).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import Triple
from shacl import Shapes

from kb.errors import Fault, ReportRejected, Text
from kb.namespaces import RDF_TYPE
from kb.report.reading import TYPE_KEY
from kb.report.vocabulary import Vocabulary


class Contract:
    """A compiled shapes file; immutable, so threads may share it."""

    def __init__(self, shapes: Path, vocabulary: Vocabulary) -> None:
        self._shapes = Shapes.from_turtle(shapes.read_text(encoding="utf-8"))
        self._vocabulary = vocabulary

    def require(self, facts: Iterable[Triple]) -> None:
        """Check *facts*, which describe one incident.

        :raises ReportRejected: with one fault for each violated shape, in the words of the shape.
        """
        text = "".join(f"{triple} .\n" for triple in facts)
        report = self._shapes.validate_text(text, "ntriples")
        if report.conforms:
            return
        faults: dict[tuple[str, str], Fault] = {}
        keys = {str(f.property): f.key for f in self._vocabulary.fields.values()} | {str(RDF_TYPE): TYPE_KEY}
        for result in report.results:
            messages = list(result.messages) or [result.component]
            where = keys.get(result.path or "", result.path or "")
            value = f"（{result.value_plain}）" if result.value_plain else ""
            zh, en = messages[0], messages[-1]
            faults[where, zh] = Fault(
                "report.contract", Text(zh + value, en + (f" ({result.value_plain})" if value else "")), where
            )
        raise ReportRejected(list(faults.values()))
