"""Retention, legal hold and pruning: what may go goes, what must stay stays, both proven."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from auditor.app.export.choice import Wish
from auditor.app.project import load_trust
from auditor.app.upkeep.holds import clear_hold, hold_again, list_holds, read_book, set_hold
from auditor.app.upkeep.prune import Pruned, prune
from auditor.app.verifying import rejudge_record
from auditor.attest.result import StepResult, StepVerdict, VerificationReport
from auditor.attest.verify import verify_store
from auditor.core.canonical import canonical
from auditor.errors import UsageError, VerificationError
from auditor.ledger.entries import LogBody, PruneRecord
from auditor.ledger.retention import pruned_list
from auditor.ledger.runs import RunHistory
from auditor.store.local import LocalStore
from tests.unit.app.bundles import make
from tests.unit.app.company import BEGIN, Company, found, target, ticking

LATER = BEGIN + timedelta(days=500)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Two runs at BEGIN and a third one 300 days later."""
    company = found(tmp_path_factory.mktemp("recorded") / "work", target())
    runs = [company.scan().run, company.scan().run]
    company.clock = ticking(BEGIN + 300 * DAY)
    return company.folder, [*runs, company.scan().run]


@pytest.fixture
def company(recorded: tuple[Path, list[str]], tmp_path: Path) -> Company:
    """The files are as old as the runs."""
    shutil.copytree(recorded[0], tmp_path / "work")
    company = Company(tmp_path / "work", ticking(LATER))
    grow_old(company, BEGIN)
    return company


@pytest.fixture
def runs(recorded: tuple[Path, list[str]]) -> list[str]:
    return recorded[1]


def grow_old(company: Company, time: datetime) -> None:
    for path in (company.folder / "evidence" / "blobs").rglob("*"):
        os.utime(path, (time.timestamp(), time.timestamp()))


def pruned(company: Company, now: datetime = LATER, *, dry_run: bool = False) -> Pruned:
    return prune(company.project(), now=now, clock=company.clock, dry_run=dry_run)


def hold(company: Company, name: str, *runs: str) -> None:
    set_hold(company.project(), name, runs, "a letter", company.clock)


def histories(company: Company) -> dict[str, RunHistory]:
    return dict(read_book(company.project().store).runs)


def evidence(company: Company, run: str) -> list[Path]:
    folder = company.folder / "evidence"
    return [folder / collect.blob.path for collect in histories(company)[run].collects]


def verified(company: Company, run: str | None = None) -> VerificationReport:
    trust = load_trust(company.folder / "trust")
    return verify_store(
        company.project().store.reader(),
        trust,
        run=run,
        rejudge=lambda record: rejudge_record(record, trust.approvers),
        now=LATER + 10 * DAY,
    )


def step(report: VerificationReport, number: int) -> StepResult:
    return report.steps[number]


def told(result: StepResult) -> str:
    return " | ".join([result.detail, *(note.detail for note in result.notes)])


def test_evidence_past_its_retention_goes_and_the_rest_stays(
    company: Company, runs: list[str]
) -> None:
    old = [path for run in runs[:2] for path in evidence(company, run)]
    kept = {p for p in (company.folder / "evidence").rglob("*") if p.is_file()} - set(old)
    assert pruned(company, dry_run=True).blobs == len(old)
    assert all(path.exists() for path in old)
    done = pruned(company)
    assert (done.deleted, done.kept, sorted(done.runs)) == (len(old), 0, sorted(runs[:2]))
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in kept if "tile" not in path.parts)
    assert all(path.exists() for path in evidence(company, runs[2]))


