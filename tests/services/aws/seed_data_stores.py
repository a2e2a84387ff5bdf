"""Good and bad data stores and backups, made in a stand-in for AWS with an ordinary client.

What the stand-in does not have (jobs, recovery points, copies, restore tests, policies of vaults;
document databases) is answered by `canned`, in the form that AWS documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.services.aws.faults import Answer, Asked, Fault, Rule
from tests.services.aws.seed import HOME, KMS_KEY, OTHER, client
from tests.services.aws.server import ACCOUNT

DB = f"arn:aws:rds:{HOME}:{ACCOUNT}:db:shop"
MEMBER = f"arn:aws:rds:{HOME}:{ACCOUNT}:db:orders-1"
DOCUMENTS = f"arn:aws:rds:{HOME}:{ACCOUNT}:cluster:catalog"
BUCKET = "backups"
COPIES = "backups-copy"
VAULT = "prod"
PLAN_OF_TESTS = f"arn:aws:backup:{HOME}:{ACCOUNT}:restore-testing-plan:weekly-0c3b"
_PASSWORD = "Correct-horse-1"
_PROD = [{"Key": "environment", "Value": "prod"}]


def seed_good(url: str) -> None:
    """An account whose data stores satisfy the shipped controls."""
    _databases(url, good=True)
    _tables_and_files(url, good=True)
    _warehouse(url, good=True)
    _cache(url, good=True)
    _domain(url, good=True)
    _broker(url, good=True)
    _bucket(url, sizes=[1000, 1010, 990, 1005, 1001], region=OTHER, encrypted=True)
    _plan(url, schedule="cron(0 5 ? * * *)", days=30, locked=True)


def seed_bad(url: str) -> None:
    """An account whose data stores satisfy none of them."""
    _databases(url, good=False)
    _tables_and_files(url, good=False)
    _warehouse(url, good=False)
    _cache(url, good=False)
    _domain(url, good=False)
    _broker(url, good=False)
    _bucket(url, sizes=[1000, 1010, 990, 1005, 20], region=HOME, encrypted=False)
    _plan(url, schedule="cron(0 5 ? * SUN *)", days=7, locked=False)


def _databases(url: str, *, good: bool) -> None:
    rds = client(url, "rds")
    rds.create_db_instance(
        DBInstanceIdentifier="shop",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="root",
        MasterUserPassword=_PASSWORD,
        StorageEncrypted=good,
        Tags=_PROD,
    )
    rds.create_db_cluster(
        DBClusterIdentifier="orders",
        Engine="aurora-postgresql",
        MasterUsername="root",
        MasterUserPassword=_PASSWORD,
        StorageEncrypted=good,
    )
    rds.create_db_instance(
        DBInstanceIdentifier="orders-1",
        DBInstanceClass="db.r5.large",
        Engine="aurora-postgresql",
        DBClusterIdentifier="orders",
        Tags=_PROD,
    )
    rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="shop-1")
    rds.create_db_cluster_snapshot(
        DBClusterIdentifier="orders", DBClusterSnapshotIdentifier="orders-1"
    )
    if not good:
        everybody = {"AttributeName": "restore", "ValuesToAdd": ["all"]}
        rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="shop-1", **everybody)
        rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier="orders-1", **everybody
        )


def _tables_and_files(url: str, *, good: bool) -> None:
    tables, efs = client(url, "dynamodb"), client(url, "efs")
    tables.create_table(
        TableName="sessions",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    efs.create_file_system(CreationToken="uploads", Encrypted=good, Backup=good)
    if good:
        tables.update_continuous_backups(
            TableName="sessions",
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )


def _warehouse(url: str, *, good: bool) -> None:
    redshift, s3 = client(url, "redshift"), client(url, "s3")
    redshift.create_cluster(
        ClusterIdentifier="warehouse",
        NodeType="ra3.large",
        MasterUsername="root",
        MasterUserPassword=_PASSWORD,
        DBName="facts",
        Encrypted=good,
        AutomatedSnapshotRetentionPeriod=7 if good else 1,
    )
    if good:
        place = {"LocationConstraint": HOME}
        s3.create_bucket(Bucket="warehouse-logs", CreateBucketConfiguration=place)
        policy = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "redshift.amazonaws.com"},
                    "Action": ["s3:PutObject", "s3:GetBucketAcl"],
                    "Resource": ["arn:aws:s3:::warehouse-logs", "arn:aws:s3:::warehouse-logs/*"],
                }
            ]
        }
        s3.put_bucket_policy(Bucket="warehouse-logs", Policy=json.dumps(policy))
        redshift.enable_logging(ClusterIdentifier="warehouse", BucketName="warehouse-logs")


def _cache(url: str, *, good: bool) -> None:
    more = {"AuthToken": "a-long-token-of-letters", "TransitEncryptionMode": "required"}
    client(url, "elasticache").create_replication_group(
        ReplicationGroupId="sessions",
        ReplicationGroupDescription="sessions",
        CacheNodeType="cache.t4g.small",
        NumCacheClusters=2,
        TransitEncryptionEnabled=good,
        AtRestEncryptionEnabled=good,
        AutomaticFailoverEnabled=good,
        MultiAZEnabled=good,
        **(more if good else {}),
    )


def _domain(url: str, *, good: bool) -> None:
    opensearch = client(url, "opensearch")
    on = {"Enabled": good}
    options: dict[str, Any] = {
        "EncryptionAtRestOptions": on,
        "NodeToNodeEncryptionOptions": on,
        "DomainEndpointOptions": {"EnforceHTTPS": good},
        "AdvancedSecurityOptions": on,
    }
    if good:
        log = f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:audit"
        options["LogPublishingOptions"] = {
            "AUDIT_LOGS": {"CloudWatchLogsLogGroupArn": log, "Enabled": True}
        }
        options["VPCOptions"] = {"SubnetIds": ["subnet-0a1b2c3d"]}
    opensearch.create_domain(DomainName="catalog", EngineVersion="OpenSearch_2.15", **options)


def _broker(url: str, *, good: bool) -> None:
    client(url, "mq").create_broker(
        BrokerName="orders",
        EngineType="ACTIVEMQ",
        EngineVersion="5.18",
        HostInstanceType="mq.t3.micro",
        DeploymentMode="ACTIVE_STANDBY_MULTI_AZ" if good else "SINGLE_INSTANCE",
        PubliclyAccessible=not good,
        AutoMinorVersionUpgrade=True,
        Logs={"General": good, "Audit": good},
        Users=[{"Username": "app", "Password": _PASSWORD}],
    )


def _bucket(url: str, *, sizes: list[int], region: str, encrypted: bool) -> None:
    """The bucket of backups, and the one that it is copied to."""
    s3 = client(url, "s3")
    versioned = {"Status": "Enabled"}
    for name, place in ((BUCKET, HOME), (COPIES, region)):
        own = client(url, "s3", place)
        where = {"CreateBucketConfiguration": {"LocationConstraint": place}}
        own.create_bucket(Bucket=name, **(where if place == HOME else {}))
        own.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioned)
    s3.put_bucket_tagging(
        Bucket=BUCKET, Tagging={"TagSet": [{"Key": "purpose", "Value": "backup"}]}
    )
    if encrypted:
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(
            Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [default]}
        )
    else:
        s3.delete_bucket_encryption(Bucket=BUCKET)
    s3.put_bucket_replication(
        Bucket=BUCKET,
        ReplicationConfiguration={
            "Role": f"arn:aws:iam::{ACCOUNT}:role/replication",
            "Rules": [
                {
                    "ID": "all",
                    "Priority": 1,
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "DeleteMarkerReplication": {"Status": "Disabled"},
                    "Destination": {"Bucket": f"arn:aws:s3:::{COPIES}"},
                }
            ],
        },
    )
    for number, size in enumerate(sizes):
        s3.put_object(Bucket=BUCKET, Key=f"db/shop-2026-03-{number:02}.sql.gz", Body=b"x" * size)


def _plan(url: str, *, schedule: str, days: int, locked: bool) -> None:
    backup = client(url, "backup")
    backup.create_backup_vault(BackupVaultName=VAULT, EncryptionKeyArn=KMS_KEY)
    rule = {
        "RuleName": "regular",
        "TargetBackupVaultName": VAULT,
        "ScheduleExpression": schedule,
        "Lifecycle": {"DeleteAfterDays": days},
    }
    backup.create_backup_plan(BackupPlan={"BackupPlanName": "regular", "Rules": [rule]})
    if locked:
        backup.put_backup_vault_lock_configuration(
            BackupVaultName=VAULT, MinRetentionDays=30, ChangeableForDays=7
        )


def json_answer(document: Mapping[str, object], status: int = 200, code: str = "") -> Fault:
    """An answer, or an error, of AWS's REST protocol with JSON."""
    headers = {"x-amzn-RequestId": "c0ffee00-0000-4000-8000-000000000000"}
    if code:
        headers["x-amzn-ErrorType"] = code

    def answer(_asked: Asked) -> Answer:
        return Answer(status, json.dumps(document).encode(), "application/json", headers)

    return answer


