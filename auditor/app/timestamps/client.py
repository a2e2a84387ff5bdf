"""Asking time-stamp authorities over HTTP: several at once, within a bounded time.

Standard: RFC 3161, section 3.4. An authority that does not answer, or with anything else than a
token over our bytes, is a reason to tell and never an error that ends a run.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import requests
import urllib3

from auditor import __version__
from auditor.attest.timestamp_token import MAX_TOKEN, parse_token
from auditor.attest.timestamps import Request, make_request
from auditor.errors import AuditorError, VerificationError

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
DEADLINE_S = 30.0
_CONNECT_S = 5.0
_SILENCE_S = 15.0
_OK = 200
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)


@dataclass(slots=True)
class Answer:
    """What became of one question: a token (DER of a TimeStampResp), or why there is none."""

    url: str
    token: bytes | None = None
    problem: str = ""


def ask_all(urls: Sequence[str], message: bytes, *, deadline_s: float = DEADLINE_S) -> list[Answer]:
    """Ask each authority for a time-stamp over these bytes.

    Args:
        deadline_s: Seconds until the last answer that is waited for, whatever the servers do.
    """
    answers = [
        Answer(url, problem=f"did not answer within {deadline_s:g} s")
        for url in dict.fromkeys(urls)
    ]
    # Daemons: a server that drips one header after another must not hold the program's end.
    threads = [
        threading.Thread(target=_ask, args=(answer, message), daemon=True) for answer in answers
    ]
    for thread in threads:
        thread.start()
    watch = threading.Event()
    threading.Thread(target=_signal, args=(threads, watch), daemon=True).start()
    watch.wait(deadline_s)
    # What comes later is not looked at any more: each thread's answer is taken as it is now.
    return [Answer(item.url, item.token, item.problem) for item in answers]


def _signal(threads: Sequence[threading.Thread], watch: threading.Event) -> None:
    for thread in threads:
        thread.join()
    watch.set()


def _ask(answer: Answer, message: bytes) -> None:
    request = make_request(message)
    try:
        data = _post(answer.url, request)
        token = parse_token(data)
        token.check_imprint(message)
        if token.nonce != request.nonce:
            raise VerificationError("the answer is not to our question: it has another nonce")
    except AuditorError as error:
        answer.problem = error.message
    except _FAILURES as error:
        answer.problem = f"{type(error).__name__}: {error}"[:300]
    else:
        answer.token, answer.problem = data, ""


def _post(url: str, request: Request) -> bytes:
    """The body of the answer.

    Raises:
        VerificationError: Another status or type, or too long.
    """
    headers = {
        "Content-Type": QUERY_TYPE,
        "Accept": REPLY_TYPE,
        "Accept-Encoding": "identity",
        "User-Agent": f"auditor/{__version__}",
    }
    with requests.post(
        url,
        data=request.data,
        headers=headers,
        timeout=(_CONNECT_S, _SILENCE_S),
        stream=True,
        allow_redirects=False,  # a redirected POST becomes a GET; who configures names the place
    ) as response:
        if response.status_code != _OK:
            raise VerificationError(f"HTTP status {response.status_code}")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != REPLY_TYPE:
            raise VerificationError(f"an answer of type {kind[:80]!r}, expected {REPLY_TYPE}")
        data = response.raw.read(MAX_TOKEN + 1, decode_content=False)
        if len(data) > MAX_TOKEN:
            raise VerificationError(f"an answer of more than {MAX_TOKEN} bytes")
        return bytes(data)
