"""Faults of AWS as `auditor scan` sees them: error on what is concerned, all else judged.

Each scan is a process of its own against moto behind a proxy that makes the fault; its verdicts are
compared, finding by finding, with those of a scan without fault.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.errors import ExitCode
from tests.e2e.program import Done, auditor, aws_target, working_folder
from tests.services.aws.faults import (
    Answer,
    Asked,
    FaultProxy,
    Rule,
    denied,
    dropped,
    expired,
    throttled,
)
from tests.services.aws.seed import seed
from tests.services.aws.server import moto_server

pytestmark = pytest.mark.e2e
REGIONS = ("eu-west-1", "us-east-1")
BUCKETS = "storage-private/buckets"
KEYS = "key-management/rotation"
LOGS = "encryption-at-rest/log-groups"
PASSWORDS = "password-policy/account-policy"
CHECKS = (BUCKETS, KEYS, LOGS, PASSWORDS)
Verdicts = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        seed(url)
        yield url


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One working folder: each scan is a run of its own in it."""
    return working_folder(tmp_path_factory.mktemp("scans") / "work")


@pytest.fixture(scope="module")
def good(cloud: str, folder: Path) -> Verdicts:
    """What a scan without a fault finds."""
    found = scan(folder, cloud)
    assert not [finding for finding in found.values() if finding["status"] == "error"]
    assert {key[0] for key in found} == set(CHECKS)
    return found


def run(folder: Path, url: str, *options: str, **settings: object) -> Done:
    target = aws_target(url, regions=list(REGIONS), **settings)
    (folder / "auditor.yaml").write_text(with_target(folder, target), "utf-8")
    chosen = [part for check in CHECKS for part in ("--check", check)]
    return auditor(folder, "scan", "--format", "json", *chosen, *options)


def with_target(folder: Path, target: dict[str, object]) -> str:
    path = folder / "auditor.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    text: str = yaml.safe_dump(document | {"targets": [target]}, sort_keys=False)
    return text


def scan(folder: Path, url: str, *options: str, **settings: object) -> Verdicts:
    """Findings by check and resource."""
    done = run(folder, url, *options, **settings)
    assert done.code in {ExitCode.OK, ExitCode.FAILING, ExitCode.INCOMPLETE}, done.err
    return by_resource(done)


def by_resource(done: Done) -> Verdicts:
    return {
        (f"{one['control']}/{one['check']}", one["resource"]): one for one in done.json["findings"]
    }


def check_only(
    good: Verdicts, found: Verdicts, concerned: Callable[[tuple[str, str]], bool], cause: str
) -> list[dict[str, Any]]:
    """Errors stand on what is concerned, with the cause; everything else is judged as before."""
    errors = {key: one for key, one in found.items() if one["status"] == "error"}
    assert errors
    assert {one["cause"] for one in errors.values()} == {cause}
    # A list that failed is an error of its region, whose further items nobody knows.
    assert not [k for k in errors if not concerned(k) and k[1] not in REGIONS]
    for key, one in good.items():
        if concerned(key):
            assert key not in found or found[key]["status"] == "error", key
        else:
            assert found[key]["status"] == one["status"], key
    return list(errors.values())


def behind(cloud: str, *rules: Rule) -> FaultProxy:
    return FaultProxy(cloud, rules)


def test_one_bucket_denied(cloud: str, folder: Path, good: Verdicts) -> None:
    rule = Rule(denied, operation="GetBucketPolicy", containing="safe-bucket")
    with behind(cloud, rule) as url:
        found = scan(folder, url)
    [error] = check_only(good, found, lambda key: "safe-bucket" in key[1], "denied")
    assert error["action"] == "s3:GetBucketPolicy"


def test_throttled_until_the_retries_end(cloud: str, folder: Path, good: Verdicts) -> None:
    rule = Rule(throttled, operation="GetBucketAcl", containing="open-bucket")
    with (proxy := behind(cloud, rule)) as url:
        found = scan(folder, url, max_attempts=3)
    [error] = check_only(good, found, lambda key: key[1].endswith("open-bucket"), "throttled")
    assert error["action"] == "s3:GetBucketAcl"
    asked = [one for one in proxy.seen if one.operation == "GetBucketAcl"]
    assert len([one for one in asked if "open-bucket" in one.text]) == 3


