from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from junitparser import Error, Failure, JUnitXml, Skipped

from auditor.core.model.status import Status
from auditor.render.junit import JunitRenderer
from tests.unit.render.sample import NOT_TESTED, sample


def _root() -> Element:
    return fromstring(JunitRenderer().render(sample()))  # noqa: S314 - made in this line


def _report() -> JUnitXml:
    report = JUnitXml.fromstring(JunitRenderer().render(sample()))
    assert isinstance(report, JUnitXml)
    return report


def _kinds() -> dict[str, int]:
    report = _report()
    found = {"passed": 0, "Failure": 0, "Error": 0, "Skipped": 0}
    for suite in report:
        for case in suite:
            for kind in [type(result).__name__ for result in case.result] or ["passed"]:
                found[kind] += 1
    return found


def test_another_reader_counts_what_the_run_counts() -> None:
    counts = sample().counts
    skipped = counts[Status.WAIVED] + counts[Status.MANUAL] + counts[Status.NOT_APPLICABLE]

    assert _kinds() == {
        "passed": counts[Status.PASS],
        Failure.__name__: counts[Status.FAIL],
        Error.__name__: counts[Status.ERROR],
        Skipped.__name__: skipped + len(NOT_TESTED),
    }


def test_totals_in_the_file_are_those_of_its_cases() -> None:
    report = _report()
    stated = (report.tests, report.failures, report.errors, report.skipped)
    report.update_statistics()  # type: ignore[no-untyped-call] # the library's

    assert stated == (report.tests, report.failures, report.errors, report.skipped)
    for suite in report:
        own = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()  # type: ignore[no-untyped-call] # the library's
        assert own == (suite.tests, suite.failures, suite.errors, suite.skipped)


def test_every_case_that_does_not_pass_says_why() -> None:
    reasons = [
        element.get("message", "")
        for element in _root().iter()
        if element.tag in ("failure", "error", "skipped")
    ]

    assert all(len(reason) > len("Fails: ") for reason in reasons)
    assert any(reason.startswith("Fails, and is waived: break-glass") for reason in reasons)
    assert any(reason.startswith("Not evaluated (denied): field `policy`") for reason in reasons)
    assert any(reason.startswith("Not tested: no target of kind") for reason in reasons)


def test_suites_are_the_controls_at_the_time_of_the_run() -> None:
    report = _report()

    assert [suite.name for suite in report] == [r.control.id for r in sample().controls]
    assert {suite.timestamp for suite in report} == {"2026-11-20T06:00:00"}
