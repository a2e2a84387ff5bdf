"""Whether a report says what the signed data says: it is rendered again and compared.

A digest in the log shows only that these bytes were noted there. Rendering is reproducible, so the
same program gives the same bytes; another version may not, and then nobody can tell.
"""

from __future__ import annotations

import json
from pathlib import Path

from auditor.app.assess import assemble, recorded
from auditor.attest.result import Notes, StepResult, VerificationReport
from auditor.core.canonical import digest
from auditor.errors import DependencyError, UsageError, VerificationError
from auditor.ledger.entries import Report
from auditor.render.registry import format_names, renderer
from auditor.store.local import LocalStore

STEP = 8


def compare_report(
    report: Path, store: LocalStore, before: VerificationReport
) -> VerificationReport:
    """The verification with step 8 extended by a comparison of the report's content.

    Args:
        report: The file that was given.
        before: The verification so far; left alone where step 8 is bad already.
    """
    step = before.steps[STEP]
    data = report.read_bytes()
    entry = _entry(store, digest(data))
    if entry is None:
        return before  # step 8 has said that the log does not know it
    notes = Notes()
    for note in step.notes:
        notes.add(note)
    try:
        _compare(data, entry, store, notes, report.name)
    except (VerificationError, UsageError) as error:
        notes.cannot_tell(f"it cannot be rendered again: {error.message}", report.name)
    detail = f"{step.detail}; {report.name} is what the signed data of run {entry.run} gives"
    result: StepResult = notes.result(STEP, step.title, detail)
    return VerificationReport((*before.steps[:STEP], result))


def _entry(store: LocalStore, wanted: str) -> Report | None:
    for entry in store.entries():
        if isinstance(entry.body, Report) and entry.body.digest == wanted:
            return entry.body
    return None


def _compare(data: bytes, entry: Report, store: LocalStore, notes: Notes, name: str) -> None:
    if entry.format not in format_names():
        notes.cannot_tell(f"no renderer for {entry.format!r} here", name)
        return
    try:
        again = renderer(entry.format).render(assemble(recorded(store, entry.run)))
    except DependencyError as error:
        notes.cannot_tell(f"it cannot be rendered again: {error.message} ({error.hint})", name)
        return
    if again == data:
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
