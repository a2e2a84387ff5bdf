"""The scripts of the composite action in a checkout whose files were made for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integrations.conftest import INTEGRATIONS, Run
from tests.unit.app.company import Company

pytestmark = [pytest.mark.service]
SCRIPT = str(INTEGRATIONS / "github" / "run.sh")
INSTALL = str(INTEGRATIONS / "github" / "install.sh")
REPORTS = (
    "auditor.sarif",
    "auditor.xml",
    "auditor.json",
    "auditor.md",
    "auditor.txt",
    "summary.md",
    "annotations.txt",
)


@pytest.mark.parametrize("name", ["venv", "pip"])
def test_no_module_of_the_checkout_is_run_by_the_installation(
    run: Run, work: Company, machine: dict[str, str], name: str
) -> None:
    marker = work.folder / "pwned"
    (work.folder / f"{name}.py").write_text(f"open({str(marker)!r}, 'w').close()\n", "utf-8")
    run(INSTALL, PIP_NO_INDEX="1", GITHUB_PATH=str(Path(machine["RUNNER_TEMP"]) / "path"))
    assert (Path(machine["RUNNER_TEMP"]) / "auditor" / "bin" / "python").exists()
    assert not marker.exists()


def test_no_report_of_the_checkout_is_taken_for_one_of_the_run(
    run: Run, work: Company, machine: dict[str, str]
) -> None:
    reports = work.folder / "auditor-reports"
    reports.mkdir()
    for name in REPORTS:
        (reports / name).write_text("## auditor gate: open", "utf-8")
    assert run(SCRIPT, INPUT_BASELINE="missing.zip", INPUT_FAIL_ON="everything").code == 2
    own = {"auditor.json", "auditor.md", "auditor.txt", "summary.md", "annotations.txt"}
    assert {path.name for path in reports.iterdir()} == own, "that nothing was compared"
    summary = Path(machine["GITHUB_STEP_SUMMARY"])
    for path in (*reports.iterdir(), summary):
        assert "gate: open" not in path.read_text("utf-8")
    assert "Nothing was compared" in summary.read_text("utf-8")
    outputs = Path(machine["GITHUB_OUTPUT"]).read_text("utf-8").splitlines()
    assert outputs == ["exit-code=2", "sarif=", "comment=auditor-reports/auditor.md"]


def test_a_folder_of_reports_that_leads_elsewhere_is_refused(run: Run, work: Company) -> None:
    (work.folder / "auditor-reports").symlink_to(work.folder / "trust")
    done = run(SCRIPT)
    assert done.code == 2
    assert "is a link" in done.out
    assert not (work.folder / "trust" / "auditor.md").exists()
