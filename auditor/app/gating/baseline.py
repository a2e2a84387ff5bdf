"""The baseline: found, verified step by step with the base's trust, and only then read.

`ledger:latest` and `ledger:ID` are runs of the working folder's store; `git:REF:PATH` is a signed
bundle (a zip file or the folder that it unpacks to) or a store in a commit; anything else is the
path of a signed bundle. What verification calls bad, and a signature that the trust policy does not
vouch for, refuses the baseline as edited or unsigned.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from auditor.app.assess import load_policy, parse_verdicts
from auditor.app.evidence.restoring import observations_of
from auditor.app.export.controls import parse_policy, readable_controls
from auditor.app.gating.doubts import named_source, refuse_doubtful, step_words
from auditor.app.gating.git import Commit, find_commit
from auditor.app.gating.trusting import GIT, Trusted
from auditor.app.project import Project
from auditor.app.runs import find_run, judge_recorded
from auditor.app.subject import Subject, find_subject
from auditor.app.verifying import chosen_run, reader_of, rejudge_record
from auditor.attest.evidence import Evidence, RunRecord
from auditor.attest.result import StepVerdict
from auditor.attest.verify import PACKAGE_STEPS, STORE_STEPS, Step, take_steps
from auditor.core.diff.model import Side
from auditor.core.evaluate import Judgement
from auditor.core.model.policy import Policy
from auditor.core.times import format_duration, format_instant
from auditor.errors import UsageError, VerificationError
from auditor.store.zip_reader import ZipReader

LEDGER = "ledger:"
DEFAULT_BUNDLE = "baseline.zip"
_HINT = "make a new baseline from a run of the base branch: auditor export"


@dataclass(frozen=True, slots=True)
class Reference:
    """`--baseline`, taken apart: `ledger` and a run, `git` with ref and path, `file` and a path."""

    text: str
    kind: str
    name: str
    ref: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read `ledger:RUN`, `git:REF[:PATH]` or a path.

        Raises:
            UsageError: Something is missing.
        """
        if text.startswith(LEDGER):
            name = text.removeprefix(LEDGER)
            if name:
                return cls(text, "ledger", name)
        elif text.startswith(GIT):
            ref, _, path = text.removeprefix(GIT).partition(":")
            if ref:
                return cls(text, "git", path.strip("/") or DEFAULT_BUNDLE, ref)
        elif text:
            return cls(text, "file", text)
        raise UsageError(
            f"got --baseline {text!r}",
            hint="ledger:latest, ledger:RUN, git:origin/main:baseline.zip, or a signed bundle",
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """A run that may be believed.

    Args:
        judge: Judges its evidence, at its moment, by another policy.
        warnings: What verification would like to see besides.
    """

    side: Side
    judge: Callable[[Policy], Judgement]
    warnings: tuple[str, ...]


@contextmanager
def found_baseline(
    project: Project, reference: Reference, before: str | None
) -> Iterator[tuple[Subject, str]]:
    """Where the baseline lies and which run it is; what was taken from a commit goes away after.

    Args:
        before: For `ledger:latest`: the newest complete run before this one.

    Raises:
        UsageError: It is missing.
        VerificationError: It is no signed bundle.
    """
    if reference.kind == "ledger":
        run = _before(project, before) if reference.name == "latest" else reference.name
        yield Subject(store=project.store), find_run(project.store, run)
    elif reference.kind == "file":
        path = Path(reference.name)
        if not path.exists():
            raise UsageError(f"there is no baseline {path}", hint=_HINT)
        subject = _subject(path, reference.text)
        yield subject, _newest(subject, reference.text)
    else:
        with tempfile.TemporaryDirectory(prefix="auditor-baseline-") as folder:
            commit = find_commit(project.loaded.folder, reference.ref or "")
            subject = _subject(_extracted(reference, commit, Path(folder)), reference.text)
            yield subject, _newest(subject, reference.text)


def _newest(subject: Subject, source: str) -> str:
    """The run that the manifest or the log names last; nothing of them is believed yet."""
    with named_source(source, step_words(1, _steps(subject)[1].title), _HINT):
        return chosen_run(subject, "latest")


def _steps(subject: Subject) -> tuple[Step, ...]:
    return STORE_STEPS if subject.store is not None else PACKAGE_STEPS


def _before(project: Project, run: str | None) -> str:
    """The newest complete run before another one, or of all, that was not limited to a selection.

    What a limited run left out would be compared with nothing.
    """
    complete = [item.id for item in project.store.runs() if item.outcome]
    older = complete[complete.index(run) + 1 :] if run in complete else complete
    for name in older:
        history = project.store.history(name)
        if history is not None and not load_policy(project.store, history).limited:
            return name
    passed = f"; {len(older)} were limited to a selection" if older else ""
    message = f"there is no complete run to compare with{passed}"
    raise UsageError(message, hint="auditor scan, or --baseline ledger:ID")


def _extracted(reference: Reference, commit: Commit, folder: Path) -> Path:
    kind = commit.kind(reference.name)
    if not kind:
        message = f"there is no {reference.name} in {commit.ref} ({commit.id[:12]})"
        raise UsageError(message, hint=_HINT)
    if kind == "tree":
        commit.extract(reference.name, folder)
        return folder
    path = folder / DEFAULT_BUNDLE
    path.write_bytes(commit.read(reference.name))
    return path


def _subject(path: Path, text: str) -> Subject:
    """A bundle or a store; never the store of the folder at hand, and no report."""
    if path.is_dir() and (path / "log").is_dir():
        return find_subject(path)
    if not path.is_file() or not _is_zip(path):
        raise VerificationError("is no signed bundle", where=text, hint=_HINT)
    return Subject(package=ZipReader(path))


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def read_baseline(
    subject: Subject, run: str, trusted: Trusted, now: datetime, source: str, *, judge: bool
) -> Baseline:
    """Verify a run, then read it.

    Args:
        judge: Keep its evidence, to judge it by another policy.

    Raises:
        VerificationError: It was edited, or nobody signed it whom the trust policy knows.
        UndecidableError: It is signed, and cannot be judged again here.
    """
    evidence = Evidence(
        reader=reader_of(subject),
        trust=trusted.policy,
        run=run,
        rejudge=lambda record: rejudge_record(record, trusted.policy.approvers),
        now=now,
        readable=readable_controls,
    )
    report = take_steps(evidence, _steps(subject))
    refuse_doubtful(report, source, _HINT)
    record = next(iter(evidence.records()), None)
    if record is None:
        raise UsageError(f"run {run} has no end: it cannot be a baseline", hint="auditor run list")
    warnings = tuple(s.detail for s in report.steps if s.verdict is StepVerdict.WARNING)
    return _read(record, warnings, judge=judge)


def _read(record: RunRecord, warnings: tuple[str, ...], *, judge: bool) -> Baseline:
    policy = parse_policy(record.policy, record.start.policy.path)
    verdicts = parse_verdicts(record.read(record.verdicts.blob))
    side = Side(record.run, record.start.now, policy, verdicts.findings, verdicts.not_tested)

    # Read at once: a bundle taken from a commit is gone when this is asked.
    observations = list(observations_of(record, policy)) if judge else []

    def judged(other: Policy) -> Judgement:
        return judge_recorded(other, observations, record.start.now)

    return Baseline(side, judged, warnings)


def check_age(side: Side, now: datetime, max_age: timedelta | None, source: str) -> None:
    """The baseline is not too old, and not from the future.

    Raises:
        UsageError: It is.
    """
    judged = format_instant(side.now)
    if side.now > now:
        raise UsageError(
            f"the baseline {source} judged at {judged}, after {format_instant(now)}",
            hint="compare the clocks, or name an earlier run",
        )
    if max_age is not None and now - side.now > max_age:
        raise UsageError(
            f"the baseline {source} judged at {judged}, longer ago than {format_duration(max_age)}",
            hint=f"{_HINT}; or say with --max-age how old it may be",
        )
