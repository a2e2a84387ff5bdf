"""Deliveries: each event to each channel that wants it, once; what failed waits for a later go.

(1) find the events, (2) note what waits and how far the log was read, (3) send what is due, noting
each message that was accepted. Whatever dies in between, an event is sent twice rather than never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from auditor.app.notifying.events import Event, EventMessage, message_of
from auditor.app.notifying.gathering import Gathered, gather
from auditor.app.notifying.outgoing import DEADLINE_S
from auditor.app.notifying.slack import SlackSender
from auditor.app.notifying.smtp import MailSender
from auditor.app.notifying.state import DeliveryState, Waiting, held, load_state, save_state
from auditor.app.notifying.webhook import WebhookSender
from auditor.app.project import Project
from auditor.catalog.notifications import Channel, MailChannel, SlackChannel
from auditor.errors import AuditorError, ConfigError


class Sender(Protocol):
    """One way out."""

    @property
    def most(self) -> int:
        """Events of one message at most."""
        ...

    def send(self, message: EventMessage, environ: Mapping[str, str], deadline_s: float) -> None:
        """Send one message; DeliveryError or ConfigError where it was not accepted."""
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one go did.

    Args:
        found: Events that were found, new or not.
        sent: Events that a channel accepted, with its name.
        waiting: What was not accepted, or is not due again yet.
        skipped: Runs that were too many to be looked at.
        dropped: What waited for channels that are configured no more.
    """

    found: tuple[Event, ...]
    sent: tuple[tuple[str, Event], ...]
    waiting: tuple[Waiting, ...]
    skipped: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells the channels of a project.

    Args:
        environ: Has the secrets.
        clock: UTC.
        deadline_s: Seconds that one message may take.
    """

    project: Project
    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    deadline_s: float = DEADLINE_S

    @property
    def state_file(self) -> Path:
        """Where it is kept what was delivered."""
        return self.project.loaded.path(self.project.loaded.config.notifications.state)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """As configured; at least one.

        Raises:
            ConfigError: None is configured.
        """
        channels = self.project.loaded.config.notifications.channels
        if not channels:
            raise ConfigError(
                "no channel is configured under `notifications`",
                hint="docs/reference/notifications.md has an example of each kind",
            )
        return channels

    def notify(self, run: str = "latest", *, again: bool = False) -> Delivered:
        """Find the events and deliver what is due.

        Args:
            run: `latest` for all runs since the last time, or the id of one.
            again: Try also what is not due yet.

        Raises:
            AuditorError: The runs, the state or the configuration cannot be read.
        """
        channels = self.channels
        with held(self.state_file):
            before = load_state(self.state_file)
            state = before.only_for([channel.name for channel in channels])
            dropped = len(before.waiting) - len(state.waiting)
            now = self.clock()
            found = gather(self.project, now, state.position, run)
            position = found.position if run == "latest" else state.position
            new = list(_new(state, channels, found.events, now))
            state = self._keep((state.due_at(now) if again else state).with_waiting(new, position))
            sent: list[tuple[str, Event]] = []
            for channel in channels:
                state = self._send_due(state, channel, sent)
        return Delivered(found.events, tuple(sent), state.waiting, found.skipped, dropped)

    def preview(self, run: str = "latest") -> tuple[Gathered, tuple[Waiting, ...]]:
        """What would be sent; nothing is sent, and nothing is written."""
        channels, now = self.channels, self.clock()
        state = load_state(self.state_file)
        found = gather(self.project, now, state.position, run)
        due = [w for w in state.waiting if w.next_at <= now]
        return found, (*due, *_new(state, channels, found.events, now))

    def _keep(self, state: DeliveryState) -> DeliveryState:
        save_state(self.state_file, state)
        return state

    def _send_due(
        self, state: DeliveryState, channel: Channel, sent: list[tuple[str, Event]]
    ) -> DeliveryState:
        """Message after message; after one that failed the others wait, too."""
        sender = sender_of(channel, self.project.loaded.folder)
        due = [w for w in state.waiting if w.channel == channel.name and w.next_at <= self.clock()]
        while due:
            batch, due = due[: sender.most], due[sender.most :]
            events = [item.event for item in batch]
            organisation = self.project.loaded.config.organisation
            try:
                message = message_of(organisation, events, self.clock())
                sender.send(message, self.environ, self.deadline_s)
            except AuditorError as error:
                return self._keep(state.refused([*batch, *due], error.message, self.clock()))
            state = self._keep(state.sent(batch, self.clock()))
            sent += [(channel.name, event) for event in events]
        return state


def undelivered(project: Project) -> tuple[Waiting, ...]:
    """What waits after at least one failed attempt, for reports; nothing where none is configured.

    Raises:
        ConfigError: The state cannot be read.
    """
    settings = project.loaded.config.notifications
    if not settings.channels:
        return ()
    state = load_state(project.loaded.path(settings.state))
    return tuple(item for item in state.waiting if item.attempts)


def sender_of(channel: Channel, folder: Path) -> Sender:
    """The sender of a channel.

    Args:
        folder: Of auditor.yaml.
    """
    if isinstance(channel, SlackChannel):
        return SlackSender(channel)
    if isinstance(channel, MailChannel):
        return MailSender(channel, folder)
    return WebhookSender(channel)


def _new(
    state: DeliveryState, channels: Sequence[Channel], events: Sequence[Event], now: datetime
) -> Iterator[Waiting]:
    for channel in channels:
        for event in events:
            wanted = not channel.events or event.kind in channel.events
            bad_enough = event.severity.rank <= channel.severity.rank
            if wanted and bad_enough and not state.knows(channel.name, event.fingerprint):
                yield Waiting(channel=channel.name, event=event, since=now, next_at=now)
