"""Good and bad things of every type, made in a stand-in for AWS with an ordinary client."""

from __future__ import annotations

import json
from typing import Any

import boto3

HOME = "eu-west-1"
OTHER = "us-east-1"
LOG_GROUPS = 60  # more than the 50 of one page
KMS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/0f1d6c2a-5b1e-4c9e-9f59-2f6f3f1f7a10"
_STAR = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


def client(url: str, service: str, region: str = HOME) -> Any:
    """A client with the stand-in's static credentials."""
    session: Any = boto3.Session()  # typed by literal service names, which these are not
    return session.client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


SEEDED = (
    "aws.cloudtrail.trail",
    "aws.ec2.ebs_default",
    "aws.ec2.security_group",
    "aws.ec2.snapshot",
    "aws.ec2.volume",
    "aws.ec2.vpc",
    "aws.iam.account_summary",
    "aws.iam.credential_report_row",
    "aws.iam.password_policy",
    "aws.iam.policy",
    "aws.iam.user",
    "aws.iam.virtual_mfa_device",
    "aws.kms.key",
    "aws.logs.log_group",
    "aws.rds.cluster",
    "aws.rds.instance",
    "aws.s3.account_public_access_block",
    "aws.s3.bucket",
)
"""The types of which `seed` makes things; other modules seed their own."""


def seed(url: str) -> None:
    """Make everything."""
    for make in (_users, _policies, _buckets, _keys, _trails, _databases, _networks, _logs):
        make(url)


def _users(url: str) -> None:
    iam = client(url, "iam")
    iam.create_group(GroupName="admins")
    iam.put_group_policy(GroupName="admins", PolicyName="all", PolicyDocument=json.dumps(_STAR))
    for name in ("alice", "bob", "carol"):
        iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "core"}])
    iam.create_login_profile(UserName="alice", Password="Correct-horse-1")
    iam.add_user_to_group(UserName="alice", GroupName="admins")
    iam.create_access_key(UserName="bob")
    iam.create_access_key(UserName="bob")
    iam.put_user_policy(UserName="bob", PolicyName="read", PolicyDocument=json.dumps(_READ))
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="carol")["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName="carol",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1="123456",
        AuthenticationCode2="234567",
    )


def _policies(url: str) -> None:
    iam = client(url, "iam")
    for name, document in (("everything", _STAR), ("reading", _READ)):
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
    arn = "arn:aws:iam::123456789012:policy/reading"
    iam.attach_user_policy(UserName="carol", PolicyArn=arn)
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24)


def _buckets(url: str) -> None:
    s3 = client(url, "s3")
    place = {"LocationConstraint": HOME}
    s3.create_bucket(Bucket="open-bucket", CreateBucketConfiguration=place, ACL="public-read")
    s3.create_bucket(
        Bucket="safe-bucket", CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True
    )
    client(url, "s3", OTHER).create_bucket(Bucket="american-bucket")
    s3.put_object_lock_configuration(
        Bucket="safe-bucket",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}},
        },
    )
    s3.put_bucket_policy(Bucket="safe-bucket", Policy=json.dumps(_tls_only("safe-bucket")))
    s3.put_bucket_encryption(
        Bucket="safe-bucket",
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": KMS_KEY,
                    }
                },
            ]
        },
    )
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket="safe-bucket", PublicAccessBlockConfiguration=dict.fromkeys(blocks, True)
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket="safe-bucket",
        LifecycleConfiguration={
            "Rules": [
                {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""},
                 "Expiration": {"Days": 400}},
                {"ID": "drafts", "Status": "Disabled", "Filter": {"Prefix": "drafts/"},
                 "Expiration": {"Days": 7}},
            ]
        },
    )  # fmt: skip
    s3.put_bucket_tagging(
        Bucket="safe-bucket", Tagging={"TagSet": [{"Key": "class", "Value": "confidential"}]}
    )


def _tls_only(bucket: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "tls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": False}},
        },
    }


def _keys(url: str) -> None:
    kms = client(url, "kms")
    rotating = kms.create_key(Description="rotating", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    kms.enable_key_rotation(KeyId=rotating["KeyId"])
    kms.create_alias(AliasName="alias/data", TargetKeyId=rotating["KeyId"])
    doomed = kms.create_key(Description="doomed", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=doomed["KeyId"], PendingWindowInDays=7)
    kms.create_key(Description="signing", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")


def _trails(url: str) -> None:
    trail = client(url, "cloudtrail")
    trail.create_trail(
        Name="everything",
        S3BucketName="safe-bucket",
        IsMultiRegionTrail=True,
        EnableLogFileValidation=True,
    )
    trail.put_event_selectors(
        TrailName="everything",
        EventSelectors=[
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
            }
        ],
    )
    trail.start_logging(Name="everything")
    trail.create_trail(Name="silent", S3BucketName="open-bucket")


def _databases(url: str) -> None:
    rds = client(url, "rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="strict", DBParameterGroupFamily="postgres16", Description="TLS"
    )
    rds.modify_db_parameter_group(
        DBParameterGroupName="strict",
        Parameters=[
            {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
        ],
    )
    common = {
        "DBInstanceClass": "db.t3.micro",
        "MasterUsername": "root",
        "MasterUserPassword": "Correct-horse-1",
        "AllocatedStorage": 20,
        "Engine": "postgres",
    }
    rds.create_db_instance(
        DBInstanceIdentifier="good",
        StorageEncrypted=True,
        MultiAZ=True,
        PubliclyAccessible=False,
        BackupRetentionPeriod=30,
        DeletionProtection=True,
        EnableCloudwatchLogsExports=["postgresql"],
        DBParameterGroupName="strict",
        **common,
    )
    rds.create_db_instance(
        DBInstanceIdentifier="bad", PubliclyAccessible=True, BackupRetentionPeriod=0, **common
    )
    rds.create_db_cluster(
        DBClusterIdentifier="cluster",
        Engine="aurora-postgresql",
        MasterUsername="root",
        MasterUserPassword="Correct-horse-1",
    )


def _networks(url: str) -> None:
    ec2 = client(url, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::safe-bucket",
    )
    group = ec2.create_security_group(GroupName="open", Description="open", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
             "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
            {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432,
             "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        ],
    )  # fmt: skip
    everybody = ec2.create_managed_prefix_list(
        PrefixListName="everybody",
        AddressFamily="IPv4",
        MaxEntries=2,
        Entries=[{"Cidr": "0.0.0.0/1"}, {"Cidr": "128.0.0.0/1"}],
    )["PrefixList"]["PrefixListId"]
    listed = ec2.create_security_group(GroupName="listed", Description="by list", VpcId=vpc)
    ec2.authorize_security_group_ingress(
        GroupId=listed["GroupId"],
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389,
             "PrefixListIds": [{"PrefixListId": everybody}]},
        ],
    )  # fmt: skip
    plain = ec2.create_volume(AvailabilityZone=f"{HOME}a", Size=8)["VolumeId"]
    ec2.create_volume(AvailabilityZone=f"{HOME}a", Size=8, Encrypted=True)
    ec2.create_snapshot(VolumeId=plain)
    client(url, "ec2", OTHER).enable_ebs_encryption_by_default()


def _logs(url: str) -> None:
    logs = client(url, "logs")
    for number in range(LOG_GROUPS):
        logs.create_log_group(logGroupName=f"/app/{number:03}")
    logs.put_retention_policy(logGroupName="/app/000", retentionInDays=400)
