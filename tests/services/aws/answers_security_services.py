"""Answers in the form of AWS's API references, for what a stand-in for AWS does not have."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.services.aws.faults import Answer, Asked, Fault, Rule
from tests.services.aws.seed import HOME
from tests.services.aws.seed_data_stores import json_answer
from tests.services.aws.seed_security_services import INSTANCE, PHONE, ROLE
from tests.services.aws.server import ACCOUNT

_ANALYZER = f"arn:aws:access-analyzer:{HOME}:{ACCOUNT}:analyzer/account"
_FINDING = f"arn:aws:inspector2:{HOME}:{ACCOUNT}:finding/0123456789abcdef0123456789abcdef"


def canned(root: str, *, good: bool) -> list[Rule]:
    """Answers for what moto does not have, and members that its answers lack."""
    return [*_detecting(good=good), *_of_accounts(root, good=good), *_events(good=good)]


def nothing() -> list[Rule]:
    """The same, in an account in which nothing was ever set up."""
    empty: dict[str, Mapping[str, object]] = {
        "GET /analyzer": {"analyzers": []},
        "POST /coverage/list": {"coveredResources": []},
        "POST /listRegions": {"Regions": []},
        "POST /status/batch/get": {"accounts": [_not_scanned()]},
    }
    return [
        *(Rule(json_answer(body), operation=path) for path, body in empty.items()),
        Rule(json_answer(_primary()), operation="POST /getContactInformation"),
        Rule(_told({"DeliveryChannelsStatus": []}), operation="DescribeDeliveryChannelStatus"),
        Rule(_told({"Events": []}), operation="LookupEvents"),
        Rule(_refused("Macie is not enabled."), operation="GET /macie"),
        Rule(operation="GetCredentialReport", edit=_with_root("no_information")),
    ]


def _not_scanned() -> Mapping[str, object]:
    """moto leaves out an account in which nothing was ever turned on; AWS says that it is off."""
    off = {"status": "DISABLED", "errorCode": "ALREADY_ENABLED", "errorMessage": ""}
    kinds = dict.fromkeys(("ec2", "ecr", "lambda"), off)
    return {"accountId": ACCOUNT, "state": off, "resourceState": kinds}


def _told(document: Mapping[str, object]) -> Fault:
    """An answer of AWS's JSON protocol."""
    headers = {"x-amzn-RequestId": "c0ffee00-0000-4000-8000-000000000000"}

    def answer(_asked: Asked) -> Answer:
        return Answer(200, json.dumps(document).encode(), "application/x-amz-json-1.1", headers)

    return answer


def _refused(message: str) -> Fault:
    return json_answer({"message": message}, 403, "AccessDeniedException")


def _epoch(**span: float) -> float:
    return (datetime.now(UTC) - timedelta(**span)).timestamp()


def _text(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _detecting(*, good: bool) -> list[Rule]:
    """GuardDuty, Access Analyzer, Security Hub, Macie, Inspector and Config."""
    age = {"hours": 1} if good else {"days": 200}
    found = [{"Id": f"f{n}", "Type": "Recon:EC2/Portscan", "CreatedAt": _text(**age),
              "AccountId": ACCOUNT, "Arn": "arn", "Region": HOME, "Resource": {},
              "SchemaVersion": "2.0", "Severity": 8, "UpdatedAt": _text()}
             for n in range(60)]  # fmt: skip
    analyzer = {"arn": _ANALYZER, "name": "account", "createdAt": _text(days=9),
                "type": "ACCOUNT", "status": "ACTIVE" if good else "FAILED"}  # fmt: skip
    access = {"id": "a1", "analyzedAt": _text(), "createdAt": _text(**age), "updatedAt": _text(),
              "resourceType": "AWS::S3::Bucket", "resourceOwnerAccount": ACCOUNT,
              "status": "ACTIVE"}  # fmt: skip
    standard = {"StandardsSubscriptionArn": "arn", "StandardsArn": "arn", "StandardsInput": {},
                "StandardsStatus": "READY" if good else "FAILED"}  # fmt: skip
    answers: dict[str, Mapping[str, object]] = {
        "GET /analyzer": {"analyzers": [analyzer]},
        "POST /findingv2": {"findings": [access]},
        "POST /standards/get": {"StandardsSubscriptions": [standard]},
        "GET /automated-discovery/configuration": {"status": "ENABLED" if good else "DISABLED"},
        "POST /coverage/list": {"coveredResources": [_covered(good=good)]},
        "POST /findings/list": {"findings": [_flaw(**age)]},
        "POST /findings/details/batch/get": {
            "findingDetails": [
                {"findingArn": _FINDING, "cisaData": {"dateDue": _epoch(days=-9 if good else 9)}}
            ]
        },
    }
    delivered = {"lastStatus": "Success" if good else "Failure"}
    channel = {"name": "default", "configHistoryDeliveryInfo": delivered}
    rules = [Rule(json_answer(body), operation=path) for path, body in answers.items()]
    rules.append(Rule(_findings_page(), service="guardduty", containing="/findings "))
    rules.append(Rule(_asked_for(found), service="guardduty", containing="/findings/get"))
    if not good:
        rules.append(Rule(_refused("Macie is not enabled."), operation="GET /macie"))
    status = {"DeliveryChannelsStatus": [channel]}
    return [*rules, Rule(_told(status), operation="DescribeDeliveryChannelStatus")]


def _findings_page() -> Fault:
    """Sixty ids in two pages."""

    def answer(asked: Asked) -> Answer | None:
        second = re.search(r'"nextToken": ?"2"', asked.text) is not None
        numbers = range(50, 60) if second else range(50)
        document: dict[str, object] = {"findingIds": [f"f{n}" for n in numbers]}
        if not second:
            document["nextToken"] = "2"
        return json_answer(document)(asked)

    return answer


def _asked_for(found: Sequence[Mapping[str, object]]) -> Fault:
    """The findings that the request names, never more than fifty."""
    lower = [{k[0].lower() + k[1:]: v for k, v in one.items()} for one in found]

    def answer(asked: Asked) -> Answer | None:
        wanted = json.loads(asked.text.partition(" ")[2])["findingIds"]
        if len(wanted) > 50:
            return json_answer({"message": "too many"}, 400, "BadRequestException")(asked)
        return json_answer({"findings": [one for one in lower if one["id"] in wanted]})(asked)

    return answer


def _covered(*, good: bool) -> Mapping[str, object]:
    reason = "SUCCESSFUL" if good else "NO_INVENTORY"
    code = "ACTIVE" if good else "INACTIVE"
    return {
        "accountId": ACCOUNT, "resourceId": INSTANCE, "resourceType": "AWS_EC2_INSTANCE",
        "scanType": "PACKAGE", "scanStatus": {"statusCode": code, "reason": reason},
        "lastScannedAt": _epoch(days=1 if good else 90),
    }  # fmt: skip


def _flaw(**age: float) -> Mapping[str, object]:
    return {
        "findingArn": _FINDING, "awsAccountId": ACCOUNT, "type": "PACKAGE_VULNERABILITY",
        "description": "", "title": "CVE-2026-1000", "remediation": {}, "severity": "CRITICAL",
        "firstObservedAt": _epoch(**age), "lastObservedAt": _epoch(), "status": "ACTIVE",
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": INSTANCE}], "exploitAvailable": "YES",
        "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-1000", "source": "NVD"},
    }  # fmt: skip


