from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    path = case.log / "checkpoint"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "/w2 " not in line), "utf-8")


FAULT = Fault(
    attack="took the line of a witness that would not agree off the checkpoint",
    artefact="store",
    step=2,
    says="requires 2 witnesses, 1 count",
    apply=apply,
    threat="rewritten, cut or rolled back by an insider",
)
