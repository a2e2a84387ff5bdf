from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.folder / "given.zip"
    case.subject.write_bytes(b"#!/bin/sh\necho all is well\n" + case.bundle.read_bytes())


FAULT = Fault(
    attack="put another file in front of the zip",
    artefact="bundle",
    step=1,
    says="",
    apply=apply,
    threat="hostile files",
)