def _ago(**span: float) -> float:
    """Seconds since 1970, as AWS Backup writes times."""
    return (datetime.now(UTC) - timedelta(**span)).timestamp()


def canned(*, good: bool) -> list[Rule]:
    """Answers for what moto does not have."""
    region = OTHER if good else HOME
    # AWS answers with the region of each bucket where MaxBuckets is given; moto leaves it out.
    placed = f"<Name>{COPIES}</Name><BucketRegion>{region}</BucketRegion>".encode()
    regions = Rule(
        service="s3",
        operation="ListBuckets",
        edit=lambda body: body.replace(f"<Name>{COPIES}</Name>".encode(), placed),
    )
    # moto answers with the subnets that it was given, and not with their network.
    network = Rule(
        service="es",
        containing="/opensearch/domain/catalog",
        edit=lambda body: re.sub(rb'("SubnetIds")', rb'"VPCId": "vpc-0a1b2c3d", \1', body),
    )
    return [*_canned_backup(good=good), _canned_documents(good=good), regions, network]


def _canned_documents(*, good: bool) -> Rule:
    """A cluster in the form of the Amazon DocumentDB API Reference, DescribeDBClusters."""
    members = "".join(
        f"<DBClusterMember><DBInstanceIdentifier>catalog-{number}</DBInstanceIdentifier>"
        "</DBClusterMember>"
        for number in ((1, 2) if good else (1,))
    )
    cluster = f"""<DBCluster><DBClusterArn>{DOCUMENTS}</DBClusterArn>
        <DBClusterIdentifier>catalog</DBClusterIdentifier><Engine>docdb</Engine>
        <DbClusterResourceId>cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ</DbClusterResourceId>
        <EngineVersion>5.0.0</EngineVersion><Status>available</Status>
        <StorageEncrypted>{str(good).lower()}</StorageEncrypted>
        <BackupRetentionPeriod>{14 if good else 1}</BackupRetentionPeriod>
        <DBClusterMembers>{members}</DBClusterMembers></DBCluster>"""
    body = f"""<DescribeDBClustersResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
        <DescribeDBClustersResult><DBClusters>{cluster}</DBClusters></DescribeDBClustersResult>
        <ResponseMetadata><RequestId>c0ffee00-0000-4000-8000-000000000000</RequestId>
        </ResponseMetadata></DescribeDBClustersResponse>"""
    return Rule(
        lambda _asked: Answer(200, body.encode()),
        service="rds",
        operation="DescribeDBClusters",
        containing="=docdb",
    )


