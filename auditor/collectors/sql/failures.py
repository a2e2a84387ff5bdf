"""Why a query or a connection failed, in terms that every engine shares."""

from __future__ import annotations

from dataclasses import replace

from auditor.collectors.budget import SPENT_HINT, TIMEOUT_HINT, BudgetSpentError
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.errors import CollectionError

_MAX_DETAIL = 300
HINTS = {
    Cause.DENIED: "auditor doctor --permissions prints the SQL of the account that is enough",
    Cause.TIMEOUT: TIMEOUT_HINT,
    Cause.UNREACHABLE: "look at the server, the network, and host and port of the target",
    Cause.EXPIRED_CREDENTIALS: "renew the password of the auditor's account",
    Cause.LIMIT: SPENT_HINT,
    Cause.VANISHED: "look whether the name is right; if it was dropped just now, scan again",
    Cause.THROTTLED: "the server has no connection left: scan again later",
}


class QueryFailedError(CollectionError):
    """A query or connection failed.

    Args:
        gap: The classified reason; its `action` names the object or the grant where known.
        code: The engine's own code (SQLSTATE, errno), "" where there is none.
        broken: The connection is lost or cannot be used again.
    """

    def __init__(self, gap: Gap, code: str = "", *, broken: bool = False) -> None:
        super().__init__(gap.detail, hint=gap.hint, where=gap.subject)
        self.gap = gap
        self.code = code
        self.broken = broken


def failed(
    cause: Cause,
    message: str,
    *,
    code: str = "",
    action: str = "",
    hint: str = "",
    broken: bool = False,
) -> QueryFailedError:
    """The error of a failure, with the usual next action of its cause."""
    gap = Gap(cause, one_line(message), action=action, hint=hint or HINTS.get(cause, ""))
    return QueryFailedError(gap, code, broken=broken)


def budget_spent(error: BudgetSpentError) -> QueryFailedError:
    """The ceiling of requests is reached."""
    return failed(Cause.LIMIT, str(error))


def one_line(message: str) -> str:
    """A driver's message on one line, of bounded length."""
    line = " ".join(message.encode("utf-8", "backslashreplace").decode("utf-8").split())
    return line if len(line) <= _MAX_DETAIL else f"{line[: _MAX_DETAIL - 1]}…"


def about(gap: Gap, subject: str) -> Gap:
    """The gap, of a part of the target."""
    return replace(gap, subject=subject)
