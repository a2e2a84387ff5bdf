from __future__ import annotations

import gzip

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    verdicts = case.run("D").verdicts
    assert verdicts is not None
    path = case.blob(verdicts.blob)
    data = gzip.decompress(path.read_bytes()).replace(b'"fail"', b'"pass"')
    path.write_bytes(gzip.compress(data))


FAULT = Fault(
    attack="changed the recorded verdicts",
    artefact="store",
    step=6,
    says="blobs/sha256",
    apply=apply,
)
