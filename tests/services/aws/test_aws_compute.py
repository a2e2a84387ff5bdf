"""Machines, load balancers, images, clusters, functions: what is read, and what it is judged.

moto serves nearly all of it. What it does not have (URLs of functions, versions of clusters,
Systems Manager's view of machines, results of image scans in lists) is answered by the proxy with
bodies in the form of AWS's API references, and without the proxy must end in an error.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping

import pytest

from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.permissions import iam_action
from auditor.core.canonical import canonical
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.status import Cause, Status
from tests.services.aws.canned_compute import canned
from tests.services.aws.faults import Answer, Asked, FaultProxy, Rule, denied
from tests.services.aws.judging import judged
from tests.services.aws.operation_names import named
from tests.services.aws.reading import read
from tests.services.aws.seed import HOME
from tests.services.aws.seed_compute import SECRET, seed_compute
from tests.services.aws.server import CREDENTIALS, moto_server

pytestmark = pytest.mark.service

TYPES = (
    "aws.acm.certificate",
    "aws.autoscaling.group",
    "aws.cloudfront.distribution",
    "aws.ec2.instance",
    "aws.ec2.patch_state",
    "aws.ec2.security_group",
    "aws.ec2.user_data",
    "aws.ec2.vpc",
    "aws.ecr.repository",
    "aws.eks.cluster",
    "aws.elbv2.load_balancer",
    "aws.elbv2.target_group",
    "aws.lambda.function",
    "aws.tagging.resource",
)
PASS, FAIL, ERROR, NOT = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
Found = Mapping[str, Observation]


@pytest.fixture(scope="module")
def compute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a stand-in with good and bad things in eu-west-1; tests only read from it."""
    with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        seed_compute(url)
        yield url


@pytest.fixture(scope="module")
def everything(compute: str) -> Found:
    """All types, with the answers that moto does not have."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with FaultProxy(compute, canned(compute)) as url:
            return read(url, TYPES)


@pytest.fixture(scope="module")
def plain(compute: str) -> Found:
    """The types of which moto lacks an operation, as moto answers them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        return read(compute, ["aws.eks.cluster", "aws.lambda.function", "aws.ec2.patch_state"])


def _tags(resource: Resource) -> dict[str, str]:
    tags = resource.data["tags"]
    assert isinstance(tags, dict)
    return tags


def _by_name(
    found: Found, control: str, check: str, resource: str, field: str = "name"
) -> dict[object, Status]:
    """Name of a resource to its verdict."""
    names = {r.data["arn"]: r.data[field] for r in found[resource].resources}
    return {names[key]: finding.status for key, finding in judged(control, found)[check].items()}


def test_all_types_are_read_without_gaps(everything: Found) -> None:
    for name, observation in everything.items():
        assert observation.gaps == (), name
        assert observation.resources, name
        assert not [resource.unread for resource in observation.resources if resource.unread], name
        assert canonical(observation.to_json())


@pytest.mark.parametrize(
    ("control", "check", "resource"),
    [
        ("load-balancers", "tls-policy", "aws.elbv2.load_balancer"),
        ("load-balancers", "plain-http", "aws.elbv2.load_balancer"),
        ("load-balancers", "access-logs", "aws.elbv2.load_balancer"),
        ("load-balancers", "firewall", "aws.elbv2.load_balancer"),
        ("container-images", "scanning", "aws.ecr.repository"),
        ("container-images", "vulnerabilities", "aws.ecr.repository"),
        ("container-images", "unchanging", "aws.ecr.repository"),
        ("kubernetes-clusters", "endpoint", "aws.eks.cluster"),
        ("kubernetes-clusters", "logs", "aws.eks.cluster"),
        ("kubernetes-clusters", "secrets", "aws.eks.cluster"),
        ("kubernetes-clusters", "version", "aws.eks.cluster"),
        ("compute-hardening", "functions", "aws.lambda.function"),
        ("redundant-capacity", "groups", "aws.autoscaling.group"),
        ("redundant-capacity", "limits", "aws.autoscaling.group"),
    ],
)
def test_the_good_one_passes_and_the_bad_one_fails(
    everything: Found, control: str, check: str, resource: str
) -> None:
    assert _by_name(everything, control, check, resource) == {"good": PASS, "bad": FAIL}


