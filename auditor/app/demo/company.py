"""Larkspur Ltd: a small company in the stand-in account, with good and bad resources."""

from __future__ import annotations

import json
from typing import Any

from auditor.app.demo.cloud import ACCOUNT, CREDENTIALS

REGIONS = ("eu-west-1", "eu-central-1")
PASSWORD = "Larkspur-demo-1!"  # noqa: S105 - of users that exist only in the stand-in


def seed(url: str) -> None:
    """Make the company's resources."""
    clients = _Clients(url)
    _people(clients("iam"))
    _buckets(clients("s3"))
    _network(clients("ec2"))
    _databases(clients("rds"))
    _keys(clients("kms"))
    _logs(clients("logs"), clients("cloudtrail"))


class _Clients:
    """boto3 clients of the stand-in account, with its own credentials."""

    def __init__(self, url: str) -> None:
        import boto3  # part of the extra `demo`

        self._url = url
        self._session: Any = boto3.session.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGIONS[0],
        )

    def __call__(self, service: str) -> Any:
        """The client of a service in the first region."""
        return self._session.client(service, endpoint_url=self._url)


def _people(iam: Any) -> None:
    """Alice has a second factor; Bob, a contractor and the sealed account have none."""
    iam.update_account_password_policy(
        MinimumPasswordLength=16,
        RequireSymbols=True,
        RequireNumbers=True,
        RequireUppercaseCharacters=True,
        RequireLowercaseCharacters=True,
        PasswordReusePrevention=24,
    )
    for name in ("alice", "bob", "contractor", "break-glass"):
        iam.create_user(UserName=name)
        iam.create_login_profile(UserName=name, Password=PASSWORD)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="alice")["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName="alice",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1="123456",
        AuthenticationCode2="654321",
    )
    iam.create_user(UserName="ci")
    iam.create_access_key(UserName="ci")
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    iam.put_user_policy(
        UserName="ci", PolicyName="everything", PolicyDocument=json.dumps(everything)
    )


def _buckets(s3: Any) -> None:
    """`larkspur-logs` is as it should be; anybody can read `larkspur-exports`."""
    place = {"LocationConstraint": REGIONS[0]}
    for name in ("larkspur-logs", "larkspur-exports"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    s3.put_bucket_versioning(Bucket="larkspur-logs", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(
        Bucket="larkspur-logs", Tagging={"TagSet": [{"Key": "data-class", "Value": "internal"}]}
    )
    s3.put_bucket_encryption(
        Bucket="larkspur-logs",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    s3.put_public_access_block(
        Bucket="larkspur-logs",
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    resources = ["arn:aws:s3:::larkspur-logs", "arn:aws:s3:::larkspur-logs/*"]
    only_tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    for_all = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::larkspur-exports/*",
    }
    for name, statement in (("larkspur-logs", only_tls), ("larkspur-exports", for_all)):
        document = {"Version": "2012-10-17", "Statement": [statement]}
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))


def _network(ec2: Any) -> None:
    """One security group lets the world in by SSH."""
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for name, block in (("office-only", "203.0.113.0/24"), ("wide-open", "0.0.0.0/0")):
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
        ec2.authorize_security_group_ingress(
            GroupId=group["GroupId"],
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 22,
                    "ToPort": 22,
                    "IpRanges": [{"CidrIp": block}],
                }
            ],
        )
    for encrypted in (True, False):
        ec2.create_volume(AvailabilityZone=f"{REGIONS[0]}a", Size=8, Encrypted=encrypted)


def _databases(rds: Any) -> None:
    """`ledger` is encrypted and backed up for 35 days; `reporting` is neither."""
    for name, good in (("ledger", True), ("reporting", False)):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.medium",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="root_user",
            MasterUserPassword=PASSWORD,
            StorageEncrypted=good,
            BackupRetentionPeriod=35 if good else 0,
            MultiAZ=good,
            DeletionProtection=good,
            PubliclyAccessible=False,
        )


def _keys(kms: Any) -> None:
    """One key, whose rotation the auditor's account may not read."""
    key = kms.create_key(Description="ledger data")["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key)


def _logs(logs: Any, cloudtrail: Any) -> None:
    """The trail is sound; one log group forgets after a week."""
    for name, days in (("/larkspur/ledger", 400), ("/larkspur/web", 7)):
        logs.create_log_group(logGroupName=name)
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    trail = cloudtrail.create_trail(
        Name="all-regions",
        S3BucketName="larkspur-logs",
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
        KmsKeyId=f"arn:aws:kms:{REGIONS[0]}:{ACCOUNT}:alias/trail",
    )
    everything = {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
    }
    cloudtrail.put_event_selectors(TrailName=trail["TrailARN"], EventSelectors=[everything])
    cloudtrail.start_logging(Name=trail["TrailARN"])
