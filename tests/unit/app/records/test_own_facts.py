"""What the project says of itself: the log, earlier runs, waivers, statements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from auditor.app.log import open_log
from auditor.app.records.own import ProjectRecords
from auditor.app.records.read_facts import as_identity
from auditor.app.records.run_facts import find_gaps
from auditor.app.waivers import sign_waiver
from auditor.collectors.own_records import Reading
from auditor.core.model.status import Cause, Status
from auditor.errors import UsageError
from auditor.ledger.entries import Report
from tests.unit.app.company import check, target, ticking, waiver_document
from tests.unit.app.records.people import BEGIN, BOARD, Organisation, found

LATER = BEGIN + timedelta(days=3)
CONTROLS = ("governance/oversight", "self/evidence-coverage", "self/exceptions-and-changes")


@pytest.fixture
def people(tmp_path: Path) -> Organisation:
    return found(tmp_path / "work", *CONTROLS)


def at(people: Organisation, now: datetime) -> Organisation:
    return Organisation(people.folder, people.keys, ticking(now))


def own(people: Organisation, name: str, now: datetime = LATER) -> Reading:
    return ProjectRecords(people.project(), now).read(name)


@pytest.mark.parametrize("name", ["records.interval", "records.right", "records.identity"])
def test_what_only_runs_can_tell_is_a_gap_before_the_first(people: Organisation, name: str) -> None:
    reading = own(people, name)
    assert list(reading.resources) == []
    assert [gap.cause for gap in reading.gaps] == [Cause.NOT_COLLECTED]


def test_gaps_are_longer_than_the_limit_and_not_as_long() -> None:
    times = [BEGIN, BEGIN + timedelta(hours=30), BEGIN + timedelta(hours=61)]
    (gap,) = find_gaps(times, timedelta(hours=30))
    assert gap == "2026-10-06T15:00:00Z/2026-10-07T22:00:00Z"


def test_a_day_without_a_run_is_a_gap_of_every_control_that_was_judged(
    people: Organisation,
) -> None:
    people.scan(BOARD)
    found_here = {r.data["id"]: r.data for r in own(people, "records.interval").resources}
    assert found_here["oversight"]["gaps"] == ["2026-10-05T09:00:00Z/2026-10-08T09:00:00Z"]
    assert found_here["oversight"]["runs"] == 1
    assert found_here["evidence-coverage"]["runs"] == 0
    assert found_here["evidence-coverage"]["last_run_at"] is None
    soon = own(people, "records.interval", BEGIN + timedelta(hours=30)).resources
    assert {tuple(r.data["gaps"]) for r in soon} == {()}  # type: ignore[arg-type]


def test_the_verdicts_over_coverage(people: Organisation) -> None:
    people.scan(BOARD)
    checked = {f.key: f.status for f in at(people, LATER).scan("self.coverage").findings}
    assert set(checked.values()) == {Status.FAIL}
    assert set(checked) == {"oversight", "evidence-coverage", "exceptions-and-changes"}


def test_a_sound_log_has_no_problem_and_no_anchor(people: Organisation) -> None:
    people.scan(BOARD)
    (log,) = own(people, "records.log").resources
    assert (log.data["problems"], log.data["undecided"]) == ([], [])
    assert log.data["anchored_at"] is None
    assert log.data["entries"] == people.project().store.checkpoint().checkpoint.size  # type: ignore[union-attr]


def test_an_edited_log_has_problems(people: Organisation) -> None:
    people.scan(BOARD)
    tile = max((people.folder / "evidence" / "log" / "tile" / "entries").rglob("*.p/*"))
    tile.chmod(0o644)
    tile.write_bytes(tile.read_bytes().replace(b"run.end", b"run.and"))
    (log,) = own(people, "records.log").resources
    assert log.data["problems"]


def test_without_trust_the_log_is_undecided(people: Organisation) -> None:
    people.scan(BOARD)
    (people.folder / "trust" / "policy.json").unlink()
    (log,) = own(people, "records.log").resources
    assert log.data["undecided"]


def test_the_clock_is_held_against_the_log(people: Organisation) -> None:
    (before,) = own(people, "records.clock").resources
    assert (before.data["head_at"], before.data["behind_head"]) == (None, False)
    people.scan(BOARD)
    (after,) = own(people, "records.clock").resources
    assert after.data["behind_head"] is False
    (behind,) = own(people, "records.clock", BEGIN + timedelta(milliseconds=1)).resources
    assert behind.data["behind_head"] is True


def test_the_newest_report_of_each_format(people: Organisation) -> None:
    run = people.scan(BOARD).run
    project = people.project()
    with open_log(project, people.clock) as log:
        for file in (None, "reports/r.pdf"):
            digest = f"sha256:{'0' * 64}"
            log.append(Report(run=run, format="pdf", digest=digest, file=file))
        log.commit()
    reading = own(people, "records.issued_report")
    (report,) = reading.resources
    assert (report.data["name"], report.data["kept"]) == ("pdf", True)
    assert reading.facts == {"reports": 2}


FAKE = {
    "id": "things",
    "title": "Things are in order",
    "statement": "Every thing of the company is kept in order, and seen to be.",
    "owner": {"role": "head-of-things"},
    "nature": {"type": "detective", "execution": "automated"},
    "frequency": "continuous",
    "evaluate": {"every": "24h", "gap_tolerance": "6h"},
    "maps": {"soc2": [{"id": "CC6.1", "strength": "supporting"}]},
    "checks": [check("thing", "high")],
}


OTHER = {**FAKE, "id": "others", "checks": [check("other", "high")]}
OURS = {"name": "us", "kind": "organisation", "environment": "prod"}


def with_systems(people: Organisation, *targets: dict[str, object]) -> Organisation:
    """Two controls over systems, each of one type, besides those over the records."""
    for control in (FAKE, OTHER):
        path = people.folder / "library" / "access" / str(control["id"]) / "control.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(control), "utf-8")
    people.configure(targets=[OURS, *targets])
    return people


def rights_of(people: Organisation) -> dict[str, Mapping[str, object]]:
    return {str(r.data["name"]): r.data for r in own(people, "records.right").resources}


def test_what_was_denied_and_as_whom_was_read(people: Organisation) -> None:
    with_systems(people, target("good"), target("shut", mode="denied"))
    people.scan("things/thing", "others/other", BOARD)
    reading = own(people, "records.right")
    rights = {r.data["name"]: r.data for r in reading.resources}
    assert reading.gaps == []
    assert rights["good"]["denied"] == []
    assert rights["shut"]["blinded"] == ["others/other", "things/thing"]
    assert rights["shut"]["denied"] != []
    readers = {r.data["target"]: r for r in own(people, "records.identity").resources}
    assert "was not simulated" in readers["good"].unread["can_write"].detail


def test_a_newer_run_of_less_hides_nothing_of_the_one_before(people: Organisation) -> None:
    """What was denied yesterday is not gone because today only another type was read."""
    with_systems(people, target("good"), target("shut", mode="denied"))
    people.scan("things/thing", "others/other", BOARD)
    later = at(people, BEGIN + timedelta(days=1))
    with_systems(later, target("good"), target("shut"))
    run = later.scan("others/other").run
    rights = rights_of(people)
    assert rights["shut"]["blinded"] == ["things/thing"]
    assert rights["shut"]["run"] == run
    assert str(rights["shut"]["read_at"]).startswith(f"{BEGIN:%Y-%m-%d}")
    assert {r.data["target"] for r in own(people, "records.identity").resources} == {"good", "shut"}


def test_what_a_newer_run_reads_without_denial_is_denied_no_more(people: Organisation) -> None:
    with_systems(people, target("shut", mode="denied"))
    people.scan("things/thing", "others/other", BOARD)
    later = at(people, BEGIN + timedelta(days=1))
    with_systems(later, target("shut")).scan("things/thing", "others/other")
    assert rights_of(people)["shut"]["denied"] == []


@pytest.mark.parametrize("name", ["records.right", "records.identity"])
def test_what_no_complete_run_read_is_a_gap(people: Organisation, name: str) -> None:
    with_systems(people, target("good"))
    people.scan("things/thing", BOARD)
    with_systems(people, target("good"), target("new"))
    reading = own(people, name)
    assert [(gap.cause, gap.subject) for gap in reading.gaps] == [
        (Cause.NOT_COLLECTED, "good"),
        (Cause.NOT_COLLECTED, "new"),
    ]
    assert "fake.other of good" in reading.gaps[0].detail
    assert "anything of new" in reading.gaps[1].detail
    found_here = at(people, LATER).scan("self.collector-rights", "self.read-only").findings
    assert {f.check for f in found_here if f.status is Status.ERROR} == {"rights", "read-only"}


def test_what_was_read_too_long_ago_is_a_gap(people: Organisation) -> None:
    with_systems(people, target("good"))
    people.scan("things/thing", "others/other", BOARD)
    assert own(people, "records.right").gaps == []
    (gap,) = own(people, "records.right", BEGIN + timedelta(days=91)).gaps
    assert gap.cause is Cause.NOT_COLLECTED


def test_members_of_a_group_are_looked_up_one_by_one(people: Organisation) -> None:
    group = {**target("all"), "kind": "fake-group"}
    with_systems(people, group)
    reading = own(people, "records.right")
    assert len(reading.gaps) == 1
    people.scan(BOARD)
    (gap,) = own(people, "records.right").gaps
    assert "anything of all.each" in gap.detail
    at(people, BEGIN + timedelta(days=1)).scan("things/thing", "others/other")
    reading = own(people, "records.right")
    assert {r.data["name"] for r in reading.resources} == {"us", "all.x", "all.y"}
    assert reading.gaps == []


@pytest.mark.parametrize(
    ("name", "can_write"), [("uid=0 host", True), ("anonymous TLS client", False)]
)
def test_root_can_write_and_an_anonymous_client_cannot(name: str, *, can_write: bool) -> None:
    assert as_identity("t", name, BEGIN).data["can_write"] is can_write


def test_statements_say_who_is_waited_for_and_what_is_wrong(people: Organisation) -> None:
    path = people.attest()
    rows = {r.data["id"]: r.data for r in own(people, "records.statement").resources}
    assert rows[BOARD]["made_at"] == "2026-10-05T09:00:00Z"
    assert rows["oversight/improvement"]["made_at"] is None
    path.with_name(f"{path.name}.sig").unlink()
    rows = {r.data["id"]: r.data for r in own(people, "records.statement").resources}
    assert rows[BOARD]["made_at"] is None
    assert rows[BOARD]["problem"] == "it is not signed by ciso"


def test_waivers_are_listed_with_the_owners_of_their_control(people: Organisation) -> None:
    path = people.folder / "waivers" / "W-2026-001.yaml"
    document = waiver_document() | {
        "check": BOARD,
        "approved_by": "CTO",
        "approved_at": "2026-09-01T00:00:00Z",
        "expires": "2026-12-01T00:00:00Z",
    }
    path.write_text(json.dumps(document), "utf-8")
    sign_waiver(path, people.keys["cto"])
    reading = own(people, "records.waiver")
    (waiver,) = reading.resources
    assert waiver.data["owners"] == ["chief-executive", "ciso"]
    assert waiver.data["approver"] == "cto"
    assert str(waiver.data["signature"]).startswith("CTO is not among the approvers")
    assert reading.facts == {"files": 1}


def test_no_waivers_are_a_stated_pass(people: Organisation) -> None:
    people.scan(BOARD)
    (finding,) = at(people, LATER).scan("self.waivers").findings
    assert (finding.status, finding.reason) == (
        Status.PASS,
        "0 of 0 items: none is the good case",
    )


def test_a_type_that_the_project_does_not_keep_is_refused(people: Organisation) -> None:
    with pytest.raises(UsageError, match="keeps no records"):
        own(people, "records.nothing")


def test_an_approvers_key_that_cannot_be_read_never_counts(people: Organisation) -> None:
    people.attest()
    (people.folder / "trust" / "ciso.pub").unlink()
    (finding,) = people.scan(BOARD).findings
    assert "the key of ciso is not a public key" in finding.reason
