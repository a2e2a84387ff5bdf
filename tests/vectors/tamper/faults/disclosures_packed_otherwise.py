from __future__ import annotations

from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault
from tests.vectors.tamper.insider import disclosures


def apply(case: Case) -> None:
    path = disclosures(case, "D")
    data = bytearray(path.read_bytes())
    data[4] ^= 1  # the time in the header of gzip
    path.write_bytes(bytes(data))


FAULT = Fault(
    attack="hid bytes in the packing of personal values",
    artefact="store",
    step=6,
    says="vault/",
    apply=apply,
    verdict=CANNOT_TELL,
    threat="redaction undone",
)
