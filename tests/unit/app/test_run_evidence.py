"""What a run has read stays within bounds, and what was dropped comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.app.assess import load_observations, load_policy
from auditor.app.evidence.of_run import RunEvidence
from auditor.errors import VerificationError
from auditor.ledger.entries import Collect
from auditor.store.interface import Store
from tests.unit.app.company import Company, found, target


def recorded(tmp_path: Path) -> tuple[Company, Store, list[Collect]]:
    company = found(tmp_path / "work", target("one"), target("two"))
    company.scan()
    store = company.project().store
    latest = store.latest()
    assert latest is not None
    history = store.history(latest.id)
    assert history is not None
    return company, store, list(history.collects)


def evidence_of(store: Store, entries: list[Collect], max_held: int) -> RunEvidence:
    history = store.history(entries[0].run)
    assert history is not None
    evidence = RunEvidence(store, entries[0].run, load_policy(store, history), max_held)
    for entry in entries:
        evidence.add_logged(entry)
    return evidence


@pytest.mark.parametrize("max_held", [0, 1, 10_000])
def test_the_bound_changes_nothing_that_is_judged(tmp_path: Path, max_held: int) -> None:
    _company, store, entries = recorded(tmp_path)
    evidence = evidence_of(store, entries, max_held)
    history = store.history(entries[0].run)
    assert history is not None
    whole = {(o.target, o.resource_type): o for o, _ in load_observations(store, history)}
    assert set(evidence) == set(whole)
    assert len(evidence) == len(whole) == 4
    for _ in range(2):
        for key, observation in whole.items():
            assert evidence[key] == replace(observation, calls=())
    assert evidence.entries == entries
    assert [one.digest for one in evidence.readings] == [e.blob.digest for e in entries]
    assert ("one", "fake.nothing") not in evidence
    assert evidence.get(("one", "fake.nothing")) is None


def test_what_was_let_go_of_is_read_back(tmp_path: Path) -> None:
    _company, store, entries = recorded(tmp_path)
    evidence = evidence_of(store, entries, 10_000)
    before = {key: evidence[key] for key in evidence}
    evidence.let_go()
    assert evidence.entries == entries
    assert dict(evidence) == before
    assert all(evidence[key] is not before[key] for key in evidence)


def test_what_was_dropped_and_then_changed_is_not_judged(tmp_path: Path) -> None:
    company, store, entries = recorded(tmp_path)
    evidence = evidence_of(store, entries, 0)
    for path in (company.folder / "evidence" / "blobs").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"changed")
    first = entries[0]
    with pytest.raises(VerificationError):
        evidence[first.target, first.resource_type]
