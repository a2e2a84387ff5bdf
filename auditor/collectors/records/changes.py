"""Changes of controls, parameters, mappings and waivers: the commits of a git repository.

Read by the `git` program, read-only. Who reviewed a change is what its commit message says in a
`Reviewed-by:` or `Approved-by:` trailer; a merge on a hosting service writes them, or a person.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from auditor.collectors.own_records import Reading
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant, parse_instant
from auditor.errors import CollectionError

WINDOW = timedelta(days=90)
_FIELD, _END = "\x1f", "\x1e"
_TRAILERS = "%(trailers:key=Reviewed-by,key=Approved-by,valueonly=true,separator=%x1d)"
_FORMAT = f"%H{_FIELD}%P{_FIELD}%an <%ae>{_FIELD}%cI{_FIELD}%s{_FIELD}{_TRAILERS}{_END}"


def read_changes(folder: Path, paths: Sequence[str], now: datetime, timeout_s: float) -> Reading:
    """The commits of the last 90 days that touch the paths, and whether anything is uncommitted.

    Whoever commits says when. A commit is not older than those that it builds on: git itself would
    stop at the first one that says so (`--since`), and tell of nothing.
    """
    call = f"git log -- {' '.join(paths)}"
    try:
        shallow = _git(folder, timeout_s, "rev-parse", "--is-shallow-repository").strip()
        if shallow != "false":
            raise CollectionError("the repository is a shallow clone: its history is cut off")
        order = ("--topo-order", "--reverse", "--parents")
        log = _git(folder, timeout_s, "log", *order, f"--format={_FORMAT}", "--", *paths)
        count = _git(folder, timeout_s, "rev-list", "--parents", "--count", "HEAD", "--", *paths)
        uncommitted = _uncommitted(folder, paths, timeout_s)
        told = [text.strip("\n").split(_FIELD) for text in log.split(_END) if text.strip()]
        if len(told) != int(count):
            raise CollectionError(f"git tells of {len(told)} commits, and counts {int(count)}")
        resources = [_commit(fields) for fields in _since(told, now - WINDOW)]
    except CollectionError as error:
        gap = Gap(Cause.NOT_COLLECTED, error.message, hint="keep auditor.yaml in a git repository")
        return Reading(gaps=[gap], calls=[Call(call, "local", now, ok=False)])
    facts = {"commits": len(resources), "uncommitted": uncommitted}
    return Reading(resources, facts, calls=[Call(call, "local", now, items=len(resources))])


def _uncommitted(folder: Path, paths: Sequence[str], timeout_s: float) -> int:
    """Files that are not as they were committed, also those that git was told not to look at."""
    status = _git(folder, timeout_s, "status", "--porcelain", "-uall", "--", *paths)
    ignored = _git(
        folder, timeout_s, "ls-files", "--others", "--ignored", "--exclude-standard", "--", *paths
    )
    marked = _git(folder, timeout_s, "ls-files", "-v", "--", *paths)
    # A small letter is `assume-unchanged`, S is `skip-worktree`.
    hidden = [line for line in marked.splitlines() if line[0].islower() or line[0] == "S"]
    read = [line for line in ignored.splitlines() if line.rstrip('"').endswith((".yaml", ".yml"))]
    return len(status.splitlines()) + len(hidden) + len(read)


def _since(commits: Sequence[list[str]], begin: datetime) -> Iterator[list[str]]:
    """Those that were made since then, or build on one that was; the newest first.

    Args:
        commits: Parents before their children.
    """
    made: dict[str, datetime] = {}
    for fields in commits:
        earlier = [made[parent] for parent in fields[1].split() if parent in made]
        made[fields[0]] = max([parse_instant(fields[3]), *earlier])
    return (fields for fields in reversed(commits) if made[fields[0]] >= begin)


def _commit(fields: list[str]) -> Resource:
    commit, _parents, author, at, subject, trailers = fields
    reviewers = [name.strip() for name in trailers.split("\x1d") if name.strip()]
    data = {
        "id": commit,
        "author": author,
        "committed_at": format_instant(parse_instant(at)),
        "subject": subject,
        "reviewers": reviewers,
        "reviewed_by_others": sum(_address(name) != _address(author) for name in reviewers),
    }
    return Resource(data, uid=commit)


def _address(person: str) -> str:
    """What tells two people apart: the address where there is one."""
    _name, _, address = person.casefold().partition("<")
    return address.rstrip("> ") or " ".join(person.casefold().split())


def _git(folder: Path, timeout_s: float, *arguments: str) -> str:
    # The user's own settings (colours, hooks, signatures shown) must not change what is read, and
    # `git status` would write what it found out into the index.
    command = [
        "git",
        "--no-optional-locks",
        "-c",
        "log.showSignature=false",
        "-C",
        str(folder),
        *arguments,
    ]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell, arguments of our own
            command, capture_output=True, timeout=timeout_s, check=True, stdin=subprocess.DEVNULL
        )
        return done.stdout.decode("utf-8")
    except FileNotFoundError as error:
        raise CollectionError("there is no git program") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CollectionError(f"git: {said[0] if said else error.returncode}") from error
    except (subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise CollectionError(f"git {arguments[0]}: {error}") from error
