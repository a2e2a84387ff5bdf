"""An AWS account: moto, behind a proxy that counts requests and refuses them on demand."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.aws import seed
from tests.services.aws.faults import FaultProxy, Rule, denied
from tests.services.aws.reading import target_at
from tests.services.aws.server import CREDENTIALS, moto_server
from tests.services.contract.silence import closed_port, silent_port
from tests.services.contract.world import Pages, Trouble, World
from tests.services.redaction.planted import Planted
from tests.services.redaction.systems import plant_aws

_POSTED = {
    "POST /coverage/list",
    "POST /findings/list",
    "POST /getAlternateContact",
    "POST /getContactInformation",
    "POST /listRegions",
    "POST /status/batch/get",
}
# What is read; `GenerateCredentialReport` makes IAM count, and changes nothing of the account.
_READS = ("Get", "List", "Describe", "Lookup", "BatchGet", "Search", "GenerateCredentialReport")
_MOTO = "the stand-in does not serve one of its operations"


@contextmanager
def aws_world(folder: Path) -> Iterator[World]:
    """One region of a seeded account: the stand-in tells of a bucket in each of them."""
    planted = Planted.make()
    with (
        _credentials(),
        moto_server(folder / "moto.log") as url,
        silent_port() as silent,
    ):
        for make in (seed._buckets, seed._keys, seed._trails, seed._networks, seed._logs):
            make(url)
        plant_aws(url, planted)
        seed.client(url, "iam").generate_credential_report()  # it is made at the first request
        proxy, refusing = FaultProxy(url), FaultProxy(url, [Rule(denied, but=("sts",))])
        with proxy as at, refusing as refused:
            yield World(
                target=_target(at),
                state=lambda: sorted(
                    {a.operation for a in proxy.seen if not _is_reading(a.operation)}
                ),
                secrets=[planted[kind] for kind in _SECRETS],
                denied=Trouble(_target(refused), {Cause.DENIED, Cause.DEPENDENCY}, answers=True),
                timeout=Trouble(_target(f"http://127.0.0.1:{silent}"), {Cause.TIMEOUT}),
                unreachable=Trouble(
                    _target(f"http://127.0.0.1:{closed_port()}"), {Cause.UNREACHABLE}
                ),
                pages=Pages([], ["aws.logs.log_group"]),
                keys={"aws.iam.virtual_mfa_device": "serial_number"},
                requests=lambda: len(proxy.seen),
                moving={
                    "aws.cloudtrail.digest_chain": ["window_start", "read_at"],
                    "aws.cloudtrail.trail": ["last_delivery_at"],
                    "aws.rds.instance": ["latest_restorable_at"],
                },
                gaps=dict.fromkeys(_GAPS, _MOTO),
            )


_SECRETS = (
    "secrets_manager", "lambda_environment", "parameter_store", "user_data", "access_key",
    "bucket_tag", "volume_tag_token", "key_description", "policy_referer", "user_tag_key",
    "database_password", "login_password",
)  # fmt: skip
_GAPS = (
    "aws.account.region",
    "aws.accessanalyzer.region",
    "aws.backup.job_series",
    "aws.backup.restore_testing_plan",
    "aws.cloudtrail.root_event",
    "aws.cloudtrail.privileged_event",
    "aws.inspector2.covered_resource",
)


def _target(url: str) -> Target:
    return target_at(url, regions=[seed.HOME])


def _is_reading(operation: str) -> bool:
    return operation.startswith((*_READS, "GET ", "HEAD ")) or operation in _POSTED


@contextmanager
def _credentials() -> Iterator[None]:
    """Static credentials of the stand-in in the environment, and no others."""
    others = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_REGION")
    before: Mapping[str, str | None] = {n: os.environ.get(n) for n in (*CREDENTIALS, *others)}
    for name in others:
        os.environ.pop(name, None)
    os.environ.update(CREDENTIALS)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
