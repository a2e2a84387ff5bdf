"""Verification for the command line: whose trust counts, which steps, judging again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from auditor.app.assess import verdict_bytes
from auditor.app.engine import make_engine
from auditor.app.evidence.restoring import observations_of
from auditor.app.export.controls import readable_controls
from auditor.app.project import TRUST_FILE, load_trust
from auditor.app.record_checks import check_record, check_summary
from auditor.app.reports.checks import compare_report
from auditor.app.reports.of_packages import compare_package_reports, with_report_age
from auditor.app.runs import engine_name, find_run, judge_recorded
from auditor.app.subject import Subject, find_subject
from auditor.attest.evidence import Evidence, RunRecord
from auditor.attest.package import MANIFEST, MAX_MANIFEST, Manifest
from auditor.attest.reader import StoreReader, read_bounded
from auditor.attest.report_proof import verify_report_alone
from auditor.attest.result import VerificationReport
from auditor.attest.trust import NamedKey, TrustPolicy
from auditor.attest.verify import PACKAGE_STEPS, STORE_STEPS, take_steps
from auditor.core.canonical import digest, parse_canonical
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.policy import Policy
from auditor.errors import UsageError, VerificationError
from auditor.ledger.note import MAX_NOTE

__all__ = [
    "Subject", "chosen_run", "find_subject", "load_subject_trust", "reader_of", "rejudge_record",
    "verify",
]  # fmt: skip
_SHOWN = 5


def verify(
    subject: Subject,
    *,
    trust: Path | None,
    run: str | None,
    now: datetime,
    since: Path | None = None,
    engine: str | None = None,
    max_age: timedelta | None = None,
) -> VerificationReport:
    """Walk the numbered steps.

    Args:
        trust: Folder of the trust policy; the working folder's own where it is None.
        engine: Who judges again; each run's own engine where it is None.
        run: Only this run (`latest` and beginnings of ids are understood).
        since: A checkpoint file kept from an earlier look; where it is None and the working
            folder's own trust counts, what was signed last from that folder.
        max_age: How old the newest run, and that of a report, may be.

    Raises:
        UsageError: There is no such run, store or file.
    """
    if since is not None and not since.is_file():
        raise UsageError(
            f"there is no checkpoint file {since}",
            hint="auditor ledger checkpoint > FILE keeps one for the next look",
        )
    policy = load_subject_trust(trust, subject)
    approvers = policy.approvers if policy else ()
    report = subject.report
    if report is not None and subject.store is None and subject.package is None:
        data = report.read_bytes()
        return with_report_age(verify_report_alone(data, policy, now), data, now, max_age)
    evidence = Evidence(
        reader=reader_of(subject),
        trust=policy,
        run=chosen_run(subject, run) if run else None,
        rejudge=lambda record: rejudge_record(record, approvers, engine),
        now=now,
        remembered=_remembered(since or (subject.head if trust is None else None)),
        reports={report.name: digest(report.read_bytes())} if report else {},
        max_age=max_age,
        readable=readable_controls,
    )
    if subject.store is None:
        return compare_package_reports(evidence, take_steps(evidence, PACKAGE_STEPS), report)
    result = take_steps(evidence, STORE_STEPS)
    if report is None:
        return result
    absent = evidence.damaged | evidence.pruned
    return compare_report(
        report, subject.store, result, policy, now, evidence.keys, absent, evidence.run
    )


def _remembered(head: Path | None) -> bytes | None:
    return head.read_bytes()[: MAX_NOTE + 1] if head else None


def reader_of(subject: Subject) -> StoreReader:
    """Read access to the store or the bundle.

    Raises:
        UsageError: There is neither.
    """
    if subject.package is not None:
        return subject.package
    if subject.store is not None:
        return subject.store.reader()
    raise UsageError(
        f"there is no evidence store beside {subject.report}",
        hint="auditor verify REPORT --store DIR names it",
    )


def chosen_run(subject: Subject, name: str) -> str:
    """The id of a run of a store or a bundle.

    Raises:
        UsageError: There is none, or several begin so.
    """
    if subject.store is not None:
        return find_run(subject.store, name)
    manifest = Manifest.parse(read_bounded(reader_of(subject), MANIFEST, MAX_MANIFEST))
    if name == "latest":
        return max(manifest.runs)  # ids begin with the time
    found = [run for run in manifest.runs if run.startswith(name)]
    if name in found:
        return name
    if len(found) != 1:
        known = ", ".join(manifest.runs[:_SHOWN])
        raise UsageError(
            f"{len(found)} runs of the bundle begin with {name!r}", hint=f"try {known}"
        )
    return found[0]


def load_subject_trust(given: Path | None, subject: Subject) -> TrustPolicy | None:
    """The trust policy of a folder that was given, or of the working folder itself."""
    if given is not None:
        return load_trust(given)
    if subject.trust is not None and (subject.trust / TRUST_FILE).is_file():
        return load_trust(subject.trust)
    return None


def rejudge_record(
    record: RunRecord, approvers: Sequence[NamedKey], engine: str | None = None
) -> bytes:
    """The verdict bytes of a recorded run, made again from its evidence alone.

    Args:
        approvers: Keys whose signature on a waiver the verifier trusts.

    Raises:
        VerificationError: The record is not what it must be.
        UndecidableError: It cannot be told, because a key or a collector is unknown here.
    """
    try:
        policy = Policy.from_json(_object(record.policy))
        observations = list(observations_of(record, policy))
    except (KeyError, ValueError, TypeError) as error:
        raise VerificationError(f"run {record.run} cannot be read: {error}") from error
    plan = make_plan(policy, make_engine(engine_name(policy)))
    check_record(record, policy, plan, [o for o, _digest in observations], approvers)
    judgement = judge_recorded(policy, observations, record.start.now, engine)
    check_summary(record, judgement)
    return verdict_bytes(judgement)


def _object(data: bytes) -> Mapping[str, object]:
    document = parse_canonical(data)
    if not isinstance(document, dict):
        raise VerificationError("not an object")
    return document
