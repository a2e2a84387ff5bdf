"""What botocore raises, as a classified gap.

The classes of causes are closed (`Cause`); each has one remedy. botocore has already retried what
may be retried when an exception arrives here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from auditor.collectors.aws.permissions import iam_action
from auditor.collectors.budget import SPENT_HINT, TIMEOUT_HINT, BudgetSpentError
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_MAX_DETAIL = 300
_MIN_SERVER_ERROR = 500
# What stands in between answers with a page for people.
_PAGE = re.compile(
    r"<(?:!doctype html|html)(?=[\s>])(?:.*?<title[^>]*>(?P<title>.*?)</title>)?.*",
    re.IGNORECASE | re.DOTALL,
)
# Ids and encoded explanations differ from call to call: equal answers must give equal gaps.
_VOLATILE = re.compile(
    r"\s*(Encoded authorization failure message:.*|\(?\b(Request ?ID|Host ?ID)\b:? ?[\w+/=-]+\)?)",
    re.IGNORECASE | re.DOTALL,
)
_CODES: dict[Cause, frozenset[str]] = {
    Cause.EXPIRED_CREDENTIALS: frozenset(
        {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
    ),
    Cause.THROTTLED: frozenset(
        {
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottledException",
            "RequestThrottled",
            "TooManyRequestsException",
            "ProvisionedThroughputExceededException",
            "TransactionInProgressException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "LimitExceededException",
            "SlowDown",
            "PriorRequestNotComplete",
            "EC2ThrottledException",
        }
    ),
    Cause.DENIED: frozenset(
        {
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "UnauthorizedException",
            "AuthorizationError",
            "NotAuthorized",
            "Forbidden",
            "AuthFailure",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "UnrecognizedClientException",
            "SignatureDoesNotMatch",
            "OptInRequired",
            "SubscriptionRequiredException",
        }
    ),
    Cause.NOT_SUPPORTED: frozenset(
        {
            "NotImplemented",
            "NotImplementedException",
            "UnknownOperationException",
            "UnknownOperation",
            "InvalidAction",
            "UnsupportedOperation",
            "UnsupportedOperationException",
            "MethodNotAllowed",
            "501",
            "404",
            "405",
        }
    ),
    Cause.TIMEOUT: frozenset({"RequestTimeout", "RequestTimeoutException"}),
}
_UNKNOWN_CALLER = frozenset(
    {"InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "AuthFailure",
     "SignatureDoesNotMatch"}
)  # fmt: skip
# Order matters: the first class that fits.
_CLASSES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Cause], ...] = (
    (BudgetSpentError, Cause.LIMIT),
    ((aws.ConnectTimeoutError, aws.ReadTimeoutError), Cause.TIMEOUT),
    (aws.PaginationError, Cause.TRUNCATED),
    ((aws.TokenRetrievalError, aws.SSOError), Cause.EXPIRED_CREDENTIALS),
    (
        (
            aws.NoCredentialsError,
            aws.PartialCredentialsError,
            aws.CredentialRetrievalError,
            aws.ProfileNotFound,
        ),
        Cause.DENIED,
    ),
    ((aws.HTTPClientError, aws.ConnectionError), Cause.UNREACHABLE),
    (aws.EndpointProviderError, Cause.UNREACHABLE),
    ((aws.UnknownServiceError, aws.OperationNotPageableError), Cause.NOT_SUPPORTED),
)
# What leaves botocore when a request fails: its own two trees, and what its parsers raise on an
# answer that is not AWS's (a date that is none, base64 that does not decode).
FAILURES = (
    aws.BotoCoreError,
    aws.ClientError,
    BudgetSpentError,
    ResponseParserError,
    SyntaxError,  # xml.etree's ParseError, out of the handler of GetBucketLocation
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
)
_HINTS = {
    Cause.THROTTLED: "scan again later, or raise max_attempts of the target",
    Cause.TIMEOUT: TIMEOUT_HINT,
    Cause.UNREACHABLE: "look at the network, the region and endpoint_url of the target",
    Cause.EXPIRED_CREDENTIALS: "renew the credentials (aws sso login, aws sts get-session-token)",
    Cause.TRUNCATED: "scan again: the list came in parts and did not end",
    Cause.UNPARSABLE: "the answer is not AWS's: look at the proxy or endpoint in between",
    Cause.VANISHED: "scan again: it was listed and could not be found",
    Cause.LIMIT: SPENT_HINT,
    Cause.NOT_SUPPORTED: "this endpoint or region does not offer the operation",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed.

    Args:
        code: AWS's error code, "" where it gave none.
        gap: The classified reason, without subject.
    """

    code: str
    gap: Gap


def classify(error: Exception, service: str, operation: str) -> Failure:
    """The failure that an exception out of botocore (one of `FAILURES`) stands for."""
    action = iam_action(service, operation)
    code, status, message = "", 0, str(error)
    if isinstance(error, aws.ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        message = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
        cause = _cause_of_code(code, status)
    else:
        cause = _cause_of_class(error)
    hint = _HINTS.get(cause, "")
    if cause is Cause.DENIED:
        hint = _hint_when_denied(code, action)
    return Failure(code, Gap(cause, _detail(message), action=action, hint=hint))


def _cause_of_code(code: str, status: int) -> Cause:
    for cause, codes in _CODES.items():
        if code in codes:
            return cause
    if status in {401, 403}:
        return Cause.DENIED
    if "NotFound" in code or code.startswith("NoSuch"):
        return Cause.VANISHED
    if code.isdigit():  # no error document of AWS: botocore shows the HTTP status instead
        return Cause.UNPARSABLE
    if status >= _MIN_SERVER_ERROR:
        return Cause.UNREACHABLE
    return Cause.NOT_SUPPORTED


def _cause_of_class(error: Exception) -> Cause:
    for classes, cause in _CLASSES:
        if isinstance(error, classes):
            return cause
    return Cause.INTERNAL if isinstance(error, aws.BotoCoreError) else Cause.UNPARSABLE


def _hint_when_denied(code: str, action: str) -> str:
    if code in _UNKNOWN_CALLER:
        return "these credentials are not valid here (mistyped, deleted, or the region is off)"
    if not code:
        return "give boto3 credentials: profile or role_arn of the target, or the environment"
    return f"allow {action} to the auditor's identity"


def _page(found: re.Match[str]) -> str:
    title = (found["title"] or "").strip()
    return f"a web page, {title!r}" if title else "a web page"


def _detail(message: str) -> str:
    """One line, without what differs from call to call; of a web page no more than its title."""
    line = " ".join(_PAGE.sub(_page, _VOLATILE.sub("", message)).split())
    return line if len(line) <= _MAX_DETAIL else f"{line[: _MAX_DETAIL - 1]}…"
