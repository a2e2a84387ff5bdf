"""Erasing disclosures: a person asked for it, or the purpose has ended (GDPR, article 17).

Only the vault changes: evidence, log, signatures and verdicts stay what they are, and go on
verifying, with a warning. What hung on an erased value cannot be decided again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from auditor.app.evidence.redaction import named_fields
from auditor.attest.vault import read_vault
from auditor.core.model.disclosure import disclosure_bytes, parse_disclosures
from auditor.core.model.field_path import ANY
from auditor.errors import UsageError
from auditor.ledger.entries import Collect
from auditor.store.interface import Store


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of one run.

    Args:
        values: Disclosures that are gone now.
        left: Disclosures of the run that stay.
        before: Observations of which there was nothing left already.
    """

    run: str
    values: int
    left: int
    before: int


def erase(store: Store, run: str, fields: Collection[str] = ()) -> Erased:
    """Erase the disclosures of a run.

    Args:
        fields: Names as the log has them in `redacted` (`owner`), or with their resource type
            (`host.authorized_key.owner`); none means all.

    Raises:
        UsageError: No such run, or a field of which this run keeps no values apart.
        VerificationError: A file of the vault is damaged.
        StoreError: The store refuses.
    """
    history = store.history(run)
    if history is None:
        raise UsageError(f"there is no run {run}", hint="auditor run list")
    entries = [entry for entry in history.collects if entry.disclosures is not None]
    _check_fields(run, entries, fields)
    values = left = before = 0
    for entry in entries:
        reference = entry.disclosures
        if reference is None or not _wanted(entry, fields):
            continue
        data = read_vault(store.reader(), reference)
        if data is None:
            before += 1
            continue
        all_ = parse_disclosures(data)
        names = {name.rpartition(".")[2] for name in _wanted(entry, fields)}
        kept = [item for item in all_ if fields and ANY not in names and item.name not in names]
        if len(kept) < len(all_):
            store.erase_disclosures(reference, disclosure_bytes(kept))
        values += len(all_) - len(kept)
        left += len(kept)
    return Erased(run, values, left, before)


def _wanted(entry: Collect, fields: Collection[str]) -> list[str]:
    """Those of the entry's redacted fields that are meant; all where none is named."""
    return named_fields(entry, fields) if fields else list(entry.redacted)


def _check_fields(run: str, entries: list[Collect], fields: Collection[str]) -> None:
    known = {name for entry in entries for name in entry.redacted}
    known |= {f"{entry.resource_type}.{name}" for entry in entries for name in entry.redacted}
    unknown = sorted(set(fields) - known)
    if unknown:
        told = ", ".join(sorted(known)) or "none"
        raise UsageError(
            f"run {run} keeps no values of {', '.join(unknown)} apart",
            hint=f"fields with disclosures in this run: {told}",
        )
