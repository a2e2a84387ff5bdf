"""The scripts of the GitLab template, run by a shell as a runner does."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.integrations.conftest import INTEGRATIONS, Ran, Run
from tests.unit.app.company import Company, target

pytestmark = pytest.mark.service
TEMPLATE = yaml.safe_load((INTEGRATIONS / "gitlab" / "auditor.gitlab-ci.yml").read_text("utf-8"))


def job(run: Run, name: str, **variables: str) -> Ran:
    """Its `script`, each line as it stands, ended by the first that fails."""
    script = "\n".join(["set -eu", *TEMPLATE[name]["script"]])
    given = {**TEMPLATE["variables"], **variables}
    return run("sh", "-c", script, **given)


@pytest.mark.parametrize("name", ["auditor", "auditor-scheduled"])
def test_a_failing_scan_fails_the_job_and_leaves_both_reports(
    run: Run, work: Company, name: str
) -> None:
    done = job(run, name)
    assert done.code == 1, done.err
    reports = work.folder / "auditor-reports"
    issues = json.loads((reports / "auditor.codequality.json").read_text("utf-8"))
    assert [issue["severity"] for issue in issues] == ["critical", "minor"]
    assert "<failure" in (reports / "auditor.xml").read_text("utf-8")


def test_an_honest_scan_passes_and_a_missing_baseline_does_not(run: Run, work: Company) -> None:
    work.configure(targets=[target()])
    assert job(run, "auditor").code == 0
    assert job(run, "auditor", AUDITOR_BASELINE="none.zip").code == 2


@pytest.mark.parametrize("variables", [{"AUDITOR_ARGUMENTS": "--no-such-option"}, {}])
@pytest.mark.parametrize("name", ["auditor", "auditor-scheduled"])
def test_no_report_of_the_checkout_is_taken_for_one_of_the_job(
    run: Run, work: Company, name: str, variables: dict[str, str]
) -> None:
    reports = work.folder / "auditor-reports"
    reports.mkdir()
    (reports / "auditor.xml").write_text("<testsuites/>", "utf-8")
    work.config.unlink()
    assert job(run, name, **variables).code == 2
    assert list(reports.iterdir()) == []


def test_reports_are_where_the_artefacts_are_taken_from() -> None:
    reports = TEMPLATE[".auditor"]["artifacts"]["reports"]
    for name in ("auditor", "auditor-scheduled"):
        text = "\n".join(TEMPLATE[name]["script"])
        assert all(place in text for place in reports.values())
