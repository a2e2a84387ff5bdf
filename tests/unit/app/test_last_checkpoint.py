"""An older copy of the store that was put back is found without a witness, and not built upon."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.app.verifying import find_subject, verify
from auditor.errors import ExitCode, LedgerError, VerificationError
from tests.unit.app.company import BEGIN, Company

KEPT = "last-checkpoint"


@pytest.fixture
def put_back(company: Company, tmp_path: Path) -> Company:
    """The store as it was before its last run; who did that has no key."""
    company.scan()
    shutil.copytree(company.folder / "evidence", tmp_path / "copy")
    company.scan()
    shutil.rmtree(company.folder / "evidence")
    shutil.copytree(tmp_path / "copy", company.folder / "evidence")
    return company


def exit_code(company: Company) -> int:
    subject = find_subject(company.folder, None)
    return verify(subject, trust=None, run=None, now=BEGIN).exit_code


def test_the_next_run_is_refused_and_verification_finds_it(put_back: Company) -> None:
    size = len(list(put_back.project().store.entries()))
    with pytest.raises(LedgerError, match="an older or another copy of the store"):
        put_back.scan()
    assert len(list(put_back.project().store.entries())) == size
    assert exit_code(put_back) == ExitCode.INTEGRITY


def test_a_fork_of_the_same_size_is_refused(put_back: Company) -> None:
    kept = put_back.folder / "trust" / KEPT
    head = kept.read_bytes()
    kept.unlink()
    put_back.scan()  # as the writer of before would have done
    kept.write_bytes(head)
    with pytest.raises(LedgerError, match="others than those that were signed from here"):
        put_back.scan()
    assert exit_code(put_back) == ExitCode.INTEGRITY


def test_a_damaged_memory_is_no_memory_that_can_be_ignored(company: Company) -> None:
    company.scan()
    (company.folder / "trust" / KEPT).write_text("no checkpoint\n", "utf-8")
    with pytest.raises(VerificationError) as caught:
        company.scan()
    assert KEPT in caught.value.where


def test_what_is_kept_is_the_head_that_was_signed_last(company: Company) -> None:
    company.scan()
    signed = company.project().store.checkpoint()
    assert signed is not None
    assert (company.folder / "trust" / KEPT).read_bytes() == signed.to_bytes()
    assert exit_code(company) == ExitCode.OK


def test_a_run_is_not_lost_because_its_head_cannot_be_kept(company: Company) -> None:
    (company.folder / "trust" / KEPT).mkdir()
    run = company.scan().run
    latest = company.project().store.latest()
    assert latest is not None
    assert latest.id == run
    left = [path.name for path in (company.folder / "trust").iterdir()]
    assert not [name for name in left if name.endswith(".tmp")]
