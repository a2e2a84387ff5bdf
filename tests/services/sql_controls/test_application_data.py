"""The shipped checks on application data, over the page's views, on real servers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.services.postgres.server import AUDITOR
from tests.services.sql_controls.application_data import FAULTS, TABLES, page_views
from tests.services.sql_controls.conftest import CONTROLS, Application, emptied
from tests.services.sql_controls.judging import shown

pytestmark = pytest.mark.service


def test_good_data_gives_no_fail_and_no_error(application: Application) -> None:
    now = datetime.now(UTC)
    application.fill(now)
    findings, found = application.scan(now)
    assert shown(findings, "fail", "error", "waived") == []
    judged = {f"{one.control}/{one.check}" for one in findings if one.status.value == "pass"}
    assert judged == {
        f"{control.id}/{check.id}" for control in CONTROLS for check in control.checks
    }
    for one in found.values():
        assert one.facts["rows"] == one.facts["count"] == len(one.resources)
        assert len(str(one.facts["query_sha256"])) == 64
        assert str(one.facts["rendered"]).replace("%%", "%").count("%(") >= len(one.facts["bound"])  # type: ignore[arg-type]
    acts = found["shop", "sql.two_person_act"].facts
    assert list(acts["bound"]) == ["since"]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("fault", "check", "says"), FAULTS, ids=[f"{c}: {s}" for _, c, s in FAULTS]
)
def test_a_fault_in_the_data_gives_its_finding_and_no_other(
    application: Application, fault: str, check: str, says: str
) -> None:
    now = datetime.now(UTC)
    application.fill(now)
    application.damage(fault, now)
    findings, _ = application.scan(now)
    bad = shown(findings, "fail", "error")
    assert bad
    assert {one[0] for one in bad} == {check}
    assert {one[2] for one in bad} == {"fail"}
    assert any(says in one[3] for one in bad)


def test_an_empty_application_says_so(application: Application) -> None:
    now = datetime.now(UTC)
    application.run([(emptied(table), ()) for table in TABLES])
    findings, _ = application.scan(now)
    passed = {one.check for one in findings if one.status.value == "pass"}
    assert passed == {"api-tokens", "failed-jobs", "second-person", "requests"}  # 0 of 0 is good
    assert (
        not {one.check for one in findings}
        - passed
        - {one[0] for one in shown(findings, "fail", "error", "not_applicable")}
    )


def test_a_missing_view_is_an_error_that_names_the_page(application: Application) -> None:
    now = datetime.now(UTC)
    application.fill(now)
    application.run([("ALTER TABLE alerts RENAME TO alerts_away", ())])
    moved = application.dialect == "postgres"  # there the view goes with its table
    drop = "DROP VIEW audit_views.login_alerts"
    view = next(v for v in page_views(application.dialect) if "login_alerts" in v)
    try:
        application.run([(drop, ())])
        findings, _ = application.scan(now)
    finally:
        application.run([("ALTER TABLE alerts_away RENAME TO alerts", ()), (view, ())])
        if moved:
            application.run([(f"GRANT SELECT ON audit_views.login_alerts TO {AUDITOR}", ())])
    bad = [one for one in findings if one.status.value in ("fail", "error")]
    assert [(one.check, one.status.value) for one in bad] == [("failed-logins", "error")]
    assert "docs/reference/sql-query.md" in bad[0].hint


def test_a_label_says_which_views_there_are(application: Application) -> None:
    now = datetime.now(UTC)
    application.fill(now)
    findings, found = application.scan(now, audit_views="administrators api_tokens")
    assert {name for _, name in found} == {
        "sql.administrator",
        "sql.api_token",
        "sql.test_contacts",
    }
    assert shown(findings, "fail", "error") == []
