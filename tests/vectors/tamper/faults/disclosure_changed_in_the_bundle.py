from __future__ import annotations

import gzip

from auditor.attest.vault import pack_vault
from auditor.core.model.disclosure import Disclosure, disclosure_bytes, parse_disclosures
from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    name = next(name for name in sorted(members) if name.startswith("vault/"))

    lines = parse_disclosures(gzip.decompress(members[name]))
    one = Disclosure.make(bytes(16), lines[0].name, "x@example.org")
    members[name] = pack_vault(disclosure_bytes([one, *lines[1:]]))


FAULT = Fault(
    attack="showed another personal value than was read",
    artefact="bundle",
    step=7,
    says="belong to no digest",
    apply=apply,
    needs="the run key",
    threat="redaction undone",
)
