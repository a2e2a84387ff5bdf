"""Trust, rights to take more, leavers and key policies: the shipped controls over a stand-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from tests.services.aws.faults import FaultProxy, Rule, denied
from tests.services.aws.judging import judged
from tests.services.aws.reading import by, read
from tests.services.aws.seed import HOME
from tests.services.aws.seed_identities import KEYS, RIGHTS, TRUSTS, VENDOR, seed_identities
from tests.services.aws.server import CREDENTIALS, moto_server

pytestmark = pytest.mark.service
ROLE, PRINCIPAL, ROW, KEY = (
    "aws.iam.role", "aws.iam.principal", "aws.iam.credential_report_row", "aws.kms.key",
)  # fmt: skip
INVENTORY = {"vendor_accounts": [VENDOR], "leavers": ["ivan", "mallory"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
            seed_identities(url)
            yield url


@pytest.fixture(scope="module")
def found(server: str) -> Mapping[str, Observation]:
    observations = read(server, [ROLE, PRINCIPAL, ROW, KEY], regions=[HOME])
    # moto dates its report to 2015, which is too old to judge.
    report = replace(observations[ROW], as_of=observations[ROW].started_at)
    return {**observations, ROW: report}


def _false(control: str, check: str, found: Mapping[str, Observation]) -> dict[str, set[str]]:
    """Name of each thing to the assertions that are false; an error is its own word."""
    findings = judged(control, found, inventory=INVENTORY)[check]
    return {
        key: {f.status.value}
        if f.status.value in {"error", "not_applicable"}
        else {a.id for a in f.assertions if a.truth == "false"}
        for key, f in findings.items()
    }


def test_who_may_take_a_role(found: Mapping[str, Observation]) -> None:
    verdicts = _false("least-privilege", "trust", {ROLE: found[ROLE]})
    named = {key.rpartition("/")[2]: false for key, false in verdicts.items()}
    assert named == {name: set() for name in RIGHTS} | {
        name: false for name, (_trust, false) in TRUSTS.items()
    }


def test_who_can_take_further_rights(found: Mapping[str, Observation]) -> None:
    verdicts = _false("least-privilege", "escalation", {PRINCIPAL: found[PRINCIPAL]})
    named = {key.rpartition("/")[2]: bool(false) for key, false in verdicts.items()}
    expected = {name: bad for name, (_policy, bad) in RIGHTS.items()}
    assert {name: named[name] for name in RIGHTS} == expected
    assert not any(named[name] for name in TRUSTS)
    mfa = by("name", found[PRINCIPAL])["under-mfa"].data["escalations"]
    assert mfa[0]["conditions"] == ["aws:multifactorauthpresent"]  # type: ignore[index]


def test_leavers_who_can_sign_in(found: Mapping[str, Observation]) -> None:
    # moto's report has no row of root, so the figures disagree, which is a finding of its own.
    verdicts = _false("leavers", "aws-users", {ROW: found[ROW]})
    named = {key.rpartition("/")[2]: false for key, false in verdicts.items()}
    assert named["alice"] == set()
    assert named["mallory"] == {"name"}
    assert named["robot"] == {"owner"}
    assert named["gone"] == {"not_applicable"}


def test_without_a_register_of_leavers_nothing_can_be_said(
    found: Mapping[str, Observation],
) -> None:
    findings = judged("leavers", {ROW: found[ROW]})["aws-users"]
    assert findings["register-of-leavers"].status.value == "error"


def test_key_policies(found: Mapping[str, Observation]) -> None:
    verdicts = _false("key-management", "policy", {KEY: found[KEY]})
    described = {r.data["arn"]: r.data["description"] for r in found[KEY].resources}
    named = {described[key]: false for key, false in verdicts.items() if described[key] in KEYS}
    assert named == {name: {false} - {""} for name, (_statement, false) in KEYS.items()}
    granted = {described[key]: false for key, false in verdicts.items()}
    assert (granted["granted"], granted["granted-out"]) == (set(), {"known-grantees"})


def test_grants_that_may_not_be_read(server: str) -> None:
    with FaultProxy(server, [Rule(denied, operation="ListGrants")]) as url:
        keys = by("description", read(url, [KEY], regions=[HOME])[KEY])
    assert keys["world"].unread.keys() == {"grants"}
    assert keys["world"].unread["grants"].action == "kms:ListGrants"


def test_details_that_may_not_be_read(server: str) -> None:
    rule = Rule(denied, operation="GetAccountAuthorizationDetails")
    with FaultProxy(server, [rule]) as url:
        observations = read(url, [ROLE, PRINCIPAL])
    for observation in observations.values():
        [gap] = observation.gaps
        assert (gap.cause, gap.action) == (Cause.DENIED, "iam:GetAccountAuthorizationDetails")
    findings = judged("least-privilege", observations)
    assert {f.status.value for check in findings.values() for f in check.values()} == {"error"}


def test_a_list_that_lost_a_role_is_not_a_pass(found: Mapping[str, Observation]) -> None:
    short = replace(found[ROLE], resources=found[ROLE].resources[:1])
    findings = judged("least-privilege", {ROLE: short}, inventory=INVENTORY)["trust"]
    assert "error" in {f.status.value for f in findings.values()}
