"""Moving a log: the copy is proven to be the same, a wrong target is refused, a cut one goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.app.project import load_trust
from auditor.app.upkeep.copying import Copied, copy_log
from auditor.attest.verify import verify_store
from auditor.errors import AuditorError, LedgerError, UsageError, VerificationError
from auditor.store.local import LocalStore
from tests.unit.app.company import BEGIN, Company, found, target


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    company = found(tmp_path_factory.mktemp("recorded") / "work", target())
    company.scan()
    company.scan()
    return company.folder


@pytest.fixture
def company(recorded: Path, tmp_path: Path) -> Company:
    shutil.copytree(recorded, tmp_path / "work")
    from tests.unit.app.company import ticking

    return Company(tmp_path / "work", ticking(BEGIN.replace(month=4, day=2)))


@pytest.fixture
def there(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "copy")


def copied(company: Company, there: LocalStore) -> Copied:
    return copy_log(company.project(), there, company.clock, lambda _line: None)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


EVIDENCE = ("log/checkpoint", "log/tile/", "blobs/", "runs/", "vault/")


def evidence(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in files(folder).items() if name.startswith(EVIDENCE)}


def test_a_copy_is_the_same_log_and_verifies(company: Company, there: LocalStore) -> None:
    done = copied(company, there)
    signed = company.project().store.checkpoint()
    assert signed is not None
    assert (done.size, done.root) == (signed.checkpoint.size, signed.checkpoint.root.hex())
    assert evidence(there.folder) == evidence(company.folder / "evidence")
    assert done.files == len(evidence(there.folder)) == done.new + 1
    assert not (there.folder / "log" / "journal").exists()
    trust = load_trust(company.folder / "trust")
    assert verify_store(there.reader(), trust, now=company.clock()).exit_code == 0


def test_a_copy_can_be_written_on(company: Company, there: LocalStore) -> None:
    before = copied(company, there).size
    company.configure(store=str(there.folder))
    company.scan()
    signed = company.project().store.checkpoint()
    assert signed is not None
    assert signed.checkpoint.size > before


def test_a_second_copy_writes_what_is_new(company: Company, there: LocalStore) -> None:
    first = copied(company, there)
    assert copied(company, there).new == 0
    company.scan()
    again = copied(company, there)
    assert again.size > first.size
    assert 0 < again.new < again.files
    assert evidence(there.folder).items() >= evidence(company.folder / "evidence").items()


@pytest.mark.parametrize("written", [1, 3, 8])
def test_a_copy_that_was_cut_off_is_gone_on_with(
    company: Company, there: LocalStore, written: int
) -> None:
    copied(company, there)
    for name in ("log/checkpoint", *sorted(evidence(there.folder))[written:]):
        (there.folder / name).unlink(missing_ok=True)
    copied(company, there)
    assert evidence(there.folder) == evidence(company.folder / "evidence")


def test_entries_that_wait_are_committed_first(company: Company, there: LocalStore) -> None:
    project = company.project()
    key = project.log_key()
    from auditor.ledger.entries import RunAbort

    with project.store.open_log(
        key=key.note_key(project.origin), sign=key.sign, clock=company.clock
    ) as log:
        index = log.append(RunAbort(run="waiting", reason="x"))
    assert copied(company, there).size == index + 1


def test_a_target_with_another_log_is_refused(
    company: Company, there: LocalStore, tmp_path: Path
) -> None:
    other = found(tmp_path / "other", target())
    other.scan()
    copied(other, there)
    before = files(there.folder)
    with pytest.raises(UsageError, match="holds another log"):
        copied(company, there)
    assert files(there.folder) == before


def test_a_target_that_has_gone_on_is_refused(company: Company, there: LocalStore) -> None:
    copied(company, there)
    original = company.folder / "evidence"
    company.configure(store=str(there.folder))
    company.scan()
    company.configure(store=str(original))
    with pytest.raises(LedgerError, match="an older or another copy of the store"):
        copied(company, there)
    (company.folder / "trust" / "last-checkpoint").unlink()
    with pytest.raises(UsageError, match="has gone on"):
        copied(company, there)


def test_a_target_with_another_file_of_a_name_is_refused(
    company: Company, there: LocalStore
) -> None:
    name = next(n for n in evidence(company.folder / "evidence") if n.startswith("blobs/"))
    (there.folder / name).parent.mkdir(parents=True)
    (there.folder / name).write_bytes(b"other")
    with pytest.raises(UsageError, match="another file of this name"):
        copied(company, there)


def test_a_damaged_blob_is_not_passed_on_as_good(company: Company, there: LocalStore) -> None:
    name = next(n for n in evidence(company.folder / "evidence") if n.startswith("blobs/"))
    (company.folder / "evidence" / name).write_bytes(b"other")
    with pytest.raises(VerificationError) as caught:
        copied(company, there)
    assert caught.value.where == name


def test_blobs_that_are_nowhere_are_counted(company: Company, there: LocalStore) -> None:
    name = next(n for n in evidence(company.folder / "evidence") if n.startswith("blobs/"))
    (company.folder / "evidence" / name).unlink()
    assert copied(company, there).absent == 1


def test_a_store_is_not_copied_onto_itself(company: Company) -> None:
    with pytest.raises(UsageError, match="already"):
        copied(company, LocalStore((company.folder / "evidence").resolve()))


def test_nothing_is_no_log(tmp_path: Path, there: LocalStore) -> None:
    company = found(tmp_path / "empty", target())
    with pytest.raises(AuditorError, match="no log to copy"):
        copied(company, there)


def test_what_is_no_part_of_a_store_is_not_copied(company: Company, there: LocalStore) -> None:
    for name in ("blobs/notes.txt", "log/notes.txt", "runs/notes.txt"):
        (company.folder / "evidence" / name).write_text("x")
    copied(company, there)
    assert not [name for name in files(there.folder) if name.endswith("notes.txt")]
