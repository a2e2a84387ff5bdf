from __future__ import annotations

from auditor.ledger.tiles import encode_bundle
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    entries = [entry.to_bytes() for entry in case.entries()]
    entries.insert(28, entries[27])
    case.entry_bundle.write_bytes(encode_bundle(entries))


FAULT = Fault(
    attack="put an entry into the log twice",
    artefact="store",
    step=3,
    says="tile/entries",
    apply=apply,
)
