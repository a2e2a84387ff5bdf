from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, changed


def apply(case: Case) -> None:
    members = case.members()
    name = next(name for name in members if name.endswith("control.yaml"))
    members[name] = changed(members[name], b"256", b"128")
    case.give(members)


FAULT = Fault(
    attack="loosened the readable copy of a control",
    artefact="bundle",
    step=1,
    says="control.yaml",
    apply=apply,
)
