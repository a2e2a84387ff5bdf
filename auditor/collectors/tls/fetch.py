"""Small HTTP requests to the OCSP and CRL servers that a trusted certificate names."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from auditor.collectors.budget import CallBudget
from auditor.collectors.tls.failure import ProbeError, from_os_error, take
from auditor.core.model.status import Cause

MAX_BYTES = 2**20
_CHUNK = 65536
_TYPES = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


@dataclass(frozen=True, slots=True)
class Fetcher:
    """HTTP with limits: one MiB, one time-out for the whole request, http and https only."""

    timeout_s: float
    budget: CallBudget

    def post_ocsp(self, url: str, request: bytes) -> bytes:
        """The responder's answer.

        Raises:
            ProbeError: No answer, not 200, or too large.
        """
        return self._fetch(urllib.request.Request(url, data=request, headers=_TYPES))  # noqa: S310 - no file: handler is installed

    def get(self, url: str) -> bytes:
        """What lies at the URL.

        Raises:
            ProbeError: As above.
        """
        return self._fetch(urllib.request.Request(url))  # noqa: S310 - no file: handler is installed

    def _fetch(self, request: urllib.request.Request) -> bytes:
        take(self.budget)
        deadline = time.monotonic() + self.timeout_s
        doing = f"asking {request.full_url}"
        try:
            with _opener().open(request, timeout=self.timeout_s) as response:
                return _read(response, deadline, doing)
        except urllib.error.HTTPError as error:
            error.close()
            raise ProbeError(Cause.UNREACHABLE, f"{doing}: HTTP status {error.code}") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, OSError):
                raise from_os_error(error.reason, doing) from error
            raise ProbeError(Cause.NOT_SUPPORTED, f"{doing}: {error.reason}") from error
        except OSError as error:
            raise from_os_error(error, doing) from error
        except (http.client.HTTPException, ValueError) as error:
            raise ProbeError(Cause.UNPARSABLE, f"{doing}: {error!r}") from error


def _read(response: http.client.HTTPResponse, deadline: float, doing: str) -> bytes:
    data = b""
    while part := response.read1(_CHUNK):
        data += part
        if len(data) > MAX_BYTES:
            raise ProbeError(Cause.LIMIT, f"{doing}: the answer is larger than {MAX_BYTES} bytes")
        if time.monotonic() > deadline:
            raise ProbeError(Cause.TIMEOUT, f"{doing}: no complete answer within the time limit")
    if response.length:
        raise ProbeError(Cause.TRUNCATED, f"{doing}: the answer ends {response.length} bytes early")
    return data


def _opener() -> urllib.request.OpenerDirector:
    """The usual opener without its handlers for files, FTP and data URLs."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
