"""Answers that moto does not have, in the form of AWS's API references, for the proxy to give.

URLs of functions, versions of clusters, Systems Manager's view of machines, results of image scans
in lists, certificates of distributions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.services.aws.faults import Answer, Asked, Rule
from tests.services.aws.seed import client


def _json(document: object) -> Answer:
    headers = {"x-amzn-RequestId": "0f1d6c2a-5b1e-4c9e-9f59-2f6f3f1f7a10"}
    return Answer(200, json.dumps(document).encode(), "application/json", headers)


def _urls(asked: Asked) -> Answer:
    """Lambda API Reference, ListFunctionUrlConfigs."""
    if "/bad/" not in asked.text:
        return _json({"FunctionUrlConfigs": []})
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:bad"
    return _json(
        {
            "FunctionUrlConfigs": [
                {"FunctionUrl": "https://abc.lambda-url.eu-west-1.on.aws/", "FunctionArn": arn,
                 "AuthType": "NONE", "InvokeMode": "BUFFERED",
                 "CreationTime": "2026-01-01T00:00:00.000Z",
                 "LastModifiedTime": "2026-01-01T00:00:00.000Z"},
            ]
        }
    )  # fmt: skip


def _versions(_asked: Asked) -> Answer:
    """EKS API Reference, DescribeClusterVersions: moments are seconds since 1970."""
    ends = {
        "1.34": datetime.now(UTC) + timedelta(days=200),
        "1.28": datetime(2024, 11, 26, tzinfo=UTC),
    }
    support = {"1.34": "STANDARD_SUPPORT", "1.28": "UNSUPPORTED"}
    return _json(
        {
            "clusterVersions": [
                {"clusterVersion": version, "clusterType": "eks", "versionStatus": support[version],
                 "endOfStandardSupportDate": int(moment.timestamp())}
                for version, moment in ends.items()
            ]
        }
    )  # fmt: skip


def _names(url: str) -> dict[str, str]:
    """Id of each machine to its name, which Systems Manager's answers do not have."""
    found = client(url, "ec2").describe_instances()["Reservations"]
    machines = [machine for reservation in found for machine in reservation["Instances"]]
    return {
        machine["InstanceId"]: tag["Value"]
        for machine in machines
        for tag in machine["Tags"]
        if tag["Key"] in {"Name", "aws:autoscaling:groupName"}
    }


def _agents(names: Mapping[str, str]) -> Answer:
    """Systems Manager API Reference, DescribeInstanceInformation."""
    known = [{"InstanceId": name, "PingStatus": "Online"} for name in names]
    return _json({"InstanceInformationList": known})


def _patches(names: Mapping[str, str], asked: Asked) -> Answer:
    """Systems Manager API Reference, DescribeInstancePatchStates."""
    [instance] = json.loads(asked.text.partition(" ")[2])["InstanceIds"]
    moment = int((datetime.now(UTC) - timedelta(days=1)).timestamp())
    state = {
        "InstanceId": instance, "PatchGroup": "", "BaselineId": "pb-1", "Operation": "Scan",
        "OperationStartTime": moment, "OperationEndTime": moment, "MissingCount": 3,
        "FailedCount": 0, "SecurityNonCompliantCount": 0, "InstalledPendingRebootCount": 0,
        "CriticalNonCompliantCount": 2 if names[instance] == "bad" else 0,
    }  # fmt: skip
    return _json({"InstancePatchStates": [state]})


def _older(body: bytes) -> bytes:
    """Machines launched long ago."""
    return re.sub(rb"<launchTime>[^<]*<", b"<launchTime>2026-01-10T08:00:00.000Z<", body)


def _scanned(body: bytes) -> bytes:
    """ECR API Reference, ImageDetail: moto leaves the results of scans out of lists."""
    answer = json.loads(body)
    for image in answer["imageDetails"]:
        if image["repositoryName"] == "good":
            image["imageScanStatus"] = {"status": "COMPLETE"}
            image["imageScanFindingsSummary"] = {"findingSeverityCounts": {"HIGH": 1}}
    return json.dumps(answer).encode()


def _own_certificate(body: bytes) -> bytes:
    """moto says of every distribution that it has CloudFront's own certificate."""
    return re.sub(
        rb"<CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate>"
        rb"(?=(?:(?!</ViewerCertificate>).)*TLSv1.2_2021)",
        b"<CloudFrontDefaultCertificate>false</CloudFrontDefaultCertificate>",
        body,
        flags=re.DOTALL,
    )


def canned(url: str) -> list[Rule]:
    """The rules that give them, for an account made by `seed_compute`."""
    names = _names(url)
    return [
        Rule(_urls, service="lambda", containing="/urls"),
        Rule(_versions, service="eks", containing="/cluster-versions"),
        Rule(lambda _asked: _agents(names), operation="DescribeInstanceInformation"),
        Rule(partial(_patches, names), operation="DescribeInstancePatchStates"),
        Rule(operation="DescribeInstances", edit=_older),
        Rule(operation="DescribeImages", service="ecr", edit=_scanned),
        Rule(service="cloudfront", edit=_own_certificate),
    ]