def test_verdicts_on_machines(everything: Found) -> None:
    found = everything["aws.ec2.instance"].resources
    names = {str(r.data["arn"]): _tags(r).get("Name", "") for r in found}
    grown = {str(r.data["arn"]): _tags(r).get("aws:autoscaling:groupName") for r in found}
    metadata = judged("compute-hardening", everything)["metadata"]
    labels = judged("asset-labels", everything)["machines"]
    patches = judged("patching", everything)["machines"]
    for arn, name in names.items():
        good = PASS if name == "good" else FAIL
        assert metadata[arn].status is good, name
        assert labels[arn].status is good, name
        assert patches[arn].status is (FAIL if "bad" in {name, grown[arn]} else PASS), name


def test_verdicts_on_user_data(everything: Found) -> None:
    found = judged("compute-hardening", everything)["user-data"]
    assert sorted(finding.status.value for finding in found.values()) == [
        "fail", *["not_applicable"] * 5, "pass",
    ]  # fmt: skip
    [bad] = [r for r in everything["aws.ec2.user_data"].resources if r.data["secrets"]]
    # Compressed and encoded inside a configuration of cloud-init.
    assert bad.data["secrets"] == ["assignment"]


def test_nothing_of_user_data_and_environments_is_kept(everything: Found) -> None:
    for observation in everything.values():
        assert SECRET.encode() not in canonical(observation.to_json())


def test_damaged_user_data_is_unread_and_not_told(compute: str) -> None:
    def damaged(body: bytes) -> bytes:
        broken = base64.b64encode(b"\x1f\x8b" + SECRET.encode())
        return re.sub(rb"(<userData>\s*<value>)[^<]+", rb"\g<1>" + broken, body)

    name = "aws.ec2.user_data"
    with FaultProxy(compute, [Rule(operation="DescribeInstanceAttribute", edit=damaged)]) as url:
        found = read(url, [name], regions=[HOME])
    unread = [r for r in found[name].resources if r.unread]
    assert len(unread) == 2
    assert {r.unread["secrets"].cause for r in unread} == {Cause.UNPARSABLE}
    assert SECRET.encode() not in canonical(found[name].to_json())
    verdicts = judged("compute-hardening", found)["user-data"]
    assert [verdicts[str(r.data["arn"])].status for r in unread] == [ERROR, ERROR]


def test_verdicts_on_networks_and_targets(everything: Found) -> None:
    networks = judged("redundant-capacity", everything)["networks"]
    names = {
        r.data["arn"]: _tags(r).get("Name", "default") for r in everything["aws.ec2.vpc"].resources
    }
    assert {names[key]: f.status for key, f in networks.items()} == {
        "good": PASS, "bad": FAIL, "default": PASS,
    }  # fmt: skip
    targets = _by_name(
        everything, "redundant-capacity", "healthy-targets", "aws.elbv2.target_group"
    )
    assert targets == {"good": PASS, "bad": FAIL, "idle": NOT}


def test_verdicts_on_distributions_and_certificates(everything: Found) -> None:
    policies = {
        r.data["arn"]: r.data["minimum_tls"]
        for r in everything["aws.cloudfront.distribution"].resources
    }
    distributions = judged("load-balancers", everything)["distributions"]
    assert {policies[key]: f.status for key, f in distributions.items()} == {
        "TLSv1.2_2021": PASS, "TLSv1": FAIL,
    }  # fmt: skip
    # moto never issues a certificate: the one in use still waits. The other one is not in use.
    certificates = _by_name(
        everything, "load-balancers", "certificates", "aws.acm.certificate", "domain"
    )
    assert certificates == {"shop.example.org": FAIL, "old.example.org": NOT}


@pytest.mark.parametrize(
    ("status", "in_use", "verdicts"),
    [
        ("ISSUED", [], {"shop.example.org": NOT, "old.example.org": NOT}),
        ("ISSUED", ["a"], {"shop.example.org": PASS, "old.example.org": FAIL}),
    ],
)
def test_certificates_by_time_left(
    compute: str, status: str, in_use: list[str], verdicts: dict[str, Status]
) -> None:
    def changed(body: bytes) -> bytes:
        answer = json.loads(body)
        answer["Certificate"] |= {"Status": status, "InUseBy": in_use}
        return json.dumps(answer).encode()

    with FaultProxy(compute, [Rule(operation="DescribeCertificate", edit=changed)]) as url:
        found = read(url, ["aws.acm.certificate"], regions=[HOME])
    got = _by_name(found, "load-balancers", "certificates", "aws.acm.certificate", "domain")
    assert got == verdicts


