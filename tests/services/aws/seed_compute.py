"""Good and bad machines, load balancers, images, functions and networks in a stand-in for AWS.

What is named `good` satisfies the shipped controls, as far as the stand-in can say so; what is
named `bad` does not.
"""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.services.aws.seed import HOME, client
from tests.services.aws.server import ACCOUNT

ZONES = (f"{HOME}a", f"{HOME}b")
TAGS = {"owner": "platform", "environment": "prod", "data-class": "internal"}
SECRET = "hunter2-very-long"  # what must never be kept
_SCRIPT = f"#!/bin/sh\nexport DB_PASSWORD={SECRET}\nmysql -u app\n"
_PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}


def seed_compute(url: str) -> None:
    """Make everything."""
    subnets = _network(url)
    instances = _instances(url, subnets)
    _balancers(url, subnets, instances)
    _groups(url, subnets)
    for make in (_images, _clusters, _functions, _certificates, _distributions):
        make(url)


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags in the form of most services."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _network(url: str) -> list[str]:
    """A network over two zones and one with a single one; the subnets of the first."""
    ec2 = client(url, "ec2")
    network, narrow = (
        ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"] for cidr in ("10.1.0.0/16", "10.2.0.0/16")
    )
    ec2.create_tags(Resources=[network], Tags=pairs({"Name": "good"}))
    ec2.create_tags(Resources=[narrow], Tags=pairs({"Name": "bad"}))
    ec2.create_subnet(VpcId=narrow, CidrBlock="10.2.0.0/24", AvailabilityZone=ZONES[0])
    return [
        ec2.create_subnet(VpcId=network, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=zone)[
            "Subnet"
        ]["SubnetId"]
        for n, zone in enumerate(ZONES)
    ]


def _instances(url: str, subnets: list[str]) -> list[str]:
    """Two good instances, one in each zone, and a bad one."""
    ec2 = client(url, "ec2")
    image = ec2.register_image(Name="base", RootDeviceName="/dev/sda1")["ImageId"]
    hidden = base64.b64encode(gzip.compress(_SCRIPT.encode()))
    cloud_config = (
        f"#cloud-config\nwrite_files:\n- encoding: gz+b64\n  content: {hidden.decode()}\n"
    )
    made = [
        ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnets[number % 2],
            MetadataOptions={"HttpTokens": "required" if name == "good" else "optional"},
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": pairs({"Name": name} | (TAGS if name == "good" else {})),
                }
            ],
            **({"UserData": data} if data else {}),
        )["Instances"][0]["InstanceId"]
        for number, (name, data) in enumerate(
            (("good", "#!/bin/sh\necho ready\n"), ("good", ""), ("bad", cloud_config))
        )
    ]
    return [str(name) for name in made]


def _balancers(url: str, subnets: list[str], instances: list[str]) -> None:
    """A balancer with TLS, redirect, log and firewall, and one with none of them."""
    elb = client(url, "elbv2")
    made = {
        name: elb.create_load_balancer(
            Name=name, Subnets=subnets, Type="application", Scheme="internet-facing"
        )["LoadBalancers"][0]["LoadBalancerArn"]
        for name in ("good", "bad")
    }
    vpc = elb.describe_load_balancers(Names=["good"])["LoadBalancers"][0]["VpcId"]
    groups = {
        name: elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="instance"
        )["TargetGroups"][0]["TargetGroupArn"]
        for name in ("good", "bad", "idle")
    }
    elb.register_targets(TargetGroupArn=groups["good"], Targets=[{"Id": i} for i in instances[:2]])
    elb.register_targets(TargetGroupArn=groups["bad"], Targets=[{"Id": instances[2]}])
    for name, on in (("good", "true"), ("bad", "false")):  # AWS states it where it was never set
        elb.modify_load_balancer_attributes(
            LoadBalancerArn=made[name],
            Attributes=pairs({"access_logs.s3.enabled": on, "access_logs.s3.bucket": "logs"}),
        )
    certificate = client(url, "acm").request_certificate(DomainName="shop.example.org")
    _listeners(elb, made, groups, certificate["CertificateArn"])
    waf = client(url, "wafv2")
    firewall = waf.create_web_acl(
        Name="edge", Scope="REGIONAL", DefaultAction={"Allow": {}}, Rules=_rules(),
        VisibilityConfig=_visible("edge"),
    )["Summary"]["ARN"]  # fmt: skip
    waf.associate_web_acl(WebACLArn=firewall, ResourceArn=made["good"])


def _listeners(elb: Any, made: dict[str, str], groups: dict[str, str], certificate: str) -> None:
    def forward(name: str) -> list[dict[str, str]]:
        return [{"Type": "forward", "TargetGroupArn": groups[name]}]

    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    elb.create_listener(
        LoadBalancerArn=made["good"], Protocol="HTTPS", Port=443, DefaultActions=forward("good"),
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        Certificates=[{"CertificateArn": certificate}],
    )  # fmt: skip
    elb.create_listener(
        LoadBalancerArn=made["good"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "redirect", "RedirectConfig": redirect}],
    )  # fmt: skip
    elb.create_listener(
        LoadBalancerArn=made["bad"], Protocol="HTTPS", Port=443, DefaultActions=forward("bad"),
        SslPolicy="ELBSecurityPolicy-2016-08", Certificates=[{"CertificateArn": certificate}],
    )  # fmt: skip
    elb.create_listener(
        LoadBalancerArn=made["bad"], Protocol="HTTP", Port=80, DefaultActions=forward("bad")
    )


def _visible(name: str) -> dict[str, object]:
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}


