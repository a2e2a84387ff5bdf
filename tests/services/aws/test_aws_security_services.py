"""Security services, accounts and messages: a good, a bad and an empty account, read and judged.

moto serves most of it. Analysers, threat findings, coverage, flaws and their details, standards,
automated discovery, deliveries of Config, regions, the primary contact and events of CloudTrail are
canned answers in the form of AWS's documentation (`seed_security_services.canned`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from auditor.app.engine import make_engine
from auditor.app.registry import Collectors
from auditor.catalog.library import load_library
from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.permissions import iam_action
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause, Status
from auditor.shipped import shipped
from tests.services.aws.faults import Asked, FaultProxy, Rule, denied, dropped
from tests.services.aws.operation_names import named
from tests.services.aws.reading import by, read, target_at
from tests.services.aws.seed import HOME
from tests.services.aws.seed_data_stores import json_answer
from tests.services.aws.seed_security_services import (
    PHONE,
    ROLE,
    SECRET,
    canned,
    nothing,
    seed_bad,
    seed_good,
)
from tests.services.aws.server import ACCOUNT, CREDENTIALS, moto_server, reset

pytestmark = pytest.mark.service

TYPES = (
    "aws.accessanalyzer.region",
    "aws.account.contacts",
    "aws.account.region",
    "aws.cloudtrail.privileged_event",
    "aws.cloudtrail.root_event",
    "aws.cloudwatch.alarm",
    "aws.config.region",
    "aws.guardduty.region",
    "aws.iam.credential_report_row",
    "aws.inspector2.covered_resource",
    "aws.inspector2.finding",
    "aws.inspector2.region",
    "aws.logs.activity",
    "aws.logs.security_filter",
    "aws.macie2.region",
    "aws.organizations.account",
    "aws.organizations.membership",
    "aws.secretsmanager.secret",
    "aws.securityhub.region",
    "aws.sns.topic",
    "aws.sqs.queue",
)
# Each check: which assertions are false in the bad account, and what the empty one gives.
CHECKS: Mapping[str, tuple[set[str], Status]] = {
    "threat-detection/detectors": ({"enabled"}, Status.FAIL),
    "threat-detection/findings": ({"judged-in-time"}, Status.NOT_APPLICABLE),
    "threat-detection/access-analysis": ({"analyzer", "judged-in-time"}, Status.FAIL),
    "threat-detection/security-hub": ({"enabled", "standard"}, Status.FAIL),
    "threat-detection/sensitive-data": ({"enabled", "automated"}, Status.FAIL),
    "vulnerability-management/scanning": ({"enabled", "kinds"}, Status.ERROR),
    "vulnerability-management/coverage": ({"active", "recent"}, Status.FAIL),
    "vulnerability-management/open-flaws": ({"in-time", "known-exploited"}, Status.PASS),
    "configuration-recording/recorder": ({"recording", "all-types", "delivered"}, Status.FAIL),
    "alarms/security-events": ({"alarm", "topic", "subscriber"}, Status.FAIL),
    "alarms/alarm-actions": ({"enabled", "actions"}, Status.FAIL),
    "alarms/log-freshness": ({"recent"}, Status.FAIL),
    "queues/queues-private": ({"encrypted", "private"}, Status.NOT_APPLICABLE),
    "queues/topics-private": ({"encrypted", "private"}, Status.NOT_APPLICABLE),
    "queues/dead-letters": ({"has-dead-letter-queue", "drained"}, Status.NOT_APPLICABLE),
    "secrets-rotation/rotation": ({"on", "often-enough", "on-time"}, Status.NOT_APPLICABLE),
    "privileged-actions/explained": ({"approved-or-explained"}, Status.PASS),
    "privileged-actions/root-unused": ({"no-sign-in", "no-key-use"}, Status.PASS),
    "privileged-actions/root-events": ({"explained"}, Status.PASS),
    "account-scope/contacts": ({"operations", "billing"}, Status.FAIL),
    "account-scope/regions": ({"read"}, Status.ERROR),
    "account-scope/membership": ({"all-features"}, Status.FAIL),
    "account-scope/guard-rails": ({"attached"}, Status.NOT_APPLICABLE),
    "account-scope/accounts": ({"known"}, Status.ERROR),
}
CONTROLS = sorted({name.partition("/")[0] for name in CHECKS})
INVENTORY = {"log_groups": ["orders"], "change_actors": [ROLE]}


@dataclass(frozen=True)
class Read:
    """What was collected from an account, and what was asked of it."""

    observations: Mapping[str, Observation]
    asked: tuple[Asked, ...] = ()

    def verdicts(self, *accounts: str) -> dict[str, list[Finding]]:
        """`control/check` to its findings, with these accounts in the inventory."""
        target = replace(target_at(""), labels={"organization": "management"})
        library = load_library([shipped("controls")])
        policy = Policy(
            controls=tuple(library.controls[name].control for name in CONTROLS),
            frameworks=(),
            targets=(target,),
            environments=(target.environment,),
            resource_types=Collectors().resource_types(),
            kinds={"aws": "aws-account"},
            inventory={**INVENTORY, "aws_accounts": list(accounts)},
        )
        observed = {(target.name, name): seen for name, seen in self.observations.items()}
        now = min(seen.started_at for seen in self.observations.values())
        engine = make_engine()
        found: dict[str, list[Finding]] = {}
        for finding in evaluate(policy, make_plan(policy, engine), observed, now, engine).findings:
            found.setdefault(f"{finding.control}/{finding.check}", []).append(finding)
        return found


def _read(url: str, rules: list[Rule]) -> Read:
    proxy = FaultProxy(url, rules)
    with proxy as through:
        observations = read(through, TYPES, regions=[HOME])
    return Read(observations, tuple(proxy.seen))


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stand-in that is seeded anew for each account."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
            yield url


@pytest.fixture(scope="module")
def accounts(moto: str) -> Mapping[str, Read]:
    """The three accounts; the stand-in holds the good one at the end."""
    found = {"empty": _read(moto, nothing())}
    root = seed_bad(moto)
    found["bad"] = _read(moto, canned(root, good=False))
    reset(moto)
    root = seed_good(moto)
    found["good"] = _read(moto, canned(root, good=True))
    return found


@pytest.fixture(scope="module")
def good_rules(moto: str, accounts: Mapping[str, Read]) -> list[Rule]:
    """Canned answers of the good account, which the stand-in then holds."""
    [root] = {
        call.request.partition('"TargetId":"')[2][:6]
        for call in accounts["good"].observations["aws.organizations.account"].calls
        if '"TargetId":"r-' in call.request
    }
    assert moto
    return canned(root, good=True)


def _known(accounts: Mapping[str, Read], name: str) -> list[str]:
    observed = accounts[name].observations["aws.organizations.account"]
    return [str(account.data["id"]) for account in observed.resources]


def test_the_good_account_passes_everywhere(accounts: Mapping[str, Read]) -> None:
    verdicts = accounts["good"].verdicts(*_known(accounts, "good"))
    assert verdicts.keys() == CHECKS.keys()
    for name, findings in verdicts.items():
        judged = {finding.status for finding in findings} - {Status.NOT_APPLICABLE}
        assert judged == {Status.PASS}, (name, findings)


@pytest.mark.parametrize("name", CHECKS)
def test_the_bad_account_fails_by_each_assertion(accounts: Mapping[str, Read], name: str) -> None:
    findings = accounts["bad"].verdicts()[name]
    assert Status.FAIL in {finding.status for finding in findings}, findings
    assert Status.PASS not in {f.status for f in findings} or name == "account-scope/regions" or (
        name.startswith("queues/")
    )  # fmt: skip
    false = {a.id for finding in findings for a in finding.assertions if a.truth == "false"}
    assert false == CHECKS[name][0]


@pytest.mark.parametrize("name", CHECKS)
def test_the_empty_account_never_passes_unproven(accounts: Mapping[str, Read], name: str) -> None:
    findings = accounts["empty"].verdicts()[name]
    assert {finding.status for finding in findings} == {CHECKS[name][1]}, findings
