"""Each file for a pipeline or a machine is what its reader's own tools accept."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate import validate

from tests.integrations.conftest import INTEGRATIONS, ROOT

pytestmark = pytest.mark.service

WORKFLOWS = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yaml")),
    *sorted((INTEGRATIONS / "github").glob("*.yaml")),
]
SCRIPTS = sorted(INTEGRATIONS.rglob("*.sh"))
UNITS = sorted((INTEGRATIONS / "systemd").iterdir())
METRICS = ROOT / "tests" / "golden" / "assessment.prom"


def tool(name: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A tool that is installed beside this interpreter, or on the machine."""
    beside = Path(sys.executable).with_name(name)
    program = str(beside) if beside.exists() else shutil.which(name)
    assert program is not None, f"there is no {name}"
    return subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def test_there_is_something_to_check() -> None:
    assert len(WORKFLOWS) >= 5
    assert len(SCRIPTS) >= 2
    assert len(UNITS) == 4


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.github-actions", [ROOT / "action.yml"]),
        ("vendor.gitlab-ci", [INTEGRATIONS / "gitlab" / "auditor.gitlab-ci.yml"]),
    ],
)
def test_files_are_of_their_published_schema(schema: str, files: list[Path]) -> None:
    done = tool("check-jsonschema", "--builtin-schema", schema, *map(str, files))
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_in_workflows_and_action() -> None:
    files = [str(path) for path in (*WORKFLOWS, ROOT / "action.yml")]
    done = tool("zizmor", "--offline", "--no-progress", "--format", "json", *files)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_zizmor_would_find_an_injection(tmp_path: Path) -> None:
    text = (INTEGRATIONS / "github" / "fork.yaml").read_text("utf-8")
    bad = f"{text}      - run: echo ${{{{ github.event.pull_request.title }}}}\n"
    (tmp_path / "bad.yaml").write_text(bad, "utf-8")
    done = tool(
        "zizmor", "--offline", "--no-progress", "--format", "json", str(tmp_path / "bad.yaml")
    )
    assert [item["ident"] for item in json.loads(done.stdout)] == ["template-injection"]


def test_no_workflow_for_forks_has_secrets_or_a_role() -> None:
    text = (INTEGRATIONS / "github" / "fork.yaml").read_text("utf-8")
    assert "secrets." not in text
    assert "id-token" not in text
    for path in WORKFLOWS:
        assert "pull_request_target" not in path.read_text("utf-8")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse_and_may_be_run(script: Path) -> None:
    done = tool("bash", "-n", str(script))
    assert done.returncode == 0, done.stderr
    assert script.stat().st_mode & 0o111


def _objects() -> list[dict[str, Any]]:
    text = (INTEGRATIONS / "kubernetes" / "cronjob.yaml").read_text("utf-8")
    return list(yaml.safe_load_all(text))


@pytest.mark.parametrize("kind", ["ServiceAccount", "PersistentVolumeClaim", "CronJob"])
def test_kubernetes_objects_are_of_their_schema(kind: str) -> None:
    (document,) = (item for item in _objects() if item["kind"] == kind)
    validate(document, "1.31", strict=True)


def test_the_cron_job_asks_for_no_more_than_it_needs() -> None:
    job = next(item for item in _objects() if item["kind"] == "CronJob")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = tmp_path / "auditor"
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    copies = []
    for unit in UNITS:
        copy = tmp_path / unit.name
        text = unit.read_text("utf-8").replace("/opt/auditor/bin/auditor", str(program))
        copy.write_text(text, "utf-8")
        copies.append(str(copy))
    done = tool("systemd-analyze", "verify", *copies)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", [u for u in UNITS if u.suffix == ".timer"], ids=lambda u: u.name)
def test_timers_have_times_that_systemd_reads(unit: Path) -> None:
    (when,) = re.findall(r"^OnCalendar=(.+)$", unit.read_text("utf-8"), re.MULTILINE)
    assert tool("systemd-analyze", "calendar", when).returncode == 0


def test_crontab_lines_have_five_times_and_a_command_that_a_shell_reads() -> None:
    lines = (INTEGRATIONS / "cron" / "auditor.crontab").read_text("utf-8").splitlines()
    jobs = [line for line in lines if re.match(r"[0-9*]", line)]
    assert len(jobs) == 2
    for job in jobs:
        *times, command = job.split(" ", 5)
        assert all(re.fullmatch(r"\*|[0-9]{1,2}", time) for time in times)
        assert "%" not in command  # cron makes a line break of it
        assert tool("sh", "-n", "-c", command).returncode == 0


def test_alerts_ask_for_metrics_that_there_are() -> None:
    document = yaml.safe_load((INTEGRATIONS / "prometheus" / "alerts.yaml").read_text("utf-8"))
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    known = set(re.findall(r"^# TYPE (\S+) gauge$", METRICS.read_text("utf-8"), re.MULTILINE))
    asked = {name for rule in rules for name in re.findall(r"auditor_\w+", rule["expr"])}
    assert asked
    assert asked <= known
