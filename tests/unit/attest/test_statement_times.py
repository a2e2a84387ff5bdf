"""Time-stamps of statements in verification: proven, late, backdated, unknown, required."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from auditor.attest.bundle import Bundle
from auditor.attest.result import StepResult, StepVerdict
from auditor.attest.trust import Required, TrustPolicy
from auditor.attest.verify import verify_store
from auditor.core.canonical import digest
from auditor.ledger.entries import Collect, HoldRecord, RunStart, Timestamp, Verdicts
from tests.unit.attest.token_maker import Maker, minutes
from tests.unit.store.building import BEGIN, LATER, Site, rejudge

OK, WARNING, CANNOT_TELL, BAD = StepVerdict
REQUIRED = Required(timestamp=True)
Stamping = Callable[[bytes], tuple[bytes, ...]]


@cache
def maker() -> Maker:
    return Maker()


def at(time: datetime, tsa: Maker | None = None) -> Stamping:
    return lambda signature: ((tsa or maker()).token(signature, time),)


@dataclass
class StampedSite(Site):
    """A store whose statements get time-stamps."""

    stamping: Stamping = lambda _signature: ()

    @property
    def trust(self) -> TrustPolicy:
        return super().trust.model_copy(update={"timestamp_authorities": (maker().authority(),)})

    def statement(
        self, start: RunStart, index: int, collects: list[Collect], verdicts: Verdicts
    ) -> bytes:
        bundle = Bundle.parse(super().statement(start, index, collects, verdicts))
        tokens = self.stamping(bundle.envelope.signatures[0].signature)
        return Bundle(bundle.envelope, bundle.hint, tokens).to_bytes()

    def signature(self, run: str) -> bytes:
        bundle = Bundle.parse(self.store.read_statement(run))
        return bundle.envelope.signatures[0].signature

    def stamp_late(self, token: bytes, *, noted: datetime, **changes: str) -> None:
        self.clock = lambda: noted
        path, kept = self.store.write_run_file("r-1", "statement.1.tsr", token)
        body = Timestamp(run="r-1", digest=kept, file=path).model_copy(update=changes)
        with self.open() as log:
            log.append(body)
            log.commit()

    def step(
        self, number: int = 5, *, required: Required | None = None, **trust: object
    ) -> StepResult:
        update = {**trust, **({"required": required} if required else {})}
        policy = self.trust.model_copy(update=update)
        report = verify_store(self.store.reader(), policy, rejudge=rejudge, now=LATER)
        return report.steps[number]


@pytest.fixture
def site(tmp_path: Path) -> StampedSite:
    return StampedSite(tmp_path)


def recorded(site: StampedSite, stamping: Stamping = lambda _signature: ()) -> StampedSite:
    site.stamping = stamping
    site.record_run("r-1", [b"one"])
    return site


def test_a_token_of_a_trusted_authority_satisfies_a_policy_that_requires_it(
    site: StampedSite,
) -> None:
    step = recorded(site, at(BEGIN)).step(required=REQUIRED)
    assert (step.verdict, step.notes) == (OK, ())


def test_no_token_is_a_warning_and_bad_where_one_is_required(site: StampedSite) -> None:
    recorded(site)
    assert site.step().verdict is WARNING
    step = site.step(required=REQUIRED)
    assert step.verdict is BAD
    assert "1 statements have no time-stamp, and the trust policy requires one" in step.detail


@pytest.mark.parametrize("required", [None, REQUIRED])
def test_an_unknown_authority_satisfies_nothing_and_refutes_nothing(
    site: StampedSite, required: Required | None
) -> None:
    step = recorded(site, at(BEGIN, Maker())).step(required=required)
    assert (step.verdict, step.where) == (CANNOT_TELL, "runs/r-1/statement.sigstore.json")
    assert "unknown authority" in step.detail


def test_without_a_trust_policy_nobody_can_tell(site: StampedSite) -> None:
    recorded(site, at(BEGIN))
    step = verify_store(site.store.reader(), None, rejudge=rejudge, now=LATER).steps[5]
    assert step.verdict is CANNOT_TELL
    assert "unknown authority" in step.detail


def test_beside_a_known_authority_an_unknown_one_is_a_warning(site: StampedSite) -> None:
    other = Maker()
    recorded(site, lambda s: (*at(BEGIN, other)(s), *at(BEGIN)(s)))
    assert site.step(required=REQUIRED).verdict is WARNING


def test_the_token_of_one_run_does_not_count_for_another(site: StampedSite) -> None:
    recorded(site, at(BEGIN))
    stolen = Bundle.parse(site.store.read_statement("r-1")).timestamps
    site.stamping = lambda _signature: stolen
    site.record_run("r-2", [b"two"])
    step = site.step()
    assert (step.verdict, step.where) == (BAD, "runs/r-2/statement.sigstore.json")
    assert "over other bytes" in step.detail


def test_a_bad_token_is_bad_beside_a_good_one(site: StampedSite) -> None:
    step = recorded(site, lambda s: (*at(BEGIN)(s), b"0")).step()
    assert step.verdict is BAD


def test_a_log_that_was_backdated_is_found(site: StampedSite) -> None:
    step = recorded(site, at(BEGIN + timedelta(days=30))).step()
    assert step.verdict is BAD
    assert "stamped at 2026-03-31T12:00:00Z by 'tsa'" in step.detail
    assert "end before that, at 2026-03-01T12:00:" in step.detail


def test_a_token_from_before_the_run_is_bad(site: StampedSite) -> None:
    step = recorded(site, at(BEGIN - minutes(6))).step()
    assert step.verdict is BAD
    assert "begin after that, at 2026-03-01T12:00:" in step.detail


@pytest.mark.parametrize("apart", [-4, 5])
def test_clocks_may_be_a_little_apart(site: StampedSite, apart: int) -> None:
    recorded(site, at(BEGIN + minutes(apart)))
    (key,) = site.trust.run_keys
    earlier = key.model_copy(update={"not_before": BEGIN - minutes(10)})
    assert site.step(run_keys=(earlier,)).verdict is OK


def test_a_proven_time_outside_the_validity_of_the_key_is_bad(site: StampedSite) -> None:
    recorded(site, at(BEGIN + minutes(4)))
    (key,) = site.trust.run_keys
    assert site.step(run_keys=(key.model_copy(update={"not_after": LATER}),)).verdict is OK
    step = site.step(run_keys=(key.model_copy(update={"not_after": BEGIN + minutes(3)}),))
    assert step.verdict is BAD
    assert "was not valid any more at 2026-03-01T12:04:00Z by 'tsa'" in step.detail
    step = site.step(run_keys=(key.model_copy(update={"not_before": BEGIN + minutes(3)}),))
    assert step.verdict is BAD


def test_a_late_token_from_before_the_revocation_of_the_key_proves_the_signature(
    site: StampedSite,
) -> None:
    recorded(site)
    late = BEGIN + timedelta(days=3)
    (key,) = site.trust.run_keys
    revoked = (key.model_copy(update={"revoked_at": BEGIN + timedelta(days=9)}),)
    assert site.step(run_keys=revoked).verdict is CANNOT_TELL
    site.stamp_late(maker().token(site.signature("r-1"), late), noted=late)
    assert site.step(run_keys=revoked, required=REQUIRED).verdict is WARNING


def test_a_late_token_satisfies_the_policy_and_shows_the_gap(site: StampedSite) -> None:
    recorded(site)
    late = BEGIN + timedelta(days=3)
    site.stamp_late(maker().token(site.signature("r-1"), late), noted=late)
    step = site.step(required=REQUIRED)
    assert (step.verdict, step.where) == (WARNING, "runs/r-1/statement.1.tsr")
    assert "stamped at 2026-03-04T12:00:00Z by 'tsa', 2 days, 23:59:5" in step.detail
    assert "after the end of the run" in step.detail


def test_the_log_names_the_file_of_a_late_token(site: StampedSite) -> None:
    recorded(site)
    site.stamp_late(maker().token(site.signature("r-1"), BEGIN), noted=BEGIN + minutes(1))
    assert site.step(required=REQUIRED).verdict is OK
    assert site.step(8).verdict is OK


def test_a_late_token_noted_before_it_was_made_shows_a_backdated_log(site: StampedSite) -> None:
    recorded(site)
    token = maker().token(site.signature("r-1"), BEGIN + timedelta(days=9))
    site.stamp_late(token, noted=BEGIN + timedelta(days=8))
    step = site.step()
    assert step.verdict is BAD
    assert "noted that before, at 2026-03-09T12:00:00Z" in step.detail


def test_a_late_token_from_before_the_run_is_bad(site: StampedSite) -> None:
    recorded(site)
    token = maker().token(site.signature("r-1"), BEGIN - timedelta(days=1))
    site.stamp_late(token, noted=BEGIN + minutes(9))
    assert site.step().verdict is BAD


def test_a_late_token_over_other_bytes_is_bad(site: StampedSite) -> None:
    recorded(site)
    site.stamp_late(maker().token(b"other", BEGIN), noted=BEGIN + minutes(9))
    step = site.step()
    assert (step.verdict, step.where) == (BAD, "runs/r-1/statement.1.tsr")


def test_a_late_token_of_an_unknown_authority_satisfies_nothing(site: StampedSite) -> None:
    recorded(site)
    token = Maker().token(site.signature("r-1"), BEGIN)
    site.stamp_late(token, noted=BEGIN + minutes(9))
    assert site.step(required=REQUIRED).verdict is CANNOT_TELL


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"digest": digest(b"other")}, "another digest than the log says"),
        ({"file": "runs/r-1/missing.tsr"}, "missing"),
        ({"file": "runs/r-2/statement.1.tsr"}, "kept elsewhere"),
        ({"file": "runs/r-1/../r-1/statement.1.tsr"}, "kept elsewhere"),
        ({"file": "runs/r-1/.."}, "kept elsewhere"),
    ],
)
def test_the_file_of_a_late_token_is_what_the_log_says(
    site: StampedSite, changes: dict[str, str], reason: str
) -> None:
    recorded(site)
    token = maker().token(site.signature("r-1"), BEGIN)
    site.stamp_late(token, noted=BEGIN + minutes(9), **changes)
    step = site.step()
    assert step.verdict is BAD
    assert reason in step.detail


def test_a_token_from_after_the_end_of_the_key_is_as_if_there_were_none(site: StampedSite) -> None:
    recorded(site)
    late = BEGIN + timedelta(days=40)
    site.stamp_late(maker().token(site.signature("r-1"), late), noted=late)
    (key,) = site.trust.run_keys
    keys = (key.model_copy(update={"not_after": BEGIN + timedelta(days=30)}),)
    step = site.step(run_keys=keys, required=REQUIRED)
    assert step.verdict is BAD
    assert "1 statements have no time-stamp" in step.detail
    step = site.step(run_keys=keys)
    assert step.verdict is WARNING
    assert any("out of use" in note.detail for note in step.notes)


def spaced(site: StampedSite, *hours: float) -> StampedSite:
    """Runs that begin so many hours after BEGIN."""
    for number, hour in enumerate(hours):
        moment = BEGIN + timedelta(hours=hour)
        site.clock = lambda moment=moment: moment  # type: ignore[misc]
        site.record_run(f"r-{number}", [b"one"])
    return site


DAILY = Required(cadence=timedelta(hours=24))


def test_runs_as_often_as_required_are_ok(site: StampedSite) -> None:
    spaced(site, 0, 24, 40)
    assert site.step(4).verdict is OK
    report = verify_store(
        site.store.reader(),
        site.trust.model_copy(update={"required": DAILY}),
        rejudge=rejudge,
        now=BEGIN + timedelta(hours=64),
    )
    assert report.steps[4].verdict is OK


def test_each_gap_that_is_too_long_is_named(site: StampedSite) -> None:
    step = spaced(site, 0, 25, 40, 90).step(4, required=DAILY)
    assert step.verdict is BAD
    bad = [note.detail for note in step.notes if note.verdict is BAD]
    assert len(bad) == 2
    assert "from 2026-03-01T12:00:00Z to 2026-03-02T13:00:00Z: the policy requires" in bad[0]
    assert "one every 1d" in bad[0]
    assert "from 2026-03-03T04:00:00Z to 2026-03-05T06:00:00Z" in bad[1]


def test_a_run_without_an_end_is_no_run_for_the_cadence(site: StampedSite) -> None:
    spaced(site, 0)
    for hour in (20, 40):
        moment = BEGIN + timedelta(hours=hour)
        site.clock = lambda moment=moment: moment  # type: ignore[misc]
        with site.open() as log:
            site.begin(log, f"open-{hour}")
            log.commit()
    step = site.step(4, required=DAILY)
    assert step.verdict is BAD
    assert "from 2026-03-01T12:00:00Z to 2026-03-03T04:00:00Z" in step.detail


def test_what_came_after_the_log_is_a_warning_of_its_own(site: StampedSite) -> None:
    step = spaced(site, 0, 20).step(4, required=DAILY)
    assert step.verdict is WARNING
    assert "the last complete run ended at 2026-03-02T08:00:00Z" in step.detail


def test_of_one_run_the_cadence_cannot_be_told(site: StampedSite) -> None:
    spaced(site, 0)
    trust = site.trust.model_copy(update={"required": DAILY})
    report = verify_store(site.store.reader(), trust, run="r-0", rejudge=rejudge, now=LATER)
    assert report.steps[4].verdict is WARNING
    assert "requires a run every 1d" in report.steps[4].detail


def test_a_log_without_runs_has_no_gaps(site: StampedSite) -> None:
    with site.open() as log:
        log.append(HoldRecord(hold="h", action="set", runs=["r"], reason="a law suit"))
        log.commit()
    step = site.step(4, required=DAILY)
    assert step.verdict is CANNOT_TELL
    assert "no run" in step.detail
