"""Reading another commit of the repository, through the git command and without a checkout.

Nothing of the working tree is touched, no hook runs, and no attribute of the tree changes a byte:
files are read as the blobs that they are. Neither are refs, replacements, grafts or the environment
let to put another commit in the place of the one that is named.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auditor.errors import ConfigError, DependencyError, UsageError, VerificationError

_FILES = (b"100644", b"100755")
_TIMEOUT_S = 120
MAX_FILES = 200_000
# Where git looks for a short name, in this order; a name in two of them is whatever stands first.
_PLACES = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
_ELSEWHERE = frozenset({
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE",
    "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
})  # fmt: skip


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
        """Names and addresses of who wrote and committed what is in HEAD and not in this commit.

        Raises:
            UsageError: The history in between is not all there, so neither are they.
        """
        if self._cut_off() & set(self._own("%H")):
            raise UsageError(
                f"the history from {self.ref} to HEAD is cut off: who wrote the change is unknown",
                hint="git fetch --unshallow; in CI fetch-depth: 0 or GIT_DEPTH: 0",
            )
        return frozenset(line for line in self._own("%an%n%ae%n%cn%n%ce") if line)

    def _cut_off(self) -> set[str]:
        """Commits whose parents were not fetched."""
        done = _git(self.root, "rev-parse", "--git-path", "shallow", check=True)
        path = self.root / done.stdout.decode().rstrip("\n")
        return set(path.read_text("utf-8").split()) if path.is_file() else set()

    def _own(self, form: str) -> list[str]:
        """Lines about each commit that HEAD has and this one has not."""
        span = f"{self.id}..HEAD"
        done = _git(self.root, "log", f"--format={form}", "--end-of-options", span, check=True)
        return done.stdout.decode("utf-8", "replace").splitlines()

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
        UsageError: No repository, no such commit, or a name that could mean another one.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top.returncode != 0:
        raise UsageError(f"{folder} is in no git repository: {_said(top)}")
    root = Path(top.stdout.decode().rstrip("\n"))
    _refuse_submodule(root)
    _refuse_ambiguous(root, ref)
    done = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if done.returncode != 0 or not ref:
        raise UsageError(
            f"git knows no commit {ref!r}",
            hint=f"git fetch origin {ref.removeprefix('origin/')}, with its history",
        )
    return Commit(root.resolve(), done.stdout.decode().strip(), ref)


def _refuse_submodule(root: Path) -> None:
    """The commit of a submodule, and even its address, are files of the change."""
    above = _git(root, "rev-parse", "--show-superproject-working-tree", check=True).stdout
    if above:
        raise UsageError(
            f"{root} is a submodule: which repository that is, the change can say",
            hint="--baseline FILE --trust DIR, both got another way",
        )


def _refuse_ambiguous(root: Path, ref: str) -> None:
    """A tag or branch that somebody pushed must not stand for the base: both have short names."""
    name = re.split(r"[~^:]|@\{", ref, maxsplit=1)[0]
    if not name:
        return
    places = [*(f"{place}{name}" for place in _PLACES), f"refs/remotes/{name}/HEAD"]
    whole = [name] if name.startswith("refs/") else []
    format_ = "--format=%(refname)"
    listing = _git(root, "for-each-ref", format_, *places, *whole, check=True).stdout
    there = set(listing.decode("utf-8", "replace").splitlines())
    found = [place for place in places if place in there]
    if name in there:  # a whole name is taken first
        return
    if len(found) > 1 or (whole and found):
        raise UsageError(
            f"{ref!r} may mean another commit: {', '.join(found)}",
            hint="fetch the branch and write its whole name: git:refs/remotes/origin/main",
        )
    for remote in _git(root, "remote", check=True).stdout.decode().splitlines():
        own = f"refs/remotes/{name}"
        if found and name.startswith(f"{remote}/") and found[0] not in (own, f"{own}/HEAD"):
            raise UsageError(
                f"{ref!r} is {found[0]}, no branch of the remote {remote}",
                hint=f"git fetch {remote} {name.removeprefix(remote + '/')}, or the whole name",
            )


def _git(folder: Path, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[bytes]:
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell; refs stand behind --end-of-options
            ["git", "-C", str(folder), "--literal-pathspecs", *arguments],  # noqa: S607 - the user's git, as PATH says
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            env={
                **{key: value for key, value in os.environ.items() if key not in _ELSEWHERE},
                "GIT_NO_REPLACE_OBJECTS": "1",
                "GIT_GRAFT_FILE": os.devnull,
            },
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
