"""Stops a child process before every system call that changes files, and says what it is about.

The child is forked, so it is warm at once; a seccomp filter lets everything but writing calls run
at full speed, and ptrace stops it at those. Nothing in the program knows of this, and SQLite's C
code is seen as well. Linux only: ptrace(2), seccomp(2), with the numbers of x86_64 and aarch64.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_NUMBERS = {
    "x86_64": {
        "open": 2, "write": 1, "pwrite": 18, "writev": 20, "fsync": 74, "fdatasync": 75,
        "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85,
        "link": 86, "unlink": 87, "symlink": 88, "openat": 257, "mkdirat": 258, "unlinkat": 263,
        "renameat": 264, "linkat": 265, "symlinkat": 266, "fallocate": 285, "pwritev": 296,
        "renameat2": 316, "copy_file_range": 326, "openat2": 437,
    },
    "aarch64": {
        "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38,
        "truncate": 45, "ftruncate": 46, "fallocate": 47, "openat": 56, "write": 64, "writev": 66,
        "pwrite": 68, "pwritev": 70, "fsync": 82, "fdatasync": 83, "renameat2": 276,
        "copy_file_range": 285, "openat2": 437,
    },
}  # fmt: skip
_CALLS = {number: name for name, number in _NUMBERS[platform.machine()].items()}
_TRACEME, _CONT, _SET_OPTIONS, _SYSCALL_INFO = 0, 7, 0x4200, 0x420E
_OPTIONS = 0x80 | 0x100000  # stop at the filter's calls; the child dies with us
_STOPPED_BY_FILTER = signal.SIGTRAP | (7 << 8)
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_AT_FDCWD = -100
_REMOVE_DIRECTORY = 0x200
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


@dataclass(frozen=True)
class Call:
    """A system call that the child is about to make.

    Args:
        name: create, write, sync, truncate, rename, unlink, mkdir, rmdir, or another's own name.
        path: The file or folder; of a rename, the old name.
        target: The new name of a rename.
        offset: Where a write goes, or the length of a truncate, bytes.
        data: What is written.
        descriptor: Of calls that have one.
    """

    name: str
    path: str
    target: str = ""
    offset: int = 0
    data: bytes = b""
    descriptor: int = -1


class Child:
    """A forked process that does `work`, stopped at every call that changes files.

    Args:
        work: What it does; an exception ends it with status 1.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        program = _filter()
        self.pid = os.fork()
        if self.pid == 0:
            _be_traced(program, work)
        self.status = -1
        self.stops = 0
        self._wait(signal.SIGSTOP)
        _ptrace(_SET_OPTIONS, self.pid, 0, _OPTIONS)
        self._memory = os.open(f"/proc/{self.pid}/mem", os.O_RDONLY)

    def calls(self) -> Iterator[Call]:
        """Each call before it is made; it is made when the next one is asked for."""
        while self._continue():
            self.stops += 1
            call = self._about()
            if call is not None:
                yield call

    def run_to(self, stop: int) -> bool:
        """Go on to stop number `stop`, counted from 1; False where it ended before."""
        while self.stops < stop:
            if not self._continue():
                return False
            self.stops += 1
        return True

    def kill(self) -> None:
        """kill -9, where it stands; nothing of the call that it stands before is done."""
        if self.status < 0:
            os.kill(self.pid, signal.SIGKILL)
            self.status = os.waitpid(self.pid, 0)[1]
        os.close(self._memory)

    def _continue(self) -> bool:
        _ptrace(_CONT, self.pid, 0, 0)
        return self._wait(_STOPPED_BY_FILTER)

    def _wait(self, expected: int) -> bool:
        """True when it is stopped as expected, False when it ended; a signal is passed on."""
        while True:
            _, status = os.waitpid(self.pid, 0)
            if not os.WIFSTOPPED(status):
                self.status = status
                return False
            if status >> 8 == expected:
                return True
            _ptrace(_CONT, self.pid, 0, os.WSTOPSIG(status))

    def _about(self) -> Call | None:
        """The call that it stands before; None where it changes nothing."""
        info = ctypes.create_string_buffer(88)
        _ptrace(_SYSCALL_INFO, self.pid, len(info), ctypes.addressof(info))
        number, *arguments = struct.unpack_from("<7Q", info.raw, 24)
        name = _CALLS[number]
        first = ctypes.c_int(arguments[0]).value
        if name in ("open", "openat"):
            return self._open(arguments if name == "openat" else [_AT_FDCWD, *arguments])
        if name in ("write", "pwrite"):
            return self._write(first, arguments, at_position=name == "write")
        if name in ("fsync", "fdatasync"):
            return Call("sync", self._link(first), descriptor=first)
        if name == "ftruncate":
            return Call("truncate", self._link(first), offset=arguments[1], descriptor=first)
        return self._names(name, arguments)

    def _names(self, name: str, arguments: list[int]) -> Call:
        """Calls that change names."""
        if name == "unlinkat":
            kind = "rmdir" if arguments[2] & _REMOVE_DIRECTORY else "unlink"
            return Call(kind, self._path(*arguments[:2]))
        if name in ("renameat", "renameat2"):
            return Call("rename", self._path(*arguments[:2]), self._path(*arguments[2:4]))
        if name == "mkdirat":
            return Call("mkdir", self._path(*arguments[:2]))
        if name == "rename":
            old, new = (self._path(_AT_FDCWD, address) for address in arguments[:2])
            return Call("rename", old, new)
        if name in ("unlink", "rmdir", "mkdir"):
            return Call(name, self._path(_AT_FDCWD, arguments[0]))
        return Call(name, "")

    def _open(self, arguments: list[int]) -> Call | None:
        path, flags = self._path(*arguments[:2]), arguments[2]
        if flags & os.O_CREAT and not os.path.lexists(path):
            return Call("create", path)
        if flags & os.O_TRUNC:
            return Call("truncate", path)
        return None

    def _write(self, descriptor: int, arguments: list[int], *, at_position: bool) -> Call:
        """What a write writes, and where."""
        data = os.pread(self._memory, arguments[2], arguments[1])
        offset = arguments[3]
        if at_position:
            lines = Path(f"/proc/{self.pid}/fdinfo/{descriptor}").read_text().split()
            offset = int(lines[1])  # pos: N
        return Call("write", self._link(descriptor), "", offset, data, descriptor)

    def _link(self, descriptor: int) -> str:
        return str(Path(f"/proc/{self.pid}/fd/{descriptor}").readlink())

    def _path(self, folder: int, address: int) -> str:
        """A name in the child's memory, made absolute."""
        text = b""
        while b"\0" not in text:
            at = address + len(text)
            text += os.pread(self._memory, 4096 - at % 4096, at)  # the next page may not be there
        name = os.fsdecode(text.split(b"\0")[0])
        base = ctypes.c_int(folder & 0xFFFFFFFF).value
        if base == _AT_FDCWD:
            return str(Path(f"/proc/{self.pid}/cwd").readlink() / name)
        return str(Path(self._link(base)) / name)


