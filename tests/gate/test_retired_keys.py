"""Who may approve is asked of today: a date that the signer writes proves no earlier signature."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from auditor.attest.trust import TrustPolicy
from tests.gate import changes as do
from tests.gate.conftest import Gate
from tests.gate.repository import Repository
from tests.gate.test_approvals import gated


@pytest.fixture
def retired(change: Repository) -> Repository:
    """Ciso left five days ago; the waiver of the base is older than that, and stays."""
    change.git("checkout", "--quiet", "main")
    path = change.folder / "trust" / "policy.json"
    policy = TrustPolicy.parse(path.read_text("utf-8"))
    left = datetime.now(UTC).replace(microsecond=0) - timedelta(days=5)
    approvers = tuple(key.model_copy(update={"not_after": left}) for key in policy.approvers)
    path.write_text(policy.model_copy(update={"approvers": approvers}).to_json(), "utf-8")
    change.commit("ciso left")
    change.git("checkout", "--quiet", "-B", "change")
    return change


def test_a_waiver_of_the_base_stays_and_a_new_one_is_not_dated_back(
    retired: Repository, auditor: Gate
) -> None:
    assert gated(auditor, 0).counts["unchanged"] == 8
    do.level("a", 1)(retired)
    retired.waive(retired.approver, id="W-2026-002", match='resource.name == "a"')
    retired.commit()
    (failure,) = [c for c in gated(auditor, 1).changes if c.new_failure]
    assert "was not valid at" in failure.reason


def test_an_approval_is_not_dated_back(retired: Repository, auditor: Gate) -> None:
    do.loosened(retired)
    retired.commit()
    (weakening,) = gated(auditor, 1).weakenings
    key = do.approver_key(retired)
    do.approve(retired, weakening.digest, key, approved_at=do.days(-9))
    retired.commit()
    (again,) = gated(auditor, 1).weakenings
    assert "was not valid at" in again.refused


def test_another_store_is_a_weaker_policy(change: Repository, auditor: Gate) -> None:
    shutil.copytree(change.folder / "evidence", change.folder / "evidence" / "other")
    change.edit("auditor.yaml", lambda document: document.update(store="evidence/other"))
    change.commit()
    (weakening,) = gated(auditor, 1).weakenings
    assert weakening.part == "store auditor.yaml"
    do.approve(change, weakening.digest, do.approver_key(change), part=weakening.part)
    change.commit()
    assert gated(auditor, 0).weakenings[0].approved_by
