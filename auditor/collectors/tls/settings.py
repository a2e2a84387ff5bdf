"""Settings of a target of kind `tls-endpoint` in `auditor.yaml`.

endpoints: ["shop.example.org:443", {endpoint: "db.example.org:5432", starttls: postgres}]
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from auditor.collectors.addresses import address_text
from auditor.core.times import Duration

StartTls = Literal["postgres", "mysql", "smtp", "imap", "ldap"]
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)
_MAX_PORT = 65535


def split_endpoint(text: str) -> tuple[str, int]:
    """Host, in lower case, and port of `host:port` or `[IPv6]:port`.

    Raises:
        ValueError: No port, or neither a DNS name in ASCII nor an address.
    """
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) or not 0 < int(port) <= _MAX_PORT:
        raise ValueError(f"got {text!r}, expected host:port such as 'shop.example.org:443'")
    if host.startswith("[") and host.endswith("]"):
        return address_text(ipaddress.IPv6Address(host[1:-1])), int(port)
    return server_name(host), int(port)


def server_name(text: str) -> str:
    """A DNS name or IPv4 address, in lower case and without a dot at its end.

    Raises:
        ValueError: Neither.
    """
    name = text.lower().removesuffix(".")
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            f"got {text!r}, expected a DNS name in ASCII (xn--... for others) or an address;"
            " IPv6 in brackets"
        )
    return name


def is_address(host: str) -> bool:
    """Whether the host is an IP address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _fingerprint(value: object) -> object:
    return value.replace(":", "").lower() if isinstance(value, str) else value


Fingerprint = Annotated[
    str, BeforeValidator(_fingerprint), StringConstraints(pattern=r"^[0-9a-f]{64}$")
]


def _checked_endpoint(value: object) -> object:
    if isinstance(value, str):
        split_endpoint(value)
    return value


def _checked_name(value: object) -> object:
    return server_name(value) if isinstance(value, str) else value


EndpointText = Annotated[str, BeforeValidator(_checked_endpoint)]
NameText = Annotated[str, BeforeValidator(_checked_name)]


class EndpointSettings(BaseModel):
    """One endpoint; what it leaves out comes from the target."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: EndpointText
    server_name: NameText | None = None
    starttls: StartTls | None = None
    fingerprints: tuple[Fingerprint, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"endpoint": value} if isinstance(value, str) else value

    @property
    def host(self) -> str:
        """Name or address to connect to."""
        return split_endpoint(self.endpoint)[0]

    @property
    def port(self) -> int:
        """TCP port."""
        return split_endpoint(self.endpoint)[1]


class TlsSettings(BaseModel):
    """Settings of the whole target.

    `server_name`, `starttls` and `fingerprints` (SHA-256 of certificates that may be served) are
    defaults for its endpoints. `ca_file` holds further trusted roots, PEM; the system's own are
    always trusted. `ct_export` is a certificate-transparency search result saved as JSON.
    `elsewhere` names endpoints of the inventory that another target reads; all others must be
    among `endpoints`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoints: tuple[EndpointSettings, ...] = Field(min_length=1)
    server_name: NameText | None = None
    starttls: StartTls | None = None
    fingerprints: tuple[Fingerprint, ...] = ()
    ca_file: str | None = None
    ct_export: str | None = None
    elsewhere: tuple[EndpointText, ...] = ()
    connect_timeout: Duration = timedelta(seconds=10)

    @model_validator(mode="after")
    def _unique(self) -> TlsSettings:
        names = [item.endpoint for item in self.resolved()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"endpoint stands twice: {', '.join(twice)}")
        return self

    def resolved(self) -> tuple[EndpointSettings, ...]:
        """The endpoints in canonical spelling, with the target's defaults filled in."""
        return tuple(self._resolve(item) for item in self.endpoints)

    def _resolve(self, item: EndpointSettings) -> EndpointSettings:
        name = item.server_name or self.server_name
        if name is None and not is_address(item.host):
            name = item.host
        return EndpointSettings(
            endpoint=join_endpoint(item.host, item.port),
            server_name=name,
            starttls=item.starttls or self.starttls,
            fingerprints=item.fingerprints or self.fingerprints,
        )


def join_endpoint(host: str, port: int) -> str:
    """The inverse of `split_endpoint`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def inventory_endpoint(entry: object) -> tuple[str, int]:
    """Host and port of one entry of `inventory.endpoints`: `host:port`, `host` (443) or a mapping.

    Raises:
        ValueError: Another form.
    """
    text = entry.get("endpoint") if isinstance(entry, Mapping) else entry
    if not isinstance(text, str):
        raise ValueError(f"got {entry!r}, expected host:port or a mapping with `endpoint`")
    return split_endpoint(text if re.search(r":[0-9]+$", text) else f"{text}:443")
