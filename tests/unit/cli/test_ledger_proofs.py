"""`auditor ledger prove`, `verify-proof` and `consistency`, and the group that they are in."""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path

import click
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor.app.log_proofs import read_checkpoint, read_entry, tile_reader
from auditor.cli.ledger import SUBCOMMANDS, ledger
from auditor.errors import VerificationError
from auditor.ledger.checkpoint import Checkpoint, sign_checkpoint
from auditor.ledger.entries import RunAbort
from auditor.ledger.note import NoteKey
from auditor.ledger.tlog_proof import TlogProof
from tests.unit.app.company import Company
from tests.unit.cli.conftest import Auditor
from tests.unit.store.building import MemoryReader


@pytest.fixture
def recorded(here: Company) -> Company:
    """A company with one run."""
    here.scan()
    return here


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_command_of_the_table_is_there(name: str) -> None:
    module, _, attribute = SUBCOMMANDS[name][0].partition(":")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name


def test_a_misspelt_command_is_told_the_nearest(auditor: Auditor) -> None:
    said = auditor("ledger", "consistence")
    assert said.code == 2
    assert "did you mean `consistency`" in said.err
    assert "consistency" in auditor("ledger", "--help").out


def test_an_entry_is_proven_and_checked_without_the_log(
    recorded: Company, auditor: Auditor, tmp_path: Path
) -> None:
    proof, entry = tmp_path / "1.tlog-proof", tmp_path / "1.json"
    said = auditor("ledger", "prove", "1", "-o", str(proof), "--entry", str(entry))
    assert (said.code, said.out) == (0, "")
    assert auditor("ledger", "prove", "1").out == proof.read_text("utf-8")
    trust = str(recorded.folder / "trust")
    shutil.rmtree(recorded.folder / "evidence")
    own = ["ledger", "verify-proof", str(proof), "--entry", str(entry)]
    checked = auditor(*own, "--trust", trust)
    assert checked.code == 0
    assert "it is entry 1 of 'example-ltd/auditor-log'" in checked.out
    assert auditor(*own).code == 3
    assert auditor(*own, "--trust", trust, "--format", "json").json["exit_code"] == 0
    data = entry.read_bytes()
    entry.write_bytes(data + b"\n")  # as a line of `ledger show` has it
    assert auditor(*own, "--trust", trust).code == 0
    for changed in (data[:-1], data + b"\n\n", data.replace(b"run.start", b"run.stall")):
        entry.write_bytes(changed)
        said = auditor(*own, "--trust", trust)
        assert said.code == 5
        assert "these bytes are not entry 1" in said.out
    entry.write_bytes(b"x" * 70_000)
    assert auditor(*own).code == 5


def test_the_end_of_a_run_is_proven(recorded: Company, auditor: Auditor) -> None:
    proof = TlogProof.parse(auditor("ledger", "prove", "--run", "latest").out.encode())
    history = recorded.project().store.history(recorded.project().store.runs()[0].id)
    assert history is not None
    assert history.end_entry is not None
    assert proof.index == history.end_entry.index
    proof.verify(history.end_entry.to_bytes())


def test_a_run_without_an_end_has_no_entry_to_prove(recorded: Company, auditor: Auditor) -> None:
    project = recorded.project()
    key = project.log_key()
    entries = {entry.body.type: entry.body for entry in project.store.entries()}
    begun = entries["run.start"].model_copy(update={"run": "given-up"})
    with project.store.open_log(
        key=key.note_key(project.origin), sign=key.sign, clock=recorded.clock
    ) as log:
        log.append(begun)
        log.append(RunAbort(run="given-up", reason="x"))
        log.commit()
    said = auditor("ledger", "prove", "--run", "given-up")
    assert (said.code, "has no end" in said.err) == (2, True)


@pytest.mark.parametrize("arguments", [(), ("1", "--run", "latest"), ("-1",), ("x",)])
def test_prove_wants_one_entry(
    recorded: Company, auditor: Auditor, arguments: tuple[str, ...]
) -> None:
    del recorded
    assert auditor("ledger", "prove", *arguments).code == 2


def test_an_entry_that_is_not_there_is_not_proven(recorded: Company, auditor: Auditor) -> None:
    del recorded
    assert auditor("ledger", "prove", "9999").code == 5


@pytest.mark.parametrize(
    "command", [("prove", "0"), ("consistency", "0"), ("checkpoint",), ("witness",)]
)
def test_without_a_log_there_is_nothing_to_prove(
    here: Company, auditor: Auditor, command: tuple[str, ...]
) -> None:
    del here
    said = auditor("ledger", *command)
    assert (said.code, "there is no log yet" in said.err) == (2, True)


