"""E-mail: plain text through a server that takes it, encrypted unless it is this machine.

Standards: RFC 5321, RFC 3207 (STARTTLS), RFC 5322. The server's certificate is checked; one that
offers no STARTTLS gets nothing. Text is plain: there is no markup to break out of, and `visible`
leaves no line break that could begin a header or forge a line.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from itertools import groupby
from pathlib import Path

from auditor.app.notifying.events import TITLES, EventMessage, order
from auditor.app.notifying.outgoing import DeliveryError, secret_of, within
from auditor.catalog.notifications import MailChannel
from auditor.core.times import format_instant
from auditor.errors import ConfigError
from auditor.render.escape import visible

MOST_EVENTS = 500
_SILENCE_S = 15.0
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class MailSender:
    """Hands messages to one server.

    Args:
        folder: Where `ca_file` begins.
    """

    channel: MailChannel
    folder: Path
    most: int = MOST_EVENTS

    def send(self, message: EventMessage, environ: Mapping[str, str], deadline_s: float) -> None:
        """Hand the message over for all recipients.

        Raises:
            DeliveryError: The server did not take it, or not for everybody.
            ConfigError: A variable is not set, or the CA file cannot be read.
        """
        channel, login = self.channel, self._login(environ)
        context = self._context()
        mail = mail_of(message, channel)
        within(deadline_s, lambda: _hand_over(channel, mail, login, context), login)

    def _login(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        names = (self.channel.username_env, self.channel.password_env)
        return tuple(secret_of(environ, n, self.channel.name) for n in names if n is not None)

    def _context(self) -> ssl.SSLContext:
        place = self.channel.ca_file
        try:
            return ssl.create_default_context(cafile=str(self.folder / place) if place else None)
        except OSError as error:
            where = f"notifications, channel {self.channel.name}, ca_file"
            raise ConfigError(f"cannot be used: {error.strerror}", where=where) from error


def mail_of(message: EventMessage, channel: MailChannel) -> EmailMessage:
    """The mail; the same events have the same Message-ID."""
    mail = EmailMessage(policy=SMTP)
    number = len(message.events)
    mail["Subject"] = f"auditor, {visible(message.organisation)}: {number:,} to look at"
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Date"] = format_datetime(message.sent_at)
    mail["Message-ID"] = f"<{message.id}@{channel.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer from one who is away
    mail.set_content("\n".join(_lines(message)) + "\n", cte="quoted-printable")
    return mail


def _lines(message: EventMessage) -> Iterator[str]:
    for kind, group in groupby(sorted(message.events, key=order), key=lambda event: event.kind):
        yield f"{TITLES[kind]}\n"
        for event in group:
            where = f" in {_shown(event.environment)}" if event.environment else ""
            yield f"- {event.severity.value}: {_shown(event.subject)}{where}"
            yield f"  {_shown(event.detail)}"
            yield f"  {_shown(event.next)}\n"
    yield f"Found by auditor at {format_instant(message.sent_at)}. What was tested and found; no"
    yield "opinion. The record is in the evidence store: auditor report"


def _shown(text: str) -> str:
    shown = visible(text)
    return f"{shown[:_LONGEST]} (cut)" if len(shown) > _LONGEST else shown


def _hand_over(
    channel: MailChannel, mail: EmailMessage, login: tuple[str, ...], context: ssl.SSLContext
) -> None:
    try:
        with _connected(channel, context) as server:
            if channel.security == "starttls":
                server.starttls(context=context)
            if login:
                server.login(*login)
            refused = server.send_message(mail)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise DeliveryError(f"{channel.host} did not take the mail: {error}") from error
    if refused:
        raise DeliveryError(f"{channel.host} refused {len(refused)} of the recipients")


def _connected(channel: MailChannel, context: ssl.SSLContext) -> smtplib.SMTP:
    if channel.security == "tls":
        return smtplib.SMTP_SSL(channel.host, channel.port, timeout=_SILENCE_S, context=context)
    return smtplib.SMTP(channel.host, channel.port, timeout=_SILENCE_S)
