"""The alerts of other systems: which are taken, which are refused, and with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import xmlschema
import yaml

from kb.cap import CapRefused, process

TABLE = yaml.safe_load((Path(__file__).parent / "samples.yaml").read_text(encoding="utf-8"))
REFUSED = [(name, code, reason) for code, ones in TABLE["refused"].items() for name, reason in ones.items()]


def test_every_sample_has_an_expected_verdict(samples: Path) -> None:
    present = {
        str(path.relative_to(samples))
        for part in ("cap-library-testdata", "oasiscap")
        for path in (samples / part).iterdir()
    }
    assert present == {*TABLE["accepted"], *(name for name, _, _ in REFUSED)}


@pytest.mark.parametrize("name", TABLE["accepted"])
def test_a_valid_alert_is_accepted(samples: Path, name: str) -> None:
    alert = process.read((samples / name).read_bytes())
    assert alert.identifier
    assert alert.sent.tzinfo is not None


@pytest.mark.parametrize(("name", "code", "reason"), REFUSED)
def test_anything_else_is_refused_with_line_reason_and_what_to_do(
    samples: Path, name: str, code: str, reason: str
) -> None:
    with pytest.raises(CapRefused) as refused:
        process.read((samples / name).read_bytes())
    fault = refused.value.faults[0]
    assert fault.code == code
    assert reason in fault.message.en
    assert fault.where.startswith("line ")
    assert fault.repair is not None
    assert fault.message.zh != fault.message.en


def test_what_is_accepted_is_valid_by_the_official_schema(samples: Path, schema: xmlschema.XMLSchema) -> None:
    """But for signatures, which we do not look into: two of the samples bear some that are none."""
    for name in TABLE["accepted"]:
        wrong = [e for e in schema.iter_errors(str(samples / name)) if "Signature" not in str(e.path)]
        assert wrong == [], name
