"""What goes into a bundle, and what verification says of what does not."""

from __future__ import annotations

import shutil
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.app.export.archive import Archive
from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras
from auditor.app.export.period import Period, parse_period
from auditor.app.package_view import PackageView
from auditor.app.reperform import exit_code, reperform
from auditor.app.selection import Selection
from auditor.app.subject import find_subject
from auditor.app.verifying import verify
from auditor.attest.evidence import Evidence
from auditor.attest.package import MANIFEST, SIGNATURE, SUMS, Manifest
from auditor.attest.result import StepVerdict, VerificationReport
from auditor.attest.verify import PACKAGE_STEPS, take_steps
from auditor.core.canonical import canonical
from auditor.errors import ExitCode, UsageError, VerificationError
from auditor.ledger.entries import HoldRecord, PruneRecord
from tests.unit.app.bundles import LATER, check, make, on_day, pack, sealed, unpacked, with_report
from tests.unit.app.company import BEGIN, CONTROL, Company, target, ticking, write_library
from tests.unit.app.company import check as control_check
from tests.unit.app.conftest import MakeCompany

DAYS = (0, 10, 20, 30)


@pytest.fixture
def runs(company: Company) -> list[str]:
    return [on_day(company, day) for day in DAYS]


def manifest_of(path: Path) -> Manifest:
    return Manifest.parse(unpacked(path)[MANIFEST])


def notes(report: VerificationReport, number: int) -> str:
    return "\n".join(note.detail for note in report.steps[number].notes)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026", (2026, 1, 1), (2027, 1, 1)),
        ("2026-Q1", (2026, 1, 1), (2026, 4, 1)),
        ("2026-Q4", (2026, 10, 1), (2027, 1, 1)),
        ("2026-12", (2026, 12, 1), (2027, 1, 1)),
        ("2026-02", (2026, 2, 1), (2026, 3, 1)),
        ("2026-02-03..2026-03-04", (2026, 2, 3), (2026, 3, 4)),
        ("2026-02-03T02:00:00+02:00..2026-03-04", (2026, 2, 3), (2026, 3, 4)),
    ],
)
def test_periods_are_half_open_and_in_utc(
    text: str, since: tuple[int, int, int], until: tuple[int, int, int]
) -> None:
    period = parse_period(text)
    assert period == Period(datetime(*since, tzinfo=UTC), datetime(*until, tzinfo=UTC))
    assert period.since in period
    assert period.until not in period


@pytest.mark.parametrize(
    "text",
    ["", "2026-Q5", "2026-13", "Q3", "0000", "9999", "2026-01-01..2026-01-01", "2026-02-30..2027",
     "2026-01-01T00:00:00..2026-02-01", "2026-03-01..2026-02-01", ".."],
)  # fmt: skip
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_period(text)


