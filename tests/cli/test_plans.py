"""Plans on the command line, with a store of their own and beside a running server's API."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from kb.cli import main


def run(home: Path, *arguments: str) -> str:
    done = CliRunner().invoke(main, ["--home", str(home), "--lang", "en", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_plan_goes_from_draft_to_publication_by_two_people(home: Path) -> None:
    run(home, "plan", "take", "draft", "gas", "--by", "zhang")
    run(home, "plan", "take", "submit", "gas", "--by", "zhang")
    refused = CliRunner().invoke(
        main, ["--home", str(home), "--lang", "en", "plan", "take", "approve", "gas", "--by", "zhang"]
    )
    assert refused.exit_code == 1
    assert "let somebody else do it" in refused.output
    told = json.loads(run(home, "plan", "take", "approve", "gas", "--by", "wang", "--format", "json"))
    assert told["inForce"] == 1
    assert "published" in run(home, "plan", "show", "gas")
    assert "gas" in run(home, "plan", "list")
    kept = run(home, "plan", "provisions", "gas", "--edition", "1")
    assert "Put out fires, dilute and disperse gas, search for people  Urban Gas Regulation" in kept
    assert run(home, "plan", "diff", "gas", "1").startswith("= "), "nothing has changed since"
    target = home / "gas.pdf"
    run(home, "plan", "print", "gas", str(target))
    assert target.read_bytes().startswith(b"%PDF")


def test_what_is_missing_in_a_composition_is_told_and_ends_with_1(home: Path) -> None:
    told = CliRunner().invoke(
        main, ["--home", str(home), "--lang", "en", "plan", "compose", "module/medical"]
    )
    assert told.exit_code == 1
    assert "Scene secured ← First response" in told.output