def test_a_bundle_names_what_was_pruned_and_misses_what_was_not(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    gone = {path.name for path in evidence(company, runs[0])}
    (kept, *_rest) = evidence(company, runs[2])
    pruned(company)
    done = make(company, Wish(), tmp_path / "x.zip")
    left = {item.path.rpartition("/")[2]: item.reason for item in done.left_out}
    assert gone
    assert all("deleted after its retention" in left[name] for name in gone)
    assert kept.name not in left
    kept.unlink()
    with pytest.raises(VerificationError, match="missing"):
        make(company, Wish(), tmp_path / "y.zip")


def test_verification_knows_that_it_was_right(company: Company, runs: list[str]) -> None:
    pruned(company)
    report = verified(company)
    assert step(report, 6).verdict is StepVerdict.WARNING
    assert "pruned after its retention" in told(step(report, 6))
    assert step(report, 7).verdict is StepVerdict.WARNING
    assert "past its retention" in told(step(report, 7))
    assert report.exit_code == 0
    one = verified(company, runs[0])
    assert step(one, 7).verdict is StepVerdict.CANNOT_TELL
    assert step(verified(company, runs[2]), 7).verdict is StepVerdict.OK


def test_nothing_is_pruned_before_its_time(company: Company, runs: list[str]) -> None:
    assert pruned(company, BEGIN + 399 * DAY).deleted == 0
    with pytest.raises(UsageError, match="in the future"):
        pruned(company, LATER + 100 * DAY)
    assert all(path.exists() for run in runs for path in evidence(company, run))


def test_what_is_pruned_is_listed_once(company: Company, runs: list[str]) -> None:
    pruned(company)
    size = company.project().store.checkpoint()
    assert pruned(company) == Pruned(tuple(sorted(runs[:2])), 0, 0)
    assert company.project().store.checkpoint() == size


def test_a_blob_that_a_younger_run_refers_to_stays(company: Company, runs: list[str]) -> None:
    shared = histories(company)[runs[0]].collects[0]
    record(company, shared, runs[2])
    done = pruned(company)
    assert (company.folder / "evidence" / shared.blob.path).exists()
    assert done.deleted == len(evidence(company, runs[0])) + len(evidence(company, runs[1])) - 1


def test_what_was_stored_again_a_moment_ago_stays(company: Company, runs: list[str]) -> None:
    fresh = evidence(company, runs[0])[0]
    os.utime(fresh, (LATER.timestamp(), LATER.timestamp()))
    done = pruned(company)
    assert (done.kept, fresh.exists()) == (1, True)


def test_a_run_under_hold_keeps_its_evidence_until_the_hold_is_over(
    company: Company, runs: list[str]
) -> None:
    hold(company, "case-1", runs[0])
    hold(company, "case-2", runs[0], runs[2])
    assert pruned(company).runs == (runs[1],)
    assert all(path.exists() for path in evidence(company, runs[0]))
    assert [h.name for h in list_holds(company.project().store)] == ["case-1", "case-2"]
    assert company.project().store.is_held(runs[0])
    clear_hold(company.project(), "case-1", "settled", company.clock)
    assert pruned(company).deleted == 0  # the other hold stands
    clear_hold(company.project(), "case-2", "settled", company.clock)
    assert not company.project().store.is_held(runs[0])
    assert pruned(company).deleted == len(evidence(company, runs[0]))
    assert verified(company).exit_code == 0


@pytest.mark.parametrize(
    ("name", "run", "reason", "problem"),
    [
        ("case", "", "why", "no run"),
        ("case", "unknown", "why", "no run unknown"),
        ("case", None, " ", "for a reason"),
        ("a b", None, "why", "expected letters"),
        ("ä", None, "why", "expected letters"),
    ],
)
def test_a_hold_that_cannot_be_is_refused(
    company: Company, runs: list[str], name: str, run: str | None, reason: str, problem: str
) -> None:
    wanted = [runs[0]] if run is None else [run] if run else []
    with pytest.raises(UsageError, match=problem):
        set_hold(company.project(), name, wanted, reason, company.clock)


def test_a_hold_that_is_not_there_cannot_be_cleared(company: Company, runs: list[str]) -> None:
    del runs
    with pytest.raises(UsageError, match="no hold"):
        clear_hold(company.project(), "case", "why", company.clock)


def test_a_hold_that_is_set_again_is_not_logged_again(company: Company, runs: list[str]) -> None:
    hold(company, "case", runs[0])
    before = company.project().store.checkpoint()
    hold(company, "case", runs[0])
    assert company.project().store.checkpoint() == before


def record(company: Company, body: LogBody, run: str | None = None) -> None:
    """Put an entry into the log, as an insider with the key may."""
    project = company.project()
    key = project.log_key()
    made = body.model_copy(update={"run": run}) if run else body
    with project.store.open_log(
        key=key.note_key(project.origin), sign=key.sign, clock=company.clock
    ) as log:
        log.append(made)
        log.commit()


def announce(company: Company, *digests: str, data: bytes | None = None, count: int = 0) -> None:
    blob = company.project().store.put(pruned_list(digests) if data is None else data)
    record(company, PruneRecord(before=company.clock(), count=count or len(digests), blob=blob))


def test_a_pruning_that_was_cut_off_is_completed(company: Company, runs: list[str]) -> None:
    blobs = [c.blob for run in runs[:2] for c in histories(company)[run].collects]
    announce(company, *(blob.digest for blob in blobs))
    before = company.project().store.checkpoint()
    assert pruned(company).deleted == len(blobs)
    assert company.project().store.checkpoint() == before


def test_evidence_that_is_missing_and_not_listed_is_bad(company: Company, runs: list[str]) -> None:
    pruned(company)
    path = evidence(company, runs[2])[0]
    path.unlink()
    result = step(verified(company), 6)
    assert (result.verdict, result.where) == (
        StepVerdict.BAD,
        path.relative_to(company.folder / "evidence").as_posix(),
    )


def insider(company: Company, run: str, prepare: Callable[[], None] = lambda: None) -> StepResult:
    """Evidence of a run is deleted with an entry that says that it was pruned."""
    prepare()
    blob = histories(company)[run].collects[0].blob
    announce(company, blob.digest)
    (company.folder / "evidence" / blob.path).unlink()
    return step(verified(company), 6)


def test_evidence_pruned_too_early_is_bad(company: Company, runs: list[str]) -> None:
    result = insider(company, runs[2])
    assert (result.verdict, "was to be kept until" in told(result)) == (StepVerdict.BAD, True)


def test_evidence_pruned_under_a_hold_is_bad(company: Company, runs: list[str]) -> None:
    result = insider(company, runs[0], lambda: hold(company, "case", runs[0]))
    assert (result.verdict, "was under a legal hold" in told(result)) == (StepVerdict.BAD, True)


def test_a_hold_after_the_pruning_comes_too_late(company: Company, runs: list[str]) -> None:
    pruned(company)
    hold(company, "case", runs[0])
    assert step(verified(company), 6).verdict is StepVerdict.WARNING


def test_evidence_that_a_later_run_refers_to_is_bad(company: Company, runs: list[str]) -> None:
    shared = histories(company)[runs[0]].collects[0]
    announce(company, shared.blob.digest)
    record(company, shared, runs[1])
    (company.folder / "evidence" / shared.blob.path).unlink()
    result = step(verified(company), 6)
    assert (result.verdict, "refers to it after that" in told(result)) == (StepVerdict.BAD, True)


@pytest.mark.parametrize("kind", ["policy", "verdicts"])
def test_policies_and_verdicts_are_never_pruned(
    company: Company, runs: list[str], kind: str
) -> None:
    history = histories(company)[runs[0]]
    assert history.start is not None
    assert history.verdicts is not None
    blob = history.start.policy if kind == "policy" else history.verdicts.blob
    announce(company, blob.digest)
    (company.folder / "evidence" / blob.path).unlink()
    result = step(verified(company), 6)
    assert (result.verdict, "no evidence that may" in told(result)) == (StepVerdict.BAD, True)


@pytest.mark.parametrize("what", ["gone", "nonsense", "unsorted", "count", "list", "schema"])
def test_a_list_that_cannot_be_read_excuses_nothing(
    company: Company, runs: list[str], what: str
) -> None:
    blob = histories(company)[runs[0]].collects[0].blob
    other = f"sha256:{'f' * 64}"
    good = {"schema": "pruned-1", "digests": sorted([blob.digest, other])}
    data = {
        "gone": canonical(good),
        "nonsense": b"nonsense",
        "unsorted": canonical(good | {"digests": sorted([blob.digest, other], reverse=True)}),
        "count": canonical(good),
        "list": canonical(good | {"digests": "x"}),
        "schema": canonical(good | {"schema": "pruned-2"}),
    }[what]
    announce(company, data=data, count=3 if what == "count" else 2)
    if what == "gone":
        pruning = read_book(company.project().store).retention.prunings[0]
        (company.folder / "evidence" / pruning.record.blob.path).unlink()
    (company.folder / "evidence" / blob.path).unlink()
    assert step(verified(company), 6).verdict is StepVerdict.BAD


def test_a_pruned_blob_that_comes_back_is_no_difference(company: Company, runs: list[str]) -> None:
    path = evidence(company, runs[0])[0]
    data = path.read_bytes()
    pruned(company)
    path.write_bytes(data)
    assert verified(company).exit_code == 0
    path.write_bytes(b"other")
    assert step(verified(company), 6).verdict is StepVerdict.BAD


def test_a_run_without_a_promise_is_never_pruned(company: Company, runs: list[str]) -> None:
    book = read_book(company.project().store)
    history = book.runs[runs[0]]
    assert history.start is not None
    start = history.start.model_copy(update={"retain_until": None})
    record(company, start.model_copy(update={"run": "no-promise"}))
    record(company, history.collects[0], "no-promise")
    blob = history.collects[0].blob
    path = company.folder / "evidence" / blob.path
    pruned(company)
    assert path.exists()
    announce(company, blob.digest)
    path.unlink()
    result = step(verified(company), 6)
    assert (result.verdict, "no end of retention" in told(result)) == (StepVerdict.BAD, True)


def test_personal_values_go_with_the_evidence_unless_a_younger_run_has_them(
    company: Company, runs: list[str]
) -> None:
    store = company.project().store
    collect = histories(company)[runs[0]].collects[0]
    alone, shared, held = (store.put_disclosures(b'["%d"]\n' % number) for number in range(3))
    for reference, users in ((alone, runs[:1]), (shared, [runs[0], runs[2]]), (held, runs[1:2])):
        for run in users:
            record(company, collect.model_copy(update={"disclosures": reference}), run)
    hold(company, "case", runs[1])
    assert pruned(company, dry_run=True).disclosures == 1
    assert pruned(company).disclosures == 1
    left = set(store.reader().paths("vault"))
    assert left == {f"vault/{reference.path}" for reference in (shared, held)}


def test_a_lock_that_was_missed_is_set_again(company: Company, runs: list[str]) -> None:
    hold(company, "case", runs[0])
    store = Remembering(company.folder / "evidence")
    hold_again(store, runs[1])
    assert store.held == set()
    hold_again(store, runs[0])
    assert {collect.blob.path for collect in histories(company)[runs[0]].collects} < store.held
    assert f"runs/{runs[0]}/statement.sigstore.json" in store.held


class Remembering(LocalStore):
    """A store that says what it was asked to hold."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.held: set[str] = set()

    def hold(self, paths: Iterable[str]) -> None:
        self.held |= set(paths)
