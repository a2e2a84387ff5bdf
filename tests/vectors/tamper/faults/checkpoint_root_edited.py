from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    path = case.log / "checkpoint"
    lines = path.read_text("utf-8").split("\n")
    lines[2] = "A" + lines[2][1:] if lines[2][0] != "A" else "B" + lines[2][1:]
    path.write_text("\n".join(lines), "utf-8")


FAULT = Fault(
    attack="wrote another root into the checkpoint",
    artefact="store",
    step=2,
    says="log/checkpoint",
    apply=apply,
)
