"""What a process can no longer do in the sandbox; each probe in a process of its own."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import ctypes, json, os, resource, socket, subprocess, sys, threading
{before}
from kb.store import sandbox
status = sandbox.enter({memory})
def attempt(act):
    try:
        act()
        return "done"
    except OSError as error:
        return error.strerror
    except MemoryError:
        return "no memory"
def in_thread(act):
    found = []
    thread = threading.Thread(target=lambda: found.append(attempt(act)))
    thread.start()
    thread.join()
    return found[0]
def call(number):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 8, 0) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
print(json.dumps({{
    "status": [status.network, status.memory, status.reason],
    "tcp": attempt(lambda: socket.socket(socket.AF_INET).close()),
    "tcp6": attempt(lambda: socket.socket(socket.AF_INET6).close()),
    "udp": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()),
    "unix": attempt(lambda: socket.socket(socket.AF_UNIX).close()),
    "netlink": attempt(lambda: socket.socket(16, socket.SOCK_RAW).close()),
    "thread": in_thread(lambda: socket.socket(socket.AF_INET).close()),
    "io_uring": attempt(lambda: call(425)),
    "exec": attempt(lambda: os.execv("/nowhere", ["nowhere"])),
    "run": attempt(lambda: subprocess.run(["/bin/true"])),
    "memory": attempt(lambda: bytearray(1 << 31)),
    "file": attempt(lambda: os.write(os.open({file!r}, os.O_CREAT | os.O_WRONLY), b"x")),
    "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
}}))
"""
LINUX = sys.platform.startswith("linux") and platform.machine() in ("x86_64", "aarch64")


def probe(file: Path, before: str = "", memory: int = 1 << 30) -> dict[str, object]:
    code = PROBE.format(before=before, memory=memory, file=str(file))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return json.loads(result.stdout)


@pytest.mark.skipif(not LINUX, reason="seccomp filters are known for Linux on x86_64 and aarch64")
def test_no_socket_of_any_family_no_program_and_no_memory_beyond_the_limit(
    tmp_path: Path,
) -> None:
    refused = "Permission denied"
    assert probe(tmp_path / "file") == {
        "status": [True, True, ""],
        **dict.fromkeys(
            ("tcp", "tcp6", "udp", "unix", "netlink", "thread", "io_uring", "exec", "run"), refused
        ),
        "memory": "no memory",
        "file": "File too large",
        "core": 0,
    }


def test_where_there_is_no_filter_the_status_says_so_and_the_rest_holds(tmp_path: Path) -> None:
    found = probe(tmp_path / "file", "import platform; platform.machine = lambda: 'sparc'")
    network, memory, reason = found["status"]  # type: ignore[misc]
    assert not network
    assert memory
    assert "no seccomp" in reason
    assert "sparc" in reason
    assert found["tcp"] == "done"
    assert found["exec"] == "No such file or directory"
    assert found["memory"] == "no memory"
