"""Runs forged by somebody who holds both keys: every signature fits, and the content does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.attest.bundle import Bundle
from auditor.attest.dsse import sign_envelope
from auditor.attest.statement import (
    PAYLOAD_TYPE,
    Assessment,
    LogPosition,
    Statement,
    Tool,
    subjects,
)
from auditor.core.canonical import canonical, parse_canonical
from auditor.keys.file import load_key
from auditor.ledger.blobs import BlobRef
from auditor.ledger.checkpoint import log_origin
from auditor.ledger.entries import Collect, RunEnd, RunStart, Verdicts
from auditor.store.local import LocalStore
from tests.e2e.program import auditor, working_folder, write_control

pytestmark = pytest.mark.e2e
Edit = Callable[[dict[str, object]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with one honest run, in which the control fails."""
    made = working_folder(tmp_path / "work", controls=["library"])
    control = write_control(made / "library")
    text = control.read_text("utf-8").replace("default: 1000", "default: -1")
    control.write_text(text, "utf-8")
    assert auditor(made, "scan").code == 1
    return made


def _forge(
    folder: Path,
    *,
    counts: dict[str, int] | None = None,
    outcome: str | None = None,
    verdicts: Edit | None = None,
    policy: Edit | None = None,
    drop_evidence: bool = False,
) -> str:
    """Append a run with the folder's own keys: the honest one with something changed."""
    store = LocalStore(folder / "evidence")
    run_key = load_key(folder / "keys" / "run.pem")
    log_key = load_key(folder / "keys" / "log.pem")
    summary = store.latest()
    assert summary is not None
    history = store.history(summary.id)
    assert history is not None
    assert history.start is not None
    assert history.verdicts is not None
    assert history.end is not None
    run = "forged"

    def edited(reference: BlobRef, edit: Edit | None) -> BlobRef:
        if edit is None:
            return reference
        document = parse_canonical(store.get(reference))
        assert isinstance(document, dict)
        edit(document)
        return store.put(canonical(document))

    origin = log_origin("My organisation")
    start = RunStart(
        run=run,
        now=history.start.now,
        policy=edited(history.start.policy, policy),
        scope=history.start.scope,
        nonce="00",
    )
    judged = Verdicts(
        run=run,
        counts=counts or history.verdicts.counts,
        blob=edited(history.verdicts.blob, verdicts),
    )
    collects = [Collect(**{**dict(item), "run": run}) for item in history.collects]
    collects = [] if drop_evidence else collects
    end = outcome or history.end.outcome
    with store.open_log(
        key=log_key.note_key(origin), sign=log_key.sign, clock=lambda: datetime.now(UTC)
    ) as log:
        index = log.append(start)
        for item in collects:
            log.append(item)
        log.append(judged)
        statement = Statement(
            subject=subjects(start.policy, collects, judged.blob),
            predicate=Assessment(
                run=run,
                now=start.now,
                tool=Tool(name="auditor", version="0"),
                engine="none",
                counts=judged.counts,
                outcome=end,
                log=LogPosition(origin=origin, index=index),
            ),
        )
        envelope = sign_envelope(statement.to_bytes(), PAYLOAD_TYPE, run_key)
        digest = store.write_statement(run, Bundle(envelope, run_key.key_id).to_bytes())
        log.append(RunEnd(run=run, outcome=end, statement=digest))
        log.commit()
    return run


def _bad_steps(folder: Path) -> dict[int, str]:
    done = auditor(folder, "verify", "--run", "forged", "--format", "json")
    bad = {s["number"]: s["detail"] for s in done.json["steps"] if s["verdict"] == "bad"}
    assert done.code == (5 if bad else 0), done.out
    return bad


def test_a_faithful_copy_holds(folder: Path) -> None:
    _forge(folder)
    assert _bad_steps(folder) == {}


def test_prettier_counts_are_found(folder: Path) -> None:
    counts = dict.fromkeys(["fail", "error", "not_applicable", "waived", "manual"], 0)
    _forge(folder, counts=counts | {"pass": 1})
    assert "the verdicts are failing" in _bad_steps(folder)[7]


def test_a_prettier_outcome_is_found(folder: Path) -> None:
    _forge(folder, outcome="ok")
    assert "the log says ok" in _bad_steps(folder)[7]


def test_verdicts_that_the_evidence_does_not_give_are_found(folder: Path) -> None:
    def all_pass(document: dict[str, object]) -> None:
        findings: list[dict[str, object]] = document["findings"]  # type: ignore[assignment]
        for finding in findings:
            finding["status"] = "pass"

    _forge(folder, verdicts=all_pass)
    assert "judged again, the verdicts are others" in _bad_steps(folder)[7]


def test_a_policy_loosened_afterwards_is_found(folder: Path) -> None:
    def looser(document: dict[str, object]) -> None:
        controls: list[dict[str, dict[str, dict[str, int]]]] = document["controls"]  # type: ignore[assignment]
        controls[0]["parameters"]["limit"]["default"] = 1000

    _forge(folder, policy=looser)
    assert 7 in _bad_steps(folder)


def test_evidence_left_out_is_found(folder: Path) -> None:
    _forge(folder, drop_evidence=True)
    assert 7 in _bad_steps(folder)
