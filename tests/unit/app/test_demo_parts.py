"""The demonstration's own judgement of itself, and what stands before its stand-in cloud."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from auditor.app.demo.backups import DAYS, write_backups
from auditor.app.demo.cloud import DENIED_TARGET, FrontDoor
from auditor.app.demo.ports import answers, free_port
from auditor.app.demo.run import demonstration
from auditor.app.demo.story import Expected, differences
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.errors import UsageError
from tests.unit.app.company import BEGIN, CONTROL, Company, by_key, target
from tests.unit.app.conftest import MakeCompany

CHECK = f"{CONTROL}/thing"


@pytest.fixture
def findings(make_company: MakeCompany) -> list[Finding]:
    """Of thing `a`, which fails, and of `b`."""
    company: Company = make_company(target(bad=["a"]))
    return list(by_key(company.scan().findings).values())


def test_a_story_that_came_true_has_no_surprise(findings: list[Finding]) -> None:
    story = [Expected(CHECK, "a", Status.FAIL, "is not ok"), Expected(CHECK, "b", Status.PASS)]
    assert differences(findings, story) == []


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (Expected(CHECK, "z", Status.PASS), f"{CHECK} on z: no finding"),
        (
            Expected(CHECK, "a", Status.PASS),
            "is fail (a is not ok (`resource.ok` is false)), expected pass",
        ),
        (
            Expected(CHECK, "a", Status.FAIL, "expired"),
            "is fail (a is not ok (`resource.ok` is false)), expected fail",
        ),
    ],
)
def test_what_did_not_come_true_is_told(
    findings: list[Finding], expected: Expected, said: str
) -> None:
    (line,) = differences(findings, [expected])
    assert said in line


def test_a_verdict_of_another_check_does_not_count(findings: list[Finding]) -> None:
    other = [replace(finding, check="other") for finding in findings]
    assert differences(other, [Expected(CHECK, "a", Status.FAIL)]) == [f"{CHECK} on a: no finding"]


REPORT = "user,arn\nalice,arn:aws:iam::1:user/alice\n"


def moto(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """Answers as moto does: a report without its root row, of 2015."""
    environ["wsgi.input"].read()
    content = base64.b64encode(REPORT.encode()).decode()
    start("200 OK", [("Content-Length", "0"), ("Content-Type", "text/xml")])
    time = "<GeneratedTime>2015-01-01T00:00:00Z</GeneratedTime>"
    return [f"<x><Content>{content}</Content>{time}</x>".encode()]


def ask(body: bytes = b"", **headers: str) -> tuple[str, dict[str, str], bytes]:
    said: dict[str, Any] = {}

    def start(status: str, pairs: list[tuple[str, str]]) -> None:
        said.update(status=status, headers=dict(pairs))

    environ = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), **headers}
    data = b"".join(FrontDoor(moto)(environ, start))
    return said["status"], said["headers"], data


def test_one_operation_is_denied_in_the_words_of_aws() -> None:
    status, _headers, data = ask(HTTP_X_AMZ_TARGET=DENIED_TARGET)
    assert status == "400 Bad Request"
    assert b"AccessDeniedException" in data
    assert b"kms:GetKeyRotationStatus" in data


def test_the_credential_report_gets_its_root_row_and_the_time_of_today() -> None:
    status, headers, data = ask(b"Action=GetCredentialReport&Version=2010-05-08")
    assert status == "200 OK"
    assert headers["Content-Length"] == str(len(data))
    match = re.search(rb"<Content>(.+)</Content>", data)
    assert match
    rows = base64.b64decode(match[1]).decode().splitlines()
    assert [row.split(",")[0] for row in rows] == ["user", "<root_account>", "alice"]
    assert b"2015" not in data


def test_everything_else_is_answered_by_the_stand_in_itself() -> None:
    assert b"2015" in ask(b"Action=ListUsers")[2]


def test_the_backups_miss_one_day_and_are_twice_there(tmp_path: Path) -> None:
    entry = write_backups(tmp_path, BEGIN)
    here = {p.name for p in Path(str(entry["path"])).glob("*.age")}
    assert len(here) == DAYS - 1
    assert here == {p.name for p in Path(str(entry["offsite"])).glob("*.age")}


def test_a_port_is_free_until_somebody_listens() -> None:
    assert not answers(free_port())


def test_a_folder_of_somebody_elses_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious", "utf-8")
    before = dict(os.environ)
    told: list[str] = []
    with (
        pytest.raises(UsageError, match="is not empty"),
        demonstration(tmp_path, lambda: BEGIN, (), told.append),
    ):
        raise AssertionError("it began")
    assert told == []
    assert dict(os.environ) == before
