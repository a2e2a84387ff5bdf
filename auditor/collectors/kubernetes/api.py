"""Requests to one API server: counted, timed, tried again, recorded. Only reads.

Every request is a GET but one: a SelfSubjectReview is a POST that stores nothing and answers who
we are. Bodies stay bytes; `kubernetes.client` models are not used (see docs/reference/kubernetes).
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from kubernetes.client import ApiClient

from auditor.collectors.budget import BudgetSpentError
from auditor.collectors.interface import CollectionContext
from auditor.collectors.kubernetes.failures import (
    TRANSPORT,
    Asked,
    RequestError,
    of_answer,
    of_exception,
    unparsable,
)

_OK = 200
_ERRORS = 300
_CHUNK = 1 << 16
_MAX_BODY = 256 << 20
_MAX_WAIT_S = 30.0
_FIRST_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class Answer:
    """A body and the server's clock."""

    body: bytes
    server_time: datetime | None

    def document(self, asked: Asked) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            RequestError: It is none.
        """
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise unparsable(f"the answer is no JSON: {error}", asked) from error
        if not isinstance(value, dict):
            raise unparsable(f"the answer is a {type(value).__name__}, expected an object", asked)
        return value


class Api:
    """One API server, as one identity.

    Args:
        client: Configured transport of the official client.
        max_attempts: Attempts per request, the first included.
    """

    def __init__(self, client: ApiClient, context: CollectionContext, max_attempts: int) -> None:
        self._client = client
        self._context = context
        self._attempts = max_attempts
        # Not a secret: the jitter of retries.
        self._random = random.Random()  # noqa: S311

    @property
    def endpoint(self) -> str:
        """URL of the server."""
        return str(self._client.configuration.host)

    def get(self, path: str, asked: Asked, query: Mapping[str, str] | None = None) -> Answer:
        """GET a path.

        Raises:
            RequestError: No attempt was answered with success.
        """
        return self._repeat("GET", path, asked, query=query)

    def post(self, path: str, asked: Asked, body: object) -> Answer:
        """POST a review, which stores nothing.

        Raises:
            RequestError: No attempt was answered with success.
        """
        return self._repeat("POST", path, asked, body=body)

    def status(self, path: str, asked: Asked) -> int:
        """HTTP status of one GET, whatever it is.

        Raises:
            RequestError: There was no answer.
        """
        return self._send("GET", path, asked, None, None)[0]

    def close(self) -> None:
        """Close the connections."""
        self._client.rest_client.close()

    def _repeat(
        self,
        method: str,
        path: str,
        asked: Asked,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answer:
        attempt = 1
        while True:
            try:
                return self._once(method, path, asked, query, body)
            except RequestError as error:
                wait = error.retry_after_s or 0.0
                if not error.temporary or attempt >= self._attempts or wait > _MAX_WAIT_S:
                    raise
                backoff = _FIRST_WAIT_S * 2**attempt * self._random.uniform(0.5, 1.0)
                time.sleep(wait or min(backoff, _MAX_WAIT_S))
            attempt += 1

    def _once(
        self, method: str, path: str, asked: Asked, query: Mapping[str, str] | None, body: object
    ) -> Answer:
        status, headers, data = self._send(method, path, asked, query, body)
        if not _OK <= status < _ERRORS:
            raise of_answer(status, data, headers, asked)
        return Answer(data, _server_time(headers.get("Date")))

    def _send(
        self,
        method: str,
        path: str,
        asked: Asked,
        query: Mapping[str, str] | None,
        body: object,
    ) -> tuple[int, Mapping[str, str], bytes]:
        try:
            self._context.budget.take()
            headers = {"Accept": "application/json"}
            if body is not None:
                headers["Content-Type"] = "application/json"
            request = self._client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            response = self._client.call_api(*request, _request_timeout=self._context.timeout_s)
            try:
                return (
                    response.status,
                    dict(response.response.headers),
                    self._body(response.response),
                )
            finally:
                response.response.release_conn()
        except BudgetSpentError as error:
            raise of_exception(error, asked) from error
        except TRANSPORT as error:
            raise of_exception(error, asked) from error

    def _body(self, response: Any) -> bytes:  # urllib3's BaseHTTPResponse
        """The whole body; a server that sends it drop by drop, or without end, is given up."""
        deadline = time.monotonic() + 4 * self._context.timeout_s
        data = bytearray()
        for chunk in response.stream(_CHUNK):
            data += chunk
            if len(data) > _MAX_BODY:
                raise ValueError(f"the answer is longer than {_MAX_BODY} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError("the answer did not end in time")
        return bytes(data)


def _server_time(value: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone(UTC) if value else None
    except ValueError:
        return None
