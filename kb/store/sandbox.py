"""The sandbox of a worker: no network, no other programs, no writing, a bound on memory.

On Linux a seccomp filter makes the kernel refuse, for the rest of the process's life and for
every thread, what a query engine never needs: sockets of any kind, connections, running
programs, and reaching into other processes. It is a classic BPF program of a few dozen
instructions, installed with ``prctl`` alone: no library, no privileges.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from dataclasses import dataclass

_SYSTEM_CALLS = {
    # name: number on x86_64, number on aarch64
    "socket": (41, 198),
    "connect": (42, 203),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),  # takes a socket from another process
    "io_uring_setup": (425, 425),  # opens sockets without the call "socket"
}
_MACHINES = {
    # column above, AUDIT_ARCH of the kernel
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
}
_X32 = 0x40000000  # numbers from here on call the same functions by another table (x86_64)

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # BPF
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 13, 0x80000000  # 13: EACCES
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2


@dataclass(frozen=True, slots=True)
class Status:
    """What holds a worker: *network* and *memory* say what is closed, *reason* why something is not."""

    network: bool
    memory: bool
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything is closed."""
        return self.network and self.memory


def enter(memory: int, file_size: int = 0) -> Status:
    """Close the sandbox round this process, for good; *memory* is in bytes of address space.

    No file can grow beyond *file_size* bytes; pipes can still be written.

    Call it before any thread starts: threads that already run stay outside. What the platform
    cannot do is left out, and said in the status. The network is tried, not believed.
    """
    reasons = []
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        bounded = True
    except (ValueError, OSError) as error:
        bounded = False
        reasons.append(f"no memory limit: {error}")
    try:
        _filter_system_calls()
        closed = not _socket_opens()
        if not closed:
            reasons.append("no seccomp: the filter is installed, but a socket opens")
    except OSError as error:
        closed = False
        reasons.append(f"no seccomp: {error}")
    return Status(closed, bounded, "; ".join(reasons))


def _filter_system_calls() -> None:
    if not sys.platform.startswith("linux") or platform.machine() not in _MACHINES:
        raise OSError(f"not known on {sys.platform} {platform.machine()}")
    column, architecture = _MACHINES[platform.machine()]
    program = _program([numbers[column] for numbers in _SYSTEM_CALLS.values()], architecture)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, and a pointer to them
    header = ctypes.create_string_buffer(struct.pack("HP", len(program) // 8, ctypes.addressof(code)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header), 0, 0),
    ):
        if prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _program(refused: list[int], architecture: int) -> bytes:
    """Return the filter: another architecture kills, a refused call gets EACCES, the rest passes."""

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("HBBI", code, yes, no, value)  # jump *yes* or *no* instructions ahead

    count = len(refused)
    steps = [
        step(_LOAD, 4),  # offset of the architecture in struct seccomp_data
        step(_JUMP_EQUAL, architecture, yes=1),
        step(_RETURN, _KILL),
        step(_LOAD, 0),  # offset of the number of the call
        step(_JUMP_AT_LEAST, _X32, yes=count + 1),
        *(step(_JUMP_EQUAL, number, yes=count - place) for place, number in enumerate(refused)),
        step(_RETURN, _ALLOW),
        step(_RETURN, _REFUSE),
    ]
    return b"".join(steps)


def _socket_opens() -> bool:
    """Say whether this process can still make an Internet socket."""
    descriptor = int(ctypes.CDLL(None).socket(2, 1, 0))  # AF_INET, SOCK_STREAM
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor >= 0