def test_a_second_page_that_fails(cloud: str, folder: Path, good: Verdicts) -> None:
    rule = Rule(denied, operation="DescribeLogGroups", containing="nextToken")
    with behind(cloud, rule) as url:
        found = scan(folder, url)
    beyond = {key for key in good if key[0] == LOGS and key not in found}
    assert len(beyond) == 10  # what only the second page tells is not there
    [error] = check_only(good, found, lambda key: key in beyond, "denied")
    assert (error["check"], error["resource"]) == ("log-groups", REGIONS[0])
    assert error["action"] == "logs:DescribeLogGroups"


def test_one_region_down(cloud: str, folder: Path, good: Verdicts) -> None:
    rule = Rule(dropped, region=REGIONS[1], but=["sts", "iam", "s3"])
    with behind(cloud, rule) as url:
        found = scan(folder, url)

    def there(key: tuple[str, str]) -> bool:
        # The bucket's tags come from the region that it lies in.
        regional = key[0] in {KEYS, LOGS} and REGIONS[1] in key[1]
        return regional or key == (BUCKETS, "arn:aws:s3:::american-bucket")

    errors = check_only(good, found, there, "unreachable")
    assert {(one["check"], one["resource"]) for one in errors} == {
        ("rotation", REGIONS[1]),
        ("log-groups", REGIONS[1]),
        ("buckets", "arn:aws:s3:::american-bucket"),
    }


def test_credentials_that_expire_in_mid_scan(cloud: str, folder: Path, good: Verdicts) -> None:
    free = behind(cloud)
    with free as url:
        scan(folder, url)
    rule = Rule(expired, after=len(free.seen) // 2)
    with behind(cloud, rule) as url:
        done = run(folder, url)
    found = by_resource(done)
    assert done.code in {ExitCode.FAILING, ExitCode.INCOMPLETE}
    errors = [one for one in found.values() if one["status"] == "error"]
    assert errors
    assert {one["cause"] for one in errors} == {"expired_credentials"}
    # Nothing is judged otherwise than before: it is as it was, or it is in error or not known.
    judged = {key: one for key, one in found.items() if one["status"] != "error"}
    assert all(good[key]["status"] == one["status"] for key, one in judged.items())
    assert {key[0] for key in found} == set(CHECKS)


def unimplemented(cloud: str) -> Callable[[Asked], Answer]:
    """What moto itself answers to an operation that it does not have."""

    def answer(_asked: Asked) -> Answer:
        headers = {
            "X-Amz-Target": "Logs_20140328.DescribeConfigurationTemplates",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=t/20260101/eu-west-1/logs/aws4_request",
        }
        request = urllib.request.Request(cloud, b"{}", headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=20) as got:  # noqa: S310 - loopback
                return Answer(got.status, got.read(), got.headers["Content-Type"])
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers["Content-Type"])

    return answer


def test_an_operation_that_is_not_implemented(cloud: str, folder: Path, good: Verdicts) -> None:
    fault = unimplemented(cloud)
    assert fault(Asked("", "", "", "", "json")).status in {404, 500, 501}
    with behind(cloud, Rule(fault, operation="DescribeLogGroups")) as url:
        found = scan(folder, url)
    errors = [one for one in found.values() if one["status"] == "error"]
    assert {one["check"] for one in errors} == {"log-groups"}
    assert {one["action"] for one in errors} == {"logs:DescribeLogGroups"}
    others = {key: one for key, one in good.items() if key[0] != LOGS}
    assert {key: found[key]["status"] for key in others} == {
        key: one["status"] for key, one in others.items()
    }


@pytest.mark.parametrize("rules", [[Rule(denied)], [Rule(denied, but=["sts"])]])
def test_all_denied_is_error_for_every_check(
    cloud: str, folder: Path, rules: Sequence[Rule]
) -> None:
    with behind(cloud, *rules) as url:
        done = run(folder, url)
    assert done.code == ExitCode.INCOMPLETE
    findings = done.json["findings"]
    assert {f"{one['control']}/{one['check']}" for one in findings} == set(CHECKS)
    assert {(one["status"], one["cause"]) for one in findings} == {("error", "denied")}
    assert all(one["action"] for one in findings)


def test_a_ceiling_that_is_reached_is_error_and_names_itself(cloud: str, folder: Path) -> None:
    with (proxy := behind(cloud)) as url:
        done = run(folder, url, "--max-calls", "3")
    assert len(proxy.seen) == 3
    errors = [one for one in done.json["findings"] if one["status"] == "error"]
    assert {one["cause"] for one in errors} == {"limit"}
    assert {f"{one['control']}/{one['check']}" for one in done.json["findings"]} == set(CHECKS)
