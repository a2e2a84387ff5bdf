"""Reading another commit of the repository, through the git command and without a checkout.

Nothing of the working tree is touched, no hook runs, and no attribute of the tree changes a byte:
files are read as the blobs that they are.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auditor.errors import ConfigError, DependencyError, UsageError, VerificationError

_FILES = (b"100644", b"100755")
_TIMEOUT_S = 120
MAX_FILES = 200_000


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a repository.

    Args:
        root: Top folder of the working tree.
        id: Its full name.
        ref: As it was asked for.
    """

    root: Path
    id: str
    ref: str

    def kind(self, path: str) -> str:
        """`blob`, `tree`, or "" where the commit has nothing of that path."""
        done = _git(self.root, "cat-file", "-t", f"{self.id}:{path}")
        return done.stdout.decode().strip() if done.returncode == 0 else ""

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            UsageError: There is none.
        """
        if self.kind(path) != "blob":
            raise UsageError(f"there is no file {path} in {self.ref} ({self.id[:12]})")
        return _git(self.root, "cat-file", "blob", f"{self.id}:{path}", check=True).stdout

    def extract(self, path: str, folder: Path) -> None:
        """Write the files below a folder of the commit.

        Raises:
            VerificationError: A link, a submodule, or a name that leads elsewhere.
        """
        prefix = PurePosixPath(path)
        for mode, blob, name in self._files(path):
            parts = PurePosixPath(name).relative_to(prefix)
            if mode not in _FILES or ".." in parts.parts or parts.is_absolute():
                raise VerificationError("is no plain file", where=f"{self.ref}:{name}")
            target = folder / parts
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_git(self.root, "cat-file", "blob", blob, check=True).stdout)

    def authors(self) -> frozenset[str]:
        """Names and addresses of who wrote and committed what is in HEAD and not in this commit."""
        names = "%an%n%ae%n%cn%n%ce"
        done = _git(
            self.root,
            "log",
            f"--format={names}",
            "--end-of-options",
            f"{self.id}..HEAD",
            check=True,
        )
        return frozenset(
            line for line in done.stdout.decode("utf-8", "replace").splitlines() if line
        )

    def _files(self, path: str) -> Iterator[tuple[bytes, str, str]]:
        listing = _git(self.root, "ls-tree", "-r", "-z", self.id, "--", path, check=True).stdout
        rows = [row for row in listing.split(b"\0") if row]
        if len(rows) > MAX_FILES:
            raise UsageError(f"{path} has {len(rows)} files", hint="export a bundle instead")
        for row in rows:
            meta, _, name = row.partition(b"\t")
            mode, _kind, blob = meta.split(b" ")
            try:
                yield mode, blob.decode(), name.decode()
            except UnicodeDecodeError as error:
                raise VerificationError(f"has the name {name!r}, not in UTF-8") from error


def find_commit(folder: Path, ref: str) -> Commit:
    """The commit that a name means.

    Raises:
        UsageError: No repository, or no such commit.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top.returncode != 0:
        raise UsageError(f"{folder} is in no git repository: {_said(top)}")
    root = Path(top.stdout.decode().rstrip("\n"))
    done = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if done.returncode != 0 or not ref:
        raise UsageError(
            f"git knows no commit {ref!r}",
            hint=f"git fetch origin {ref.removeprefix('origin/')}, with its history",
        )
    return Commit(root.resolve(), done.stdout.decode().strip(), ref)


def _git(folder: Path, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[bytes]:
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell; refs stand behind --end-of-options
            ["git", "-C", str(folder), "--literal-pathspecs", *arguments],  # noqa: S607 - the user's git, as PATH says
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise DependencyError("the git command is not installed", hint="install git") from error
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"git did not answer within {_TIMEOUT_S} s") from error
    if check and done.returncode != 0:
        raise UsageError(f"git {arguments[0]}: {_said(done)}")
    return done


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}"
