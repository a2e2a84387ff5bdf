"""What recorded runs give to tell, and that it is told once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from auditor.app.notifying.events import Event
from auditor.app.notifying.gathering import gather
from auditor.app.selection import Selection
from auditor.errors import UsageError
from auditor.keys.file import generate_key
from tests.unit.app.company import BEGIN, Company, found, target


def events(company: Company, position: int | None = None, **later: float) -> list[Event]:
    now = BEGIN + timedelta(minutes=1) + timedelta(**later)
    return list(gather(company.project(), now, position).events)


def kinds(items: list[Event]) -> list[str]:
    return [event.kind for event in items]


def test_no_run_is_an_error_and_not_no_events(company: Company) -> None:
    with pytest.raises(UsageError, match="no complete run"):
        events(company)


def test_an_honest_run_has_nothing_to_tell(company: Company) -> None:
    company.scan()
    assert events(company) == []


def test_what_fails_at_first_sight_is_new_and_then_it_is_not(company: Company) -> None:
    company.configure(targets=[target(bad=["a"])])
    company.scan()
    first = events(company)
    assert [(e.kind, e.subject) for e in first] == [
        ("new_failure", "things-in-order/thing@one/a"),
        ("new_failure", "things-in-order/other@one/a"),
    ]
    assert first[0].next.startswith("auditor why ")
    company.scan()
    assert events(company) == []


def test_what_was_mended_and_breaks_again_is_another_event(company: Company) -> None:
    prints = set()
    for bad in (["a"], [], ["a"]):
        company.configure(targets=[target(bad=bad)])
        company.scan()
        prints |= {event.fingerprint for event in events(company)}
    assert len(prints) == 4


def test_a_failure_that_could_not_be_read_for_a_while_is_not_new_again(company: Company) -> None:
    company.configure(targets=[target(bad=["a"])])
    company.scan()
    company.configure(targets=[target(mode="denied")])
    company.scan()
    assert set(kinds(events(company))) == {"new_error"}
    company.configure(targets=[target(bad=["a"])])
    company.scan()
    assert events(company) == []


def test_a_run_that_reads_nothing_is_told_once_not_passed_over(company: Company) -> None:
    company.scan()
    company.configure(targets=[target(mode="denied")])
    company.scan()
    assert kinds(events(company)) == ["new_error", "new_error"]
    company.scan()
    assert events(company) == []


def test_runs_since_the_last_time_are_all_looked_at(company: Company) -> None:
    company.scan()
    position = gather(company.project(), BEGIN, None).position
    company.configure(targets=[target(bad=["b"])])
    company.scan()
    company.scan()
    found = gather(company.project(), BEGIN, position)
    assert kinds(list(found.events)) == ["new_failure", "new_failure"]
    assert found.position > position
    assert found.skipped == 0


def test_a_run_of_one_target_does_not_make_the_other_new(tmp_path: Path) -> None:
    company = found(tmp_path / "work", target("one", bad=["a"]), target("two", bad=["a"]))
    company.scan()
    company.scan(Selection(targets=("one",)))
    company.scan()
    assert events(company) == []


def test_a_missing_run_is_told_when_the_control_has_waited_too_long(company: Company) -> None:
    company.scan()
    assert events(company, hours=29) == []
    late = events(company, hours=31)
    assert kinds(late) == ["missed_run"]
    assert late[0].subject == "things-in-order"
    assert late[0].due == BEGIN + timedelta(hours=30)
    assert late == events(company, hours=80)


def test_a_waiver_is_told_near_its_end_and_at_it(tmp_path: Path) -> None:
    company = found(tmp_path / "work", target(bad=["a"]), approvers={"ciso": "trust/ciso.pub"})
    signer = generate_key(company.folder / "keys" / "ciso.pem", "ecdsa-p256-sha256")
    (company.folder / "trust/ciso.pub").write_text(signer.public_key, "utf-8")
    company.write_waiver(signer, expires="2026-04-10T00:00:00Z")
    company.scan()
    near = [e for e in events(company) if e.kind == "waiver_expiring"]
    assert [e.detail for e in near] == ["it ends at 2026-04-10T00:00:00Z"]
    assert near[0].subject == "W-2026-001 for things-in-order/thing"
    ended = [e for e in events(company, days=20) if e.kind == "waiver_expiring"]
    assert [e.detail for e in ended] == ["it ended at 2026-04-10T00:00:00Z"]
    assert ended[0].fingerprint != near[0].fingerprint
    company.configure(notifications={"warn": {"waivers": "2d"}})
    assert [e for e in events(company) if e.kind == "waiver_expiring"] == []
