"""A message for Slack's incoming webhooks, and for what takes the same.

Whoever names a bucket must not be able to call a channel together: collected text stands in a code
span, where no mention, link or markup is read, with `&`, `<` and `>` escaped as Slack asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from auditor.app.notifying.events import TITLES, Event, EventMessage, order
from auditor.app.notifying.outgoing import post, secret_of, within
from auditor.catalog.notifications import SlackChannel, check_url
from auditor.errors import ConfigError
from auditor.render.escape import visible

MOST_EVENTS = 500
SHOWN = 20
"""Events in a message; a channel is no list: the others are counted, and stand in the report."""
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class SlackSender:
    """Posts to the URL that a variable of the environment holds."""

    channel: SlackChannel
    most: int = MOST_EVENTS

    def send(self, message: EventMessage, environ: Mapping[str, str], deadline_s: float) -> None:
        """Post the message.

        Raises:
            DeliveryError: It was not accepted.
            ConfigError: There is no URL, or one that messages may not go to.
        """
        url = secret_of(environ, self.channel.url_env, self.channel.name)
        try:
            check_url(url)
        except ValueError as error:
            where = f"the variable {self.channel.url_env}"
            raise ConfigError(str(error), where=where) from error
        body = json.dumps(slack_document(message)).encode()
        within(deadline_s, lambda: post(url, body, {}), (url, url.rpartition("/")[2]))


def slack_document(message: EventMessage) -> dict[str, object]:
    """The JSON of an incoming webhook."""
    return {
        "text": "\n".join(_lines(message)),
        "mrkdwn": True,
        "parse": "none",
        "link_names": 0,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _lines(message: EventMessage) -> Iterator[str]:
    events = sorted(message.events, key=order)
    yield f"*auditor*, {code(message.organisation)}: {len(events):,} to look at"
    for kind, group in groupby(events[:SHOWN], key=lambda event: event.kind):
        yield f"*{TITLES[kind]}*"
        yield from (_line(event) for event in group)
    if len(events) > SHOWN:
        yield f"and {len(events) - SHOWN:,} more: `auditor report`"


def _line(event: Event) -> str:
    where = f" in {code(event.environment)}" if event.environment else ""
    subject, detail = code(event.subject), code(event.detail)
    return f"• {event.severity.value}: {subject}{where}: {detail}. {code(event.next)}"


def code(text: str) -> str:
    """A code span; a back-tick in the text, which would end it, is written as an escape."""
    shown = visible(text)
    cut = f"{shown[:_LONGEST]}…" if len(shown) > _LONGEST else shown
    for sign, escaped in (("`", "\\u{60}"), ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        cut = cut.replace(sign, escaped)
    return f"`{cut}`" if cut.strip() else "(empty)"
