"""A run over controls' own queries: recorded, judged again, and judged by other controls."""

from __future__ import annotations

import gzip
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from auditor.app.project import Project
from auditor.app.reperform import rejudge_with, reperform
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.app.setup import Setup, write_setup
from auditor.app.subject import find_subject
from auditor.catalog.config import load_config
from auditor.shipped import shipped
from tests.services.sql_controls.conftest import Application
from tests.services.sql_controls.judging import collectors

pytestmark = pytest.mark.service
SELECTION = Selection(
    checks=("application-access/api-tokens", "segregation-of-duties/second-person")
)


def copy_controls(folder: Path) -> None:
    """The frameworks and two controls of the shipped library."""
    shutil.copytree(shipped("controls") / "frameworks", folder / "frameworks")
    for name in ("application-access", "segregation-of-duties"):
        shutil.copytree(shipped("controls") / "applications" / name, folder / "applications" / name)


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / "applications" / name / "control.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_run_is_recorded_and_judged_again(application: Application, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    application.fill(now)
    entry = {"name": "shop", "kind": application.target().kind, "environment": "prod"}
    setup = Setup("Example Ltd", "prod", [entry | application.settings], {"controls": ["library"]})
    write_setup(tmp_path / "work", setup, now - timedelta(days=1), collectors())
    copy_controls(tmp_path / "work" / "library")
    project = Project(load_config(tmp_path / "work" / "auditor.yaml"))
    made = Scan(project, lambda: datetime.now(UTC), ScanOptions(workers=2)).execute(SELECTION)
    assert {(one.check, one.status.value) for one in made.findings} == {
        ("api-tokens", "pass"),
        ("second-person", "pass"),
    }
    policy = next(
        text
        for path in (tmp_path / "work" / "evidence" / "blobs").rglob("*")
        if path.is_file() and "policy-1" in (text := _read(path))
    )
    assert "FROM audit_views.two_person_acts" in policy

    subject = find_subject(tmp_path / "work")
    (again,) = reperform(subject, None, datetime.now(UTC))
    assert again.same is True

    same = tmp_path / "same"
    copy_controls(same)
    (judged,) = rejudge_with(subject, None, same, datetime.now(UTC))
    assert {d.finding.partition("@")[0] for d in judged.differences} == {
        "application-access/administrators"  # was not read by that run
    }

    other = tmp_path / "other"
    copy_controls(other)
    change(
        other,
        "segregation-of-duties",
        "FROM audit_views.two_person_acts WHERE",
        "FROM audit_views.acts WHERE",
    )
    change(
        other, "application-access", "bind: {moment: now}", 'bind: {moment: now - duration("1h")}'
    )
    (judged,) = rejudge_with(subject, None, other, datetime.now(UTC))
    errors = {d.finding.partition("@")[0] for d in judged.differences if d.now == "error"}
    assert {"segregation-of-duties/second-person", "application-access/api-tokens"} <= errors


def _read(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "replace")


def test_the_evidence_says_how_it_was_read(application: Application) -> None:
    now = datetime.now(UTC)
    application.fill(now)
    _findings, found = application.scan(now)
    facts = found["shop", "sql.login_rule"].facts
    assert facts["bound"] == {
        "since": (now - timedelta(days=1)).isoformat().replace("+00:00", "Z"),
        "threshold": "10",
    }
    control = yaml.safe_load(
        (shipped("controls") / "applications" / "login-detection" / "control.yaml").read_text(
            "utf-8"
        )
    )
    assert facts["query"] == control["checks"][0]["query"]["text"]
