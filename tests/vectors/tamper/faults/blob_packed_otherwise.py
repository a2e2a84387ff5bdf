from __future__ import annotations

import gzip

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    path = case.blob(case.run("D").collects[0].blob)
    path.write_bytes(path.read_bytes() + gzip.compress(b"hidden"))


FAULT = Fault(
    attack="packed the same evidence with other bytes behind it, where text can hide",
    artefact="store",
    step=6,
    says="stored bytes",
    apply=apply,
)
