"""What the README promises: its commands run, its links lead somewhere, its folder tree is the real one."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SLOW = (
    "xiezhi bench bulk",
    "xiezhi bench directives",
    "xiezhi bench duplicates",
    "xiezhi bench impact",
    "xiezhi bench page",
    "xiezhi bench risk",
    "xiezhi bench store",
    "xiezhi bench words",
    "xiezhi check examples",
    "xiezhi coverage",
    "xiezhi test",
)
"""Commands that take long; what they do has tests that run every time."""
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")


def commands() -> list[Any]:
    """Return the lines of the README's ``sh`` blocks that are commands."""
    lines = [line for block in BLOCK.findall(README) for line in block.splitlines()]
    found = [line for line in lines if line and not line.startswith(("#", ". "))]
    assert len(found) >= 8, "the README shows too few commands"
    return [pytest.param(line, marks=pytest.mark.slow) if line.startswith(SLOW) else line for line in found]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who just cloned: own data folder, the venv first on the path."""
    home = tmp_path_factory.mktemp("readme")
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"XIEZHI_HOME": str(home), "XIEZHI_PASSWORD": "correct horse battery", "PATH": path}


@pytest.fixture(scope="module")
def server(environment: dict[str, str]) -> Iterator[str]:
    """``make run``, as the README says, on a free port; yields the address that it prints."""
    process = subprocess.Popen(
        ["make", "run", "ARGS=--port 0"], cwd=ROOT, env=environment | {"XIEZHI_LANG": "en"},
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"Xiezhi is ready: (\S+)", line):
            yield found[1]
            break
    else:
        pytest.fail("make run ended without printing an address")
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)
    process.stderr.close()


def test_the_first_screen_shows_the_two_commands() -> None:
    first = README.split("## ", 1)[0]
    assert "make run\nmake test\n" in first


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_readme_works_beside_the_running_server(
    command: str, server: str, environment: dict[str, str]
) -> None:
    if command.startswith("xiezhi bench"):
        command = (
            re.sub(r"--incidents \d+", "--incidents 20", command)
            .replace(" --city 370200 --city", " --city")
            .replace("110000", "370200")
        )
        peers = " --peer-size 2" if "bench bulk" in command else ""
        command = re.sub(r"( --size \d+)+", f" --size 20{peers}", command)
        command = re.sub(r"--records \d+", "--records 200", command)
        command = re.sub(r"--(count|observations) \d+", r"--\1 1000", command)
    words = shlex.split(command)
    if words[0] == "python":
        words += [server]
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or done.stderr


def test_every_local_link_of_the_readme_leads_to_a_file() -> None:
    links = LINK.findall(README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_folder_that_the_readme_draws_exists() -> None:
    tree = README.split("## How it is made", 1)[1].split("```")[1]
    names = [line.split("  ")[0] for line in tree.splitlines() if line.strip()]
    assert len(names) > 5
    for name in " ".join(names).split():
        assert (ROOT / name).is_dir(), name
