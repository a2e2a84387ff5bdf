"""Verification for the command line: what PATH is, whose trust counts, judging again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.app.assess import verdict_bytes
from auditor.app.engine import make_engine
from auditor.app.project import TRUST_FILE, load_trust
from auditor.app.record_checks import check_record, check_summary
from auditor.app.report_checks import compare_report
from auditor.app.runs import engine_name, find_run, judge_recorded
from auditor.attest.evidence import RunRecord
from auditor.attest.result import VerificationReport
from auditor.attest.trust import NamedKey, TrustPolicy
from auditor.attest.verify import verify_store
from auditor.catalog.config import CONFIG_FILE, load_config
from auditor.core.canonical import digest, parse_canonical
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.errors import UsageError, VerificationError
from auditor.store.local import LocalStore


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be verified.

    Args:
        store: Folder of the evidence store.
        trust: Folder of the trust policy beside it, None where there is none.
        report: Report file to compare with the log and with what it says of its run.
    """

    store: Path
    trust: Path | None
    report: Path | None = None


def find_subject(path: Path, store: Path | None) -> Subject:
    """What PATH is: a working folder, a store, or a report (then the store is beside us).

    Raises:
        UsageError: Nothing of the kind.
    """
    if path.is_file() and path.name != CONFIG_FILE:
        beside = find_subject(store or Path(), None)
        return Subject(beside.store, beside.trust, path)
    folder = path.parent if path.is_file() else path
    if (folder / CONFIG_FILE).is_file():
        loaded = load_config(folder / CONFIG_FILE)
        return Subject(loaded.path(loaded.config.store), loaded.path(loaded.config.trust))
    if (folder / "log").is_dir():
        trust = folder.parent / "trust"
        return Subject(folder, trust if (trust / TRUST_FILE).is_file() else None)
    raise UsageError(
        f"{path} is no working folder with {CONFIG_FILE}, no evidence store and no report",
        hint="auditor verify PATH --trust DIR",
    )


def verify(
    subject: Subject,
    *,
    trust: Path | None,
    run: str | None,
    now: datetime,
    since: Path | None = None,
    engine: str | None = None,
) -> VerificationReport:
    """Walk the numbered steps.

    Args:
        trust: Folder of the trust policy; the working folder's own where it is None.
        engine: Who judges again; each run's own engine where it is None.
        run: Only this run (`latest` and beginnings of ids are understood).
        since: A checkpoint file kept from an earlier look.

    Raises:
        UsageError: There is no such run, store or file.
    """
    store = LocalStore(subject.store)
    if not (subject.store / "log").is_dir():
        raise UsageError(f"there is no evidence store in {subject.store}", hint="auditor scan")
    if since is not None and not since.is_file():
        raise UsageError(
            f"there is no checkpoint file {since}",
            hint="auditor ledger checkpoint > FILE keeps one for the next look",
        )
    policy = _trust(trust, subject)
    approvers = policy.approvers if policy else ()
    report = subject.report
    result = verify_store(
        store.reader(),
        policy,
        run=find_run(store, run) if run else None,
        rejudge=lambda record: rejudge_record(record, approvers, engine),
        now=now,
        remembered=since.read_bytes() if since else None,
        reports={report.name: digest(report.read_bytes())} if report else {},
    )
    return compare_report(report, store, result) if report else result


def _trust(given: Path | None, subject: Subject) -> TrustPolicy | None:
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
        observations = [
            (Observation.from_json(_object(data)), digest(data)) for data in record.observations()
        ]
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
