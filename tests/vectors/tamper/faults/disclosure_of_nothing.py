from __future__ import annotations

import gzip

from auditor.attest.vault import pack_vault
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import disclosures


def apply(case: Case) -> None:
    path = disclosures(case, "D")
    data = gzip.decompress(path.read_bytes())
    more = gzip.decompress(disclosures(case, "C").read_bytes()).splitlines(keepends=True)[0]
    path.write_bytes(pack_vault(data + more))


FAULT = Fault(
    attack="added a personal value that no evidence hides",
    artefact="store",
    step=7,
    says="vault/",
    apply=apply,
    threat="redaction undone",
)
