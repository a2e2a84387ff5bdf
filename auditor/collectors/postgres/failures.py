"""What psycopg raises, as a classified failure.

A failed connection carries no code (libpq keeps none), so its cause is read from the message where
that is English, and is `unreachable` otherwise; either way it is a gap.
Codes: PostgreSQL documentation, appendix A.
"""

from __future__ import annotations

import re

import psycopg

from auditor.collectors.sql.failures import QueryFailedError, failed
from auditor.core.model.status import Cause

FAILURES = (psycopg.Error, ValueError, OverflowError)
_CODES = {
    "42501": Cause.DENIED,
    "28000": Cause.DENIED,
    "28P01": Cause.DENIED,
    "57014": Cause.TIMEOUT,
    "55P03": Cause.TIMEOUT,
    "25P03": Cause.TIMEOUT,
    "25P04": Cause.TIMEOUT,
    "57P05": Cause.TIMEOUT,
    "25006": Cause.NOT_SUPPORTED,
    "40001": Cause.VANISHED,
    "42P01": Cause.VANISHED,
    "42703": Cause.VANISHED,
    "3F000": Cause.VANISHED,
    "3D000": Cause.VANISHED,
}
_CLASSES = {
    "08": Cause.UNREACHABLE,
    "57": Cause.UNREACHABLE,
    "53": Cause.THROTTLED,
    "22": Cause.UNPARSABLE,
    "0A": Cause.NOT_SUPPORTED,
    "42": Cause.NOT_SUPPORTED,
    "55": Cause.NOT_SUPPORTED,
    "XX": Cause.UNPARSABLE,
}
_TLS = "look at tls and ca_file of the target, and at the server's certificate"
_MESSAGES: tuple[tuple[re.Pattern[str], Cause, str], ...] = (
    (
        re.compile(r"password authentication failed|no password supplied|role .* does not exist"),
        Cause.DENIED,
        "look at user and password (password_env, password_file or passfile) of the target",
    ),
    (
        re.compile(r"no pg_hba.conf entry|pg_hba.conf rejects"),
        Cause.DENIED,
        "let the auditor's account in, by a line of pg_hba.conf of type hostssl",
    ),
    (re.compile(r"permission denied for database"), Cause.DENIED, ""),
    (re.compile(r"database .* does not exist"), Cause.VANISHED, ""),
    (re.compile(r"too many (connections|clients)|connection slots"), Cause.THROTTLED, ""),
    (re.compile(r"SSL|certificate|TLS"), Cause.UNREACHABLE, _TLS),
    (re.compile(r"timeout expired|timed out"), Cause.TIMEOUT, "look at the network and the server"),
)


def classify(error: Exception, *, timed_out: bool = False) -> QueryFailedError:
    """The failure that an exception (one of `FAILURES`) stands for.

    Args:
        timed_out: The connection was cut by ourselves because no answer came.
    """
    if timed_out:
        return failed(Cause.TIMEOUT, "the server did not answer in time", broken=True)
    if not isinstance(error, psycopg.Error):
        return failed(Cause.UNPARSABLE, f"a value cannot be read: {error}")
    code = error.sqlstate or ""
    message = error.diag.message_primary or str(error)
    if code:
        cause = _CODES.get(code) or _CLASSES.get(code[:2], Cause.INTERNAL)
        return failed(cause, message, code=code, broken=cause is Cause.UNREACHABLE)
    if isinstance(error, psycopg.DataError):
        return failed(Cause.UNPARSABLE, message)
    for pattern, cause, hint in _MESSAGES:
        if pattern.search(message):
            return failed(cause, message, hint=hint, broken=True)
    return failed(Cause.UNREACHABLE, message, broken=True)
