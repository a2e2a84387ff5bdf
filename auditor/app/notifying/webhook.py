"""A webhook: JSON of format `event-1`, signed by the rules of Standard Webhooks 1.0.

`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. The receiver
compares it, refuses a `webhook-timestamp` that is more than five minutes off, and an id that it has
accepted before; a retry has the same id and a new time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor import __version__
from auditor.app.notifying.events import EventMessage
from auditor.app.notifying.outgoing import post, secret_of, within
from auditor.catalog.notifications import WebhookChannel
from auditor.errors import ConfigError

PREFIX = "whsec_"
LEAST_SECRET = 24
"""Bytes, as the standard asks."""
MOST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """Posts to one URL."""

    channel: WebhookChannel
    most: int = MOST_EVENTS

    def send(self, message: EventMessage, environ: Mapping[str, str], deadline_s: float) -> None:
        """Post the message.

        Raises:
            DeliveryError: It was not accepted.
            ConfigError: There is no secret, or it is too short.
        """
        channel = self.channel
        text = secret_of(environ, channel.secret_env, channel.name)
        key = parse_secret(text, channel.secret_env)
        body = message.model_dump_json(by_alias=True, exclude_none=True).encode()
        headers = {
            **signed_headers(message.id, message.sent_at, body, key),
            "User-Agent": f"auditor/{__version__}",
        }
        within(deadline_s, lambda: post(channel.url, body, headers), (text,))


def parse_secret(text: str, name: str) -> bytes:
    """The key of `whsec_` and base64.

    Args:
        name: Of the variable, for the message: the value is never shown.

    Raises:
        ConfigError: Another form, or under 24 bytes.
    """
    hint = f"export {name}=whsec_$(openssl rand -base64 32), and give it to the receiver"
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(PREFIX) or len(key) < LEAST_SECRET:
        expected = f"expected {PREFIX} and the base64 of at least {LEAST_SECRET} bytes"
        raise ConfigError(f"the secret in {name} has another form: {expected}", hint=hint)
    return key


def signed_headers(name: str, at: datetime, body: bytes, key: bytes) -> dict[str, str]:
    """The three headers that prove who sent the body, and when."""
    stamp = str(int(at.timestamp()))
    mac = hmac.new(key, b".".join((name.encode(), stamp.encode(), body)), hashlib.sha256)
    signature = base64.b64encode(mac.digest()).decode()
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }
