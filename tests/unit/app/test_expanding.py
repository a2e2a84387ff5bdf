"""Targets that stand for many: read one by one, recorded as they were, planned as one."""

from __future__ import annotations

from auditor.app.selection import Selection, make_policy
from auditor.app.verifying import find_subject, verify
from auditor.errors import ExitCode
from tests.unit.app.company import BEGIN, target
from tests.unit.app.conftest import MakeCompany

GROUP = {"name": "group", "kind": "fake-group", "environment": "prod"}


def test_each_member_is_read_and_judged_as_a_target_of_its_own(make_company: MakeCompany) -> None:
    company = make_company(GROUP, target())
    assessment = company.scan()
    assert [t.name for t in assessment.targets] == ["group.x", "group.y", "one"]
    assert {finding.target for finding in assessment.findings} == {"group.x", "group.y", "one"}
    report = verify(find_subject(company.folder, None), trust=None, run=None, now=BEGIN)
    assert report.exit_code is ExitCode.OK


def test_a_plan_asks_nothing_and_has_one_in_place_of_the_many(make_company: MakeCompany) -> None:
    policy = make_policy(make_company(GROUP).project(), Selection())
    assert [t.name for t in policy.targets] == ["group.each"]


def test_the_name_of_the_whole_selects_all_members(make_company: MakeCompany) -> None:
    company = make_company(GROUP, target())
    assessment = company.scan(Selection(targets=("group",)))
    assert [t.name for t in assessment.targets] == ["group.x", "group.y"]
