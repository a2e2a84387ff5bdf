"""What a collector is told of earlier runs: the newest complete reading, and nothing later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from auditor.app.evidence.earlier import earlier_than
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.core.model.observation import Resource
from auditor.errors import VerificationError
from tests.unit.app.company import BEGIN, Company, target, ticking
from tests.unit.app.conftest import MakeCompany

DAY = timedelta(days=1)


def anything(_resource: Resource) -> bool:
    return True


def scan_after(company: Company, delay: timedelta) -> None:
    Scan(company.project(), ticking(BEGIN + delay), ScanOptions()).execute(Selection())


def test_the_newest_reading_before_the_run_is_given(make_company: MakeCompany) -> None:
    company = make_company(target())
    for day in range(3):
        scan_after(company, day * DAY)
    store = company.project().store
    name = company.project().targets[0].name
    found = earlier_than(store, BEGIN + 2 * DAY)(name, "fake.thing", anything)
    assert found is not None
    assert BEGIN + DAY <= found.started_at < BEGIN + DAY + timedelta(hours=1)
    assert earlier_than(store, BEGIN)(name, "fake.thing", anything) is None
    assert earlier_than(store, BEGIN + 3 * DAY)(name, "fake.nothing", anything) is None


def test_what_is_wanted_is_looked_for_in_older_runs(make_company: MakeCompany) -> None:
    company = make_company(target())
    scan_after(company, 0 * DAY)
    company.configure(targets=[target(mode="denied")])  # from now on nothing can be read
    scan_after(company, DAY)
    name = company.project().targets[0].name
    look_up = earlier_than(company.project().store, BEGIN + 2 * DAY)
    found = look_up(name, "fake.thing", lambda resource: resource.data["name"] == "b")
    assert found is not None
    assert found.started_at < BEGIN + DAY
    assert look_up(name, "fake.thing", lambda resource: resource.data["name"] == "c") is None


def test_a_gap_beside_what_is_wanted_hides_nothing(make_company: MakeCompany) -> None:
    company = make_company(target(mode="twice"))  # a gap of the whole collection, and resources
    scan_after(company, 0 * DAY)
    name = company.project().targets[0].name
    types = company.project().store.history(company.project().store.runs()[0].id)
    assert types is not None
    (twice,) = [entry.resource_type for entry in types.collects if not entry.complete]
    found = earlier_than(company.project().store, BEGIN + DAY)(name, twice, anything)
    assert found is not None
    assert found.gaps


def test_changed_evidence_is_not_taken_for_what_was_there(make_company: MakeCompany) -> None:
    company = make_company(target())
    scan_after(company, 0 * DAY)
    project = company.project()
    history = project.store.history(project.store.runs()[0].id)
    assert history is not None
    for entry in history.collects:
        path = company.folder / "evidence" / entry.blob.path
        path.chmod(0o644)
        path.write_bytes(b"\x00" + path.read_bytes()[1:])
    with pytest.raises(VerificationError):
        earlier_than(project.store, BEGIN + DAY)(project.targets[0].name, "fake.thing", anything)
