"""A weaker policy needs somebody else's approval of exactly that change, and nothing less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditor.app.gating.approvals import LIFETIME
from auditor.core.times import format_instant
from auditor.keys.file import generate_key
from auditor.render.gate.document import GateDocument
from tests.gate import changes as do
from tests.gate.conftest import Gate
from tests.gate.repository import Repository
from tests.gate.test_pull_requests import BASELINE


def gated(auditor: Gate, code: int) -> GateDocument:
    """The gate as a program reads it; its document has the schema that is published."""
    said = auditor("gate", *BASELINE, "--format", "json")
    assert said.code == code, said.out
    return GateDocument.model_validate_json(said.out)


@pytest.fixture
def digest(change: Repository, auditor: Gate) -> str:
    """Of the loosened control, which nobody has approved yet."""
    do.loosened(change)
    change.commit()
    (weakening,) = gated(auditor, 1).weakenings
    assert weakening.part == "control things-level"
    assert [(flip.was.value, flip.now) for flip in weakening.flips] == [("fail", "pass")] * 2
    return weakening.digest


def approved(change: Repository, auditor: Gate, digest: str, *more: str) -> int:
    """The exit code of `auditor approve`."""
    arguments = {
        "--part": "control things-level",
        "--reason": "the things of level two are retired in May",
        "--requested-by": "dana",
        "--as": "ciso",
        "--key": str(change.approver),
    }
    given = [text for pair in arguments.items() for text in pair]
    return auditor("approve", digest, *given, *more).code


def test_an_approval_of_this_very_change_opens_the_gate(
    change: Repository, auditor: Gate, digest: str
) -> None:
    assert approved(change, auditor, digest) == 0
    assert approved(change, auditor, digest) == 2, "an approval is never overwritten"
    change.commit()
    (weakening,) = gated(auditor, 0).weakenings
    assert weakening.approved_by.startswith("ciso (P-")
    do.aged(change)
    change.commit()
    (other,) = gated(auditor, 1).weakenings
    assert other.approved_by == ""
    assert "is of another change" in other.refused


def test_an_approved_removal_is_no_lost_coverage(change: Repository, auditor: Gate) -> None:
    do.target_dropped(change)
    change.commit()
    document = gated(auditor, 3)
    assert document.counts["lost"] == 4
    (weakening,) = document.weakenings
    do.approve(change, weakening.digest, do.approver_key(change), part="target two")
    change.commit()
    assert gated(auditor, 0).counts["lost"] == 0


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"requested_by": "CISO"}, "ciso asked for it"),
        ({"approved_at": "2999-01-01T00:00:00Z"}, "approved only from"),
        ({"approved_at": "9999-12-31T23:59:59Z"}, "approved only from"),
        ({"approved_by": "olga"}, "signed by ciso, and says olga"),
    ],
)
def test_an_approval_that_contradicts_itself_does_not_count(
    change: Repository, auditor: Gate, digest: str, changes: dict[str, str], refused: str
) -> None:
    do.approve(change, digest, do.approver_key(change), **changes)
    change.commit()
    assert refused in gated(auditor, 1).weakenings[0].refused


def test_an_approval_counts_for_thirty_days(change: Repository, auditor: Gate, digest: str) -> None:
    do.approve(change, digest, do.approver_key(change), approved_at=do.days(-29))
    change.commit()
    assert do.days(1)[:10] in gated(auditor, 0).weakenings[0].approved_by
    do.approve(change, digest, do.approver_key(change), approved_at=do.days(-30))
    change.commit()
    refused = gated(auditor, 1).weakenings[0].refused
    assert f"it expired at {do.days(0)[:10]}" in refused
    assert "30 days after it was given: approve again with another --id" in refused
    assert approved(change, auditor, digest, "--id", "P-again") == 0
    change.commit()
    assert gated(auditor, 0).weakenings[0].approved_by.startswith("ciso (P-again) until")


def test_an_approval_that_was_in_force_when_an_old_run_was_made_counts_no_more(
    change: Repository, auditor: Gate
) -> None:
    do.loosened(change)
    change.commit()
    now = datetime.now(UTC).replace(microsecond=0)
    old = (*BASELINE, "--run", change.scan(now - timedelta(hours=1)), "--format", "json")
    (weakening,) = GateDocument.model_validate_json(auditor("gate", *old).out).weakenings
    given = format_instant(now - timedelta(minutes=30) - LIFETIME)
    do.approve(change, weakening.digest, do.approver_key(change), approved_at=given)
    said = auditor("gate", *old)
    (again,) = GateDocument.model_validate_json(said.out).weakenings
    assert (said.code, "it expired" in again.refused) == (1, True)


def test_an_unsigned_or_edited_approval_does_not_count(
    change: Repository, auditor: Gate, digest: str
) -> None:
    path = do.approve(change, digest, do.approver_key(change))
    path.write_text(path.read_text("utf-8").replace("in May", "in June"), "utf-8")
    change.commit()
    assert "other bytes" in gated(auditor, 1).weakenings[0].refused
    path.with_name("P-1.yaml.sig").unlink()
    change.commit()
    assert gated(auditor, 1).weakenings[0].refused == "P-1: it is not signed"


def test_an_author_of_the_change_cannot_approve_it(
    change: Repository, auditor: Gate, digest: str
) -> None:
    do.approve(change, digest, do.approver_key(change))
    change.git("add", "-A")
    change.git("-c", "user.name=Ciso", "commit", "--quiet", "-m", "mine")
    assert "author of the change" in gated(auditor, 1).weakenings[0].refused


def test_an_approver_that_the_change_names_cannot_approve_it(
    change: Repository, auditor: Gate, digest: str
) -> None:
    key = do.trust_mallory(change)
    do.approve(change, digest, key, approved_by="mallory")
    change.commit()
    by_part = {one.part: one for one in gated(auditor, 1).weakenings}
    assert "unknown key" in by_part["control things-level"].refused
    assert by_part["trust policy.json"].approved_by == ""


def test_a_replay_adds_what_turns_and_acquits_nothing(change: Repository, auditor: Gate) -> None:
    do.rewritten(change)
    change.commit()
    (replayed,) = gated(auditor, 1).weakenings
    said = auditor("gate", *BASELINE[:2], "--format", "json")
    (plain,) = GateDocument.model_validate_json(said.out).weakenings
    assert said.code == 1
    assert plain.digest == replayed.digest, "an approval is of the policy, whatever it turns"
    assert (len(plain.flips), len(replayed.flips)) == (0, 4)


def test_the_approve_command_refuses_what_could_not_count(
    change: Repository, auditor: Gate, digest: str
) -> None:
    other = change.folder.parent / "other.pem"
    generate_key(other, "ecdsa-p256-sha256")
    assert approved(change, auditor, digest, "--key", str(other)) == 2
    assert approved(change, auditor, digest, "--requested-by", "ciso") == 2
    assert approved(change, auditor, "sha256:short") == 2
    assert not (change.folder / "approvals").exists()
