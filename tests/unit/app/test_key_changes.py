"""A rotation that is cut off anywhere is completed by the same command, or explained until then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from auditor.app.project import load_trust
from auditor.app.signing_keys.changes import Change, rotate
from auditor.app.signing_keys.files import replace_file
from auditor.app.signing_keys.listing import ALGORITHMS
from auditor.app.verifying import find_subject, verify
from auditor.attest.key_record import sign_record
from auditor.attest.result import VerificationReport
from auditor.errors import LedgerError, UsageError
from auditor.keys.file import generate_key
from auditor.keys.opened import OpenKey
from auditor.keys.registry import open_key
from auditor.ledger.entries import KeyRecord, RunStart
from tests.unit.app.company import Company, found, target

Use = Literal["run", "log"]


@pytest.fixture
def company(tmp_path: Path) -> Company:
    made = found(tmp_path / "work", target(bad=["a"]))
    made.scan()
    return made


def new_key(company: Company, name: str, use: Use) -> OpenKey:
    generate_key(company.folder / name, ALGORITHMS[use])
    return open_key(name, company.folder, {})


def turn(company: Company, use: Use, key: OpenKey, *, despite: bool = False) -> Change:
    place = Path(key.place).name
    return rotate(company.project(), use, key, place, company.clock, despite_open_runs=despite)


def checked(company: Company) -> VerificationReport:
    now = company.clock() + timedelta(minutes=1)
    return verify(find_subject(company.folder, None), trust=None, run=None, now=now)


def rotations(company: Company) -> int:
    bodies = [entry.body for entry in company.project().store.entries()]
    return sum(isinstance(body, KeyRecord) and body.action == "rotate" for body in bodies)


def files(company: Company) -> dict[Path, bytes]:
    paths = [company.config, company.folder / "trust" / "policy.json"]
    return {path: path.read_bytes() for path in [*paths, company.folder / "keys" / "run.crt"]}


def put_back(saved: dict[Path, bytes], *kept: str) -> None:
    for path, data in saved.items():
        if path.name not in kept:
            path.write_bytes(data)


@pytest.mark.parametrize("use", ["run", "log"])
@pytest.mark.parametrize("kept", [(), ("run.crt",), ("run.crt", "policy.json")])
def test_cut_off_after_any_step_it_is_completed_by_the_same_command(
    company: Company, use: Use, kept: tuple[str, ...]
) -> None:
    key = new_key(company, "new.pem", use)
    before = files(company)
    first = turn(company, use, key)
    put_back(before, *kept)
    second = turn(company, use, key)
    assert (second.entry, second.key_id) == (first.entry, key.key_id)
    assert rotations(company) == 1
    assert getattr(company.project().loaded.config.keys, use) == "new.pem"
    company.scan()
    assert checked(company).exit_code == 0
    trust = load_trust(company.folder / "trust")
    assert len(trust.run_keys if use == "run" else trust.log_keys) == 2
    assert len(trust.certificate_authorities) == (2 if use == "run" else 1)


def test_while_the_configuration_still_names_the_old_log_key_nothing_is_written(
    company: Company,
) -> None:
    before = files(company)
    turn(company, "log", new_key(company, "new.pem", "log"))
    put_back(before)
    head = company.project().store.checkpoint()
    with pytest.raises(LedgerError, match="signed by another key") as caught:
        company.scan()
    assert "keys rotate log" in caught.value.hint
    assert company.project().store.checkpoint() == head


def test_a_rotation_that_is_only_in_the_journal_is_completed(company: Company) -> None:
    project, key = company.project(), new_key(company, "new.pem", "log")
    old = project.log_key()
    names = {name: item.note_key(project.origin).vkey for name, item in (("o", old), ("n", key))}
    with project.store.open_log(
        key=key.note_key(project.origin),
        sign=key.sign,
        clock=company.clock,
        previous=(old.note_key(project.origin), old.sign),
    ) as log:
        record = KeyRecord(
            use="log",
            action="rotate",
            key=names["n"],
            replaces=names["o"],
            since=company.clock(),
        )
        index = log.append(sign_record(record, old, key))
    with pytest.raises(LedgerError, match="rotates the log's key") as caught:
        company.scan()
    assert "once more" in caught.value.hint
    assert turn(company, "log", key, despite=True).entry == index
    company.scan()
    assert rotations(company) == 1
    assert checked(company).exit_code == 0


def test_the_old_key_signs_until_the_log_has_the_rotation(company: Company) -> None:
    project, key = company.project(), new_key(company, "new.pem", "log")
    old = project.log_key()
    with project.store.open_log(
        key=key.note_key(project.origin),
        sign=key.sign,
        clock=company.clock,
        previous=(old.note_key(project.origin), old.sign),
    ) as log:
        log.append(
            KeyRecord(use="run", action="introduce", key=old.public_key, since=company.clock())
        )
        signed = log.commit()
    assert [line.key_id for line in signed.note.signatures] == [old.note_key(project.origin).key_id]
    assert checked(company).exit_code == 0


def test_a_run_by_the_replaced_key_is_explained(company: Company) -> None:
    before = files(company)
    change = turn(company, "run", new_key(company, "new.pem", "run"))
    put_back(before)
    company.scan()
    report = checked(company)
    assert report.exit_code == 5
    assert f"was replaced by entry {change.entry}" in report.steps[5].detail


@pytest.mark.parametrize("use", ["run", "log"])
def test_a_rotation_is_not_begun_twice_with_different_keys(company: Company, use: Use) -> None:
    before = files(company)
    turn(company, use, new_key(company, "new.pem", use))
    put_back(before)
    other = new_key(company, "other.pem", use)
    with pytest.raises((UsageError, LedgerError)):
        turn(company, use, other)
    assert rotations(company) == 1
    assert {path: path.read_bytes() for path in before} == before


def test_it_waits_for_a_run_that_may_be_going_on(company: Company) -> None:
    project = company.project()
    key = project.log_key()
    with project.store.open_log(
        key=key.note_key(project.origin), sign=key.sign, clock=company.clock
    ) as log:
        now = company.clock()
        blob = project.store.put(b"{}")
        log.append(RunStart(run="going-on", now=now, policy=blob, scope={}, nonce="0"))
        log.commit()
    new = new_key(company, "new.pem", "run")
    with pytest.raises(UsageError, match="going-on has no end"):
        turn(company, "run", new)
    assert turn(company, "run", new, despite=True).entry


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    replace_file(path, b"one")
    path.chmod(0o640)
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    blocked = tmp_path / "folder"
    (blocked / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        replace_file(blocked, b"three")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "policy.json"]
