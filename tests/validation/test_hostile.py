"""Attacks 12 and 20: hostile shapes and data end soon, in an answer or an error in words, never in a crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.validation.hostile import CASES

DEADLINE = 15.0
"""Seconds, most of them for Python to start on a busy machine."""


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_case_neither_hangs_nor_crashes(name: str) -> None:
    script = Path(__file__).with_name("hostile.py")
    done = subprocess.run(
        [sys.executable, str(script), name],
        capture_output=True, text=True, timeout=DEADLINE, check=False,
        cwd=script.parents[2], env={"PYTHONPATH": str(script.parents[2])},
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, CASES[name][2]), done.stderr[-2000:]
