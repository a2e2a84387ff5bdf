"""`auditor scan --terraform-plan`, `--cloudformation`, `--compose`: controls judge files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Auditor
from tests.unit.collectors.aws.declared.plans import VECTORS

CHECK = ("scan", "--check", "storage-lifecycle/versioning", "--check", "storage-private/buckets")
COMPOSE = "services: {db: {image: 'postgres:17', privileged: true, ports: ['5432:5432']}}\n"


@pytest.fixture
def folder(auditor: Auditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with no target that has to do with what is declared; the command runs in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUDITOR_CONFIG", raising=False)
    assert auditor("init", "--endpoint", "127.0.0.1:9", "--target", "host").code == 0
    (tmp_path / "plan.json").write_bytes((VECTORS / "terraform" / "good.json").read_bytes())
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_plan_is_judged_by_the_controls_of_the_account(auditor: Auditor) -> None:
    said = auditor(*CHECK, "--terraform-plan", "plan.json", "--format", "json")
    [target] = said.json["targets"]
    assert (target["name"], target["declared"]) == ("terraform-plan", True)
    found = {(f["check"], f.get("resource", "")): f["status"] for f in said.json["findings"]}
    assert found["buckets", "aws_s3_bucket.b"] == "pass"


def test_a_public_bucket_of_a_plan_fails(auditor: Auditor, folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_text())
    policy = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                            "Resource": "arn:aws:s3:::shop-data/*"}}  # fmt: skip
    change = plan["resource_changes"][0]["change"]
    change["after"]["policy"] = json.dumps(policy)
    del change["after_unknown"]["policy"]
    (folder / "plan.json").write_text(json.dumps(plan))
    said = auditor(*CHECK, "--terraform-plan", "plan.json", "--format", "json")
    found = {(f["check"], f.get("resource", "")): f["status"] for f in said.json["findings"]}
    assert (said.code, found["buckets", "aws_s3_bucket.b"]) == (1, "fail")


@pytest.mark.usefixtures("folder")
def test_the_report_says_what_was_judged_on_what_is_declared(auditor: Auditor) -> None:
    arguments = ("scan", "--control", "compose-services", "--compose", "compose.yaml")
    told = "9 checks on what is declared (compose), 0 checks on living systems"
    text = " ".join(auditor(*arguments, "--no-color").out.split())
    assert told in text
    markdown = auditor(*arguments, "--format", "markdown")
    assert (markdown.code, told in markdown.out) == (1, True)


def test_several_files_are_several_targets(auditor: Auditor, folder: Path) -> None:
    (folder / "other.json").write_bytes((folder / "plan.json").read_bytes())
    both = ("--terraform-plan", "plan.json", "--terraform-plan", "other.json")
    said = auditor(*CHECK, *both, "--compose", "compose.yaml", "--plan")
    assert said.code == 0
    assert "terraform-plan: aws.s3.bucket" in said.out
    assert "terraform-plan-2: aws.s3.bucket" in said.out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--terraform-plan", "nowhere"), "no file nowhere"),
        (("--compose", "."), "takes files"),
        (("--terraform-plan", "-", "--compose", "-"), "read once only"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(
    auditor: Auditor, arguments: tuple[str, ...], said: str
) -> None:
    answer = auditor(*CHECK, *arguments)
    assert (answer.code, said in answer.err) == (2, True)
