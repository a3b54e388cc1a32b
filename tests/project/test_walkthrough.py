"""Someone who has not seen the project adds a type, a module, a department and a rule by ontology/README.md.

The section between two comments is carried out as it stands: files are written as shown, commands run as
typed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.homes import copied

ROOT = Path(__file__).parents[2]
SECTION = re.compile(r"<!-- walk through -->(.*)<!-- end of the walk through -->", re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# file: (\S+)\n")
XIEZHI = [sys.executable, "-c", "from kb.cli import main; main()"]


def steps() -> Iterator[tuple[str, str]]:
    """Yield what the section shows: ``("sh", command)`` or ``(path, text of the file)``."""
    section = SECTION.search((ROOT / "ontology/README.md").read_text(encoding="utf-8"))
    assert section is not None
    for language, text in BLOCK.findall(section[1]):
        if language == "sh":
            yield from (("sh", line) for line in text.splitlines())
        else:
            name = FILE.match(text)
            assert name is not None, "a file is shown with its name"
            yield name[1], text


@pytest.fixture(scope="module")
def carried_out(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command printed, in the order of the section."""
    folder = tmp_path_factory.mktemp("newcomer")
    home = copied(prepared, tmp_path_factory.mktemp("walk") / "home")
    environment = os.environ | {"XIEZHI_HOME": str(home), "XIEZHI_LANG": "en", "PYTHONPATH": str(ROOT)}
    printed = {}
    for name, text in steps():
        if name != "sh":
            assert (folder / name).is_file(), f"{name} was written by a command before it is rewritten"
            (folder / name).write_text(text, encoding="utf-8")
            continue
        program, *arguments = shlex.split(text)
        assert program == "xiezhi"
        done = subprocess.run(
            [*XIEZHI, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        printed[text] = done.stdout + done.stderr
    return printed


def of(printed: dict[str, str], start: str) -> str:
    (text,) = [text for command, text in printed.items() if command.startswith(start)]
    return text


def test_the_section_adds_a_type_a_module_a_department_and_a_rule() -> None:
    commands = [text for name, text in steps() if name == "sh"]
    for what in ("incident-type", "module", "department", "rule"):
        assert any(command.startswith(f"xiezhi new {what} ") for command in commands)


def test_what_was_added_is_sound(carried_out: dict[str, str]) -> None:
    assert "0 errors, 0 warnings" in of(carried_out, "xiezhi check")


def test_its_cases_hold(carried_out: dict[str, str]) -> None:
    assert of(carried_out, "xiezhi test").strip().endswith("6 cases passed, 0 failed")


def test_the_department_is_an_entry_that_a_profile_takes(carried_out: dict[str, str]) -> None:
    entry = of(carried_out, "xiezhi new department")
    assert "- id: station-office" in entry
    assert "functions: [gas-authority]" in entry


def test_the_difference_names_the_new_type_and_rule(carried_out: dict[str, str]) -> None:
    told = of(carried_out, "xiezhi release diff")
    assert "+ xz:GasStationFire" in told
    assert "+ rule:station-cordon" in told


def test_the_draft_is_kept(carried_out: dict[str, str]) -> None:
    assert re.search(r"[0-9a-f]{16}", of(carried_out, "xiezhi release draft"))


def test_a_department_written_into_a_city_is_there_when_the_city_is_built(tmp_path: Path) -> None:
    from kb.city import builder

    examples = tmp_path / "examples"
    for part in ("cities", "divisions"):
        shutil.copytree(ROOT / "examples" / part, examples / part)
    arguments = ["new", "department", "station-office", "--label-zh", "加气站管理办公室", "--label-en",
                 "Gas Station Office", "--tier", "city", "--function", "gas-authority",
                 "--into", str(examples / "cities/370100")]  # fmt: skip
    done = subprocess.run(
        [*XIEZHI, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    functions = {
        line.split(" ")[0].removeprefix("function:")
        for line in (ROOT / "ontology/functions.ttl").read_text(encoding="utf-8").splitlines()
        if line.startswith("function:")
    }
    city = builder.read("370100", examples, functions=functions)
    assert any("加气站管理办公室" in str(quad.object) for quad in city.quads())
