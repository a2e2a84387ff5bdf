from __future__ import annotations

import gzip

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    start = case.run("D").start
    assert start is not None
    path = case.blob(start.policy)
    data = gzip.decompress(path.read_bytes()).replace(b'"default":256', b'"default":128')
    path.write_bytes(gzip.compress(data))


FAULT = Fault(
    attack="loosened the controls of a run after it",
    artefact="store",
    step=6,
    says="blobs/sha256",
    apply=apply,
    threat="policy changed afterwards",
)
