"""Steps 4 and 5: each run was told in order, and its statement is signed and says the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from auditor.attest.bundle import MAX_BUNDLE, Bundle
from auditor.attest.dsse import verify_envelope
from auditor.attest.evidence import Evidence
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes
from auditor.attest.signing import algorithm_of, load_public_key
from auditor.attest.statement import PAYLOAD_TYPE, LogPosition, Statement, subjects
from auditor.attest.steps_cadence import check_cadence
from auditor.attest.steps_times import RunSpan, is_timed, statement_time
from auditor.core.canonical import digest
from auditor.errors import LedgerError, UndecidableError, UsageError, VerificationError
from auditor.ledger.encoding import parse_object
from auditor.ledger.entries import Entry, RunEnd, RunStart, Verdicts
from auditor.ledger.runs import RunHistory

STATEMENT = "statement.sigstore.json"
MAX_START_DELAY = timedelta(minutes=10)  # a run waits for the log while another one writes


def statement_path(run: str) -> str:
    """Where a run's signed statement lies in a store."""
    return f"runs/{run}/{STATEMENT}"


def check_runs(evidence: Evidence, notes: Notes) -> str:
    """(4) Start before collects before verdicts before end, and nothing from the future.

    Raises:
        UsageError: The run that was asked for is not in the log.
    """
    runs = evidence.runs()
    if evidence.run is not None and not runs:
        raise UsageError(
            f"run {evidence.run!r} is not in the log", hint="auditor run list shows the runs"
        )
    if not runs:
        notes.cannot_tell("the log tells of no run: there is nothing to verify")
    if evidence.run is not None and runs and runs[0].state != "ended":
        notes.cannot_tell(
            "the run has no end: there are no verdicts to verify", f"run {evidence.run}"
        )
    for run in runs:
        for problem in run.problems:
            notes.bad(f"run {run.run}: {problem}", f"run {run.run}")
        if run.state != "ended":
            _note_unended(run, notes)
        _check_now(run, notes)
    _check_others(evidence, runs, notes)
    check_cadence(evidence, notes)
    ended = sum(run.state == "ended" for run in runs)
    return f"{len(runs)} runs, {ended} of them ended"


def check_statements(evidence: Evidence, notes: Notes) -> str:
    """(5) Each ended run's statement: file, signature, key, time-stamp, and what it says."""
    count = without_timestamp = 0
    for run in [*evidence.before(), *evidence.runs()]:
        if run.start and run.verdicts and run.end and run.end_entry and run.start_entry:
            span = RunSpan(statement_path(run.run), run.start_entry.time, run.end_entry.time)
            try:
                timed = _check_statement(
                    evidence, run, (run.start, run.verdicts, run.end, run.end_entry), span, notes
                )
            except VerificationError as error:
                notes.bad(error.message, statement_path(run.run))
            except UndecidableError as error:
                notes.cannot_tell(error.message, statement_path(run.run))
            else:
                count += 1
                without_timestamp += not timed
    if without_timestamp:
        text = f"{without_timestamp} statements have no time-stamp"
        if evidence.trust is not None and evidence.trust.required.timestamp:
            notes.bad(f"{text}, and the trust policy requires one", "runs")
        else:
            notes.warn(f"{text}: when they were signed, only the log says")
    return f"{count} statements are signed by trusted keys and agree with the log"


def _note_unended(run: RunHistory, notes: Notes) -> None:
    if run.abort is not None:
        notes.warn(f"run {run.run} was aborted: {run.abort.reason}", f"run {run.run}")
    else:
        notes.warn(f"run {run.run} has no end: it is going on or was cut off", f"run {run.run}")


def _check_others(evidence: Evidence, runs: Sequence[RunHistory], notes: Notes) -> None:
    """In a bundle, a run that gives itself another date could leave its period unseen."""
    if evidence.package is None or evidence.book is None:
        return
    chosen = {run.run for run in runs}
    for run in evidence.book.runs.values():
        if run.run not in chosen:
            _check_now(run, notes)


def _check_now(run: RunHistory, notes: Notes) -> None:
    """The moment that a run judged at is the moment at which it was begun in the log."""
    if run.start is None or run.start_entry is None:
        return
    apart = abs(run.start.now - run.start_entry.time)
    if apart > MAX_START_DELAY:
        begun = run.start_entry.time
        notes.bad(f"run {run.run} judged at {run.start.now} and began at {begun}", f"run {run.run}")


def _check_statement(
    evidence: Evidence,
    run: RunHistory,
    told: tuple[RunStart, Verdicts, RunEnd, Entry],
    span: RunSpan,
    notes: Notes,
) -> bool:
    """Check the statement of a run; the answer is whether it is time-stamped."""
    start, verdicts, end, end_entry = told
    data = read_bounded(evidence.reader, span.path, MAX_BUNDLE)
    if digest(data) != end.statement:
        raise VerificationError("the file has another digest than `run.end` in the log")
    bundle = Bundle.parse(data)
    if bundle.envelope.payload_type != PAYLOAD_TYPE:
        raise VerificationError(f"got payload type {bundle.envelope.payload_type!r}")
    statement = Statement.parse(bundle.envelope.payload)
    origin = evidence.checkpoint.checkpoint.origin
    said = statement.predicate
    expected: dict[str, object] = {
        "run": run.run,
        "now": start.now,
        "counts": verdicts.counts,
        "outcome": end.outcome,
        "log": LogPosition(origin=origin, index=run.start_index),
    }
    for name, value in expected.items():
        if getattr(said, name) != value:
            raise VerificationError(f"{name} is {getattr(said, name)!r}, in the log {value!r}")
    if statement.subject != subjects(start.policy, run.collects, verdicts.blob):
        raise VerificationError("the subjects are not the evidence that the log names")
    _check_engine(evidence, start, said.engine)
    time = statement_time(evidence, run, span, bundle, notes)
    _check_signer(evidence, bundle, end_entry, proven_time=time.proven)
    return is_timed(evidence, run, bundle, time, notes)


def _check_engine(evidence: Evidence, start: RunStart, said: str) -> None:
    """The engine that the statement names is the one that the policy was judged by."""
    try:
        policy = parse_object(evidence.read_blob(start.policy))
    except (VerificationError, LedgerError):
        return  # step 6 names the blob
    if policy.get("engine") != said:
        raise VerificationError(f"engine is {said!r}, in the policy {policy.get('engine')!r}")


def _check_signer(
    evidence: Evidence, bundle: Bundle, end_entry: Entry, *, proven_time: datetime | None
) -> None:
    """The signature is by a key that policy or log knows, and of a time when it counted.

    Args:
        proven_time: A trusted time-stamp says that the signature existed then; None without one.
    """
    if evidence.trust is None or evidence.keys is None:
        raise UndecidableError("no trust policy: the signature cannot be checked")
    key = evidence.keys.known("run", bundle.hint)
    if key is None:
        raise UndecidableError(f"signed by an unknown key {bundle.hint[:16]!r}")
    signature = bundle.envelope.signatures[0]
    algorithm = algorithm_of(load_public_key(key.public_key))
    verify_envelope(bundle.envelope, signature, key.public_key, algorithm)
    key.check_use(end_entry.index, end_entry.time, proven_time)
