"""Part of step 5: since when a statement has existed, by the word of trusted authorities.

A token in the bundle was made between the entries `run.start` and `run.end`: its time shows whether
the log's times are true. A late token, noted by a `timestamp` entry, only shows that the statement
existed by then. What is wrong is bad whatever else there is; a token of an authority that is not
known proves nothing, and says "cannot tell" unless another proves the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.attest.bundle import Bundle
from auditor.attest.evidence import Evidence
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes
from auditor.attest.timestamp_token import MAX_TOKEN
from auditor.attest.timestamps import ProvenTime, verify_timestamp
from auditor.core.canonical import digest
from auditor.core.times import format_instant
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.entries import Timestamp
from auditor.ledger.runs import RunHistory

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the clocks of an authority and of the log's writer may be apart."""


@dataclass(frozen=True, slots=True)
class RunSpan:
    """Where the statement of a run lies, and when the log has the run begin and end."""

    path: str
    begun: datetime
    ended: datetime


@dataclass(slots=True)
class StatementTime:
    """What the tokens of one statement gave.

    Args:
        in_bundle: Times that tokens in the bundle prove.
        late: Times that late tokens prove.
        undecided: Places and reasons of tokens that prove nothing and refute nothing.
    """

    in_bundle: list[ProvenTime] = field(default_factory=list)
    late: list[ProvenTime] = field(default_factory=list)
    undecided: list[tuple[str, str]] = field(default_factory=list)

    @property
    def proven(self) -> datetime | None:
        """The signature existed at this time; None where nothing shows it."""
        return min((item.latest for item in (*self.in_bundle, *self.late)), default=None)


def statement_time(
    evidence: Evidence, run: RunHistory, span: RunSpan, bundle: Bundle, notes: Notes
) -> StatementTime:
    """Verify every token of a statement, and compare its time with the log's."""
    signature = bundle.envelope.signatures[0].signature
    found = StatementTime()
    for token in bundle.timestamps:
        proven = _prove(evidence, token, signature, span.path, found, notes)
        if proven and _fits_run(span, proven, notes):
            found.in_bundle.append(proven)
    for entry, noted in zip(run.timestamps, run.timestamp_times, strict=True):
        late = _late_token(evidence, run.run, entry, notes)
        if late is None:
            continue
        proven = _prove(evidence, late, signature, entry.file, found, notes)
        if proven and _fits_entry(span, noted, proven, entry.file, notes):
            found.late.append(proven)
    for where, reason in found.undecided:
        if found.in_bundle or found.late:
            notes.warn(reason, where)
        else:
            notes.cannot_tell(reason, where)
    return found


def is_timed(
    evidence: Evidence, run: RunHistory, bundle: Bundle, found: StatementTime, notes: Notes
) -> bool:
    """Whether the statement has a token that says something about its signature.

    A late token from after the end of the signing key does not: it is as if there were none. That
    is no fault of the statement, which the log has at its own time. A token of the run itself from
    then shows that the key was used after its end.

    Raises:
        VerificationError: The statement was signed after the end of its key.
    """
    key = evidence.keys.known("run", bundle.hint) if evidence.keys else None
    ends = [end for end in (key.window.not_after, key.revoked_at) if end] if key else []
    for item in found.in_bundle:
        if any(item.latest >= end for end in ends):
            raise VerificationError(f"the run key was not valid any more at {_said(item)}")
    counting = [item for item in found.late if all(item.latest < end for end in ends)]
    if found.late and not counting and not found.in_bundle:
        notes.warn(
            "stamped only when the run key was out of use: that shows nothing about its signature",
            run.timestamps[0].file,
        )
        return False
    return bool(bundle.timestamps or run.timestamps)


def _prove(
    evidence: Evidence,
    token: bytes,
    signature: bytes,
    path: str,
    found: StatementTime,
    notes: Notes,
) -> ProvenTime | None:
    authorities = evidence.trust.timestamp_authorities if evidence.trust else ()
    try:
        return verify_timestamp(token, signature, authorities)
    except VerificationError as error:
        notes.bad(error.message, path)
    except UndecidableError as error:
        found.undecided.append((path, error.message))
    return None


def _late_token(evidence: Evidence, run: str, entry: Timestamp, notes: Notes) -> bytes | None:
    """The token of a `timestamp` entry; None where the file is not what the log says."""
    folder, _, name = entry.file.rpartition("/")
    if folder != f"runs/{run}" or name.startswith("."):
        notes.bad(f"a time-stamp of run {run} is kept elsewhere", entry.file)
        return None
    try:
        data = read_bounded(evidence.reader, entry.file, MAX_TOKEN)
    except VerificationError as error:
        notes.bad(error.message, entry.file)
        return None
    if digest(data) != entry.digest:
        notes.bad("the time-stamp has another digest than the log says", entry.file)
        return None
    return data


def _fits_run(span: RunSpan, proven: ProvenTime, notes: Notes) -> bool:
    """Stamped while the run went on: not before its start, not after its end in the log."""
    if proven.time > span.ended + CLOCK_TOLERANCE:
        notes.bad(
            f"the statement was stamped at {_said(proven)}, and the log has the run end before"
            f" that, at {format_instant(span.ended)}: the log's times are not true",
            span.path,
        )
        return False
    return _not_before(span, proven, span.path, notes)


def _fits_entry(
    span: RunSpan, noted: datetime, proven: ProvenTime, path: str, notes: Notes
) -> bool:
    """Stamped after the run began and before the log took note of it."""
    if proven.time > noted + CLOCK_TOLERANCE:
        notes.bad(
            f"the statement was stamped at {_said(proven)}, and the log has noted that before,"
            f" at {format_instant(noted)}: the log's times are not true",
            path,
        )
        return False
    gap = proven.time - span.ended
    if gap > CLOCK_TOLERANCE:
        notes.warn(
            f"stamped at {_said(proven)}, {timedelta(seconds=round(gap.total_seconds()))} after the"
            " end of the run: until then only the log vouches for its time",
            path,
        )
    return _not_before(span, proven, path, notes)


def _not_before(span: RunSpan, proven: ProvenTime, path: str, notes: Notes) -> bool:
    if proven.latest >= span.begun - CLOCK_TOLERANCE:
        return True
    notes.bad(
        f"the statement was stamped at {_said(proven)}, and the log has the run begin after that,"
        f" at {format_instant(span.begun)}: the log's times are not true",
        path,
    )
    return False


def _said(proven: ProvenTime) -> str:
    return f"{format_instant(proven.time)} by {proven.authority!r}"
