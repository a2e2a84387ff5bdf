"""One request to a witness, with limits on what comes back.

Follows no redirects: a witness is named by its URL and its key, and nobody else is asked.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

import requests
from requests.auth import AuthBase

from auditor.errors import AuditorError
from auditor.ledger.add_checkpoint import MAX_ANSWER, PATH

_PIECE = 4096


class NoAnswerError(AuditorError):
    """A witness did not answer, or not with an answer that can be read."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a witness may take, in seconds: to be reached, to be silent, and in all."""

    connect_s: float = 5.0
    silence_s: float = 10.0
    whole_s: float = 30.0


class _NoSecrets(AuthBase):
    """Sends no user name: requests would take one from a .netrc file."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


def post(url: str, body: bytes, timeouts: Timeouts) -> tuple[int, bytes]:
    """Ask a witness to cosign.

    Args:
        url: Its submission prefix.
        body: A request of tlog-witness.

    Returns:
        Status and body of the answer; at most MAX_ANSWER bytes.

    Raises:
        NoAnswerError: It cannot be reached, takes too long, or says too much.
    """
    answers: queue.SimpleQueue[tuple[int, bytes] | NoAnswerError] = queue.SimpleQueue()
    # A thread that may be left behind: the library's timeouts are for each byte, and a witness that
    # sends one now and then would keep us for hours.
    work = threading.Thread(
        target=lambda: answers.put(_post(url, body, timeouts)), daemon=True, name=f"ask {url}"
    )
    work.start()
    try:
        answer = answers.get(timeout=timeouts.whole_s)
    except queue.Empty as error:
        raise NoAnswerError(f"no answer within {timeouts.whole_s:g} s") from error
    if isinstance(answer, NoAnswerError):
        raise answer
    return answer


def _post(url: str, body: bytes, timeouts: Timeouts) -> tuple[int, bytes] | NoAnswerError:
    try:
        with requests.post(
            f"{url.rstrip('/')}{PATH}",
            data=body,
            headers={"Accept-Encoding": "identity", "Content-Type": "text/plain; charset=utf-8"},
            timeout=(timeouts.connect_s, timeouts.silence_s),
            allow_redirects=False,
            stream=True,
            auth=_NoSecrets(),
        ) as response:
            return response.status_code, _read(response)
    except (requests.RequestException, OSError) as error:
        return NoAnswerError(f"no answer: {_cause(error)}")
    except NoAnswerError as error:
        return error


def _read(response: requests.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for piece in response.iter_content(_PIECE):
        size += len(piece)
        if size > MAX_ANSWER:
            raise NoAnswerError(f"answered more than {MAX_ANSWER} bytes")
        parts.append(piece)
    return b"".join(parts)


def _cause(error: BaseException) -> str:
    """What lies at the bottom: requests wraps it several times."""
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return str(error) or type(error).__name__