def test_a_log_that_only_grew_is_consistent_with_what_was_kept(
    recorded: Company, auditor: Auditor, tmp_path: Path
) -> None:
    kept = tmp_path / "head.txt"
    kept.write_text(auditor("ledger", "checkpoint").out, "utf-8")
    size = kept.read_text("utf-8").split("\n")[1]
    recorded.scan()
    by_file = auditor("ledger", "consistency", str(kept))
    by_size = auditor("ledger", "consistency", size)
    assert (by_file.code, by_size.code) == (0, 0)
    assert by_file.out == by_size.out
    assert len(by_file.out.splitlines()) > 1
    assert f"the log of {size} entries is a beginning" in by_file.err
    assert auditor("ledger", "consistency", "0").out == ""
    assert auditor("ledger", "consistency", "2", str(kept)).code == 0


def test_a_log_that_was_rewritten_or_cut_is_not_consistent(
    recorded: Company, auditor: Auditor, tmp_path: Path
) -> None:
    copy, kept = tmp_path / "copy", tmp_path / "head.txt"
    shutil.copytree(recorded.folder / "evidence", copy)
    recorded.scan()
    kept.write_text(auditor("ledger", "checkpoint").out, "utf-8")
    shutil.rmtree(recorded.folder / "evidence")
    shutil.copytree(copy, recorded.folder / "evidence")
    cut = auditor("ledger", "consistency", str(kept))
    assert (cut.code, "its end was cut off" in cut.err) == (5, True)
    # An insider, who can also make this folder forget what was signed from it.
    (recorded.folder / "trust" / "last-checkpoint").unlink()
    recorded.scan()
    rewritten = auditor("ledger", "consistency", str(kept))
    assert (rewritten.code, "history was rewritten" in rewritten.err) == (5, True)
    assert rewritten.out == ""
    recorded.scan()
    assert auditor("ledger", "consistency", str(kept)).code == 5


def test_what_is_no_state_of_this_log_is_refused(
    recorded: Company, auditor: Auditor, tmp_path: Path
) -> None:
    file = tmp_path / "head.txt"
    assert auditor("ledger", "consistency", str(file)).code == 2
    file.write_text("no checkpoint\n", "utf-8")
    assert auditor("ledger", "consistency", str(file)).code == 5
    text = auditor("ledger", "checkpoint").out
    file.write_text(text.replace("\n1", "\n2", 1).replace("auditor-log\n", "other\n", 1), "utf-8")
    assert auditor("ledger", "consistency", str(file)).code in (3, 5)
    assert auditor("ledger", "consistency", "9999").code == 5
    assert auditor("ledger", "consistency", "3", "2").code == 5
    backwards = auditor("ledger", "consistency", "1", "2", "-o", str(file))
    assert (backwards.code, "leave NEW out" in backwards.err) == (2, True)
    del recorded


def test_a_head_of_another_trusted_log_is_refused(
    recorded: Company, auditor: Auditor, tmp_path: Path
) -> None:
    private = Ed25519PrivateKey.generate()
    other = NoteKey("other.example/log", private.public_key().public_bytes_raw())
    head = Checkpoint(other.name, 1, bytes(32))
    policy = recorded.folder / "trust" / "policy.json"
    both = json.loads(policy.read_text("utf-8"))
    both["log_keys"].append(both["log_keys"][0] | {"vkey": other.vkey})
    policy.write_text(json.dumps(both), "utf-8")
    file = tmp_path / "head.txt"
    file.write_bytes(sign_checkpoint(head, other, private.sign).to_bytes())
    said = auditor("ledger", "consistency", str(file))
    assert (said.code, "of the log 'other.example/log'" in said.err) == (5, True)


def test_a_damaged_checkpoint_is_named(recorded: Company, auditor: Auditor) -> None:
    (recorded.folder / "evidence" / "log" / "checkpoint").write_text("x\n", "utf-8")
    reader = recorded.project().store.reader()
    with pytest.raises(VerificationError) as caught:
        read_checkpoint(reader)
    assert caught.value.where == "log/checkpoint"
    assert auditor("ledger", "consistency", "1").code == 5


def test_an_entry_that_is_not_there_cannot_be_read(recorded: Company) -> None:
    with pytest.raises(VerificationError, match="no entry 9999"):
        read_entry(recorded.project().store, 9999)


def test_the_group_knows_no_other_command() -> None:
    context = click.Context(ledger)
    assert ledger.get_command(context, "nothing") is None
    assert ledger.list_commands(context) == sorted(SUBCOMMANDS)


def test_a_partial_tile_is_cut_from_the_full_one_that_replaced_it() -> None:
    full = bytes(range(32)) * 256
    fetch = tile_reader(MemoryReader({"log/tile/0/000": full}))
    assert fetch("tile/0/000.p/3") == full[:96]
    with pytest.raises(VerificationError, match="missing"):
        fetch("tile/0/001")
