"""Each way in which botocore fails has one cause, the IAM action and a next step."""

from __future__ import annotations

import pytest
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from auditor.collectors.aws.failures import classify
from auditor.core.model.status import Cause


def _client_error(code: str, status: int, message: str = "no") -> aws.ClientError:
    return aws.ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item] # all that is read
        },
        "GetBucketPolicy",
    )


@pytest.mark.parametrize(
    ("code", "status", "cause"),
    [
        ("AccessDenied", 403, Cause.DENIED),
        ("SomethingNew", 403, Cause.DENIED),
        ("InvalidClientTokenId", 403, Cause.DENIED),
        ("ExpiredToken", 400, Cause.EXPIRED_CREDENTIALS),
        ("RequestLimitExceeded", 503, Cause.THROTTLED),
        ("SlowDown", 503, Cause.THROTTLED),
        ("InternalError", 500, Cause.UNREACHABLE),
        ("500", 500, Cause.UNPARSABLE),
        ("404", 404, Cause.NOT_SUPPORTED),
        ("NotImplemented", 501, Cause.NOT_SUPPORTED),
        ("InvalidParameterValue", 400, Cause.NOT_SUPPORTED),
        ("NoSuchBucket", 404, Cause.VANISHED),
        ("DBParameterGroupNotFound", 404, Cause.VANISHED),
        ("RequestTimeout", 400, Cause.TIMEOUT),
    ],
)
def test_codes(code: str, status: int, cause: Cause) -> None:
    failure = classify(_client_error(code, status), "s3", "ListBuckets")
    assert failure.code == code
    assert failure.gap.cause is cause
    assert failure.gap.action == "s3:ListAllMyBuckets"
    assert failure.gap.hint or cause is Cause.INTERNAL


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (aws.ReadTimeoutError(endpoint_url="http://x"), Cause.TIMEOUT),
        (aws.ConnectTimeoutError(endpoint_url="http://x"), Cause.TIMEOUT),
        (aws.EndpointConnectionError(endpoint_url="http://x"), Cause.UNREACHABLE),
        (aws.ConnectionClosedError(endpoint_url="http://x"), Cause.UNREACHABLE),
        (aws.SSLError(endpoint_url="http://x", error=OSError("bad")), Cause.UNREACHABLE),
        (aws.NoCredentialsError(), Cause.DENIED),
        (aws.ProfileNotFound(profile="p"), Cause.DENIED),
        (aws.UnauthorizedSSOTokenError(), Cause.EXPIRED_CREDENTIALS),
        (aws.PaginationError(message="twice"), Cause.TRUNCATED),
        (aws.UnknownServiceError(service_name="x", known_service_names="y"), Cause.NOT_SUPPORTED),
        (aws.NoRegionError(), Cause.INTERNAL),
        (ResponseParserError("not XML"), Cause.UNPARSABLE),
        (ValueError("bad date"), Cause.UNPARSABLE),
        (SyntaxError("no element found"), Cause.UNPARSABLE),
    ],
)
def test_classes(error: Exception, cause: Cause) -> None:
    assert classify(error, "s3", "ListBuckets").gap.cause is cause


def test_what_differs_from_call_to_call_is_left_out() -> None:
    one = _client_error("AccessDenied", 403, "You may not. (RequestId: ab-12) and\n more")
    two = _client_error("AccessDenied", 403, "You may not. (RequestId: cd-34) and\n more")
    assert classify(one, "s3", "ListBuckets") == classify(two, "s3", "ListBuckets")
    long = _client_error("AccessDenied", 403, "x" * 1000)
    assert len(classify(long, "s3", "ListBuckets").gap.detail) == 300
    encoded = "You may not. Encoded authorization failure message: abc"
    gap = classify(_client_error("UnauthorizedOperation", 403, encoded), "ec2", "x").gap
    assert gap.detail == "UnauthorizedOperation: You may not."


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<p>Check your spelling",
         "404: a web page, '404 Not Found'"),
        ("<HTML><body>proxy</body></HTML>", "404: a web page"),
        ("a bucket <html-report>", "404: a bucket <html-report>"),
    ],
)  # fmt: skip
def test_of_a_web_page_its_title_is_told(page: str, told: str) -> None:
    gap = classify(_client_error("404", 404, page), "s3", "ListBuckets").gap
    assert gap.detail == told
