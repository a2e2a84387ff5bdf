from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.folder / "given.zip"
    case.subject.write_bytes(case.bundle.read_bytes() + b"PK and more")


FAULT = Fault(
    attack="put bytes behind the zip",
    artefact="bundle",
    step=1,
    says="",
    apply=apply,
    threat="hostile files",
)
