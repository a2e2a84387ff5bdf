from __future__ import annotations

from auditor.ledger.tiles import encode_bundle
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    entries = [entry.to_bytes() for entry in case.entries()]
    entries[27], entries[28] = entries[28], entries[27]
    case.entry_bundle.write_bytes(encode_bundle(entries))


FAULT = Fault(
    attack="exchanged two entries of the log",
    artefact="store",
    step=3,
    says="tile/entries",
    apply=apply,
)
