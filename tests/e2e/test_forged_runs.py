"""Runs forged by somebody who holds both keys: every signature fits, and the content does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

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
from auditor.core.times import format_instant, parse_instant
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
    scope: dict[str, JsonValue] | None = None,
    collect: dict[str, object] | None = None,
    observation: Edit | None = None,
    repeat: int = 1,
    engine: str | None = None,
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
    recorded = parse_canonical(store.get(history.start.policy))
    assert isinstance(recorded, dict)
    start = RunStart(
        run=run,
        now=datetime.now(UTC),
        policy=edited(history.start.policy, policy),
        scope=scope or history.start.scope,
        nonce="00",
    )
    judged = Verdicts(
        run=run,
        counts=counts or history.verdicts.counts,
        blob=edited(history.verdicts.blob, verdicts),
    )
    collects = []
    for item in history.collects:
        blob = edited(item.blob, observation or _now_read)
        document = parse_canonical(store.get(blob))
        assert isinstance(document, dict)
        times = {name: parse_instant(document[name]) for name in ("started_at", "read_at")}
        fields = {**dict(item), **times, "run": run, "blob": blob} | (collect or {})
        collects += [Collect(**fields)] * repeat
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
                engine=engine or str(recorded["engine"]),
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


def _now_read(document: dict[str, object], offset: timedelta = timedelta(0)) -> None:
    """Move an observation's times to this moment, as a reading of the forged run."""
    moment = format_instant(datetime.now(UTC) + offset)
    document.update(started_at=moment, read_at=moment, as_of=moment)


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
    _forge(folder, repeat=0)
    assert 7 in _bad_steps(folder)


def test_a_second_reading_that_hides_the_first_is_found(folder: Path) -> None:
    _forge(folder, repeat=2)
    assert "recorded twice" in _bad_steps(folder)[7]


def test_another_engine_in_the_statement_is_found(folder: Path) -> None:
    _forge(folder, engine="lenient 9")
    assert "engine is 'lenient 9'" in _bad_steps(folder)[5]


def test_a_scope_that_was_not_looked_at_is_found(folder: Path) -> None:
    _forge(folder, scope={"targets": ["this-host", "that-host"], "requests": {}, "checks": 500})
    assert "scope" in _bad_steps(folder)[7]


@pytest.mark.parametrize("change", [{"items": 99999}, {"identity": "root"}, {"complete": False}])
def test_a_log_that_says_other_than_its_evidence_is_found(
    folder: Path, change: dict[str, object]
) -> None:
    _forge(folder, collect=change)
    assert "what the evidence says" in _bad_steps(folder)[7]


@pytest.mark.parametrize("days", [-1, 1])
def test_evidence_read_outside_the_run_is_found(folder: Path, days: int) -> None:
    def moved(document: dict[str, object]) -> None:
        _now_read(document, timedelta(days=days))

    _forge(folder, observation=moved)
    assert "not during the run" in _bad_steps(folder)[7]


def test_an_invented_waiver_is_found(folder: Path) -> None:
    waiver = {
        "id": "W-1",
        "check": "disk-space/usage",
        "match": "true",
        "environments": ["prod"],
        "reason": "nobody ever approved this",
        "risk": "R-1",
        "requested_by": "rita",
        "approved_by": "carl",
        "approved_at": "2026-01-01T00:00:00Z",
        "expires": "2026-03-01T00:00:00Z",
        "max_items": 1,
    }

    def invented(document: dict[str, object]) -> None:
        document["waivers"] = [
            {"waiver": waiver, "signature": "valid", "text": json.dumps(waiver), "sidecar": "{}"}
        ]

    _forge(folder, policy=invented)
    assert 7 in _bad_steps(folder)
