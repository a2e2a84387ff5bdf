from __future__ import annotations

from auditor.attest.package import LeftOut
from tests.unit.app.bundles import sealed
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault
from tests.vectors.tamper.insider import first_observation, run_key


def apply(case: Case) -> None:
    members = case.members()
    name = first_observation(members)
    del members[name]
    reason = [LeftOut(path=name, reason="too large")]
    case.give(sealed(members, run_key(case), left_out=reason))


FAULT = Fault(
    attack="left evidence out of a bundle and gave a reason",
    artefact="bundle",
    step=6,
    says="left out of the bundle: too large",
    apply=apply,
    needs="the run key",
    verdict=CANNOT_TELL,
    threat="cherry-picked resources",
)
