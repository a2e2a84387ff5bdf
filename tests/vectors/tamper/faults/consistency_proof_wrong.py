from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    lines = members["consistency/22"].decode().split("\n")
    lines[1] = ("A" if lines[1][0] != "A" else "B") + lines[1][1:]
    members["consistency/22"] = "\n".join(lines).encode()


FAULT = Fault(
    attack="gave a wrong proof that the log only grew",
    artefact="bundle",
    step=2,
    says="does not continue the earlier checkpoint",
    apply=apply,
    needs="the run key",
    threat="rewritten, cut or rolled back by an insider",
)