def test_keys_of_every_algorithm_are_asked_for(compute: str) -> None:
    proxy = FaultProxy(compute)
    with proxy as url:
        read(url, ["aws.acm.certificate"], regions=[HOME])
    [asked] = {seen.text for seen in proxy.seen if seen.operation == "ListCertificates"}
    assert "EC_prime256v1" in asked
    assert "RSA_4096" in asked


def test_verdicts_on_tags(everything: Found) -> None:
    verdicts = judged("asset-labels", everything)["tagged-resources"]
    tags = {r.data["arn"]: _tags(r) for r in everything["aws.tagging.resource"].resources}
    for key, finding in verdicts.items():
        if finding.status is not NOT:
            good = {"owner", "environment", "data-class"} <= tags[key].keys()
            assert finding.status is (PASS if good else FAIL)
    assert {finding.status for finding in verdicts.values()} >= {PASS, FAIL}


def test_groups_say_to_how_many_interfaces_they_are_attached(everything: Found) -> None:
    attached = {r.data["attached_to"] for r in everything["aws.ec2.security_group"].resources}
    # Seven machines, all in the default group of the first network.
    assert attached == {0, 7}
    asked = [
        call.request
        for call in everything["aws.ec2.security_group"].calls
        if "NetworkInterfaces" in call.request
    ]
    assert len(asked) == 2  # one a region


def test_an_empty_account(compute: str) -> None:
    none = (
        b"<DistributionList><Marker></Marker><MaxItems>100</MaxItems>"
        b"<IsTruncated>false</IsTruncated><Quantity>0</Quantity></DistributionList>"
    )
    answer = Answer(200, none, headers={"x-amzn-RequestId": "0f1d6c2a"})
    with FaultProxy(compute, [Rule(lambda _asked: answer, service="cloudfront")]) as url:
        found = read(url, TYPES, regions=["eu-central-1"])
    # Every region has a network of its own, and its default group.
    there = {name for name, observation in found.items() if observation.resources}
    assert there == {"aws.ec2.security_group", "aws.ec2.vpc"}
    assert not any(observation.gaps for observation in found.values())
    for control in ("load-balancers", "container-images", "kubernetes-clusters", "patching",
                    "compute-hardening"):  # fmt: skip
        for check, findings in judged(control, found).items():
            assert [f.status for f in findings.values()] == [NOT], check
    [tags] = judged("asset-labels", found)["tagged-resources"].values()
    assert tags.status is FAIL


def test_what_the_stand_in_does_not_have_is_an_error(plain: Found) -> None:
    clusters = judged("kubernetes-clusters", plain)
    assert {f.status for f in clusters["version"].values()} == {ERROR}
    assert {f.cause for f in clusters["version"].values()} == {Cause.NOT_SUPPORTED}
    assert _by_name(plain, "kubernetes-clusters", "endpoint", "aws.eks.cluster") == {
        "good": PASS, "bad": FAIL,
    }  # fmt: skip
    # The bad one fails already by its policy; nothing may say that the good one is private.
    functions = _by_name(plain, "compute-hardening", "functions", "aws.lambda.function")
    assert functions == {"good": ERROR, "bad": FAIL}
    for resource in plain["aws.ec2.patch_state"].resources:
        assert resource.unread.keys() == {"agent", "patches"}


def test_everything_denied(compute: str) -> None:
    with FaultProxy(compute, [Rule(denied, but=["sts"])]) as url:
        found = read(url, TYPES)
    for name, observation in found.items():
        assert observation.resources == (), name
        assert {gap.cause for gap in observation.gaps} == {Cause.DENIED}, name
        permissions = AwsCollector().resource_types()[name].permissions
        assert {gap.action for gap in observation.gaps} <= set(permissions), name


