"""Alerts to try: those of the product, and those of others where they are present."""

from __future__ import annotations

from pathlib import Path

import pytest
import xmlschema

from kb.resources import folder

SHARED = Path(__file__).parents[3] / "shared" / "data" / "cap"
EXAMPLES = folder("examples") / "warnings"


@pytest.fixture(scope="session")
def samples() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"NO SAMPLES: {SHARED} is absent, alerts of other systems were not tried")
    return SHARED


@pytest.fixture(scope="session")
def schema(samples: Path) -> xmlschema.XMLSchema:
    """The official schema, in the edition that says more of the standard's sentences."""
    return xmlschema.XMLSchema(str(samples / "schema" / "cap12_extended.xsd"))
