"""Reading one machine: files below a root, and commands without a shell. Reads only.

Everything that fails becomes `Unread` with the gap that explains it. With a root other than `/`
paths and symbolic links are followed inside that tree alone, and commands are refused, because
they would describe the machine they run on and not the tree.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from auditor.collectors.host.errors import Unread, from_os_error
from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

TEXT_LIMIT = 4 * 2**20  # a configuration file above 4 MiB is not read whole
OUTPUT_LIMIT = 16 * 2**20
SEARCH_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
MAX_LINKS = 40  # as the kernel's own limit


@dataclass(frozen=True, slots=True)
class Output:
    """What a command answered."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Machine:
    """One machine, or one tree of files, and the record of what was read from it.

    Args:
        root: `/`, or the folder that stands for it.
        name: Of the target; the host's name where the tree does not tell it.
        clock: The reader's clock, UTC.
        timeout_s: Ceiling for one command, in seconds.
        calls: Provenance, appended to by every reading.
    """

    root: Path
    name: str
    clock: Callable[[], datetime]
    timeout_s: float = 30.0
    calls: list[Call] = field(default_factory=list)

    @property
    def is_tree(self) -> bool:
        """The root is not this machine's own."""
        return self.root != Path("/")

    def path(self, path: str) -> Path:
        """Where a path of the machine is on this one; links are followed inside the tree."""
        if not self.is_tree:
            return Path(path)
        return self.root.joinpath(*_inside(self.root, path))

    def entry(self, path: str) -> Path:
        """As `path`, without following a link in the last part."""
        if not self.is_tree:
            return Path(path)
        parent, _, last = path.rstrip("/").rpartition("/")
        return self.path(parent or "/") / last if last not in ("", "..") else self.path(path)

    def text(self, path: str, limit: int = TEXT_LIMIT) -> str | None:
        """A file's text; None when there is no such file.

        Raises:
            Unread: Not allowed, larger than `limit` bytes, or failing.
        """
        started = self.clock()
        try:
            with self.path(path).open("rb") as stream:
                data = stream.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            self._record(path, started)
            return None
        except OSError as error:
            self._record(path, started, ok=False)
            raise from_os_error(error, path, "read") from error
        if len(data) > limit:
            self._record(path, started, ok=False, more=True)
            detail = f"{path} is larger than {limit} bytes and was not read"
            raise Unread(Gap(Cause.TRUNCATED, detail, subject=path, action=f"read {path}"))
        self._record(path, started, items=1)
        # Names and comments in other encodings must not stop the reading, nor be lost.
        return data.decode("utf-8", "backslashreplace")

    def stat(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        """The inode; None when there is none.

        Raises:
            Unread: A folder on the way may not be searched.
        """
        try:
            return self.path(path).stat() if follow else self.entry(path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise from_os_error(error, path, "stat") from error

    def digest(self, path: str, keep: int = 0) -> tuple[bytes, str]:
        """The first bytes of a file and the SHA-256 of all of it, in constant memory.

        Raises:
            Unread: Not there, not allowed or failing.
        """
        started = self.clock()
        counter = hashlib.sha256()
        try:
            with self.path(path).open("rb") as stream:
                head = stream.read(keep)
                counter.update(head)
                while block := stream.read(2**20):
                    counter.update(block)
        except OSError as error:
            self._record(path, started, ok=False)
            raise from_os_error(error, path, "read") from error
        self._record(path, started, items=1)
        return head, counter.hexdigest()

    def exists(self, path: str) -> bool:
        """Something stands at that path; that nothing does is evidence too, and recorded."""
        started = self.clock()
        found = self.stat(path) is not None
        self._record(f"stat {path}", started, items=int(found))
        return found

    def names(self, folder: str) -> list[str] | None:
        """Sorted names in a folder; None when there is no such folder.

        Raises:
            Unread: Not allowed.
        """
        started = self.clock()
        try:
            names = sorted(found.name for found in self.path(folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            self._record(folder, started)
            return None
        except OSError as error:
            self._record(folder, started, ok=False)
            raise from_os_error(error, folder, "list") from error
        self._record(folder, started, items=len(names))
        return names

    def glob(self, pattern: str) -> list[str]:
        """Paths of the machine that match a shell pattern, sorted; hidden names only if asked for.

        Raises:
            Unread: A folder on the way may not be listed.
        """
        found = [""]
        for part in [part for part in pattern.split("/") if part]:
            found = list(self._matches(found, part))
        return sorted(path for path in found if path)

    def _matches(self, folders: Sequence[str], part: str) -> Iterator[str]:
        for folder in folders:
            if not any(mark in part for mark in "*?["):
                if self.stat(f"{folder}/{part}", follow=False) is not None:
                    yield f"{folder}/{part}"
                continue
            for name in self.names(folder or "/") or []:
                if fnmatchcase(name, part) and (part[0] == "." or name[0] != "."):
                    yield f"{folder}/{name}"

    def which(self, command: str, search: Sequence[str] = SEARCH_PATH) -> str | None:
        """The path of a command on that machine, by the system's own folders and not ours."""
        started = self.clock()
        for folder in search:
            found = self.stat(f"{folder}/{command}")
            if found is not None and stat.S_ISREG(found.st_mode) and found.st_mode & 0o111:
                self._record(f"which {command}", started, items=1)
                return f"{folder}/{command}"
        self._record(f"which {command}", started)
        return None

    def run(self, command: str, *arguments: str, ok: Sequence[int] = (0,)) -> Output:
        """A command's answer. No shell; LC_ALL=C; killed after the time allowed.

        Raises:
            Unread: A tree is read, the command is absent, too slow, talks too much or fails.
        """
        line = " ".join((command, *arguments))
        if self.is_tree:
            raise Unread(_not_on_a_tree(line, self.root))
        program = self.which(command)
        if program is None:
            detail = f"{command} is not installed"
            raise Unread(Gap(Cause.NOT_SUPPORTED, detail, action=line, hint=f"install {command}"))
        started = self.clock()
        try:
            output = _run([program, *arguments], self.timeout_s)
        except subprocess.TimeoutExpired as error:
            self._record(line, started, ok=False)
            detail = f"{line} did not end within {self.timeout_s:g} s"
            raise Unread(Gap(Cause.TIMEOUT, detail, action=line)) from error
        except OSError as error:
            self._record(line, started, ok=False)
            raise from_os_error(error, program, "run") from error
        failed = self._failure(line, output, ok)
        self._record(line, started, items=len(output.stdout.splitlines()), ok=failed is None)
        if failed is not None:
            raise Unread(failed)
        return output

    @staticmethod
    def _failure(line: str, output: Output, ok: Sequence[int]) -> Gap | None:
        if len(output.stdout) > OUTPUT_LIMIT:
            return Gap(Cause.TRUNCATED, f"{line} printed more than {OUTPUT_LIMIT} characters")
        if output.code in ok:
            return None
        said = " ".join((output.stderr or output.stdout).split())[:300]
        denied = any(words in said.lower() for words in ("permission denied", "must be root"))
        return Gap(
            Cause.DENIED if denied else Cause.UNPARSABLE,
            f"{line} ended with status {output.code}: {said}",
            action=line,
            hint="run as root" if denied else "",
        )

    def _record(
        self,
        request: str,
        started: datetime,
        *,
        items: int = 0,
        ok: bool = True,
        more: bool = False,
    ) -> None:
        self.calls.append(Call(request, "local", started, items=items, ok=ok, more=more))


def instant(seconds: float) -> str:
    """RFC 3339 of a Unix time, cut to seconds.

    Raises:
        Unread: A time that no calendar has, as a damaged inode may hold.
    """
    try:
        return format_instant(datetime.fromtimestamp(int(seconds), UTC))
    except (OverflowError, ValueError, OSError) as error:
        raise Unread(Gap(Cause.UNPARSABLE, f"{seconds} is no time: {error}")) from error


def octal(mode: int) -> str:
    """Permission bits as four octal digits: `0640`."""
    return f"{stat.S_IMODE(mode):04o}"


def _run(command: Sequence[str], timeout_s: float) -> Output:
    """Run with output in files, so that a talkative command costs disk and not memory."""
    environment = {"PATH": ":".join(SEARCH_PATH), "LC_ALL": "C", "HOME": "/", "TZ": "UTC"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        done = subprocess.run(  # noqa: S603 - absolute path of the system's own folders, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=timeout_s,
            env=environment,
            cwd="/",
            check=False,
        )
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read(OUTPUT_LIMIT + 1).decode("utf-8", "backslashreplace"))
    return Output(done.returncode, texts[0], texts[1])


def _inside(root: Path, path: str) -> list[str]:
    """The parts of a path below the root, links resolved as a change of root would do it."""
    parts: list[str] = []
    rest = [part for part in path.split("/") if part and part != "."]
    links = 0
    while rest:
        part = rest.pop(0)
        if part == "..":
            parts = parts[:-1]
            continue
        here = root.joinpath(*parts, part)
        if not here.is_symlink():
            parts.append(part)
            continue
        links += 1
        if links > MAX_LINKS:
            raise Unread(Gap(Cause.UNPARSABLE, f"{path}: too many symbolic links", subject=path))
        link = str(here.readlink())
        parts = [] if link.startswith("/") else parts
        rest = [piece for piece in link.split("/") if piece and piece != "."] + rest
    return parts


def _not_on_a_tree(line: str, root: Path) -> Gap:
    return Gap(
        Cause.NOT_SUPPORTED,
        f"{line} describes the running machine, and the root is {root}",
        action=line,
        hint="read the machine itself, with root: /",
    )
