"""kill -9 in the middle of deliveries: afterwards a dataset is as one file had it, never half of two."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kb.namespaces import RDFS_LABEL
from kb.services.workspace import Workspace
from kb.sharing import promotion, spool
from kb.sharing.incoming import Incoming

sys.path.insert(0, str(Path(__file__).parent))
import handing_in

KILLS = 3


def kill_at_random(home: Path, folder: Path, first: int, chance: random.Random) -> int:
    """Hand in files from number *first* on, kill it in the middle; return the last that was acknowledged."""
    command = [sys.executable, handing_in.__file__, str(home), str(folder), str(first)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=Path(promotion.__file__).parents[2]
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()  # recovered, and ready
        told += process.stdout.readline()
        time.sleep(chance.uniform(0, 0.8))
        process.kill()
        told += process.stdout.read()
    assert process.returncode == -9, told
    return int(told[: told.rfind(b"\n")].split()[-1])


def test_after_kill_9_a_dataset_is_whole_and_what_was_acknowledged_is_there(
    declared: Path, tmp_path: Path
) -> None:
    home, folder, chance = tmp_path / "home", tmp_path / "files", random.Random(5)
    shutil.copytree(declared, home)
    folder.mkdir()
    first = 0
    for _ in range(KILLS):
        acknowledged = kill_at_random(home, folder, first, chance)
        first = acknowledged + 2
    with Workspace(home, cities=()) as workspace:
        dataset = workspace.intake.datasets.find(handing_in.PATH)
        labels = [q.object for q in workspace.store.match(None, RDFS_LABEL, None, dataset.graph)]
        assert len(labels) == handing_in.RECORDS
        assert len(set(labels)) == 1
        newest = workspace.intake.deliveries(dataset)[0]
        assert str(labels[0]) == f'"第{Path(newest.file_name).stem}版"@zh'
        assert int(Path(newest.file_name).stem) >= acknowledged
        assert dataset.modified == newest.ended
        assert spool.accepted(home) == []
        assert not list((home / "intake").iterdir())


@pytest.fixture
def interrupted(declared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home where a delivery was accepted and its process then died after the first of several commits."""
    home = Path(shutil.copytree(declared, tmp_path / "home"))
    monkeypatch.setattr(promotion, "ATOMIC", 500)
    with Workspace(home, cities=()) as workspace:
        dataset = workspace.intake.datasets.find(handing_in.PATH)
        for number in (1, 2):
            (tmp_path / f"{number}.csv").write_text(handing_in.content(number), encoding="utf-8")
        first, second = (Incoming.of(tmp_path / name, name) for name in ("1.csv", "2.csv"))
        workspace.intake.submit(dataset, first, actor="li")
        commit, left = workspace.store.commit, [1]

        def dying(*arguments: object, **named: object) -> object:
            if not left:
                raise KeyboardInterrupt
            left.pop()
            return commit(*arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(workspace.store, "commit", dying)
        with pytest.raises(KeyboardInterrupt):
            workspace.intake.submit(dataset, second, actor="li")
        monkeypatch.undo()
    return home


def test_what_was_accepted_is_finished_at_the_next_start(interrupted: Path) -> None:
    assert spool.accepted(interrupted)
    with Workspace(interrupted, cities=()) as workspace:
        dataset = workspace.intake.datasets.find(handing_in.PATH)
        labels = {str(q.object) for q in workspace.store.match(None, RDFS_LABEL, None, dataset.graph)}
        assert labels == {'"第2版"@zh'}
        newest, oldest = workspace.intake.deliveries(dataset)
        assert (newest.file_name, newest.supersedes) == ("2.csv", oldest.iri)
    assert spool.accepted(interrupted) == []


def test_what_was_not_read_to_the_end_leaves_the_old_data(declared: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(declared, tmp_path / "home"))
    half = home / "intake" / f"20260101T000000000000-abc{spool.READING}"
    half.mkdir(parents=True)
    (half / "good").write_bytes(b"half of a chunk")
    with Workspace(home, cities=()) as workspace:
        dataset = workspace.intake.datasets.find(handing_in.PATH)
        assert workspace.intake.count(dataset) == 0
        assert workspace.intake.deliveries(dataset) == []
    assert not half.exists()
