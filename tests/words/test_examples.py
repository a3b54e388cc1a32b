"""The sentences beside the words of the ontology are read as they say."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import yaml
from pyoxigraph import NamedNode

from kb.clock import CHINA_STANDARD_TIME
from kb.resources import folder
from kb.services.workspace import Workspace

EXAMPLES = yaml.safe_load((folder("ontology") / "words.examples.yaml").read_text(encoding="utf-8"))
NOON = datetime(2026, 8, 21, 12, tzinfo=CHINA_STANDARD_TIME)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 30
    assert len({example["title"] for example in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_a_sentence_is_read_as_its_example_says(example: dict[str, Any], workspace: Workspace) -> None:
    reported = example.get("reported")
    at = datetime.fromisoformat(str(reported)) if reported else None
    read = workspace.words.read(example["text"], at or NOON, reported=at)
    values: dict[str, Any] = {key: reading.value for key, reading in read.readings.items()}
    if "type" in values:
        values["type"] = workspace.names.label(NamedNode(values["type"])).zh
    wanted = example.get("expect", {})
    for key, value in wanted.items():
        found = values.get(key)
        assert (float(found) if isinstance(found, Decimal) else found) == value, key
    assert not set(example.get("absent", ())) & values.keys()
