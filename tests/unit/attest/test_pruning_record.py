"""Objections to missing evidence, where whole runs are no help to show them."""

from __future__ import annotations

from datetime import timedelta

from auditor.attest.pruning import PruningRecord
from auditor.core.canonical import digest
from auditor.ledger.blobs import BlobRef, Stored
from auditor.ledger.entries import (
    GENESIS,
    AttestationRecord,
    Entry,
    HoldRecord,
    LogBody,
    PruneRecord,
    WaiverRecord,
)
from auditor.ledger.retention import MAX_PRUNED_SIZE, pruned_list
from auditor.ledger.runs import RunBook
from tests.unit.store.building import BEGIN

EVIDENCE = digest(b"evidence")


def blob(data: bytes, size: int | None = None) -> BlobRef:
    stored = Stored(encoding="identity", digest=digest(data), size=len(data))
    return BlobRef(digest=digest(data), size=len(data) if size is None else size, stored=stored)


def book(*bodies: LogBody) -> RunBook:
    made = RunBook()
    for index, body in enumerate(bodies):
        made.add(Entry(index, GENESIS, BEGIN + timedelta(seconds=index), body))
    return made


LIST = pruned_list([EVIDENCE])


def pruning(size: int | None = None) -> PruneRecord:
    return PruneRecord(before=BEGIN, count=1, blob=blob(LIST, size))


def record(*bodies: LogBody) -> PruningRecord:
    return PruningRecord(book(*bodies), lambda _reference: LIST)


def test_evidence_of_no_run_is_not_pruned() -> None:
    assert "of no run" in record(pruning()).objection(EVIDENCE)


def test_what_nothing_lists_is_missing() -> None:
    assert "no entry of the log" in record().objection(EVIDENCE)
    assert not record().is_listed(EVIDENCE)


def test_a_list_too_long_to_be_one_is_not_read() -> None:
    assert not record(pruning(MAX_PRUNED_SIZE + 1)).is_listed(EVIDENCE)
    assert record(pruning(MAX_PRUNED_SIZE)).is_listed(EVIDENCE)


def test_what_other_people_signed_is_never_pruned() -> None:
    attested = AttestationRecord(fields={"blob": {"digest": EVIDENCE}})
    waived = WaiverRecord(fields={"blob": "a field that is only called so"})
    assert "no evidence that may" in record(attested, waived, pruning()).objection(EVIDENCE)


def hold(name: str, action: str, *runs: str) -> HoldRecord:
    return HoldRecord.model_validate(
        {"hold": name, "action": action, "runs": list(runs), "reason": f"{action} {name}"}
    )


def test_a_hold_grows_shrinks_and_ends() -> None:
    entries = (
        hold("a", "set", "r1"),
        hold("b", "set", "r1"),
        hold("a", "set", "r2"),
        hold("a", "clear", "r1"),
        hold("a", "clear", "r2"),
        hold("b", "clear", "r1"),
    )
    seen = book(*entries).retention
    assert [sorted(seen.held(before)) for before in range(7)] == [
        [],
        ["r1"],
        ["r1"],
        ["r1", "r2"],
        ["r1", "r2"],
        ["r1"],
        [],
    ]
    assert seen.held() == frozenset()
    middle = seen.holds(4)["a"]
    assert (middle.runs, middle.since, middle.reason) == (("r2",), BEGIN, "set a")
