"""Attacks 12 and 20: hostile shapes and data end soon, in an answer or in words, never in a crash."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.validation.hostile import CASES

SOON = 5.0
"""Seconds for one case on a busy machine; most take a hundredth."""
HANGS = 60.0
SCRIPT = Path(__file__).with_name("hostile.py")
ROOT = SCRIPT.parents[2]


@pytest.fixture(scope="module")
def endings() -> dict[str, tuple[str, float]]:
    """How each case ended, and after how many seconds; where a process dies, one more takes the rest."""
    found: dict[str, tuple[str, float]] = {}
    while waiting := [name for name in CASES if name not in found]:
        try:
            done = subprocess.run(
                [sys.executable, str(SCRIPT), *waiting], capture_output=True, timeout=HANGS, check=False,
                cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            said, last = done.stdout, f"ended with {done.returncode}: {done.stderr[-500:].decode()}"
        except subprocess.TimeoutExpired as error:
            said, last = error.stdout or b"", "hangs"
        for line in said.splitlines():
            name, how, seconds = json.loads(line)
            found[name] = how, seconds
        if said.count(b"\n") < len(waiting):
            found[next(name for name in waiting if name not in found)] = last, 0.0
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_case_neither_hangs_nor_crashes(name: str, endings: dict[str, tuple[str, float]]) -> None:
    how, seconds = endings[name]
    assert how == CASES[name][2]
    assert seconds < SOON