def _canned_backup(*, good: bool) -> list[Rule]:
    """Answers that moto does not have, in the form of the AWS Backup API Reference."""
    vault = f"arn:aws:backup:{HOME}:{ACCOUNT}:backup-vault:{VAULT}"
    elsewhere = vault.replace(HOME, OTHER) if good else vault
    jobs = [
        {"BackupJobId": f"job-{day}", "ResourceArn": DB, "ResourceType": "RDS",
         "State": "COMPLETED", "CreationDate": _ago(days=day)}
        for day in ((0, 1, 2) if good else (3, 6))
    ]  # fmt: skip
    if not good:
        failed = {"BackupJobId": "job-x", "State": "FAILED", "CreationDate": _ago(days=1)}
        jobs.append(failed | {"ResourceArn": DB, "ResourceType": "RDS"})
    point = {
        "RecoveryPointArn": f"arn:aws:backup:{HOME}:{ACCOUNT}:recovery-point:1eb3b5e7",
        "ResourceArn": DB,
        "Status": "COMPLETED" if good else "PARTIAL",
        "IsEncrypted": good,
        "CreationDate": _ago(hours=3),
    }
    restore = {
        "RestoreJobId": "restore-1",
        "CreatedBy": {"RestoreTestingPlanArn": PLAN_OF_TESTS},
        "ResourceType": "RDS",
        "Status": "COMPLETED",
        "ValidationStatus": "SUCCESSFUL" if good else "FAILED",
        "CreationDate": _ago(days=3),
        "CompletionDate": _ago(days=3, hours=-1 if good else -9),
    }
    copied = {
        "ResourceArn": DB,
        "State": "COMPLETED",
        "SourceBackupVaultArn": vault,
        "DestinationBackupVaultArn": elsewhere,
        "CreationDate": _ago(hours=4),
    }
    tests = {
        "RestoreTestingPlanArn": PLAN_OF_TESTS,
        "RestoreTestingPlanName": "weekly",
        "CreationTime": _ago(days=300),
        "ScheduleExpression": "cron(0 5 ? * SUN *)" if good else "cron(0 5 1 1,7 ? *)",
    }
    seen = {"ResourceArn": DB, "LastBackupTime": _ago(hours=3 if good else 80)}
    lists: dict[str, dict[str, object]] = {
        "GET /resources/": {"Results": [seen]},
        "GET /backup-jobs/": {"BackupJobs": jobs},
        "GET /copy-jobs/": {"CopyJobs": [copied]},
        f"GET /backup-vaults/{VAULT}/recovery-points/": {"RecoveryPoints": [point]},
        "GET /restore-testing/plans": {"RestoreTestingPlans": [tests]},
        "GET /restore-jobs/": {"RestoreJobs": [restore]},
    }
    rules = [
        Rule(json_answer(body), service="backup", operation=operation)
        for operation, body in lists.items()
    ]
    selections = [{"SelectionId": "s-1", "SelectionName": "tagged"}] if good else []
    rules.append(
        Rule(
            json_answer({"BackupSelectionsList": selections}),
            service="backup",
            containing="/selections/",
        )
    )
    no_policy = json_answer(
        {"Message": "No policy found", "Type": "User"}, 400, "ResourceNotFoundException"
    )
    rules.append(Rule(no_policy, service="backup", containing="/access-policy"))
    return rules
