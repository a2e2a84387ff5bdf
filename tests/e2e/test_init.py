"""`auditor init` finds what answers, writes what loads, and keeps what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.program import auditor
from tests.services.aws.server import ACCOUNT, moto_server

pytestmark = pytest.mark.e2e
SECRET = {"AUDITOR_KEY_PASSPHRASE": "correct horse"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("init-moto") / "moto.log") as url:
        yield url


def targets(folder: Path) -> dict[str, dict[str, object]]:
    document = yaml.safe_load((folder / "auditor.yaml").read_text("utf-8"))
    return {target["kind"]: target for target in document["targets"]}


def test_it_finds_an_account_and_this_host_and_says_as_whom(cloud: str, tmp_path: Path) -> None:
    done = auditor(tmp_path, "init", "work", env={"AWS_ENDPOINT_URL": cloud})
    assert done.code == 0, done.err
    assert f"aws        found: as arn:aws:sts::{ACCOUNT}" in done.err
    assert "host       found: as uid=" in done.err
    assert set(targets(tmp_path / "work")) == {"aws-account", "host"}
    assert done.out == "Next: cd work && auditor scan --plan && auditor scan\n"
    plan = auditor(tmp_path / "work", "scan", "--plan", env={"AWS_ENDPOINT_URL": cloud})
    assert plan.code == 0, plan.err
    named = [line for line in plan.out.splitlines() if not line.startswith(" ")]
    assert {line.split(":")[0] for line in named} == {"aws", "this-host"}


def test_an_account_that_does_not_answer_is_not_written(tmp_path: Path) -> None:
    gone = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    done = auditor(tmp_path, "init", "work", env=gone)
    assert done.code == 0
    assert "aws        not found:" in done.err
    assert set(targets(tmp_path / "work")) == {"host"}
    alone = auditor(tmp_path, "init", "other", "--target", "aws", env=gone)
    assert alone.code == 2
    assert "hint: give --endpoint" in alone.err
    assert not (tmp_path / "other").exists()


def test_a_cluster_is_looked_for_and_records_are_written_when_asked_for(tmp_path: Path) -> None:
    done = auditor(tmp_path, "init", "work", "--target", "kubernetes", "--target", "records")
    assert done.code == 0, done.err
    assert "kubernetes not found: there is no kubeconfig" in done.err
    assert set(targets(tmp_path / "work")) == {"organisation"}
    plan = auditor(tmp_path / "work", "scan", "--plan")
    assert plan.code == 0, plan.err
    assert plan.out.startswith("organisation: records.")


def test_endpoints_become_a_target_and_an_inventory(tmp_path: Path) -> None:
    endpoints = ["shop.example.org:443", "api.example.org:8443"]
    given = [word for endpoint in endpoints for word in ("--endpoint", endpoint)]
    done = auditor(tmp_path, "init", ".", "--target", "host", *given, "--environment", "staging")
    assert done.code == 0, done.err
    assert done.out == "Next: auditor scan --plan && auditor scan\n"
    document = yaml.safe_load((tmp_path / "auditor.yaml").read_text("utf-8"))
    assert document["inventory"]["endpoints"] == endpoints
    assert document["environments"] == {"staging": {}}
    assert targets(tmp_path)["tls-endpoint"]["environment"] == "staging"
    assert auditor(tmp_path, "scan", "--plan").code == 0


@pytest.mark.parametrize("endpoint", ["shop.example.org", "shop.example.org:https", ":443"])
def test_an_endpoint_that_is_none_is_refused_and_nothing_is_written(
    tmp_path: Path, endpoint: str
) -> None:
    done = auditor(tmp_path, "init", "work", "--target", "host", "--endpoint", endpoint)
    assert done.code == 2
    assert "host:port" in done.err or "expected" in done.err
    assert not (tmp_path / "work").exists()


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    assert auditor(tmp_path, "init", "work", "--target", "host").code == 0
    folder = tmp_path / "work"
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    again = auditor(tmp_path, "init", "work", "--target", "host")
    assert again.code == 2
    assert "exists already" in again.err
    (folder / "auditor.yaml").unlink()
    without = auditor(tmp_path, "init", "work", "--target", "host")
    assert without.code == 2
    assert "keys/run.pem exists already" in without.err
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    del before[folder / "auditor.yaml"]
    assert after == before


def test_a_passphrase_encrypts_the_keys_and_the_trust_policy_is_plain(tmp_path: Path) -> None:
    done = auditor(tmp_path, "init", "work", "--target", "host", env=SECRET)
    assert done.code == 0
    for name in ("run.pem", "log.pem"):
        assert "ENCRYPTED" in (tmp_path / "work" / "keys" / name).read_text("utf-8")
    policy = json.loads((tmp_path / "work" / "trust" / "policy.json").read_text("utf-8"))
    assert policy["schema"] == "trust-1"
    assert "PRIVATE" not in json.dumps(policy)
    assert "horse" not in done.out + done.err


def test_a_prompt_that_nobody_answers_is_an_interruption_and_writes_nothing(
    tmp_path: Path,
) -> None:
    done = auditor(tmp_path, "init", "work", "--target", "host", "--encrypt-keys")
    assert done.code == 130
    assert not (tmp_path / "work").exists()


def test_a_place_that_takes_no_folder_is_named(tmp_path: Path) -> None:
    done = auditor(tmp_path, "init", "/proc/work", "--target", "host")
    assert done.code == 2
    assert "/proc/work" in done.err
    assert "Traceback" not in done.err
