"""`auditor scan --manifests`: a target for one run, beside or in place of the configured ones."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests.services.kubernetes.small_objects import deployment
from tests.unit.cli.conftest import Auditor

SCAN = ("scan", "--check", "workload-hardening/privileged", "--format", "json")


@pytest.fixture
def chart(auditor: Auditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest of a privileged deployment, in a project with no target that has to do with it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUDITOR_CONFIG", raising=False)
    assert auditor("init", "--endpoint", "127.0.0.1:9", "--target", "host").code == 0
    one = deployment("web")
    one["spec"]["template"]["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    path = tmp_path / "chart.yaml"
    path.write_text(yaml.safe_dump(one))
    return path


def test_manifests_are_the_only_target_and_their_faults_are_found(
    auditor: Auditor, chart: Path
) -> None:
    said = auditor(*SCAN, "--manifests", str(chart))
    assert said.code == 1
    assert [one["name"] for one in said.json["targets"]] == ["manifests"]
    assert said.json["targets"][0]["declared"] is True
    failing = {one["check"] for one in said.json["findings"] if one["status"] == "fail"}
    assert "privileged" in failing


def test_the_plan_asks_nothing_and_stands_beside_a_named_target(
    auditor: Auditor, chart: Path
) -> None:
    said = auditor("scan", "--manifests", str(chart), "--target", "endpoints", "--plan")
    assert said.code == 0
    assert said.out.startswith("endpoints: ") or "\nendpoints: " in said.out
    assert "manifests: kubernetes." in said.out


def test_standard_input_is_read(
    auditor: Auditor, chart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(chart.read_bytes())))
    assert auditor(*SCAN, "--manifests", "-").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--manifests", "nowhere"), "no file or folder nowhere"),
        (("--manifests", ".", "--environment", "nope"), "no environment `nope`"),
        (("--manifests", ".", "--target", "nope"), "no target `nope`"),
    ],
)
def test_what_does_not_exist_is_wrong_usage(
    auditor: Auditor, chart: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert chart.exists()
    answer = auditor("scan", *arguments)
    assert (answer.code, said in answer.err) == (2, True)


def test_several_environments_need_a_choice(auditor: Auditor, chart: Path) -> None:
    config = chart.parent / "auditor.yaml"
    document = yaml.safe_load(config.read_text())
    document["environments"]["staging"] = {}
    config.write_text(yaml.safe_dump(document))
    answer = auditor(*SCAN, "--manifests", str(chart))
    assert (answer.code, "there are several" in answer.err) == (2, True)
    chosen = auditor(*SCAN, "--manifests", str(chart), "--environment", "staging")
    assert chosen.json["targets"][0]["environment"] == "staging"


def test_a_target_of_that_name_is_not_replaced(auditor: Auditor, chart: Path) -> None:
    config = chart.parent / "auditor.yaml"
    document = yaml.safe_load(config.read_text())
    document["targets"][0]["name"] = "manifests"
    config.write_text(yaml.safe_dump(document))
    answer = auditor(*SCAN, "--manifests", str(chart))
    assert (answer.code, "already" in answer.err) == (2, True)


def test_what_a_manifest_cannot_show_makes_the_run_incomplete(
    auditor: Auditor, chart: Path
) -> None:
    answer = auditor("scan", "--control", "workload-hardening", "--format", "json",
                     "--manifests", str(chart))  # fmt: skip
    assert answer.code == 3
    errors = [one for one in answer.json["findings"] if one["status"] == "error"]
    assert errors
    assert "not_declared" in str(errors)
