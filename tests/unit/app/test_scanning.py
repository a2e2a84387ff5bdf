"""One run from plan to signature, over a collector in memory."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.app.verifying import find_subject, verify
from auditor.core.model.assessment import Assessment
from auditor.core.model.status import Cause, Outcome, Status
from auditor.errors import ConfigError, ExitCode, NothingEvaluatedError, StoreError
from auditor.store.files import store_errors
from auditor.store.lock import exclusive_lock
from tests.unit.app.company import BEGIN, CHECKS, Company, by_key, check, target, write_library
from tests.unit.app.conftest import MakeCompany


def entry_types(company: Company) -> list[str]:
    return [entry.body.type for entry in company.project().store.entries()]


def verified(company: Company) -> ExitCode:
    return verify(find_subject(company.folder, None), trust=None, run=None, now=BEGIN).exit_code


def test_an_honest_target_passes_and_the_log_tells_the_run_in_order(company: Company) -> None:
    assessment = company.scan()
    assert assessment.outcome is Outcome.OK
    assert {f.status for f in assessment.findings} == {Status.PASS}
    expected = ["key", "run.start", "collect", "collect", "verdicts", "run.end"]
    assert entry_types(company) == expected


@pytest.mark.parametrize(
    ("mode", "missing"),
    [
        ("raises after one", {"thing"}),
        ("forgets one", {"thing"}),
        ("raises at once", {"thing", "other"}),
        ("denied", {"thing", "other"}),
        ("twice", {"other"}),
    ],
)
def test_what_a_collector_fails_to_read_is_error_and_never_pass(
    make_company: MakeCompany, mode: str, missing: set[str]
) -> None:
    assessment = make_company(target(mode=mode)).scan()
    assert assessment.outcome is Outcome.INCOMPLETE
    for finding in assessment.findings:
        if finding.check in missing:
            continue
        assert finding.status is Status.PASS, finding
    unread = {f.check for f in assessment.findings if f.status is Status.ERROR}
    assert missing <= unread


def test_a_defective_collector_spoils_only_its_own_target(make_company: MakeCompany) -> None:
    made = make_company(target("broken", mode="raises at once"), target("sound"))
    assessment = made.scan()
    by_target: dict[str, set[Status]] = {}
    for finding in assessment.findings:
        by_target.setdefault(finding.target, set()).add(finding.status)
    assert by_target == {"broken": {Status.ERROR}, "sound": {Status.PASS}}


def test_an_active_type_without_permission_to_probe_is_an_error_that_says_what_to_type(
    company: Company,
) -> None:
    write_library(company.folder / "library", [check("probe", "high")])
    (finding,) = company.scan().findings
    assert finding.cause is Cause.PROBE_NOT_ALLOWED
    assert finding.hint == "auditor scan --allow-probes"
    allowed = company.scan(allow_probes=True)
    assert {f.status for f in allowed.findings} == {Status.PASS}


def test_an_empty_population_follows_on_empty(make_company: MakeCompany) -> None:
    assessment = make_company(target(mode="empty")).scan()
    assert {f.status for f in assessment.findings} == {Status.ERROR}


def test_a_keyboard_interrupt_in_mid_collection_leaves_a_run_without_an_end(
    make_company: MakeCompany,
) -> None:
    company = make_company(target(mode="interrupted"))
    with pytest.raises(KeyboardInterrupt):
        company.scan()
    assert entry_types(company) == ["key", "run.start", "collect"]
    assert company.project().store.latest() is None
    assert verified(company) is ExitCode.OK


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file may grow past `limit` bytes, which the kernel refuses as a full disk is refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_fills_up_ends_the_run_with_its_reason_and_breaks_nothing(
    company: Company,
) -> None:
    company.scan()
    told: list[str] = []
    before = entry_types(company)
    with full_disk(200), pytest.raises(StoreError, match="refuses") as caught:
        company.scan(progress=told.append)
    assert "free space" in caught.value.hint
    assert entry_types(company)[: len(before)] == before
    assert verified(company) is ExitCode.OK
    assert company.scan().outcome is Outcome.OK
    assert verified(company) is ExitCode.OK


class _StopsWriting:
    """A clock that makes the disk refuse once reading has begun."""

    def __init__(self, company: Company) -> None:
        self.inner = company.clock
        self.told: list[str] = []

    def tell(self, line: str) -> None:
        """As the first target is read, the room ends."""
        self.told.append(line)
        if line.endswith("types"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def test_an_abort_that_cannot_be_written_does_not_hide_what_ended_the_run(
    company: Company,
) -> None:
    stops = _StopsWriting(company)
    with full_disk(1 << 20), pytest.raises(StoreError, match="refuses") as caught:
        company.scan(progress=stops.tell)
    assert caught.value.where == str(company.folder / "evidence" / "blobs")
    assert "the log could not be told" in stops.told[-1]
    assert [run.outcome for run in company.project().store.runs()] == [None]


def test_a_store_that_is_not_a_folder_is_refused_before_anything_is_read(
    company: Company,
) -> None:
    (company.folder / "evidence").write_text("in the way", "utf-8")
    told: list[str] = []
    with pytest.raises(StoreError) as caught:
        company.scan(progress=told.append)
    assert caught.value.where.startswith(str(company.folder / "evidence"))
    assert told == []


def test_a_log_key_of_the_wrong_kind_is_found_before_anything_is_written(
    company: Company,
) -> None:
    company.configure(keys={"run": "keys/run.pem", "log": "keys/run.pem"})
    with pytest.raises(ConfigError, match="Ed25519"):
        company.scan()
    assert not (company.folder / "evidence").exists()


def test_another_process_that_holds_the_log_is_waited_for_and_named(company: Company) -> None:
    company.scan()
    project = company.project()
    key = project.log_key()
    lock = company.folder / "evidence" / "lock"
    with (
        exclusive_lock(lock, 1),
        pytest.raises(StoreError, match=f"pid {os.getpid()}") as caught,
        store_errors("log"),
        project.store.open_log(
            key=key.note_key(project.origin), sign=key.sign, clock=company.clock, timeout_s=0.05
        ),
    ):
        raise AssertionError("the log was opened twice")
    assert "wait for the other run" in caught.value.hint


def test_two_scans_at_once_are_both_whole_in_one_log(company: Company) -> None:
    together = threading.Barrier(2)
    done: list[Assessment] = []

    def one() -> None:
        scan = Scan(company.project(), company.clock, ScanOptions(workers=1))
        together.wait(timeout=30)
        done.append(scan.execute(Selection()))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len({assessment.run for assessment in done}) == 2
    assert sorted(entry_types(company)) == sorted(
        ["key", *2 * ["run.start", "collect", "collect", "verdicts", "run.end"]]
    )
    assert verified(company) is ExitCode.OK


def test_a_key_that_cannot_be_read_is_found_before_anything_is_read_or_written(
    company: Company,
) -> None:
    (company.folder / "keys" / "log.pem").unlink()
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        company.scan()
    assert "auditor init makes one" in caught.value.hint
    assert not (company.folder / "evidence").exists()


def test_a_scope_that_is_false_everywhere_is_nothing_evaluated(company: Company) -> None:
    write_library(company.folder / "library", [check("thing", "high", scope="target.name == 'x'")])
    with pytest.raises(NothingEvaluatedError, match="false for every target"):
        company.scan()
    assert not (company.folder / "evidence").exists()


def test_a_failing_thing_fails_by_name(make_company: MakeCompany) -> None:
    assessment = make_company(target(bad=["a"])).scan(Selection(controls=("things-in-order",)))
    findings = by_key(assessment.findings)
    assert findings["a"].status is Status.FAIL
    assert findings["b"].status is Status.PASS
    assert assessment.outcome is Outcome.FAILING
    assert len(CHECKS) * 2 == len(assessment.findings)


def test_nothing_is_left_beside_the_evidence(company: Company) -> None:
    company.scan()
    left = {path.name for path in (company.folder / "evidence").iterdir()}
    assert left <= {"blobs", "index.sqlite", "lock", "log", "runs", "tmp"}
    assert list(Path(company.folder / "evidence" / "tmp").iterdir()) == []