def test_a_bundle_of_one_run_verifies_by_itself(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    done = make(company, Wish(runs=(runs[1],)), tmp_path / "x.zip")
    report = check(company, tmp_path / "x.zip")
    assert report.exit_code is ExitCode.OK, report.to_json()
    assert (done.runs, done.left_out) == (1, ())
    manifest = manifest_of(tmp_path / "x.zip")
    assert manifest.runs == [runs[1]]
    assert "not in the bundle: 1 to" in notes(report, 3)
    assert "1 runs judged again" in report.steps[7].detail


def test_an_unpacked_bundle_verifies_as_well(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    make(company, Wish(runs=(runs[0],)), tmp_path / "x.zip")
    folder = tmp_path / "unpacked"
    for name, data in unpacked(tmp_path / "x.zip").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    assert check(company, folder).exit_code is ExitCode.OK
    (folder / "entries" / "0.json").unlink()
    assert check(company, folder).exit_code is ExitCode.INTEGRITY


def test_equal_input_gives_equal_bytes_but_for_the_signature(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    for name in ("a.zip", "b.zip"):
        make(company, Wish(runs=tuple(runs[:2])), tmp_path / name)
    one, two = unpacked(tmp_path / "a.zip"), unpacked(tmp_path / "b.zip")
    assert list(one) == list(two)
    assert {name for name in one if one[name] != two[name]} <= {SIGNATURE, SUMS}
    same = sealed(one, company.project().run_key())
    assert (
        pack(same, tmp_path / "c.zip").read_bytes() == pack(same, tmp_path / "d.zip").read_bytes()
    )


def test_a_period_takes_every_run_of_it_and_reaches_past_it(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    period = Period(BEGIN + timedelta(days=5), BEGIN + timedelta(days=25))
    make(company, Wish(period=period), tmp_path / "x.zip")
    manifest = manifest_of(tmp_path / "x.zip")
    assert manifest.runs == runs[1:3]
    report = check(company, tmp_path / "x.zip")
    assert report.exit_code is ExitCode.OK, report.to_json()
    assert manifest.before == runs[:1]
    assert manifest.span.last < manifest.size - 1
    open_end = Period(BEGIN + timedelta(days=5), BEGIN + timedelta(days=60))
    make(company, Wish(period=open_end), tmp_path / "y.zip")
    late = check(company, tmp_path / "y.zip")
    assert late.exit_code is ExitCode.OK
    assert "before the period does" in notes(late, 3)


def test_a_run_left_out_of_a_period_is_found(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    """Cherry-picked runs: the insider signs a manifest that does not name the inconvenient one."""
    period = Period(BEGIN + timedelta(days=5), BEGIN + timedelta(days=25))
    make(company, Wish(period=period), tmp_path / "x.zip")
    key = company.project().run_key()
    fewer = sealed(unpacked(tmp_path / "x.zip"), key, runs=runs[1:2])
    report = check(company, pack(fewer, tmp_path / "y.zip"))
    assert report.exit_code is ExitCode.INTEGRITY
    assert f"{runs[2]} is of the period and was left out" in notes(report, 3)


def test_a_span_that_does_not_reach_past_the_period_cannot_be_told(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    make(company, Wish(runs=tuple(runs[1:3])), tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    wish = Wish(period=Period(BEGIN + timedelta(days=5), BEGIN + timedelta(days=25)))
    narrow = sealed(members, company.project().run_key(), chosen=wish.chosen)
    report = check(company, pack(narrow, tmp_path / "y.zip"))
    assert report.exit_code is ExitCode.INCOMPLETE
    assert "runs of it may be missing" in notes(report, 3)


def test_a_control_takes_the_runs_that_judged_it(make_company: MakeCompany, tmp_path: Path) -> None:
    company = make_company(target())
    without = on_day(company, 0)
    library = company.folder / "library"
    second = control_check("thing", "high")
    (library / "access" / "other-things").mkdir()
    text = write_library(library, [second]).read_text("utf-8")
    path = library / "access" / "other-things" / "control.yaml"
    path.write_text(text.replace(f"id: {CONTROL}", "id: other-things"), "utf-8")
    with_it = on_day(company, 1)
    make(company, Wish(control="other-things"), tmp_path / "x.zip")
    assert manifest_of(tmp_path / "x.zip").runs == [with_it]
    assert check(company, tmp_path / "x.zip").exit_code is ExitCode.OK
    hidden = on_day(company, 2)
    make(company, Wish(control="other-things"), tmp_path / "y.zip")
    members = sealed(unpacked(tmp_path / "y.zip"), company.project().run_key(), runs=[with_it])
    report = check(company, pack(members, tmp_path / "z.zip"))
    assert report.exit_code is ExitCode.INTEGRITY
    assert f"run {hidden} judged other-things and is not in the bundle" in notes(report, 6)
    with pytest.raises(UsageError, match="no such run"):
        make(company, Wish(control="nothing"), tmp_path / "z.zip")
    assert without not in manifest_of(tmp_path / "y.zip").runs


def test_what_was_left_out_is_named_and_never_ok(make_company: MakeCompany, tmp_path: Path) -> None:
    company = make_company(target())
    write_library(company.folder / "library", [control_check("thing", "high")])
    path = company.folder / "library" / "access" / "more" / "control.yaml"
    path.parent.mkdir()
    text = write_library(company.folder / "library", [control_check("other", "low")])
    path.write_text(text.read_text("utf-8").replace(f"id: {CONTROL}", "id: more"), "utf-8")
    write_library(company.folder / "library", [control_check("thing", "high")])
    run = on_day(company, 0)
    done = make(company, Wish(control="more", only_needed=True), tmp_path / "x.zip")
    assert [item.reason for item in done.left_out] == ["no check of more reads it"]
    report = check(company, tmp_path / "x.zip")
    assert report.exit_code is ExitCode.INCOMPLETE
    assert report.steps[6].verdict is StepVerdict.CANNOT_TELL
    assert report.steps[7].verdict is StepVerdict.CANNOT_TELL
    (result,) = reperform(find_subject(tmp_path / "x.zip"), run, LATER)
    assert result.same is None
    assert "the findings of more are the same" in result.note
    assert exit_code([result]) is ExitCode.INCOMPLETE


def test_a_left_out_blob_that_is_not_declared_is_bad(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    make(company, Wish(runs=(runs[0],)), tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    gone = next(name for name in members if name.startswith("blobs/"))
    del members[gone]
    fewer = sealed(members, company.project().run_key())
    report = check(company, pack(fewer, tmp_path / "y.zip"))
    assert report.exit_code is ExitCode.INTEGRITY
    assert report.steps[6].where == gone


def test_growth_since_an_earlier_checkpoint_is_proven(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    store = company.project().store
    head = store.checkpoint()
    assert head is not None
    kept = tmp_path / "head"
    kept.write_bytes(head.to_bytes())
    on_day(company, 35)
    size = head.checkpoint.size
    make(company, Wish(runs=(runs[0],)), tmp_path / "without.zip")
    extras = Extras(since_sizes=(size, size, 1))
    make(company, Wish(runs=(runs[0],)), tmp_path / "with.zip", extras)
    trust = company.project().trust_folder

    def since(name: str, checkpoint: Path) -> VerificationReport:
        subject = find_subject(tmp_path / name)
        return verify(subject, trust=trust, run=None, now=LATER, since=checkpoint)

    assert since("with.zip", kept).exit_code is ExitCode.OK
    unknown = since("without.zip", kept)
    assert unknown.exit_code is ExitCode.INCOMPLETE
    assert f"no proof from the {size} entries" in unknown.steps[2].detail
    same = tmp_path / "same"
    newest = store.checkpoint()
    assert newest is not None
    same.write_bytes(newest.to_bytes())
    assert since("without.zip", same).exit_code is ExitCode.OK
    proof = f"consistency/{size}"
    members = unpacked(tmp_path / "with.zip")
    members[proof] = members["consistency/1"]
    other = sealed(members, company.project().run_key())
    pack(other, tmp_path / "other.zip")
    assert since("other.zip", kept).exit_code is ExitCode.INTEGRITY
    with pytest.raises(UsageError, match="never had"):
        make(company, Wish(runs=(runs[0],)), tmp_path / "y.zip", Extras(since_sizes=(10**6,)))


def test_a_fork_of_the_log_is_not_the_continuation_of_the_checkpoint_that_was_kept(
    company: Company, tmp_path: Path
) -> None:
    """Both logs are signed by the real key: only the kept checkpoint tells them apart."""
    on_day(company, 0)
    fork = tmp_path / "fork"
    shutil.copytree(company.folder, fork)
    on_day(company, 1)
    head = company.project().store.checkpoint()
    assert head is not None
    (tmp_path / "head").write_bytes(head.to_bytes())
    other = Company(fork, company.clock)
    run = on_day(other, 2)
    on_day(other, 3)
    make(other, Wish(runs=(run,)), tmp_path / "x.zip", Extras(since_sizes=(head.checkpoint.size,)))
    trust = company.project().trust_folder
    subject = find_subject(tmp_path / "x.zip")
    report = verify(subject, trust=trust, run=None, now=LATER, since=tmp_path / "head")
    assert report.exit_code is ExitCode.INTEGRITY
    assert "does not continue the earlier checkpoint" in report.steps[2].detail


@pytest.mark.parametrize(("days", "code"), [(10, ExitCode.OK), (9, ExitCode.INTEGRITY)])
def test_a_bundle_older_than_allowed_is_a_replay(
    company: Company, runs: list[str], tmp_path: Path, days: int, code: ExitCode
) -> None:
    make(company, Wish(runs=(runs[0], runs[3])), tmp_path / "x.zip")
    report = verify(
        find_subject(tmp_path / "x.zip"),
        trust=company.project().trust_folder,
        run=None,
        now=BEGIN + timedelta(days=40),
        max_age=timedelta(days=days),
    )
    assert report.exit_code is code
    assert ("older than 9d" in report.steps[4].detail) == (code is ExitCode.INTEGRITY)


def test_reports_that_the_log_knows_go_along(company: Company, tmp_path: Path) -> None:
    run = on_day(company, 0)
    path = with_report(company, run, tmp_path / "our report.json", 1)
    make(company, Wish(runs=(run,)), tmp_path / "x.zip", Extras(reports=(path,)))
    members = unpacked(tmp_path / "x.zip")
    assert members["reports/our-report.json"] == path.read_bytes()
    assert check(company, tmp_path / "x.zip").exit_code is ExitCode.OK
    members["reports/our-report.json"] += b" "
    forged = sealed(members, company.project().run_key())
    report = check(company, pack(forged, tmp_path / "y.zip"))
    assert report.exit_code is ExitCode.INTEGRITY
    assert report.steps[8].where == "reports/our-report.json"
    path.write_bytes(b"{}")
    with pytest.raises(UsageError, match="the log knows no such bytes"):
        make(company, Wish(runs=(run,)), tmp_path / "z.zip", Extras(reports=(path,)))


def test_a_report_that_lies_is_found_although_the_log_knows_it(
    company: Company, tmp_path: Path
) -> None:
    run = on_day(company, 0)
    path = with_report(company, run, tmp_path / "report.json", 1, honest=False)
    on_day(company, 2)
    make(company, Wish(runs=(run,)), tmp_path / "x.zip", Extras(reports=(path,)))
    report = check(company, tmp_path / "x.zip")
    assert report.exit_code is ExitCode.INTEGRITY
    assert "does not say what the signed data" in report.steps[8].detail


def test_the_earlier_states_of_the_log_that_a_bundle_shows_are_those_of_the_store(
    company: Company, runs: list[str], tmp_path: Path
) -> None:
    make(company, Wish(runs=(runs[1],)), tmp_path / "x.zip")
    reader = find_subject(tmp_path / "x.zip").package
    assert reader is not None
    evidence = Evidence(reader=reader, trust=None, run=None, rejudge=None, now=LATER)
    take_steps(evidence, PACKAGE_STEPS[:4])
    view, store = PackageView(evidence), company.project().store
    for index in manifest_of(tmp_path / "x.zip").indexes:
        assert view.head(index + 1) == store.head(index + 1)
    with pytest.raises(UsageError, match="does not show"):
        view.head(3)


def test_a_report_that_is_too_old_is_a_replay_even_beside_newer_runs(
    company: Company, tmp_path: Path
) -> None:
    run = on_day(company, 0)
    path = with_report(company, run, tmp_path / "report.json", 1)
    newest = on_day(company, 30)
    wish = Wish(runs=(run, newest))
    make(company, wish, tmp_path / "x.zip", Extras(reports=(path,)))
    report = verify(
        find_subject(tmp_path / "x.zip"),
        trust=company.project().trust_folder,
        run=None,
        now=BEGIN + timedelta(days=31),
        max_age=timedelta(days=7),
    )
    assert report.exit_code is ExitCode.INTEGRITY
    assert report.steps[4].detail.startswith(f"reports/report.json is of {run}")


def test_holds_and_keys_go_along_wherever_they_stand(company: Company, tmp_path: Path) -> None:
    first = on_day(company, 0)
    project = company.project()
    key = project.log_key()
    with project.store.open_log(
        key=key.note_key(project.origin), sign=key.sign, clock=lambda: BEGIN + timedelta(days=1)
    ) as log:
        index = log.append(HoldRecord(hold="case-1", action="set", runs=[first], reason="court"))
        log.commit()
    run = on_day(company, 2)
    make(company, Wish(runs=(run,)), tmp_path / "x.zip")
    manifest = manifest_of(tmp_path / "x.zip")
    assert manifest.entries[:2] == [0, index]


def test_a_damaged_store_is_not_exported(company: Company, runs: list[str], tmp_path: Path) -> None:
    store = company.project().store
    history = store.history(runs[0])
    assert history is not None
    assert history.verdicts is not None
    blob = company.folder / "evidence" / history.verdicts.blob.path
    data = blob.read_bytes()
    blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(VerificationError) as caught:
        make(company, Wish(runs=(runs[0],)), tmp_path / "x.zip")
    assert caught.value.where == history.verdicts.blob.path
    blob.unlink()
    with pytest.raises(VerificationError, match="missing"):
        make(company, Wish(runs=(runs[0],)), tmp_path / "x.zip")
    assert list(tmp_path.glob("*.zip")) == []
    assert list(tmp_path.glob(".*.tmp")) == []


def test_evidence_that_was_deleted_after_its_retention_is_said_to_be(
    company: Company, tmp_path: Path
) -> None:
    run = on_day(company, 0)
    project = company.project()
    history = project.store.history(run)
    assert history is not None
    gone = history.collects[0].blob
    key = project.log_key()
    named = key.note_key(project.origin)
    clock = ticking(BEGIN + timedelta(days=1))
    with project.store.open_log(key=named, sign=key.sign, clock=clock) as log:
        listed = project.store.put(canonical({"blobs": [gone.digest]}))
        log.append(PruneRecord(before=BEGIN + timedelta(days=1), count=1, blob=listed))
        log.commit()
    (company.folder / "evidence" / gone.path).unlink()
    done = make(company, Wish(runs=(run,)), tmp_path / "x.zip")
    assert [item.path for item in done.left_out] == [gone.path]
    report = check(company, tmp_path / "x.zip")
    assert report.exit_code is ExitCode.INCOMPLETE
    assert listed.path in unpacked(tmp_path / "x.zip")
    (result,) = reperform(find_subject(tmp_path / "x.zip"), None, LATER)
    assert (result.same, result.note) == (None, "evidence of this run is not here")


def test_selected_runs_that_are_not_there_are_a_usage_error(
    company: Company, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no log yet"):
        make(company, Wish(runs=("x",)), tmp_path / "x.zip")
    company.scan(Selection())
    with pytest.raises(UsageError, match="no run x"):
        make(company, Wish(runs=("x",)), tmp_path / "x.zip")


def test_a_large_blob_is_copied_without_holding_it(tmp_path: Path) -> None:
    """What is packed is streamed: the memory of an export does not grow with its evidence."""
    piece = b"\0" * (1 << 20)
    tracemalloc.start()
    with Archive(tmp_path / "x.zip") as archive:
        archive.add_stream("blobs/big", (piece for _ in range(256)), 256 << 20)
        archive.publish()
    report = find_subject(tmp_path / "x.zip")
    assert report.package is not None
    assert sum(map(len, report.package.chunks("blobs/big"))) == 256 << 20
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20
