from __future__ import annotations

import gzip

from auditor.attest.vault import pack_vault
from auditor.core.model.disclosure import Disclosure, disclosure_bytes, parse_disclosures
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import disclosures


def apply(case: Case) -> None:
    path = disclosures(case, "D")
    lines = parse_disclosures(gzip.decompress(path.read_bytes()))
    one = Disclosure.make(bytes(16), lines[0].name, "x@example.org")
    path.write_bytes(pack_vault(disclosure_bytes([one, *lines[1:]])))


FAULT = Fault(
    attack="gave another value for a personal field than was read",
    artefact="store",
    step=7,
    says="belong to no digest",
    apply=apply,
    threat="redaction undone",
)
