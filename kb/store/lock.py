"""One process, and within it one store, for a folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from kb.errors import StoreError


class Lock:
    """An exclusive lock on the file *path*, which holds the owner's process number.

    The kernel frees it when the process ends, however it ends, so a lock is never stale.

    :raises StoreError: ``store.locked`` where another store has it, naming the file and the pid.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock or raise at once."""
        self._file = path.open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            owner = self._file.read().strip() or "?"
            self._file.close()
            raise StoreError.of(
                "store.locked",
                f"存储目录正被进程 {owner} 使用",
                f"the store's folder is in use by process {owner}",
                where=str(path),
                repair=("结束该进程，或换一个目录", "stop that process, or choose another folder"),
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Give the lock back."""
        self._file.close()
