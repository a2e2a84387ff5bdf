"""`auditor attest`, `auditor waive` and `auditor waivers approve|audit`, as people type them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.core.times import format_instant
from auditor.keys.file import generate_key
from tests.unit.app.company import CONTROL, Company
from tests.unit.app.records.people import BOARD, Organisation, found
from tests.unit.cli.conftest import Auditor
from tests.unit.cli.test_other_commands import IN_FORCE, NOW

ATTEST = ("attest", BOARD, "--role", "chief-executive", "--statement", "We reviewed security")
FACT = ("--fact", "reviewed_at=2026-01-05T09:00:00Z")


@pytest.fixture
def people(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Organisation:
    assert installed.is_dir()  # the commands find the collector of other tests' controls
    made = found(tmp_path / "work")
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def state(people: Organisation, auditor: Auditor) -> Callable[..., object]:
    """Attest, with further options."""
    place = str(people.folder.parent / "ciso.pem")
    return lambda *more: auditor(*ATTEST, "--key", place, *more)


def test_a_statement_is_made_listed_and_verified(
    people: Organisation, auditor: Auditor, state: Callable[..., object]
) -> None:
    assert auditor("attest", "list").out == "no attestations\n"
    record = people.record()
    made = state(*FACT, "--valid-for", "90d", "--file", str(record))
    assert "A-2026-001.yaml" in made.out  # type: ignore[attr-defined]
    said = auditor("attest", "verify")
    assert (said.code, said.out.split()[-1]) == (0, "counts")
    document = auditor("attest", "list", "--all", "--format", "json").json
    assert document["attestations"][0]["attachments"][0]["media_type"] == "text/plain"
    assert {"check": "oversight/resources", "role": "chief-executive"} in document["waiting"]
    assert "waits for chief-executive" in auditor("attest", "list", "--all").out
    kept = people.folder / "attestations" / "A-2026-001" / record.name
    kept.write_text("other", "utf-8")
    tampered = auditor("attest", "verify", "A-2026-001")
    assert tampered.code == 1
    assert "another digest" in tampered.out


def test_a_named_reviewer_is_asked_for_and_signs(
    people: Organisation, auditor: Auditor, state: Callable[..., object]
) -> None:
    made = state(*FACT, "--valid-until", "2027-01-01T00:00:00Z", "--reviewer", "cto")
    assert "next: auditor attest review A-2026-001 --as cto" in made.out  # type: ignore[attr-defined]
    assert auditor("attest", "verify").code == 1
    place = str(people.folder.parent / "cto.pem")
    assert auditor("attest", "review", "A-2026-001", "--as", "cto", "--key", place).code == 0
    assert auditor("attest", "verify").code == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "one of --valid-for and --valid-until"),
        (("--valid-for", "90d", "--valid-until", "2027-01-01T00:00:00Z"), "one of --valid-for"),
        (("--valid-until", "2027-01-01"), "expected an RFC 3339 time"),
        (("--valid-for", "3 months"), "expected a number and a unit"),
        (("--valid-for", "90d", "--fact", "reviewed_at"), "expected NAME=VALUE"),
        (("--valid-for", "90d", *FACT, *FACT), "each name once"),
    ],
)
def test_options_that_say_nothing_certain_are_refused(
    state: Callable[..., object], more: tuple[str, ...], said: str
) -> None:
    answer = state(*more)
    assert answer.code == 2  # type: ignore[attr-defined]
    assert said in answer.err  # type: ignore[attr-defined]


@pytest.mark.usefixtures("people")
def test_verifying_what_is_not_there_is_refused(auditor: Auditor) -> None:
    assert auditor("attest", "verify").code == 2
    assert "no attestation A-1" in auditor("attest", "verify", "A-1").err


WAIVE = (
    "waive", f"{CONTROL}/thing", "--reason", "it is being replaced", "--risk", "R-1",
    "--requested-by", "head-of-parts", "--expires", IN_FORCE["expires"],
)  # fmt: skip
ONLY_A = ("--match", 'resource.name == "a"')


@pytest.fixture
def scanned(here: Company, auditor: Auditor) -> Company:
    here.configure(approvers={"ciso": "trust/ciso.pub"})
    ciso = generate_key(here.folder / "keys" / "ciso.pem", "ecdsa-p256-sha256")
    (here.folder / "trust" / "ciso.pub").write_text(ciso.public_key, "utf-8")
    assert auditor("scan").code == 1
    return here


def test_from_asking_to_a_waived_finding(scanned: Company, auditor: Auditor) -> None:
    asked = auditor(*WAIVE, *ONLY_A, "--max-items", "1", "--compensating", "a guard stands by")
    assert asked.code == 0, asked.err
    assert "1 of 1 failing, at most 1" in asked.out
    name = f"W-{NOW.year}-001"
    path = scanned.folder / "waivers" / "requested" / f"{name}.yaml"
    assert f"{name}  waits for approval" in auditor("waivers", "list").out
    assert auditor("waivers", "audit").code == 1
    key = str(scanned.folder / "keys" / "ciso.pem")
    approved = auditor("waivers", "approve", str(path), "--as", "ciso", "--key", key)
    assert approved.code == 0, approved.err
    listed = auditor("waivers", "list", "--format", "json").json
    assert [one["state"] for one in listed["waivers"]] == ["in force"]
    assert auditor("waivers", "audit").out == "nothing to object to\n"
    assert auditor("scan", "--format", "json").json["counts"]["waived"] == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--match", 'resource.name == "b"', "--max-items", "1"), "covers none of the 1 failing"),
        (("--match", "true", "--max-items", "1"), "matches 2 resources and was approved for 1"),
        ((*ONLY_A, "--max-items", "0"), "--max-items:"),
        ((*ONLY_A, "--max-items", "1", "--run", "19990101"), "there is no run"),
    ],
)
def test_a_request_that_would_not_do_what_it_is_for_is_refused(
    scanned: Company, auditor: Auditor, more: tuple[str, ...], said: str
) -> None:
    answer = auditor(*WAIVE, *more)
    assert answer.code == 2
    assert said in answer.err
    assert not (scanned.folder / "waivers" / "requested").exists()


def test_with_several_environments_one_is_named(scanned: Company, auditor: Auditor) -> None:
    scanned.configure(environments={"prod": {}, "staging": {}})
    answer = auditor(*WAIVE, *ONLY_A, "--max-items", "1")
    assert "give --environment: one of prod, staging" in answer.err
    assert auditor(*WAIVE, *ONLY_A, "--max-items", "1", "--environment", "prod").code == 0


def test_the_audit_is_also_json(scanned: Company, auditor: Auditor) -> None:
    scanned.write_waiver(expires=format_instant(NOW), approved_at="2026-03-01T00:00:00Z")
    said = auditor("waivers", "audit", "--format", "json")
    assert said.code == 1
    found_kinds = [one["kind"] for one in json.loads(said.out)["objections"]]
    assert "expired" in found_kinds
    assert "unsigned" in found_kinds
