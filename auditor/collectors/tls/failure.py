"""What goes wrong while reading an endpoint, and the gap that it becomes."""

from __future__ import annotations

import socket
import ssl

from auditor.collectors.budget import SPENT_HINT, BudgetSpentError, CallBudget
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.errors import CollectionError


class ProbeError(CollectionError):
    """Reading ended without an answer about the server."""

    def __init__(self, cause: Cause, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.cause = cause

    def gap(self, subject: str = "", action: str = "") -> Gap:
        """The gap that stands for it in the evidence."""
        return Gap(self.cause, self.message, subject=subject, action=action, hint=self.hint)


class NotOfferedError(CollectionError):
    """The server speaks the protocol before TLS, and says that it offers no TLS: a fact."""


class ClosedError(CollectionError):
    """The server ended the connection without a TLS alert: `closed` or `reset`."""


def take(budget: CallBudget) -> None:
    """Count a connection or a request that is about to be made.

    Raises:
        ProbeError: It may not be made.
    """
    try:
        budget.take()
    except BudgetSpentError as error:
        raise ProbeError(Cause.LIMIT, str(error), hint=SPENT_HINT) from error


def from_os_error(error: OSError, doing: str) -> ProbeError:
    """The class of an error of the network."""
    if isinstance(error, ssl.SSLError):
        return ProbeError(
            Cause.NOT_SUPPORTED,
            f"{doing}: the local TLS library could not go on: {error.reason or error}",
            hint="the server may speak only what this machine's OpenSSL has given up",
        )
    if isinstance(error, TimeoutError):
        return ProbeError(
            Cause.TIMEOUT,
            f"{doing}: no answer within the time limit",
            hint="check the firewall between this machine and the endpoint, or raise --timeout",
        )
    if isinstance(error, socket.gaierror):
        return ProbeError(
            Cause.UNREACHABLE,
            f"{doing}: the name does not resolve: {error.strerror}",
            hint="check the name and this machine's resolver",
        )
    return ProbeError(
        Cause.UNREACHABLE,
        f"{doing}: {error.strerror or error}",
        hint="check that the service listens there and that this machine has a route to it",
    )
