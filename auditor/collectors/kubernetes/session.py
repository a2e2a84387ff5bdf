"""From a target's settings to a client that can ask. Credentials come from the files named there.

What is configured by kubeconfig, certificates, tokens, proxies and plugins is the business of the
official client; this adds what an auditor must not do unasked: start programs, skip verification.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from kubernetes import client, config
from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, KubeConfigMerger

from auditor.collectors.kubernetes.failures import one_line
from auditor.collectors.kubernetes.settings import ClusterSettings
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_CONNECTION = "look at kubeconfig, context and files of the target"


class SessionError(Exception):
    """The settings give no client."""

    def __init__(self, cause: Cause, detail: str, hint: str = _CONNECTION) -> None:
        super().__init__(detail)
        self.gap = Gap(cause, one_line(detail), hint=hint)


def open_client(settings: ClusterSettings) -> client.ApiClient:
    """The official client's transport, configured; nothing is sent.

    Raises:
        SessionError: Files are missing or wrong, or the settings do not allow what they ask for.
    """
    configuration = client.Configuration()
    try:
        _configure(configuration, settings)
    except (
        config.ConfigException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        yaml.YAMLError,
    ) as error:
        raise SessionError(Cause.DENIED, f"no usable credentials: {error}") from error
    if settings.proxy:
        configuration.proxy = settings.proxy
    # Retries are counted and paced by `api`; a redirect is an answer, never followed.
    configuration.retries = False
    configuration.connection_pool_maxsize = 16
    if not settings.insecure:
        _check_secure(configuration)
    return client.ApiClient(configuration)


def without_credentials(own: client.ApiClient) -> client.ApiClient:
    """A client of the same server that shows no credentials, no certificate either."""
    known = own.configuration
    configuration = client.Configuration()
    configuration.host, configuration.proxy = known.host, known.proxy
    configuration.no_proxy = known.no_proxy
    configuration.ssl_ca_cert, configuration.ca_cert_data = known.ssl_ca_cert, known.ca_cert_data
    configuration.verify_ssl = known.verify_ssl
    configuration.tls_server_name = known.tls_server_name
    configuration.retries = False
    return client.ApiClient(configuration)


def _configure(configuration: client.Configuration, settings: ClusterSettings) -> None:
    if settings.connection == "in-cluster":
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # untyped
    elif settings.connection == "server":
        configuration.host = str(settings.server).rstrip("/")
        configuration.ssl_ca_cert = settings.ca_file
        configuration.cert_file, configuration.key_file = settings.cert_file, settings.key_file
        if settings.token_file:
            token = Path(settings.token_file).read_text("utf-8").strip()
            configuration.api_key["BearerToken"] = f"Bearer {token}"
    else:
        path = settings.kubeconfig or os.environ.get("KUBECONFIG") or KUBE_CONFIG_DEFAULT_LOCATION
        path = str(Path(path).expanduser()) if settings.kubeconfig else path
        if not settings.exec_plugins:
            _check_no_program(path, settings.context)
        config.load_kube_config(  # type: ignore[no-untyped-call]  # untyped
            config_file=path,
            context=settings.context,
            client_configuration=configuration,
            persist_config=False,
        )


def _check_no_program(path: str, context: str | None) -> None:
    """Refuse a user whose credentials come from a program."""
    loaded = KubeConfigMerger(path).config  # type: ignore[no-untyped-call]  # untyped
    if loaded is None:
        raise SessionError(Cause.DENIED, f"there is no kubeconfig at {path}")
    chosen = loaded["contexts"].get_with_name(context or loaded["current-context"])["context"]
    if not chosen.safe_get("user"):
        return
    node = loaded["users"].get_with_name(chosen["user"], safe=True)
    user = (node.safe_get("user") if node else None) or {}
    for name in ("exec", "auth-provider"):
        if user.get(name):
            raise SessionError(
                Cause.DENIED,
                f"user {chosen['user']!r} of the kubeconfig gets its credentials from a program"
                f" ({name})",
                "allow it with `exec_plugins: true`, or use a token file or a certificate",
            )


def _check_secure(configuration: client.Configuration) -> None:
    host = str(configuration.host)
    if not host.startswith("https://"):
        raise SessionError(
            Cause.UNREACHABLE,
            f"{host} is no https address",
            "use https, or say `insecure: true` (a tunnel that ends on this machine)",
        )
    if not configuration.verify_ssl:
        raise SessionError(
            Cause.UNREACHABLE,
            "the kubeconfig says not to verify the server's certificate",
            "give its certificate authority, or say `insecure: true`",
        )
