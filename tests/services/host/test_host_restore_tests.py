"""Signed records of restore tests: what counts, and what each fault gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.app.restore import sign_record
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from auditor.errors import ConfigError, DefinitionError
from auditor.keys.file import FileKey, generate_key
from tests.services.host.conftest import Collect, rows

pytestmark = pytest.mark.service
Tree = Callable[[Mapping[str, str | bytes]], Path]
RECORD = {
    "id": "ledger-2026-03",
    "store": "ledger",
    "method": "point-in-time",
    "source": "db-1",
    "target": "restore-1",
    "isolated": True,
    "failure_at": "2026-03-10T08:00:00Z",
    "recovered_to": "2026-03-10T07:45:00Z",
    "started_at": "2026-03-10T09:00:00Z",
    "finished_at": "2026-03-10T11:30:00Z",
    "rows_expected": 1200000,
    "rows_restored": 1200000,
    "validated": True,
    "operator": "ines",
    "reviewer": "jonas",
}


@pytest.fixture
def place(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FileKey]:
    """A tree with one record signed by Jonas, whose public key stands beside it."""
    key = generate_key(tmp_path_factory.mktemp("keys") / "jonas.pem", "ecdsa-p256-sha256")
    files = {"/srv/restores/a.json": json.dumps(RECORD), "/srv/jonas.pub": key.public_key}
    root = tree(files)
    sign_record(root / "srv/restores/a.json", key)
    return root, key


def _records(collect: Collect, root: Path) -> Observation:
    return collect(
        "host.restore_test",
        root=str(root),
        restore_records="/srv/restores",
        restore_signers={"jonas": "/srv/jonas.pub"},
    )


def test_a_signed_record_is_read_and_its_signer_named(
    collect: Collect, place: tuple[Path, FileKey]
) -> None:
    observation = _records(collect, place[0])
    row = rows(observation, "id")["ledger-2026-03"]
    assert (row["signature"], row["signed_by"]) == ("valid", "jonas")
    assert row["rows_restored"] == 1200000
    assert row["finished_at"] == "2026-03-10T11:30:00Z"
    assert observation.facts == {"configured": True, "records": 1}


def test_an_edited_record_a_stranger_and_no_signature_do_not_count(
    collect: Collect, place: tuple[Path, FileKey], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, _key = place
    path = root / "srv/restores/a.json"
    original = path.read_bytes()
    path.write_bytes(original.replace(b'"rows_restored": 1200000', b'"rows_restored": 1200001'))
    assert "other bytes" in _signature(collect, root)
    path.write_bytes(original)
    stranger = generate_key(tmp_path_factory.mktemp("other") / "x.pem", "ecdsa-p256-sha256")
    sign_record(path, stranger)
    assert "unknown key" in _signature(collect, root)
    path.with_name("a.json.sig").write_text("{}", "utf-8")
    assert _signature(collect, root) != "valid"
    path.with_name("a.json.sig").unlink()
    assert _signature(collect, root) == "it is not signed"


def _signature(collect: Collect, root: Path) -> str:
    observation = _records(collect, root)
    (row,) = rows(observation, "id").values()
    assert row["signed_by"] is None or row["signature"] == "valid"
    return str(row["signature"])


def test_a_file_that_is_no_record_is_a_gap_and_the_others_are_kept(
    collect: Collect, place: tuple[Path, FileKey]
) -> None:
    root, _key = place
    folder = root / "srv/restores"
    (folder / "b.json").write_text(json.dumps(RECORD | {"rows_restored": "all"}), "utf-8")
    (folder / "c.json").write_text("not JSON", "utf-8")
    (folder / "notes.txt").write_text("not a record", "utf-8")
    observation = _records(collect, root)
    assert [gap.subject for gap in observation.gaps] == [
        "/srv/restores/b.json",
        "/srv/restores/c.json",
    ]
    assert "rows_restored" in observation.gaps[0].detail
    assert len(observation.resources) == 1


def test_a_missing_key_leaves_the_signature_unread(
    collect: Collect, place: tuple[Path, FileKey]
) -> None:
    root, _key = place
    for content in (None, "no key"):
        if content is None:
            (root / "srv/jonas.pub").unlink()
        else:
            (root / "srv/jonas.pub").write_text(content, "utf-8")
        observation = _records(collect, root)
        (resource,) = observation.resources
        assert set(resource.unread) == {"signature", "signed_by"}
        assert resource.unread["signature"].cause is Cause.UNPARSABLE


def test_a_folder_that_is_named_and_missing_is_a_gap_and_none_named_is_a_fact(
    collect: Collect, tree: Tree
) -> None:
    root = tree({})
    missing = collect("host.restore_test", root=str(root), restore_records="/srv/restores")
    assert missing.gaps[0].subject == "/srv/restores"
    none = collect("host.restore_test", root=str(root))
    assert none.facts == {"configured": False, "records": 0}
    assert none.resources == ()


def test_only_records_are_signed(tmp_path: Path) -> None:
    key = generate_key(tmp_path / "k.pem", "ecdsa-p256-sha256")
    with pytest.raises(ConfigError, match="cannot be read"):
        sign_record(tmp_path / "absent.json", key)
    path = tmp_path / "half.json"
    path.write_text(json.dumps({"id": "half"}), "utf-8")
    with pytest.raises(DefinitionError, match=r"half\.json: store: Field required"):
        sign_record(path, key)
    assert not path.with_name("half.json.sig").exists()
