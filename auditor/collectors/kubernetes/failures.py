"""Why a request failed, as a gap that names right, resource, namespace and the missing rule.

Answers are judged by the HTTP status and the `Status` object of the API (meta/v1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from kubernetes.client.exceptions import ApiException
from urllib3 import exceptions as http

from auditor.collectors.budget import SPENT_HINT, TIMEOUT_HINT, BudgetSpentError
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_MAX_DETAIL = 400
_SERVER_ERRORS = 500
_CAUSES: Mapping[int, Cause] = {
    401: Cause.EXPIRED_CREDENTIALS,
    403: Cause.DENIED,
    404: Cause.NOT_SUPPORTED,
    405: Cause.NOT_SUPPORTED,
    406: Cause.NOT_SUPPORTED,
    408: Cause.TIMEOUT,
    410: Cause.TRUNCATED,
    429: Cause.THROTTLED,
    504: Cause.TIMEOUT,
}
_HINTS = {
    Cause.THROTTLED: "scan again later, or raise max_attempts of the target",
    Cause.TIMEOUT: TIMEOUT_HINT,
    Cause.UNREACHABLE: "look at the network, the proxy, the address and the CA of the target",
    Cause.EXPIRED_CREDENTIALS: "renew the credentials of the target: the server does not know them",
    Cause.TRUNCATED: "scan again: the list changed faster than it could be read",
    Cause.UNPARSABLE: "the answer is not the Kubernetes API's: look at the proxy in between",
    Cause.LIMIT: SPENT_HINT,
    Cause.NOT_SUPPORTED: "the server does not serve it",
}
TRANSPORT = (ApiException, http.HTTPError, OSError, ValueError)
"""What leaves the client where there is no answer."""


class RequestError(Exception):
    """A request that did not succeed.

    Args:
        status: HTTP status; 0 without an answer.
        gap: The classified reason.
        retry_after_s: What the server asks to wait, in seconds.
        temporary: Asking again may help.
    """

    def __init__(
        self, status: int, gap: Gap, *, retry_after_s: float | None = None, temporary: bool = False
    ) -> None:
        super().__init__(gap.detail)
        self.status = status
        self.gap = gap
        self.retry_after_s = retry_after_s
        self.temporary = temporary


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asked for, for messages and hints.

    Args:
        verb: `list`, `get`, `create`.
        group: API group; "" is the core group.
        resource: Plural, with its subresource; "" for paths that are no resources.
        namespace: "" for the whole cluster.
        path: Of the URL.
    """

    verb: str
    group: str
    resource: str
    namespace: str
    path: str

    @property
    def action(self) -> str:
        """`list deployments.apps in namespace shop`."""
        if not self.resource:
            return f"get {self.path}"
        name = f"{self.resource}.{self.group}" if self.group else self.resource
        place = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {name}{place}"

    @property
    def rule(self) -> str:
        """The rule of a role that allows it, as YAML on one line."""
        if not self.resource:
            return f'{{nonResourceURLs: ["{self.path}"], verbs: ["get"]}}'
        return (
            f'{{apiGroups: ["{self.group}"], resources: ["{self.resource}"],'
            f' verbs: ["{self.verb}"]}}'
        )


def of_answer(status: int, body: bytes, headers: Mapping[str, str], asked: Asked) -> RequestError:
    """The failure that an answer with an error status stands for."""
    cause = _CAUSES.get(status)
    if cause is None:
        cause = Cause.UNREACHABLE if status >= _SERVER_ERRORS else Cause.UNPARSABLE
    temporary = status in {408, 429} or status >= _SERVER_ERRORS
    detail = one_line(f"HTTP {status}: {_message(body)}")
    gap = Gap(cause, detail, action=asked.action, hint=_hint(cause, asked))
    return RequestError(status, gap, retry_after_s=_wait(headers), temporary=temporary)


def of_exception(error: Exception, asked: Asked) -> RequestError:
    """The failure that stands behind one of `TRANSPORT`, or a spent budget."""
    if isinstance(error, BudgetSpentError):
        cause, temporary = Cause.LIMIT, False
    elif isinstance(error, http.NewConnectionError):  # urllib3 has it among the time-outs
        cause, temporary = Cause.UNREACHABLE, True
    elif isinstance(error, (http.TimeoutError, TimeoutError)):
        cause, temporary = Cause.TIMEOUT, True
    elif isinstance(error, (ApiException, http.SSLError)):
        cause, temporary = Cause.UNREACHABLE, False  # TLS: asking again does not mend it
    elif isinstance(error, (http.LocationValueError, ValueError)):
        cause, temporary = Cause.UNPARSABLE, False
    else:
        cause, temporary = Cause.UNREACHABLE, True
    text = error.reason if isinstance(error, ApiException) else str(error)
    gap = Gap(cause, one_line(str(text)), action=asked.action, hint=_hint(cause, asked))
    return RequestError(0, gap, temporary=temporary)


def unparsable(what: str, asked: Asked) -> RequestError:
    """An answer of status 200 that is not what the API sends."""
    gap = Gap(Cause.UNPARSABLE, one_line(what), action=asked.action, hint=_HINTS[Cause.UNPARSABLE])
    return RequestError(200, gap)


def one_line(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _MAX_DETAIL else f"{line[: _MAX_DETAIL - 1]}…"


def _hint(cause: Cause, asked: Asked) -> str:
    if cause is Cause.DENIED:
        where = f"a Role in namespace {asked.namespace}" if asked.namespace else "a ClusterRole"
        return f"give the auditor {where} with the rule {asked.rule}"
    return _HINTS.get(cause, "")


def _message(body: bytes) -> str:
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:200].decode("utf-8", "replace") or "no text"
    if isinstance(status, dict) and isinstance(status.get("message"), str):
        return str(status["message"])
    return "no message"


def _wait(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds; the API never sends the form with a date."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
