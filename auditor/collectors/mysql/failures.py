"""How a refusal of the server or the driver is classified, and what it asks for.

The numbers are those of the servers' error references (MySQL 8.4 "Server Error Message Reference",
MariaDB "MariaDB Error Code Reference"); 2000 to 2999 are the client library's own.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping

from pymysql.err import MySQLError

from auditor.collectors.sql.failures import QueryFailedError, failed
from auditor.core.model.status import Cause

_CAUSES: Mapping[Cause, frozenset[int]] = {
    Cause.DENIED: frozenset(
        {1044, 1045, 1130, 1142, 1143, 1227, 1290, 1370, 1698, 1873, 3118, 3159, 4151}
    ),
    Cause.EXPIRED_CREDENTIALS: frozenset({1820, 1862}),
    Cause.TIMEOUT: frozenset({1205, 1969, 3024}),
    Cause.THROTTLED: frozenset({1040, 1129, 1203, 1226}),
    Cause.VANISHED: frozenset({1049, 1054, 1146}),
    Cause.NOT_SUPPORTED: frozenset({1064, 1109, 1193, 1235}),
    Cause.UNREACHABLE: frozenset({1053, 1077, 1317, 1927, 2002, 2003, 2006, 2013, 2014, 2026}),
}
_BY_CODE = {code: cause for cause, codes in _CAUSES.items() for code in codes}
_BROKEN = frozenset({1053, 1077, 1317, 1927, 2003, 2006, 2013, 2014, 2026})
_HINTS: Mapping[int, str] = {
    1040: "raise max_connections, or try again later",
    1045: "check the user, the password and the host pattern of the auditor's account; an anonymous"
    " account for this host comes before it",
    1129: "run FLUSH HOSTS on the server: too many logins from here have failed",
    1130: "create the auditor's account for this host",
    1698: "check the authentication plugin of the auditor's account",
    1820: "set a new password for the auditor's account",
    1862: "set a new password for the auditor's account",
    3118: "unlock the auditor's account",
    3159: "leave `tls` at its default: the server refuses plain connections",
    4151: "unlock the auditor's account",
}
_TABLE = re.compile(
    r"^(\w+(?: \w+)?) command denied .*? for table [`'](.+?)[`'](?:\.[`'](.+?)[`'])?$"
)
_ONE_OF = re.compile(r"at least one of\) the (.+?) privilege")


def error_code(error: BaseException) -> int:
    """The server's or the client library's number; 0 where there is none."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def to_failure(error: Exception) -> QueryFailedError:
    """What the driver raised, with its cause and the privilege or object that it names."""
    code = error_code(error)
    message = _message(error)
    cause = cause_of(error)
    action = _named(message) if cause is Cause.DENIED else ""
    return failed(
        cause,
        f"{message} (error {code})" if code else message,
        code=str(code) if code else "",
        action=action,
        hint=_HINTS.get(code, ""),
        broken=code in _BROKEN or not isinstance(error, MySQLError),
    )


def cause_of(error: Exception) -> Cause:
    """The class of a driver's error."""
    origin = getattr(error, "original_exception", error)
    text = str(error).lower()
    if isinstance(origin, TimeoutError) or "timed out" in text:
        return Cause.TIMEOUT
    if isinstance(origin, (ssl.SSLError, OSError)):
        return Cause.UNREACHABLE
    if isinstance(error, MySQLError):
        return _BY_CODE.get(error_code(error), Cause.INTERNAL)
    return Cause.UNPARSABLE  # the driver could not make sense of the answer


def _message(error: Exception) -> str:
    parts = [str(part) for part in error.args if not isinstance(part, int)]
    return (" ".join(parts) or type(error).__name__).splitlines()[0]


def _named(message: str) -> str:
    """The grant that an answer asks for; "" where it names none."""
    privileges = _ONE_OF.search(message)
    if privileges:
        return f"{privileges[1]} ON *.*"
    table = _TABLE.search(message)
    if table:
        return f"{table[1]} ON {'.'.join(part for part in table.groups()[1:] if part)}"
    return ""
