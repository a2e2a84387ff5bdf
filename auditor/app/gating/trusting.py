"""Whose trust policy counts: one given by another way, or the base commit's; never the change's.

A change may edit `trust/` of its working folder. What it makes of it begins to count when it has
been merged, and until then stands in the result as a weaker part of the policy.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path

from auditor.app.gating.git import Commit, find_commit
from auditor.app.project import TRUST_FILE, Project, load_trust
from auditor.attest.trust import TrustPolicy
from auditor.catalog.config import Config
from auditor.catalog.source import parse_yaml, validate
from auditor.core.canonical import digest
from auditor.core.model.period_report import Effect
from auditor.core.policy_changes.delta import Delta, written
from auditor.errors import ConfigError, UsageError

GIT = "git:"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A trust policy with where it comes from.

    Args:
        edited: What else of the working folder is otherwise than in the base: its own trust
            policy, and the store that runs are written to and read back from.
        commit: The base commit, None where there is none.
    """

    policy: TrustPolicy
    source: str
    edited: tuple[Delta, ...] = ()
    commit: Commit | None = None


def base_trust(project: Project, given: str | None, base: str | None) -> Trusted:
    """The trust policy to verify a baseline with.

    Args:
        given: `--trust`: a folder, or `git:REF` for that of the working folder in a commit.
        base: The commit that the baseline is taken from, where it is taken from one.

    Raises:
        UsageError: Neither is there.
        ConfigError: The trust policy is missing or wrong.
    """
    ref = base
    if given is not None:
        if not given.startswith(GIT):
            commit = find_commit(project.loaded.folder, base) if base is not None else None
            return Trusted(load_trust(Path(given)), given, commit=commit)
        ref = given.removeprefix(GIT)
    if ref is None:
        raise UsageError(
            "whose signatures count is not to be taken from the change that is gated",
            hint="--trust git:origin/main, or --trust DIR with a trust policy got another way",
        )
    commit = find_commit(project.loaded.folder, ref)
    return _of_commit(project, commit)


def _of_commit(project: Project, commit: Commit) -> Trusted:
    folder = _relative(project.loaded.folder, commit.root)
    name = project.loaded.source.name
    config_path = posixpath.join(folder, name) if folder else name
    place = f"{commit.ref}:{config_path}"
    if commit.kind(config_path) != "blob":
        raise ConfigError(f"there is no {place} to take the trust policy from", hint="--trust DIR")
    try:
        text = commit.read(config_path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError("not text in UTF-8", where=place) from error
    config = validate(parse_yaml(text, place), Config)
    path = posixpath.normpath(posixpath.join(folder, config.trust, TRUST_FILE))
    if path.startswith(("/", "..")) or commit.kind(path) != "blob":
        raise ConfigError(f"there is no {commit.ref}:{path}", hint="--trust DIR")
    data = commit.read(path)
    where = f"{commit.ref}:{path}"
    try:
        policy = TrustPolicy.parse(data.decode("utf-8"), where=where)
    except UnicodeDecodeError as error:
        raise ConfigError("not text in UTF-8", where=where) from error
    edited = (*_edited(project, data), *_moved(project, config))
    return Trusted(policy, f"{where} ({commit.id[:12]})", edited, commit)


def _relative(folder: Path, root: Path) -> str:
    found = folder.resolve().relative_to(root).as_posix()
    return "" if found == "." else found


def _edited(project: Project, base: bytes) -> list[Delta]:
    """The working folder's own trust policy beside that of the base."""
    path = project.trust_folder / TRUST_FILE
    own = path.read_bytes() if path.is_file() else b""
    if own == base:
        return []
    what = "changed" if own else "removed"
    was, now = digest(base), digest(own) if own else ""
    return [Delta("trust", TRUST_FILE, what, was, now, Effect.UNKNOWN)]


def _moved(project: Project, base: Config) -> list[Delta]:
    """Another store has other runs before this one, and may give back another run than was made."""
    places = [
        written({"store": config.store, "object_store": config.object_store.model_dump()})
        for config in (base, project.loaded.config)
    ]
    if places[0] == places[1]:
        return []
    return [Delta("store", project.loaded.source.name, "changed", places[0], places[1])]
