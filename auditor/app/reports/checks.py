"""Whether a report says what the signed data says: it is rendered again and compared.

A digest in the log shows only that these bytes were noted there. What the report carries must be
what the store holds, its signature must hold, and rendered again it must be the same bytes: the
signature stands behind them, and nothing else does. Rendering is reproducible with the same
program; another version may give other bytes, and then nobody can tell.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from auditor.app.assess import assemble, recorded
from auditor.app.period.verifying import compare_period, is_period_format
from auditor.attest.key_history import KeyHistory
from auditor.attest.noted import NotedUse
from auditor.attest.report_parts import ReportParts, read_report
from auditor.attest.report_proof import check_report
from auditor.attest.report_revision import check_only_signed
from auditor.attest.result import Notes, StepResult, VerificationReport
from auditor.attest.steps_package_evidence import blobs_of
from auditor.attest.trust import TrustPolicy
from auditor.core.canonical import digest
from auditor.core.model.report_proof import ReportProof
from auditor.errors import DependencyError, UsageError, VerificationError
from auditor.ledger.entries import Entry, Report
from auditor.ledger.tlog_proof import TlogProof
from auditor.render.registry import format_names, renderer
from auditor.store.interface import Store

STEP = 8


def compare_report(
    report: Path,
    store: Store,
    before: VerificationReport,
    trust: TrustPolicy | None = None,
    now: datetime | None = None,
    keys: KeyHistory | None = None,
    absent: Collection[str] = (),
    run: str | None = None,
) -> VerificationReport:
    """The verification with step 8 extended by a comparison of the report's content.

    Args:
        report: The file that was given.
        before: The verification so far; left alone where the log does not know the file.
        trust: Whose signatures count; None makes that of the report "cannot tell".
        now: Time of the verification.
        keys: What policy and log say of the keys; None asks the policy alone.
        absent: Paths of evidence that earlier steps have found missing, pruned or damaged.
        run: The run that alone was verified; None where all were.
    """
    data = report.read_bytes()
    return compare_bytes(
        data, report.name, store, before, trust, now, keys=keys, absent=absent, run=run
    )


def compare_bytes(
    data: bytes,
    name: str,
    store: Store,
    before: VerificationReport,
    trust: TrustPolicy | None = None,
    now: datetime | None = None,
    *,
    keys: KeyHistory | None = None,
    absent: Collection[str] = (),
    run: str | None = None,
) -> VerificationReport:
    """The same for bytes at hand; `name` is for messages."""
    step = before.steps[STEP]
    found = _entry(store, digest(data))
    if found is None:
        return before  # step 8 has said that the log does not know it
    place, entry = found
    notes = Notes()
    for note in step.notes:
        notes.add(note)
    try:
        parts = read_report(data)
        if parts.signed:
            noted = NotedUse(keys, place.index, place.time) if keys and trust else None
            for note in check_report(data, trust, now or datetime.now(UTC), noted).notes:
                notes.add(note)
        if parts.proof is not None:
            _compare_proof(parts.proof, entry.run, store)
        if is_period_format(entry.format):
            compare_period(data, entry.format, store, notes, name, absent, run)
        elif _needs(store, entry.run) & set(absent):
            notes.cannot_tell("it cannot be rendered again: evidence of its run is not here", name)
        else:
            _compare(data, parts, entry, store, notes, name)
    except VerificationError as error:
        notes.bad(error.message, name)
    except UsageError as error:
        notes.cannot_tell(f"it cannot be rendered again: {error.message}", name)
    source = (
        "log and store give"
        if is_period_format(entry.format)
        else f"the signed data of run {entry.run} gives"
    )
    detail = f"{step.detail}; {name} is what {source}"
    result: StepResult = notes.result(STEP, step.title, detail)
    return VerificationReport((*before.steps[:STEP], result))


def _entry(store: Store, wanted: str) -> tuple[Entry, Report] | None:
    for entry in store.entries():
        if isinstance(entry.body, Report) and entry.body.digest == wanted:
            return entry, entry.body
    return None


def _needs(store: Store, run: str) -> set[str]:
    """Paths of what a report of the run is rendered from."""
    history = store.history(run)
    return {reference.path for reference in blobs_of(history)} if history else set()


def _compare_proof(proof: ReportProof, run: str, store: Store) -> None:
    """What the report carries is what the store holds of that run.

    Raises:
        VerificationError: It is something else.
    """
    history = store.history(run)
    if history is None or history.end_entry is None or history.verdicts is None:
        raise VerificationError(f"the report is of run {run}, which has no end in this store")
    held = {
        "statement": (proof.bundle, store.read_statement(run)),
        "end of the run": (proof.end_entry, history.end_entry.to_bytes()),
        "verdicts": (digest(proof.verdicts), history.verdicts.blob.digest),
    }
    for name, (carried, stored) in held.items():
        if carried != stored:
            raise VerificationError(f"the {name} in the report is not that of the store")
    head = TlogProof.parse(proof.end_proof).signed.checkpoint
    if store.head(head.size) != head:
        raise VerificationError("the checkpoint in the report is not of this log")


def _compare(
    data: bytes, parts: ReportParts, entry: Report, store: Store, notes: Notes, name: str
) -> None:
    if entry.format not in format_names():
        notes.cannot_tell(f"no renderer for {entry.format!r} here", name)
        return
    try:
        again = renderer(entry.format).render(assemble(recorded(store, entry.run)), parts.proof)
    except DependencyError as error:
        notes.cannot_tell(f"it cannot be rendered again: {error.message} ({error.hint})", name)
        return
    if again == data:
        return
    if parts.page is not None and parts.page.page.startswith(again):
        if parts.page.page != again:
            raise VerificationError("something was added to the page before it was signed")
        return
    if parts.pdf is not None and data.startswith(again):
        check_only_signed(data, again)
        return
    if entry.format == "json" and not _same_but_tool(again, data):
        notes.bad(f"it does not say what the signed data of run {entry.run} says", name)
        return
    notes.cannot_tell("rendered again by this version it has other bytes", name)


def _same_but_tool(again: bytes, data: bytes) -> bool:
    """Two JSON reports that differ only in the version of the program that wrote them."""
    try:
        documents = [json.loads(text) for text in (again, data)]
    except ValueError:
        return False
    first, second = ({**d, "tool": ""} if isinstance(d, dict) else d for d in documents)
    return bool(first == second)
