"""The session with one account: credentials, clients, and who we are there.

Importing this module needs botocore. One client is made per service and region and shared by all
threads: making one costs up to 0.2 CPU seconds, and botocore's clients may be shared.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError, UnknownRegionError
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from auditor import __version__
from auditor.collectors.aws.pacing import Gate
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.budget import CallBudget

_HOMES: Mapping[str, str] = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
}
"""Partition to the region that answers where nothing names one."""
_CONNECT_TIMEOUT_S = 10.0
_POOL = 64
_MANY = 16
"""Clients that are worth the 0.1 s of looking for cycles: those of an account with many regions."""
_HOST_PREFIXED = "s3control"
_ACCOUNT_PREFIX = re.compile(r"^(https?://)\d{12}\.", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account is read, and where.

    Args:
        caller: ARN of the caller, as sts:GetCallerIdentity says.
        regions: Regions to read.
        not_enabled: Regions that the account has not opted in.
    """

    caller: str
    id: str
    partition: str
    regions: tuple[str, ...] = ()
    not_enabled: tuple[str, ...] = ()


class Clients:
    """Clients by service and region, made when first asked for."""

    def __init__(
        self, settings: AwsSettings, timeout_s: float, budget: CallBudget | None = None
    ) -> None:
        self._gate = Gate(settings, budget or CallBudget())
        self.session = _session(settings, self._gate)
        self.session.get_scoped_config()  # an unknown profile is found here, not in a thread
        self._endpoint_url = settings.endpoint_url
        self.home = home_region(self.session, settings)
        self._config = Config(
            user_agent=f"auditor/{__version__}",  # botocore's own is rebuilt for each call
            parameter_validation=False,  # the catalogue is checked against the models at load
            connect_timeout=min(_CONNECT_TIMEOUT_S, timeout_s),
            read_timeout=timeout_s,
            max_pool_connections=_POOL,
            # Exponential pauses with jitter, and a rate that falls when a service throttles.
            retries={"mode": "adaptive", "total_max_attempts": settings.max_attempts},
        )
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._lock = Lock()

    def get(self, service: str, region: str) -> BaseClient:
        """The client of a service in a region.

        Raises:
            botocore.exceptions.BotoCoreError: No such service, or no credentials.
        """
        key = (service, region)
        client = self._clients.get(key)
        if client is not None:
            return client
        with self._lock:  # botocore's sessions are not safe for threads
            if key not in self._clients:
                self._clients[key] = self._make(service, region)
            return self._clients[key]

    def close(self) -> None:
        """Close every connection, and give the clients' memory back."""
        for client in self._clients.values():
            client.close()
        many = len(self._clients) > _MANY
        self._clients.clear()
        if many:
            # Each is a cycle of some MB, and the program seldom looks for cycles (`__main__`).
            gc.collect()

    def _make(self, service: str, region: str) -> BaseClient:
        client = self.session.create_client(
            service, region_name=region, endpoint_url=self._endpoint_url, config=self._config
        )
        if service == _HOST_PREFIXED and _bare(client.meta.endpoint_url):
            client.meta.events.register("before-call.s3-control", _without_prefix)
        self._gate.guard(client, service, region)
        return client


def home_region(session: Session, settings: AwsSettings) -> str:
    """The region that answers for services without regions: one must be named to sign anything.

    That of the settings; that of the profile or environment, unless it lies in another partition
    than the role or the regions to read; the first of their partition.
    """
    if settings.home_region is not None:
        return settings.home_region
    configured: str | None = session.get_config_variable("region")
    wanted = _partition(session, settings)
    if configured and wanted in {None, _partition_of(session, configured)}:
        return configured
    return _HOMES.get(wanted or "aws", _HOMES["aws"])


def _partition(session: Session, settings: AwsSettings) -> str | None:
    """The partition that the settings lie in; None where they do not tell."""
    if settings.role_arn is not None:
        return settings.role_arn.split(":")[1]
    if settings.regions == "enabled":
        return None
    return _partition_of(session, settings.regions[0])


def _partition_of(session: Session, region: str) -> str | None:
    """The partition of a region; None for one that botocore does not know."""
    try:
        name: str = session.get_partition_for_region(region)
    except UnknownRegionError:
        return None
    return name


@cache
def _models(data_path: str | None) -> Loader:
    """The SDK's models, read once for all accounts: those of EC2 alone cost 0.1 CPU seconds."""
    return create_loader(data_path)


def _opened(profile: str | None) -> Session:
    session = Session(profile=profile)
    models = _models(session.get_config_variable("data_path"))
    session.register_component("data_loader", models)
    return session


def _session(settings: AwsSettings, gate: Gate) -> Session:
    session = _opened(settings.profile)
    if settings.role_arn is None:
        return session
    provider = _AssumedRole(session, settings, settings.role_arn, gate)
    assumed = _opened(settings.profile)
    assumed.register_component("credential_provider", CredentialResolver(providers=[provider]))
    return assumed


class _AssumedRole(CredentialProvider):
    """Credentials of the target's role, renewed before they expire."""

    METHOD = "assume-role"

    def __init__(self, source: Session, settings: AwsSettings, role_arn: str, gate: Gate) -> None:
        super().__init__(source)
        self._source = source
        self._settings = settings
        self._role_arn = role_arn
        self._gate = gate

    def load(self) -> Credentials:
        own = self._source.get_credentials()
        if own is None:
            raise NoCredentialsError
        extra: dict[str, object] = {"RoleSessionName": "auditor"}
        if self._settings.external_id is not None:
            extra["ExternalId"] = self._settings.external_id
        if self._settings.session_tags:
            tags = self._settings.session_tags.items()
            extra["Tags"] = [{"Key": key, "Value": value} for key, value in tags]
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._sts,
            source_credentials=own,
            role_arn=self._role_arn,
            extra_args=extra,
        )
        return DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method=self.METHOD
        )

    def _sts(self, service: str, **kwargs: Any) -> BaseClient:
        region = home_region(self._source, self._settings)
        fixed = {"region_name": region, "endpoint_url": self._settings.endpoint_url}
        client = self._source.create_client(service, **(kwargs | fixed))
        self._gate.guard(client, service, region)  # assuming the role is a request as well
        return client


def _without_prefix(params: dict[str, Any], **_event: object) -> None:
    """Take the account off a host such as `123456789012.127.0.0.1`, which is no name.

    botocore's endpoint rules put it there; the request carries it in a header as well.
    """
    params["url"] = _ACCOUNT_PREFIX.sub(r"\1", params["url"])


def _bare(endpoint: str) -> bool:
    """Whether the endpoint's host is an address or `localhost`, which take no prefix."""
    host = urlsplit(endpoint).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
