"""Asking for a waiver, approving it as another person, and objecting to what does not hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from auditor.app.waiving.approving import approve
from auditor.app.waiving.audit import audit
from auditor.app.waiving.requesting import (
    check_request,
    covered,
    next_id,
    waivers_folder,
    write_request,
)
from auditor.core.model.status import Status
from auditor.core.model.waiver import WaiverRequest
from auditor.errors import ConfigError, UsageError
from auditor.keys.file import FileKey, generate_key
from auditor.ledger.entries import WaiverRecord
from tests.unit.app.company import BEGIN, CONTROL, Company, by_key, target
from tests.unit.app.company import found as found_company


@pytest.fixture
def scanned(tmp_path: Path) -> Company:
    """Its thing `a` fails in the newest run; ciso and cto may approve."""
    approvers = {"ciso": "trust/ciso.pub", "head-of-things": "trust/owner.pub"}
    company = found_company(tmp_path / "work", target(bad=["a"]), approvers=approvers)
    company.scan()
    return company


def key(company: Company, name: str, file: str) -> FileKey:
    made = generate_key(company.folder / "keys" / f"{name}.pem", "ecdsa-p256-sha256")
    (company.folder / "trust" / file).write_text(made.public_key, "utf-8")
    return made


@pytest.fixture
def ciso(scanned: Company) -> FileKey:
    return key(scanned, "ciso", "ciso.pub")


def request(**changes: object) -> WaiverRequest:
    document = {
        "id": "W-2026-001",
        "check": f"{CONTROL}/thing",
        "match": 'resource.name == "a"',
        "environments": ["prod"],
        "reason": "the thing is being replaced this month",
        "risk": "R-001",
        "requested_by": "head-of-parts",
        "expires": "2026-06-01T00:00:00Z",
        "max_items": 1,
    }
    return WaiverRequest.model_validate(document | changes)


def in_force(company: Company, ciso: FileKey, now: datetime = BEGIN, **changes: object) -> Path:
    """Asked for and approved."""
    project = company.project()
    return approve(project, write_request(project, request(**changes)), "ciso", ciso, now)


def kinds(company: Company, now: datetime = BEGIN) -> list[tuple[str, str]]:
    return [(one.waiver, one.kind) for one in audit(company.project(), now)]


def test_a_request_tells_what_it_would_waive(scanned: Company) -> None:
    seen = covered(scanned.project(), request())
    assert [finding.key for finding in seen.findings] == ["a"]
    assert (seen.failing, seen.refused) == (1, "")


def test_a_request_that_covers_more_than_it_asks_for_says_so(scanned: Company) -> None:
    seen = covered(scanned.project(), request(match="true"))
    assert seen.findings == ()
    assert seen.refused.endswith("it matches 2 resources and was approved for 1]")


def test_a_request_that_matches_nothing_covers_nothing(scanned: Company) -> None:
    seen = covered(scanned.project(), request(match='resource.name == "b"'))
    assert (seen.findings, seen.refused) == ((), "")


def test_findings_of_other_environments_are_not_covered(scanned: Company) -> None:
    seen = covered(scanned.project(), request(environments=["staging"]))
    assert (seen.findings, seen.refused, seen.failing) == ((), "", 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"check": f"{CONTROL}/thin"}, f"did you mean `{CONTROL}/thing`"),
        ({"environments": ["prd"]}, "did you mean `prod`"),
        ({"match": "resource."}, "--match"),
        ({"expires": "2026-03-31T12:00:00Z"}, "which has passed"),
        ({"expires": "2026-09-27T12:00:01Z"}, "longer than 180 days"),
    ],
)
def test_what_could_never_be_approved_is_refused(
    scanned: Company, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_request(scanned.project(), request(**changes), BEGIN)
    assert said in str(caught.value)


def test_exactly_180_days_are_allowed(scanned: Company) -> None:
    check_request(scanned.project(), request(expires="2026-09-27T12:00:00Z"), BEGIN)


def test_a_check_that_the_run_did_not_judge_cannot_be_held_against_it(scanned: Company) -> None:
    with pytest.raises(UsageError, match="did not judge"):
        covered(scanned.project(), request(check=f"{CONTROL}/never"))


def test_a_request_waives_nothing(scanned: Company) -> None:
    write_request(scanned.project(), request())
    assert by_key(scanned.scan().findings)["a"].status is Status.FAIL


def test_an_approved_one_waives_and_is_in_the_log_once(scanned: Company, ciso: FileKey) -> None:
    in_force(scanned, ciso)
    assert by_key(scanned.scan().findings)["a"].status is Status.WAIVED
    scanned.scan()
    bodies = [e.body for e in scanned.project().store.entries()]
    (record,) = [body.fields for body in bodies if isinstance(body, WaiverRecord)]
    assert (record["waiver"], record["state"]) == ("W-2026-001", "in_force")
    assert str(record["digest"]).startswith("sha256:")


def test_its_end_is_in_the_log(scanned: Company, ciso: FileKey) -> None:
    path = in_force(scanned, ciso)
    scanned.scan()
    path.unlink()
    scanned.scan()
    scanned.scan()
    bodies = [e.body for e in scanned.project().store.entries()]
    states = [body.fields["state"] for body in bodies if isinstance(body, WaiverRecord)]
    assert states == ["in_force", "ended"]


def test_the_request_becomes_the_waiver(scanned: Company, ciso: FileKey) -> None:
    path = in_force(scanned, ciso)
    assert not list((path.parent / "requested").iterdir())
    (signed,) = scanned.project().waivers
    assert (signed.signature, signed.waiver.approved_by) == ("valid", "ciso")
    assert signed.waiver.max_items == 1


def test_the_requester_does_not_approve(scanned: Company, ciso: FileKey) -> None:
    with pytest.raises(UsageError, match="asked for it"):
        in_force(scanned, ciso, requested_by="CISO ")
    assert not (scanned.folder / "waivers" / "W-2026-001.yaml").exists()


def test_the_owner_of_the_control_does_not_approve(scanned: Company) -> None:
    owner = key(scanned, "owner", "owner.pub")
    project = scanned.project()
    path = write_request(project, request())
    with pytest.raises(UsageError, match="owns the control"):
        approve(project, path, "head-of-things", owner, BEGIN)


def test_the_owner_by_name_does_not_approve(scanned: Company, ciso: FileKey) -> None:
    scanned.configure(owners={"head-of-things": {"name": "Ciso", "email": ""}})
    with pytest.raises(UsageError, match="owns the control"):
        in_force(scanned, ciso)


def test_another_key_does_not_approve(scanned: Company, ciso: FileKey) -> None:
    stranger = generate_key(ciso.path.with_name("stranger.pem"), "ecdsa-p256-sha256")
    with pytest.raises(ConfigError, match="this is not the key of ciso"):
        in_force(scanned, stranger)


def test_an_unknown_approver_and_an_unreadable_key_are_named(
    scanned: Company, ciso: FileKey
) -> None:
    project = scanned.project()
    path = write_request(project, request())
    with pytest.raises(ConfigError, match="known: ciso, head-of-things"):
        approve(project, path, "cto", ciso, BEGIN)
    with pytest.raises(ConfigError, match="cannot be read"):
        approve(project, path, "head-of-things", ciso, BEGIN)


def test_nothing_is_overwritten(scanned: Company, ciso: FileKey) -> None:
    in_force(scanned, ciso)
    with pytest.raises(UsageError, match="exists already"):
        write_request(scanned.project(), request())
    requested = scanned.folder / "waivers" / "requested" / "W-2026-001.yaml"
    requested.write_text(yaml.safe_dump(request().model_dump(mode="json")), "utf-8")
    with pytest.raises(UsageError, match="never overwritten"):
        approve(scanned.project(), requested, "ciso", ciso, BEGIN)


def test_ids_count_on(scanned: Company, ciso: FileKey) -> None:
    folder = waivers_folder(scanned.project())
    assert next_id(folder, BEGIN) == "W-2026-001"
    in_force(scanned, ciso, id="W-2026-007")
    assert next_id(folder, BEGIN) == "W-2026-008"


def test_without_a_folder_of_waivers_there_is_nowhere_to_write(scanned: Company) -> None:
    scanned.configure(waivers=None)
    with pytest.raises(ConfigError, match="names no folder"):
        waivers_folder(scanned.project())


def test_a_sound_waiver_has_no_objection(scanned: Company, ciso: FileKey) -> None:
    in_force(scanned, ciso)
    assert kinds(scanned) == []


def test_a_request_is_unsigned(scanned: Company) -> None:
    write_request(scanned.project(), request())
    assert kinds(scanned) == [("W-2026-001", "unsigned")]


def test_expired_and_expiring_are_told_apart_at_the_instant(
    scanned: Company, ciso: FileKey
) -> None:
    in_force(scanned, ciso)
    end = datetime.fromisoformat("2026-06-01T00:00:00Z")
    assert kinds(scanned, end) == [("W-2026-001", "expired")]
    assert kinds(scanned, end - timedelta(seconds=1)) == [("W-2026-001", "expiring")]
    assert kinds(scanned, end - timedelta(days=14)) == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"requested_by": "ciso"}, "self_approved"),
        ({"expires": "2026-12-01T00:00:00Z"}, "too_long"),
        ({"match": 'resource.name == "b"'}, "unmatched"),
        ({"match": "true"}, "over_broad"),
        ({"max_items": 3}, "over_broad"),
    ],
)
def test_each_kind_of_objection(
    scanned: Company, ciso: FileKey, changes: dict[str, object], kind: str
) -> None:
    scanned.write_waiver(ciso, **changes)
    assert kinds(scanned) == [("W-2026-001", kind)]


def test_an_unsigned_file_is_objected_to(scanned: Company) -> None:
    scanned.write_waiver()
    assert ("W-2026-001", "unsigned") in kinds(scanned)


def test_without_a_run_nobody_can_tell_what_it_matches(tmp_path: Path) -> None:
    company = found_company(tmp_path / "work", target(), approvers={"ciso": "trust/ciso.pub"})
    company.write_waiver(key(company, "ciso", "ciso.pub"))
    (objection,) = audit(company.project(), BEGIN)
    assert (objection.kind, objection.detail) == ("unmatched", "there is no complete run yet")