def _primary() -> Mapping[str, object]:
    return {
        "ContactInformation": {
            "FullName": "Example Ltd", "PhoneNumber": PHONE, "AddressLine1": "1 Example Street",
            "City": "London", "PostalCode": "EC1A 1BB", "CountryCode": "GB",
        }
    }  # fmt: skip


def _of_accounts(root: str, *, good: bool) -> list[Rule]:
    names = [HOME] if good else [HOME, "us-east-1"]
    regions = [{"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for name in names]
    regions.append({"RegionName": "ap-east-1", "RegionOptStatus": "DISABLED"})

    def with_paths(body: bytes) -> bytes:
        """moto leaves out where an account stands."""
        document: Any = json.loads(body)
        for account in document["Accounts"]:
            account["Paths"] = [f"o-a1b2c3d4e5/{root}/{account['Id']}/"]
        return json.dumps(document).encode()

    return [
        Rule(json_answer({"Regions": regions}), operation="POST /listRegions"),
        Rule(json_answer(_primary()), operation="POST /getContactInformation"),
        Rule(operation="ListAccounts", edit=with_paths),
    ]


def _events(*, good: bool) -> list[Rule]:
    """A privileged action, an action of root, and its row in the report, which moto leaves out."""
    session = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployment/me",
               "sessionContext": {"sessionIssuer": {"arn": ROLE}}}  # fmt: skip
    user = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}
    root = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}
    attached = _event("e1", "AttachUserPolicy", session if good else user)
    used = _event("e2", "ConsoleLogin", root)
    return [
        Rule(
            _told({"Events": [attached]}),
            operation="LookupEvents",
            region=HOME,
            containing="AttachUserPolicy",
        ),
        Rule(
            _told({"Events": [] if good else [used]}),
            operation="LookupEvents",
            region=HOME,
            containing="root",
        ),
        Rule(_told({"Events": []}), operation="LookupEvents"),
        Rule(
            operation="GetCredentialReport",
            edit=_with_root("no_information" if good else _text(days=1)),
        ),
    ]


def _event(key: str, name: str, identity: Mapping[str, object]) -> Mapping[str, object]:
    record = {"eventVersion": "1.11", "userIdentity": identity, "sourceIPAddress": "203.0.113.7"}
    return {
        "EventId": key, "EventName": name, "EventTime": _epoch(days=1), "ReadOnly": "false",
        "EventSource": "iam.amazonaws.com", "Username": "me@example.org",
        "CloudTrailEvent": json.dumps(record),
    }  # fmt: skip


def _with_root(used: str) -> Any:
    """The report with the row of the root user, which AWS always has and moto never."""

    def edit(body: bytes) -> bytes:
        def content(match: re.Match[bytes]) -> bytes:
            report = base64.b64decode(match[1]).decode()
            columns = len(report.splitlines()[0].split(","))
            row = ["<root_account>", f"arn:aws:iam::{ACCOUNT}:root", "2020-01-01T00:00:00+00:00",
                   "not_supported", used, "not_supported", "not_supported", "true"]  # fmt: skip
            for _key in (1, 2):
                row += ["false", "N/A", "N/A" if used == "no_information" else used, "N/A", "N/A"]
            row += ["false", "N/A"] * 2
            row += [""] * (columns - len(row))
            return b"<Content>" + base64.b64encode(
                f"{report.rstrip()}\n{','.join(row)}\n".encode()
            ) + b"</Content>"  # fmt: skip

        # moto's report is always of 2015.
        made = f"<GeneratedTime>{_text()}</GeneratedTime>".encode()
        dated = re.sub(rb"<GeneratedTime>.*?</GeneratedTime>", made, body)
        return re.sub(rb"<Content>(.*?)</Content>", content, dated, flags=re.DOTALL)

    return edit
