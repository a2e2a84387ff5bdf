"""A bundle of a period holds what its report hangs on: the same report comes out of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.app.export.choice import Wish, choose
from auditor.app.export.make import Exported, Extras
from auditor.app.export.period import Period
from auditor.app.package_view import PackageView
from auditor.app.period.make import PeriodRequest, make_period
from auditor.app.period.reach import Reach, make_with_reach, shortfall
from auditor.app.selection import Selection
from auditor.app.subject import find_subject
from auditor.attest.evidence import Evidence
from auditor.attest.package import MANIFEST, Chosen, Manifest, Span
from auditor.attest.result import StepVerdict, VerificationReport
from auditor.attest.verify import PACKAGE_STEPS, take_steps
from auditor.core.canonical import digest
from auditor.core.model.period_report import Bounds
from auditor.errors import ExitCode, UsageError, VerificationError
from auditor.ledger.entries import Report, RunAbort
from auditor.render.period.json_v1 import PeriodJsonRenderer
from tests.unit.app.bundles import LATER, check, make, on_day, pack, sealed, unpacked
from tests.unit.app.company import BEGIN, Company, found, target, ticking

PERIOD = Period(BEGIN + timedelta(days=25), BEGIN + timedelta(days=35))
BOUNDS = Bounds("this", PERIOD.since, PERIOD.until)
DAYS = (0, 10, 20, 30, 40)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The thing `a` fails from day 10 on; the period has the run of day 30."""
    made = found(tmp_path_factory.mktemp("periods") / "work", target())
    for day in DAYS:
        if day:
            made.configure(targets=[target(bad=["a"])])
        on_day(made, day)
    return made


def runs_of(company: Company) -> list[str]:
    return sorted(line.id for line in company.project().store.runs())


def viewed(path: Path) -> tuple[PackageView, int]:
    """The bundle as a store, after verification; and the size of its log."""
    subject = find_subject(path)
    assert subject.package is not None
    evidence = Evidence(subject.package, trust=None, run=None, rejudge=None, now=LATER)
    take_steps(evidence, PACKAGE_STEPS)
    return PackageView(evidence), evidence.checkpoint.checkpoint.size


def exported(company: Company, path: Path, *reports: Path) -> Exported:
    extras = Extras(reports=reports, trust=company.project().trust_folder)
    return make(company, Wish(period=PERIOD), path, extras)


def reported(company: Company, path: Path, day: int = 41) -> Path:
    """A report of the period, noted in the log on a day after BEGIN."""
    project = company.project()
    signed = project.store.checkpoint()
    assert signed is not None
    made = make_period(project.store, PeriodRequest(_named()), signed.checkpoint.size)
    path.write_bytes(PeriodJsonRenderer().render(made.report))
    key = project.log_key()
    note = Report(run=made.reporter, format="period-json", digest=digest(path.read_bytes()))
    clock = ticking(BEGIN + timedelta(days=day))
    with project.store.open_log(
        key=key.note_key(project.origin), sign=key.sign, clock=clock
    ) as log:
        log.append(note)
        log.commit()
    return path


def _named() -> Bounds:
    text = f"{PERIOD.since:%Y-%m-%dT%H:%M:%SZ}/{PERIOD.until:%Y-%m-%dT%H:%M:%SZ}"
    return replace(BOUNDS, name=text)


def last_step(report: VerificationReport) -> tuple[StepVerdict, str]:
    return report.steps[8].verdict, report.steps[8].detail


def test_the_report_from_the_bundle_is_that_from_the_store(
    company: Company, tmp_path: Path
) -> None:
    done = exported(company, tmp_path / "x.zip")
    assert done.no_report == ""
    view, size = viewed(tmp_path / "x.zip")
    request = PeriodRequest(BOUNDS)
    store = company.project().store
    here, there = make_period(view, request, size), make_period(store, request, size)
    render = PeriodJsonRenderer().render
    assert render(here.report) == render(there.report)
    (finding,) = [
        one for one in here.report.findings if one.resource == "a" and one.check == "thing"
    ]
    assert finding.first_seen == BEGIN + timedelta(days=10)
    assert not here.whole


