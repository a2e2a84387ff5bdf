"""The runner's clock against the clocks of web servers: the `Date` of their answers (RFC 9110).

`Date` has whole seconds, and an answer takes time: what is stated is how far the runner's clock is
off at least.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause

_SECOND = timedelta(seconds=1)
_NONE = timedelta(0)


def ask(url: str, clock: Callable[[], datetime], timeout_s: float) -> tuple[Call, timedelta | Gap]:
    """Send one HEAD request; the offset, or why there is none.

    Args:
        url: `http://` or `https://`, a host, perhaps a port and a path.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    started = clock()
    request = f"HEAD {parts.path or '/'}"
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
        try:
            connection.request("HEAD", parts.path or "/")
            stated = connection.getresponse().getheader("Date")
            ended = clock()
        finally:
            connection.close()
        if stated is None:
            raise ValueError("its answer has no Date")
        there = parsedate_to_datetime(stated)
        there = there.replace(tzinfo=UTC) if there.tzinfo is None else there.astimezone(UTC)
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = Cause.TIMEOUT if isinstance(error, TimeoutError) else Cause.UNREACHABLE
        gap = Gap(cause, f"{url} did not tell the time: {error}", subject=url)
        return Call(request, url, started, ok=False), gap
    call = Call(request, url, started, server_time=there, items=1)
    return call, offset(started, ended, there)


def offset(started: datetime, ended: datetime, stated: datetime) -> timedelta:
    """How far apart the clocks are at least, in whole milliseconds.

    Args:
        started, ended: The runner's clock around the request.
        stated: The server's, cut to the second.
    """
    apart = max(started - (stated + _SECOND), stated - ended, _NONE)
    return apart // timedelta(milliseconds=1) * timedelta(milliseconds=1)
