from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.folder / "given.zip"
    data = case.bundle.read_bytes()
    case.subject.write_bytes(data[: len(data) // 2])


FAULT = Fault(
    attack="cut the end off the zip",
    artefact="bundle",
    step=1,
    says="",
    apply=apply,
    threat="hostile files",
)
