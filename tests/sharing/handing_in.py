"""A process of its own that hands in one file after another, until it is killed; run by test_kill."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from kb.services.workspace import Workspace
from kb.sharing import promotion
from kb.sharing.incoming import Incoming

RECORDS = 300
PATH = "370200/emergency-management/risk-sources"


def content(number: int) -> str:
    """Return the *number*-th file: every record of it says the number."""
    rows = (f"QD-{n},第{number}版,燃气泄漏,重大,370203" for n in range(RECORDS))
    return "编号,名称,可能引发,风险等级,所在网格\n" + "\n".join(rows) + "\n"


def main(home: Path, folder: Path, first: int) -> None:
    """Hand in the files from *first* on; tell each that was stored."""
    promotion.ATOMIC = 500  # several commits a delivery, as with large files
    with Workspace(home, cities=()) as workspace:
        print("ready", flush=True)
        dataset = workspace.intake.datasets.find(PATH)
        for number in count(first):
            file = folder / f"{number}.csv"
            file.write_text(content(number), encoding="utf-8")
            workspace.intake.submit(dataset, Incoming.of(file, file.name), actor="li")
            print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
