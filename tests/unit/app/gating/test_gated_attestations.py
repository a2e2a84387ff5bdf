"""A statement counts in a gate when an approver of the baseline's trust policy signed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.app.gating.attestations import check_attestations
from auditor.app.gating.gate import read_side
from auditor.app.gating.trusting import Trusted
from auditor.app.project import load_trust
from auditor.core.model.status import Status
from auditor.errors import VerificationError
from tests.unit.app.records.people import found


def test_a_statement_of_somebody_whom_only_the_change_names_refuses_the_run(tmp_path: Path) -> None:
    people = found(tmp_path / "work")
    people.attest()
    assessment = people.scan()
    (finding,) = assessment.findings
    assert finding.status is Status.PASS
    project = people.project()
    policy = load_trust(project.trust_folder)
    run, recorded = assessment.run, project.store
    from_run = read_side(recorded, run).policy
    check_attestations(recorded, run, from_run, Trusted(policy, "base"))
    others = tuple(key for key in policy.approvers if key.name != "ciso")
    base = Trusted(policy.model_copy(update={"approvers": others}), "base")
    with pytest.raises(VerificationError, match="by the trust policy of the baseline"):
        check_attestations(recorded, run, from_run, base)