def _rules() -> list[dict[str, object]]:
    group = {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}
    limit = {"Limit": 2000, "AggregateKeyType": "IP"}
    return [
        {"Name": "common", "Priority": 0, "Statement": {"ManagedRuleGroupStatement": group},
         "OverrideAction": {"None": {}}, "VisibilityConfig": _visible("common")},
        {"Name": "rate", "Priority": 1, "Statement": {"RateBasedStatement": limit},
         "Action": {"Block": {}}, "VisibilityConfig": _visible("rate")},
    ]  # fmt: skip


def _groups(url: str, subnets: list[str]) -> None:
    """A group over two zones with room to grow, and one in a single zone that is full."""
    scaling = client(url, "autoscaling")
    image = client(url, "ec2").describe_images(Owners=["self"])["Images"][0]["ImageId"]
    scaling.create_launch_configuration(
        LaunchConfigurationName="web", ImageId=image, InstanceType="t3.micro"
    )
    bounds = {"good": (2, 6, 2, ",".join(subnets)), "bad": (1, 2, 2, subnets[0])}
    for name, (least, most, desired, where) in bounds.items():
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name, LaunchConfigurationName="web", MinSize=least, MaxSize=most,
            DesiredCapacity=desired, VPCZoneIdentifier=where, HealthCheckType="EC2",
            Tags=[{"Key": "team", "Value": "core", "PropagateAtLaunch": False}],
        )  # fmt: skip
    scaling.put_scaling_policy(
        AutoScalingGroupName="good",
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 59.5,
        },
    )


def _images(url: str) -> None:
    ecr = client(url, "ecr")
    ecr.create_repository(
        repositoryName="good",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
    )
    ecr.create_repository(repositoryName="bad")
    rule = {"scanFrequency": "SCAN_ON_PUSH",
            "repositoryFilters": [{"filter": "good", "filterType": "WILDCARD"}]}  # fmt: skip
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule])
    document = json.dumps({"Version": "2012-10-17", "Statement": [_PUBLIC]})
    ecr.set_repository_policy(repositoryName="bad", policyText=document)
    for name in ("good", "bad"):
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                       "size": 1, "digest": f"sha256:{name:0>64}"},
            "layers": [],
        }  # fmt: skip
        ecr.put_image(repositoryName=name, imageManifest=json.dumps(manifest), imageTag="1")


def _clusters(url: str) -> None:
    eks = client(url, "eks")
    logs = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    role = f"arn:aws:iam::{ACCOUNT}:role/eks"
    key = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/0f1d6c2a-5b1e-4c9e-9f59-2f6f3f1f7a10"
    eks.create_cluster(
        name="good", version="1.34", roleArn=role,
        resourcesVpcConfig={"subnetIds": ["subnet-a", "subnet-b"], "endpointPublicAccess": True,
                            "publicAccessCidrs": ["203.0.113.0/24"]},
        logging={"clusterLogging": [{"types": logs, "enabled": True}]},
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key}}],
    )  # fmt: skip
    eks.create_cluster(
        name="bad", version="1.28", roleArn=role,
        resourcesVpcConfig={"subnetIds": ["subnet-a", "subnet-b"], "endpointPublicAccess": True,
                            "publicAccessCidrs": ["0.0.0.0/0"]},
        logging={"clusterLogging": [{"types": ["api"], "enabled": True},
                                    {"types": logs[1:], "enabled": False}]},
    )  # fmt: skip


def _functions(url: str) -> None:
    """moto wants a role that exists, and takes a container image without running anything."""
    document = {"Version": "2012-10-17", "Statement": []}
    role = client(url, "iam").create_role(
        RoleName="function", AssumeRolePolicyDocument=json.dumps(document)
    )["Role"]["Arn"]
    functions = client(url, "lambda")
    for name, runtime in (("good", "python3.13"), ("bad", "python3.8")):
        functions.create_function(
            FunctionName=name, Runtime=runtime, Role=role, Handler="main.handler",
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
            Environment={"Variables": {"TOKEN": SECRET}},
        )  # fmt: skip
    functions.add_permission(
        FunctionName="good", StatementId="bucket", Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com", SourceAccount=ACCOUNT,
    )  # fmt: skip
    functions.add_permission(
        FunctionName="bad", StatementId="all", Action="lambda:InvokeFunction", Principal="*"
    )


def _certificates(url: str) -> None:
    """One that ends soon, imported; what moto issues is good for a year."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=80))
        .not_valid_after(now + timedelta(days=5)).sign(key, hashes.SHA256())
    )  # fmt: skip
    client(url, "acm").import_certificate(
        Certificate=made.public_bytes(serialization.Encoding.PEM),
        PrivateKey=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ),
    )


def _distributions(url: str) -> None:
    cloudfront = client(url, "cloudfront")
    for name in ("good", "bad"):
        good = name == "good"
        certificate: dict[str, object] = {"CloudFrontDefaultCertificate": True}
        if good:
            certificate = {
                "ACMCertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1",
                "SSLSupportMethod": "sni-only",
                "MinimumProtocolVersion": "TLSv1.2_2021",
            }
        cloudfront.create_distribution(
            DistributionConfig={
                "CallerReference": name, "Comment": name, "Enabled": True,
                "Origins": {"Quantity": 1, "Items": [{
                    "Id": "app", "DomainName": "app.example.org",
                    "CustomOriginConfig": {
                        "HTTPPort": 80, "HTTPSPort": 443,
                        "OriginProtocolPolicy": "https-only" if good else "match-viewer"}}]},
                "DefaultCacheBehavior": {
                    "TargetOriginId": "app", "MinTTL": 0,
                    "ViewerProtocolPolicy": "redirect-to-https" if good else "allow-all",
                    "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}}},
                "ViewerCertificate": certificate,
            }
        )  # fmt: skip
