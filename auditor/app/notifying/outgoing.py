"""One message on its way out: bounded in time, without redirects, no secret in what went wrong."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping

import requests
from requests.auth import AuthBase

from auditor.app.boundary import guarded
from auditor.core.scrub import scrub
from auditor.errors import AuditorError, ConfigError, ExitCode
from auditor.render.escape import visible

DEADLINE_S = 30.0
_CONNECT_S, _SILENCE_S = 5.0, 15.0
_ACCEPTED = range(200, 300)
_LEAST_SECRET = 4
_LONGEST = 300


class DeliveryError(AuditorError):
    """A message was not accepted; it is kept and tried again later."""

    exit_code = ExitCode.INCOMPLETE


class _NoNetrc(AuthBase):
    """Sends no user name: requests would take one from a .netrc file."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


def secret_of(environ: Mapping[str, str], name: str, where: str) -> str:
    """The value of a variable of the environment.

    Raises:
        ConfigError: It is not set, or empty.
    """
    value = environ.get(name, "")
    if not value:
        raise ConfigError(
            f"the variable {name} is not set",
            hint="set it where auditor runs; its value never stands in auditor.yaml",
            where=f"notifications, channel {where}",
        )
    return value


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Post JSON; what is answered is not read, only whether it was accepted.

    Raises:
        DeliveryError: Not accepted; says the status and never the URL.
    """
    try:
        with requests.post(
            url,
            data=body,
            headers={"Content-Type": "application/json", **headers},
            timeout=(_CONNECT_S, _SILENCE_S),
            allow_redirects=False,
            stream=True,
            auth=_NoNetrc(),
        ) as response:
            status = response.status_code
    except (requests.RequestException, OSError, ValueError) as error:
        raise DeliveryError(f"no answer: {bottom(error)}") from error
    if status not in _ACCEPTED:
        raise DeliveryError(f"the receiver answered {status}, expected 2xx")


def bottom(error: BaseException) -> str:
    """What lies at the bottom: requests wraps it several times, and names the URL on the way."""
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return str(error) or type(error).__name__


def within(deadline_s: float, send: Callable[[], None], secrets: tuple[str, ...]) -> None:
    """Send, and give up after so many seconds, whatever the other side does.

    Args:
        secrets: Taken out of what is said of a failure.

    Raises:
        DeliveryError: Not delivered, as far as can be told.
        ConfigError: It cannot be sent as configured.
    """
    answers: queue.SimpleQueue[AuditorError | None] = queue.SimpleQueue()
    # A thread that may be left behind: a server that drips a byte now and then holds no run.
    threading.Thread(target=lambda: answers.put(_outcome(send)), daemon=True).start()
    try:
        error = answers.get(timeout=deadline_s)
    except queue.Empty:
        raise DeliveryError(f"no answer within {deadline_s:g} s") from None
    if error is not None:
        raise type(error)(without(error.message, secrets), hint=error.hint, where=error.where)


def _outcome(send: Callable[[], None]) -> AuditorError | None:
    try:
        guarded(send)
    except AuditorError as error:
        return error
    return None


def without(text: str, secrets: tuple[str, ...]) -> str:
    """The text without secrets, in one line and of bounded length."""
    for secret in secrets:
        if len(secret) >= _LEAST_SECRET:
            text = text.replace(secret, "[redacted]")
    return visible(scrub(text).text)[:_LONGEST]
