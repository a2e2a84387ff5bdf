"""What targets of kinds `kubernetes-cluster` and `kubernetes-manifests` may say. Never a secret."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


class ClusterSettings(BaseModel):
    """Settings of a cluster: one context of a kubeconfig, one address, or the pod's own account.

    Args:
        connection: `kubeconfig`, `in-cluster` (the service account of the pod that runs this), or
            `server`.
        kubeconfig: Path; without it KUBECONFIG, then `~/.kube/config`.
        context: Context of it; its current one without.
        server: URL, where `connection` is `server`.
        ca_file, token_file, cert_file, key_file: Paths, where `connection` is `server`.
        proxy: URL of a proxy; without it what the kubeconfig or the environment says.
        insecure: Allow plain HTTP, or a server whose certificate is not verified.
        exec_plugins: Allow the kubeconfig to start programs that fetch credentials.
        namespaces: Only these are read, each by itself: for an identity without rights in the whole
            cluster. Kinds without a namespace are read as ever.
        kubelet_configz: Read each kubelet's configuration through the API server: needs the right
            `get nodes/proxy`, which reaches all of the kubelet's API.
        audit_logs: Files of the API server's audit log (JSON lines).
        encryption_config: The API server's encryption configuration, a file on this machine.
        page_size: Objects in a page of a list.
        max_attempts: Attempts per request, the first included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    connection: Literal["kubeconfig", "in-cluster", "server"] = "kubeconfig"
    kubeconfig: str | None = None
    context: str | None = None
    server: Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+(/[^\s]*)?$")] | None = None
    ca_file: str | None = None
    token_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    proxy: str | None = None
    insecure: bool = False
    exec_plugins: bool = False
    namespaces: tuple[Namespace, ...] = ()
    kubelet_configz: bool = False
    audit_logs: tuple[str, ...] = ()
    encryption_config: str | None = None
    page_size: int = Field(default=500, ge=1, le=5000)
    max_attempts: int = Field(default=4, ge=1, le=10)

    @model_validator(mode="after")
    def _fits(self) -> ClusterSettings:
        own = (self.server, self.ca_file, self.token_file, self.cert_file, self.key_file)
        if self.connection == "server" and self.server is None:
            raise ValueError("connection: server needs `server`")
        if self.connection != "server" and any(own):
            raise ValueError(
                "server, ca_file, token_file, cert_file and key_file go with `connection: server`"
            )
        if self.connection != "kubeconfig" and (self.kubeconfig or self.context):
            raise ValueError("kubeconfig and context go with `connection: kubeconfig`")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together")
        return self


class ManifestSettings(BaseModel):
    """Settings of manifests.

    Args:
        paths: Files, folders (every .yaml, .yml and .json below them), or `-` for standard input.
        namespace: Namespace of objects that name none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = Field(min_length=1)
    namespace: Namespace = "default"