def _be_traced(program: ctypes.Array[ctypes.c_char], work: Callable[[], None]) -> None:
    """In the child: never returns."""
    status = 1
    with suppress(BaseException):
        try:
            _ptrace(_TRACEME, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            _prctl(_NO_NEW_PRIVILEGES, 1, 0)
            _prctl(_SET_SECCOMP, _FILTER, ctypes.addressof(program))
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
    os._exit(status)


def _filter() -> ctypes.Array[ctypes.c_char]:
    """The filter: stop at the calls of the table, let all others pass (linux/filter.h)."""
    count = len(_CALLS)
    code = [struct.pack("<HBBI", 0x20, 0, 0, 0)]  # load the call's number
    for at, number in enumerate(sorted(_CALLS)):
        code.append(struct.pack("<HBBI", 0x15, count - at, 0, number))  # equal: go to "stop"
    code.append(struct.pack("<HBBI", 0x06, 0, 0, _ALLOW))
    code.append(struct.pack("<HBBI", 0x06, 0, 0, _TRACE))
    instructions = ctypes.create_string_buffer(b"".join(code))
    pointer = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(instructions))
    program = ctypes.create_string_buffer(pointer)
    program.instructions = instructions  # type: ignore[attr-defined] # must live as long
    return program


def _ptrace(request: int, pid: int, address: int, data: int) -> None:
    if _libc.ptrace(request, pid, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace({request:#x}) is refused on this machine")


def _prctl(option: int, second: int, third: int) -> None:
    if _libc.prctl(option, second, ctypes.c_void_p(third), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) is refused on this machine")
