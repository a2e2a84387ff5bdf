"""`notifications` of auditor.yaml: who is told what, and by which way.

Nothing leaves without an address that the user wrote. A secret is never in the file: a field whose
name ends with `_env` names the variable of the environment that holds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from auditor.core.model.control import Model
from auditor.core.model.ident import Id
from auditor.core.model.status import Severity
from auditor.core.times import Duration

EventKind = Literal[
    "new_failure",
    "new_error",
    "waiver_expiring",
    "certificate_expiring",
    "attestation_expiring",
    "missed_run",
]
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$")]


def check_url(url: str) -> str:
    """An address that messages may go to: HTTPS, or this machine.

    Raises:
        ValueError: It is neither, or carries a name and a password.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("the URL carries a user name: give the secret by `secret_env`")
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return url
    raise ValueError("expected an https:// URL (http:// only to this machine)")


class _Channel(Model):
    """What all ways have: a name, which events go there, and from which severity on."""

    name: Id
    events: tuple[EventKind, ...] = ()
    severity: Severity = Severity.INFO


class WebhookChannel(_Channel):
    """A receiver of signed JSON, by the rules of Standard Webhooks."""

    kind: Literal["webhook"]
    url: Annotated[str, AfterValidator(check_url)]
    secret_env: Variable


class SlackChannel(_Channel):
    """An incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat).

    Its URL is the secret: whoever has it can write there.
    """

    kind: Literal["slack"]
    url_env: Variable


class MailChannel(_Channel):
    """E-mail through a server that takes it: STARTTLS, TLS, or none to this machine."""

    kind: Literal["smtp"]
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: str | None = None
    username_env: Variable | None = None
    password_env: Variable | None = None
    sender: Address
    to: tuple[Address, ...] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _protected(self) -> MailChannel:
        if self.security == "none" and self.host not in LOOPBACK:
            raise ValueError("`security: none` is only for a server on this machine")
        if (self.username_env is None) != (self.password_env is None):
            raise ValueError("`username_env` and `password_env` go together")
        return self


Channel = Annotated[WebhookChannel | SlackChannel | MailChannel, Field(discriminator="kind")]


class WarnBefore(Model):
    """How long before its end something is told of."""

    waivers: Duration = timedelta(days=14)
    certificates: Duration = timedelta(days=21)
    attestations: Duration = timedelta(days=14)


class Notifications(Model):
    """The section. `state` is the file of what was delivered: outside the evidence."""

    state: str = "notifications.json"
    warn: WarnBefore = WarnBefore()
    channels: tuple[Channel, ...] = ()

    @model_validator(mode="after")
    def _names(self) -> Notifications:
        names = [channel.name for channel in self.channels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two channels are called `{twice[0]}`")
        return self