@pytest.mark.parametrize(
    ("operation", "name", "fields"),
    [
        ("DescribeTargetHealth", "aws.elbv2.target_group",
         {"targets", "healthy_targets", "stated_zones", "instance_zones"}),
        ("DescribeListeners", "aws.elbv2.load_balancer", {"listeners"}),
        ("GetWebACLForResource", "aws.elbv2.load_balancer",
         {"web_acl", "managed_rule_groups", "rate_rules"}),
        ("DescribeNetworkInterfaces", "aws.ec2.security_group", {"attached_to"}),
        ("DescribeSubnets", "aws.ec2.vpc", {"subnet_zones"}),
        ("DescribePolicies", "aws.autoscaling.group", {"cpu_target"}),
        ("DescribeImages", "aws.ecr.repository", {"newest_image"}),
        ("GetRepositoryPolicy", "aws.ecr.repository", {"policy", "policy_public"}),
        ("DescribeCertificate", "aws.acm.certificate",
         {"domain", "status", "kind", "in_use", "not_after", "renewal"}),
    ],
)  # fmt: skip
def test_one_operation_denied_leaves_its_fields_unread(
    compute: str, operation: str, name: str, fields: set[str]
) -> None:
    with FaultProxy(compute, [Rule(denied, operation=operation)]) as url:
        observation = read(url, [name], regions=[HOME])[name]
    assert observation.gaps == ()
    unread = [resource.unread.keys() for resource in observation.resources if resource.unread]
    assert unread
    for keys in unread:
        # Zones of a group without targets need no answer of EC2.
        assert keys <= fields
        assert keys & fields
    causes = {g.cause for r in observation.resources for g in r.unread.values()}
    assert Cause.DENIED in causes


def test_a_second_page_of_distributions_is_read(compute: str) -> None:
    """CloudFront API Reference, ListDistributions: the list stands inside the answer."""

    later: list[bytes] = []
    summary = re.compile(rb"<DistributionSummary>.*?</DistributionSummary>", re.DOTALL)

    def cut(body: bytes) -> bytes:
        one, two = summary.findall(body)
        later.append(body.replace(one, b""))
        more = b"<IsTruncated>true</IsTruncated><NextMarker>more</NextMarker>"
        return re.sub(rb"<IsTruncated>\w+</IsTruncated>", more, body.replace(two, b""))

    def second(_asked: Asked) -> Answer:
        return Answer(200, later[0], headers={"x-amzn-RequestId": "0f1d6c2a"})

    name = "aws.cloudfront.distribution"
    rules = [Rule(second, containing="Marker=more"), Rule(service="cloudfront", edit=cut)]
    with FaultProxy(compute, rules) as url:
        observation = read(url, [name])[name]
    assert observation.gaps == ()
    assert len({resource.data["arn"] for resource in observation.resources}) == 2
    [listing] = [call for call in observation.calls if "ListDistributions" in call.request]
    assert (listing.pages, listing.items) == (2, 2)


def test_distributions_that_go_on_without_a_way_to_read_on_are_truncated(compute: str) -> None:
    def cut(body: bytes) -> bytes:
        body = re.sub(rb"<NextMarker>[^<]*</NextMarker>", b"", body)
        return re.sub(rb"<IsTruncated>\w+</IsTruncated>", b"<IsTruncated>true</IsTruncated>", body)

    name = "aws.cloudfront.distribution"
    with FaultProxy(compute, [Rule(service="cloudfront", edit=cut)]) as url:
        observation = read(url, [name])[name]
    assert [gap.cause for gap in observation.gaps] == [Cause.TRUNCATED]
    assert len(observation.resources) == 2
    assert ERROR in {
        f.status for f in judged("load-balancers", {name: observation})["distributions"].values()
    }


def test_calls_are_those_of_the_policy(compute: str) -> None:
    """Every call that is made has its action in the policy, and nothing else is asked for."""
    proxy = FaultProxy(compute, canned(compute))
    with proxy as url:
        read(url, TYPES)
    asked = {iam_action(*named(seen)) for seen in proxy.seen}
    statements = json.loads(AwsCollector().grants(TYPES)["policy"])["Statement"]
    granted = {action for statement in statements for action in statement["Action"]}
    assert asked <= granted
    # Regions were given, so none were asked for; WAF asks for two things on behalf of its caller
    # (Service Authorization Reference, AWS WAF V2).
    further = {"elasticloadbalancing:GetLoadBalancerWebACL", "wafv2:GetWebACL"}
    # No rule of a group here names a prefix list.
    further.add("ec2:GetManagedPrefixListEntries")
    assert granted - asked == {"ec2:DescribeRegions", *further}


def test_machines_are_listed_once_a_region(compute: str) -> None:
    proxy = FaultProxy(compute, canned(compute))
    names = [
        "aws.ec2.instance",
        "aws.ec2.patch_state",
        "aws.ec2.user_data",
        "aws.elbv2.target_group",
    ]
    with proxy as url:
        read(url, names)
    assert [seen.operation for seen in proxy.seen].count("DescribeInstances") == 2