def test_runs_before_the_period_are_named_and_have_no_observations(
    company: Company, tmp_path: Path
) -> None:
    """Days 10 and 20 saw the failure, day 0 that it was not there; nothing is before that."""
    done = exported(company, tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    manifest = Manifest.parse(members[MANIFEST])
    runs = runs_of(company)
    assert (manifest.runs, manifest.before) == ([runs[3]], runs[:3])
    assert done.before == 3
    store = company.project().store
    histories = [history for run in runs if (history := store.history(run)) is not None]
    for history in histories[:3]:
        assert history.verdicts is not None
        assert history.verdicts.blob.path in members
        assert f"runs/{history.run}/statement.sigstore.json" in members
    own = {item.blob.path for item in histories[3].collects}
    assert not {i.blob.path for h in histories[:3] for i in h.collects} - own & members.keys()
    assert f"- run `{runs[0]}`: entries" in members["VERIFY.md"].decode()


def test_the_bundle_verifies_and_its_report_is_told_to_be_the_same(tmp_path: Path) -> None:
    company = found(tmp_path / "work", target(bad=["a"]))
    for day in DAYS:
        on_day(company, day)
    report = reported(company, tmp_path / "report.json")
    on_day(company, 45)
    exported(company, tmp_path / "x.zip", report)
    result = check(company, tmp_path / "x.zip", BEGIN + timedelta(days=46))
    assert result.exit_code is ExitCode.OK, result.to_json()
    verdict, detail = last_step(result)
    assert verdict is StepVerdict.WARNING
    assert "made again from a part of the log" in detail


def test_findings_that_are_resolved_early_leave_older_runs_out(tmp_path: Path) -> None:
    """Day 20 saw `a` in order: of the runs before only the one that shows there was more."""
    company = found(tmp_path / "work", target())
    for day in DAYS:
        if day == 30:
            company.configure(targets=[target(bad=["a"])])
        on_day(company, day)
    report = reported(company, tmp_path / "report.json")
    exported(company, tmp_path / "x.zip", report)
    manifest = Manifest.parse(unpacked(tmp_path / "x.zip")[MANIFEST])
    runs = runs_of(company)
    assert manifest.before == [runs[2]]
    store = company.project().store
    spare = store.history(runs[1])
    first = store.history(runs[0])
    assert spare is not None
    assert first is not None
    assert first.last_index < manifest.span.first <= spare.start_index
    result = check(company, tmp_path / "x.zip", BEGIN + timedelta(days=42))
    assert result.exit_code is ExitCode.OK, result.to_json()


def _without(members: dict[str, bytes], company: Company, **changes: object) -> dict[str, bytes]:
    return sealed(members, company.project().run_key(), **changes)


def test_a_bundle_whose_span_begins_too_late_cannot_tell(tmp_path: Path) -> None:
    """Without a run more before those that were read, one more might have told otherwise."""
    company = found(tmp_path / "work", target(bad=["a"]))
    for day in DAYS:
        on_day(company, day)
    report = reported(company, tmp_path / "report.json")
    exported(company, tmp_path / "x.zip", report)
    members = unpacked(tmp_path / "x.zip")
    manifest = Manifest.parse(members[MANIFEST])
    second = company.project().store.history(manifest.before[1])
    assert second is not None
    first = second.start_index
    keys = [index for index in manifest.entries if index < first]
    gone = set(range(manifest.span.first, first)) - set(keys)
    for index in gone:
        del members[f"entries/{index}.json"], members[f"proofs/{index}.tlog-proof"]
    cut = _without(
        members,
        company,
        span=Span(first=first, last=manifest.span.last),
        before=manifest.before[1:],
    )
    verdict, detail = last_step(check(company, pack(cut, tmp_path / "y.zip")))
    assert verdict is StepVerdict.CANNOT_TELL
    assert detail.startswith(("the bundle does not hold the whole log", "the bundle holds a part"))


@pytest.fixture(scope="module")
def carrying(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Path]:
    """A company whose `a` always failed; a bundle with two runs of the period, and its report."""
    folder = tmp_path_factory.mktemp("carrying")
    company = found(folder / "work", target(bad=["a"]))
    for day in (0, 10, 20, 27, 30, 40):
        on_day(company, day)
    exported(company, folder / "x.zip", reported(company, folder / "report.json"))
    return company, folder / "x.zip"


@pytest.mark.parametrize(
    ("before", "runs"), [(slice(0, 0), slice(3, 5)), (slice(0, 3), slice(4, 5))]
)
def test_a_report_over_runs_that_nobody_verified_cannot_be_told(
    carrying: tuple[Company, Path], tmp_path: Path, before: slice, runs: slice
) -> None:
    """Their statements lie in the bundle, and the manifest does not name the runs."""
    company, path = carrying
    names, chosen = runs_of(company), Chosen(kind="runs")
    changes = {"before": names[before], "runs": names[runs], "chosen": chosen}
    cut = _without(unpacked(path), company, **changes)
    report = check(company, pack(cut, tmp_path / "y.zip"), BEGIN + timedelta(days=46))
    verdict, detail = last_step(report)
    assert verdict is StepVerdict.CANNOT_TELL
    assert "is not among those of the bundle, and was not verified" in detail


def test_runs_before_the_period_are_said_not_to_have_been_judged_again(
    carrying: tuple[Company, Path],
) -> None:
    company, path = carrying
    step = check(company, path, BEGIN + timedelta(days=46)).steps[7]
    assert step.verdict is StepVerdict.WARNING
    assert "3 runs before the period were not judged again" in step.detail


def test_a_run_of_the_period_that_may_have_ended_later_leaves_its_report_open(
    tmp_path: Path,
) -> None:
    company = found(tmp_path / "work", target(bad=["a"]))
    for day in (0, 20):
        on_day(company, day)
    company.configure(targets=[target(mode="interrupted")])
    with pytest.raises(KeyboardInterrupt):
        Company(company.folder, ticking(BEGIN + timedelta(days=30))).scan(Selection())
    company.configure(targets=[target(bad=["a"])])
    for day in (40, 50):
        on_day(company, day)
    first, second, open_one, after, _last = runs_of(company)
    make(company, Wish(runs=(first, second, after)), tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    history = company.project().store.history(open_one)
    assert history is not None
    assert history.start is not None
    policy = history.start.policy.path  # what is needed to tell of the run goes along unasked
    members[policy] = (company.folder / "evidence" / policy).read_bytes()
    view, size = viewed(pack(_without(members, company), tmp_path / "y.zip"))
    _made, reach = make_with_reach(view, PeriodRequest(BOUNDS), size)
    assert f"whether run {open_one} ended later" in shortfall(view, BOUNDS, reach, size)


def test_what_breaks_the_order_of_a_run_long_after_it_goes_along(
    carrying: tuple[Company, Path], tmp_path: Path
) -> None:
    """Whoever writes the log says later that a run was given up: the bundle says so as well."""
    folder = tmp_path / "work"
    shutil.copytree(carrying[0].folder, folder)
    company = Company(folder, ticking(BEGIN + timedelta(days=70)))
    project = company.project()
    key, stray = project.log_key(), RunAbort(run=runs_of(company)[4], reason="not wanted")
    named = key.note_key(project.origin)
    with project.store.open_log(key=named, sign=key.sign, clock=company.clock) as log:
        index = log.append(stray)
        log.commit()
    on_day(company, 71)
    exported(company, tmp_path / "x.zip")
    step = check(company, tmp_path / "x.zip", BEGIN + timedelta(days=72)).steps[4]
    assert step.verdict is StepVerdict.BAD
    assert f"entry {index}: the run is over" in step.detail


def test_a_run_before_the_period_without_its_verdicts_is_bad(
    company: Company, tmp_path: Path
) -> None:
    exported(company, tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    history = company.project().store.history(runs_of(company)[1])
    assert history is not None
    assert history.verdicts is not None
    gone = history.verdicts.blob.path
    assert gone in members
    del members[gone]
    report = check(company, pack(_without(members, company), tmp_path / "y.zip"))
    assert (report.exit_code, report.steps[6].where) == (ExitCode.INTEGRITY, gone)


def test_a_statement_of_a_run_before_the_period_is_checked(
    company: Company, tmp_path: Path
) -> None:
    exported(company, tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    one, two, *_rest = (f"runs/{run}/statement.sigstore.json" for run in runs_of(company))
    members[one] = members[two]
    report = check(company, pack(_without(members, company), tmp_path / "y.zip"))
    assert (report.exit_code, report.steps[5].where) == (ExitCode.INTEGRITY, one)
    view, size = viewed(tmp_path / "y.zip")
    with pytest.raises(VerificationError, match=r"another digest than `run\.end`"):
        make_period(view, PeriodRequest(BOUNDS), size)


def test_a_manifest_that_names_unknown_or_chosen_runs_as_before_is_refused(
    company: Company, tmp_path: Path
) -> None:
    exported(company, tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    strange = _without(members, company, before=["nobody"])
    report = check(company, pack(strange, tmp_path / "y.zip"))
    assert "no entry tells of" in report.steps[3].detail
    manifest = Manifest.parse(members[MANIFEST])
    both = manifest.model_copy(update={"before": manifest.runs}).to_bytes()
    with pytest.raises(VerificationError, match="chosen and before"):
        Manifest.parse(both)


def test_a_bundle_of_other_kind_names_no_runs_before(company: Company, tmp_path: Path) -> None:
    make(company, Wish(runs=(runs_of(company)[3],)), tmp_path / "x.zip")
    data = unpacked(tmp_path / "x.zip")[MANIFEST]
    assert b'"before"' not in data
    assert Manifest.parse(data).before == []


def test_a_report_that_cannot_be_made_is_said_and_the_bundle_made_all_the_same(
    tmp_path: Path,
) -> None:
    company = found(tmp_path / "work", target(bad=["a", "b"]))
    for day in DAYS:
        on_day(company, day)
        company.configure(targets=[target(bad=["a"])])
    history = company.project().store.history(runs_of(company)[0])
    assert history is not None
    assert history.verdicts is not None
    (company.folder / "evidence" / history.verdicts.blob.path).unlink()
    done = exported(company, tmp_path / "x.zip")
    assert history.verdicts.blob.path in done.no_report
    assert done.before == 0


def test_an_unfinished_run_before_the_period_makes_the_span_reach_to_the_end(
    tmp_path: Path,
) -> None:
    company = found(tmp_path / "work", target(bad=["a"]))
    on_day(company, 0)
    company.configure(targets=[target(mode="interrupted")])
    with pytest.raises(KeyboardInterrupt):
        Company(company.folder, ticking(BEGIN + timedelta(days=10))).scan(Selection())
    company.configure(targets=[target(bad=["a"])])
    for day in (20, 30, 60):
        on_day(company, day)
    exported(company, tmp_path / "x.zip")
    manifest = Manifest.parse(unpacked(tmp_path / "x.zip")[MANIFEST])
    assert manifest.span.last == manifest.size - 1


def test_what_is_missing_for_a_report_is_told(company: Company, tmp_path: Path) -> None:
    exported(company, tmp_path / "x.zip")
    view, size = viewed(tmp_path / "x.zip")
    _made, reach = make_with_reach(view, PeriodRequest(BOUNDS), size)
    assert shortfall(view, BOUNDS, reach, size) == ""
    alone = tmp_path / "alone.zip"
    make(company, Wish(runs=tuple(runs_of(company)[1:])), alone)
    other, _size = viewed(alone)
    assert "does not hold the whole log" in shortfall(other, BOUNDS, Reach(BEGIN), size)
    inside = Bounds("x", BEGIN + timedelta(days=25), BEGIN + timedelta(days=35))
    early = Reach(BEGIN + timedelta(days=20))
    assert "earlier runs may tell" in shortfall(other, inside, early, size)
    cut = Reach(BEGIN + timedelta(days=20), spare="another", unfinished=("open-one",))
    assert shortfall(other, inside, cut, size) == ""  # it reaches to the end of the log
    make(company, Wish(runs=tuple(runs_of(company)[1:4])), tmp_path / "cut.zip")
    part, _size = viewed(tmp_path / "cut.zip")
    short = Bounds("x", BEGIN + timedelta(days=25), BEGIN + timedelta(days=28))
    assert "whether run open-one ended later" in shortfall(part, short, cut, size)


def test_runs_before_give_way_where_there_are_too_many_entries(company: Company) -> None:
    store = company.project().store
    whole = choose(store, Wish(period=PERIOD))
    count = whole.span.last - whole.span.first + 1 + len(whole.singles)
    fewer = choose(store, Wish(period=PERIOD), limit=count - 2)
    assert [run.run for run in whole.earlier] == runs_of(company)[:3]
    assert fewer.earlier == ()
    assert "too far back" in fewer.no_report
    assert fewer.span.first > whole.span.first
    with pytest.raises(UsageError, match="more than fit into one bundle"):
        choose(store, Wish(period=PERIOD), limit=3)
