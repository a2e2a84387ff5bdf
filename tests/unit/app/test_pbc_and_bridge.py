"""Request lists and facts for bridge letters, over a real store and log."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import load_workbook

from auditor.app.bridge import bridge_json, bridge_markdown
from auditor.app.log import open_log
from auditor.app.pbc import EVIDENCE, make_pack, waits_for_people
from auditor.app.period.bounds import parse_bounds
from auditor.app.period.outputs import period_of_project
from auditor.app.sampling.drawing import SizeWish, draw_sample, freeze
from auditor.core.model.control import Control
from auditor.errors import UsageError, VerificationError
from auditor.ledger.entries import AttestationRecord
from auditor.render.request_list import Request, RequestList, render_index_markdown
from auditor.shipped import shipped
from tests.unit.app.company import CONTROL, Company, found, target
from tests.unit.render.sample import CONTROLS

PERIOD = "2026-Q1"


@pytest.fixture
def scanned(tmp_path: Path) -> Company:
    """One honest target, one that refuses, and a waiver whose signature is missing."""
    company = found(tmp_path / "work", target(bad=["a"]), target("two", mode="denied"))
    company.configure(waivers="waivers")
    company.write_waiver()
    company.scan()
    return company


def _by_area(requests: list[Request]) -> dict[str, list[Request]]:
    areas: dict[str, list[Request]] = {}
    for one in requests:
        areas.setdefault(one.area, []).append(one)
    return areas


def test_each_item_is_in_the_pack_under_its_digest_or_missing(
    scanned: Company, tmp_path: Path
) -> None:
    project = scanned.project()
    frozen = freeze(project, CONTROL, parse_bounds(PERIOD), scanned.clock, print)
    draw_sample(scanned.project(), frozen, "n", SizeWish(1), "", scanned.clock, print)

    made = make_pack(scanned.project(), PERIOD, tmp_path / "pack")

    folder = tmp_path / "pack"
    bundle = zipfile.ZipFile(folder / EVIDENCE)
    for one in made.requests:
        assert one.file, one
        if one.file.startswith(f"{EVIDENCE}: "):
            assert one.file.removeprefix(f"{EVIDENCE}: ") in bundle.namelist()
        else:
            data = (folder / one.file).read_bytes()
            assert f"sha256:{hashlib.sha256(data).hexdigest()}" == one.digest
        assert one.index is not None
    areas = _by_area(list(made.requests))
    assert list(areas) == ["Configurations", "Population lists", "Evidence", "Waivers", "Samples"]
    assert any(one.note.startswith("incomplete") for one in areas["Evidence"])
    assert areas["Waivers"][0].note.startswith("signature: ")


def test_index_of_the_log_is_that_of_the_entry_with_the_digest(
    scanned: Company, tmp_path: Path
) -> None:
    made = make_pack(scanned.project(), PERIOD, tmp_path / "pack")

    entries = {e.index: e.to_bytes().decode() for e in scanned.project().store.entries()}
    for one in made.requests:
        if one.index is not None and one.area != "Waivers":
            assert one.digest in entries[one.index]


def test_sample_that_was_not_drawn_is_missing_with_the_command(
    scanned: Company, tmp_path: Path
) -> None:
    made = make_pack(scanned.project(), PERIOD, tmp_path / "pack")

    (missing,) = [one for one in made.requests if one.missing]
    assert made.missing == 1
    assert missing.note == (
        f"none was drawn: auditor sample --control {CONTROL} --period {PERIOD} --nonce NONCE"
    )
    index = (tmp_path / "pack" / "index.md").read_text("utf-8")
    assert "1 of them missing" in index
    assert "**missing**" in index
    rows = list(load_workbook(tmp_path / "pack" / "index.xlsx")["requests"].values)[1:]
    assert [row[0] for row in rows].count("MISSING") == 1
    assert len(rows) == len(made.requests)


def test_zip_holds_the_same_files(scanned: Company, tmp_path: Path) -> None:
    make_pack(scanned.project(), PERIOD, tmp_path / "pack.zip")

    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        assert sorted(archive.namelist()) == [EVIDENCE, "index.md", "index.xlsx"]
        assert zipfile.is_zipfile(io.BytesIO(archive.read(EVIDENCE)))
    assert not list(tmp_path.glob(".pbc-*"))


def test_place_that_is_taken_and_period_without_a_run_are_refused(
    scanned: Company, tmp_path: Path
) -> None:
    for place in (tmp_path, tmp_path / "none" / "pack"):
        with pytest.raises(UsageError):
            make_pack(scanned.project(), PERIOD, place)
    with pytest.raises(UsageError, match="no complete run"):
        make_pack(scanned.project(), "2025-Q1", tmp_path / "pack.zip")
    with pytest.raises(UsageError, match="no complete run"):
        make_pack(scanned.project(), "2025-Q1", tmp_path / "pack")
    assert not list(tmp_path.glob("*pack*"))


def test_bridge_states_failures_gaps_and_runs_and_no_opinion(scanned: Company) -> None:
    report = period_of_project(scanned.project(), "2026-03-30/2026-04-10").report

    document = json.loads(bridge_json(report))
    text = bridge_markdown(report).decode()

    assert document["schema"] == "bridge-1"
    assert document["runs"]["complete"] == 1
    assert document["over"] is False
    assert {item["id"] for item in document["failures"]} == {f.id for f in report.findings}
    assert report.findings
    assert all(f.id in text for f in report.findings)
    assert document["gaps"]
    assert "This time is not over" in text
    assert "## Times without evidence" in text
    assert not {"effective", "compliant"} & set(text.lower().split())
    assert bridge_json(report) == bridge_json(report)


def test_bridge_names_a_change_of_a_control(scanned: Company) -> None:
    path = scanned.folder / "library" / "access" / CONTROL / "control.yaml"
    path.write_text(path.read_text("utf-8").replace("severity: high", "severity: low"), "utf-8")
    scanned.scan()

    report = period_of_project(scanned.project(), "2026-03-30/2026-04-10").report

    assert report.changes
    text = bridge_markdown(report).decode()
    assert all(change.subject in text for change in report.changes)
    assert len(json.loads(bridge_json(report))["changes"]) == len(report.changes)


def test_bar_in_a_name_ends_no_cell_of_the_index() -> None:
    request = Request("A", "c", "a|b", file="f|g")
    listed = RequestList("Ltd", "2026", datetime(2026, 1, 1, tzinfo=UTC), "log", [request])

    line = render_index_markdown(listed).decode().splitlines()[-1]

    assert len(re.findall(r"(?<!\\)\|", line)) == 7


def test_statements_and_attachments_of_people_are_copied_into_the_pack(
    scanned: Company, tmp_path: Path
) -> None:
    project = scanned.project()
    names = {"attestation": "A-2026-001", "check": f"{CONTROL}/thing"}
    blobs = [project.store.put(data) for data in (b"statement: we did\n", b"%PDF minutes")]
    with open_log(project, scanned.clock) as log:
        for blob, more in zip(blobs, ({}, {"attachment": "minutes.pdf"}), strict=True):
            fields: dict[str, Any] = {**names, **more, "blob": blob.model_dump(mode="json")}
            log.append(AttestationRecord(fields=fields))
        log.commit()

    made = make_pack(scanned.project(), PERIOD, tmp_path / "pack")

    own = _by_area(list(made.requests))["Policies and statements"]
    assert [one.item for one in own] == ["A-2026-001: statement", "A-2026-001: minutes.pdf"]
    assert [one.control for one in own] == [CONTROL, CONTROL]
    assert (tmp_path / "pack" / own[1].file).read_bytes() == b"%PDF minutes"


def test_entry_of_a_person_without_a_blob_is_no_silent_gap(
    scanned: Company, tmp_path: Path
) -> None:
    project = scanned.project()
    with open_log(project, scanned.clock) as log:
        log.append(AttestationRecord(fields={"attestation": "A-2026-001"}))
        log.commit()

    with pytest.raises(VerificationError, match="names no blob"):
        make_pack(scanned.project(), PERIOD, tmp_path / "pack")


def test_control_that_asks_for_a_statement_is_known_by_its_checks() -> None:
    path = shipped("controls") / "controls/governance/vendors/control.yaml".removeprefix(
        "controls/"
    )
    attested = Control.model_validate(yaml.safe_load(path.read_text("utf-8")))

    assert waits_for_people(attested)
    assert not waits_for_people(CONTROLS[0])
