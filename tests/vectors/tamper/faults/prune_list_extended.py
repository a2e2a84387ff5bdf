from __future__ import annotations

import gzip

from auditor.ledger.entries import PruneRecord
from auditor.ledger.retention import pruned_list
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    entry = next(e for e in case.entries() if isinstance(e.body, PruneRecord))
    assert isinstance(entry.body, PruneRecord)
    digests = [item.blob.digest for name in "AD" for item in case.run(name).collects]
    case.blob(entry.body.blob).write_bytes(gzip.compress(pruned_list(digests)))
    for collect in case.run("D").collects:
        case.blob(collect.blob).unlink()


FAULT = Fault(
    attack="added evidence to the list of what was pruned",
    artefact="store",
    step=6,
    says="blobs/sha256",
    apply=apply,
    threat="evidence destroyed",
)
