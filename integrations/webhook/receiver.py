"""A receiver of auditor's webhooks, with the standard library alone: an example to start from.

It accepts a message once, when its signature is right and its time within five minutes, by the
rules of Standard Webhooks. Put it behind a server that ends TLS, and keep the ids where they
outlive the process.

    AUDITOR_WEBHOOK_SECRET=whsec_... python3 receiver.py 8090
"""

# ruff: noqa: INP001 - an example to copy, in no package

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

WINDOW_S = 300
MOST_BYTES = 1_000_000


class RefusedError(Exception):
    """The message is not from the sender, not of now, or was accepted before."""


def check(headers: Mapping[str, str], body: bytes, secret: str, now: float, seen: set[str]) -> str:
    """The id of a message that is to be taken.

    Args:
        secret: `whsec_` and base64, as the sender has it.
        now: Seconds since 1970, UTC.
        seen: Ids that were accepted before.

    Raises:
        RefusedError: It is not to be taken.
    """
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, b".".join((name.encode(), stamp.encode(), body)), hashlib.sha256)
    expected = f"v1,{base64.b64encode(mac.digest()).decode()}"
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
        raise RefusedError("the signature is wrong")
    if not stamp.isdecimal() or abs(now - int(stamp)) > WINDOW_S:
        raise RefusedError("the time is more than five minutes off")
    if name in seen:
        raise RefusedError("accepted before")
    return name


class Receiver(BaseHTTPRequestHandler):
    """Prints each event in a line."""

    secret = ""
    seen: set[str]

    def do_POST(self) -> None:
        """Take one message, or say 4xx; the sender keeps what is not taken, and tries again."""
        length = int(self.headers.get("Content-Length", "0"))
        if length > MOST_BYTES:
            self._answer(413)
            return
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            name = check(headers, body, self.secret, time.time(), self.seen)
        except RefusedError as error:
            known = headers.get("webhook-id") in self.seen and str(error) == "accepted before"
            self._answer(200 if known else 401)  # what was accepted must not be sent again
            return
        self.seen.add(name)
        for event in json.loads(body)["events"]:
            sys.stdout.write(json.dumps([event["kind"], event["subject"], event["detail"]]) + "\n")
        sys.stdout.flush()
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def main(arguments: list[str]) -> None:
    """Serve until stopped; says its port first."""
    Receiver.secret, Receiver.seen = os.environ["AUDITOR_WEBHOOK_SECRET"], set()
    server = HTTPServer(("127.0.0.1", int(arguments[0]) if arguments else 8090), Receiver)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
