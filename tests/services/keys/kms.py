"""A stand-in for AWS KMS that takes MessageType as AWS documents it, unlike moto.

Two actions: GetPublicKey and Sign (https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html):
RAW of at most 4,096 bytes is hashed, DIGEST is 32 bytes and is signed as it is.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAX_RAW = 4096


@contextmanager
def documented_kms() -> Iterator[tuple[str, list[str]]]:
    """URL of a service with one key, and the types of the messages that it was asked to sign."""
    private, asked = generate_private_key(SECP256R1()), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            request = json.loads(self.rfile.read(size))
            action = self.headers["X-Amz-Target"].rpartition(".")[2]
            code, answer = _answer(private, action, request, asked)
            data = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(
    private: EllipticCurvePrivateKey, action: str, request: dict[str, Any], asked: list[str]
) -> tuple[int, dict[str, object]]:
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if action == "GetPublicKey":
        algorithms = ["ECDSA_SHA_256"]
        encoded = base64.b64encode(public).decode()
        return 200, {"PublicKey": encoded, "SigningAlgorithms": algorithms}
    message = base64.b64decode(request["Message"])
    asked.append(request["MessageType"])
    if request["MessageType"] == "DIGEST" and len(message) == SHA256.digest_size:
        signature = private.sign(message, ECDSA(Prehashed(SHA256())))
    elif request["MessageType"] == "RAW" and len(message) <= MAX_RAW:
        signature = private.sign(message, ECDSA(SHA256()))
    else:
        return 400, {"__type": "ValidationException", "message": "a wrong length"}
    return 200, {"Signature": base64.b64encode(signature).decode()}
