"""A proxy in front of a stand-in for AWS that answers some requests with a fault.

    proxy = FaultProxy(upstream, rules=[Rule(denied, operation="GetBucketPolicy")])
    with proxy as url:
        ...  # collect from url
    proxy.seen  # what was asked, operation by operation

A rule matches by service, operation, region (as signed) and a text in the path or body; the first
one that matches answers, everything else goes to the upstream unchanged.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")
_RPC = re.compile(r"/operation/(\w+)$")
_S3_PARTS: Mapping[str, str] = {
    "location": "GetBucketLocation",
    "policyStatus": "GetBucketPolicyStatus",
    "policy": "GetBucketPolicy",
    "acl": "GetBucketAcl",
    "publicAccessBlock": "GetPublicAccessBlock",
    "encryption": "GetBucketEncryption",
    "versioning": "GetBucketVersioning",
    "object-lock": "GetObjectLockConfiguration",
    "lifecycle": "GetBucketLifecycleConfiguration",
    "logging": "GetBucketLogging",
    "replication": "GetBucketReplication",
}
_REST_XML = {"s3", "cloudfront", "route53"}  # the other services of the REST protocol answer JSON
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as AWS would name it."""

    service: str
    operation: str
    region: str
    text: str  # path and body
    protocol: str  # json | query | ec2 | rest


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; None in its place drops the connection."""

    status: int
    body: bytes
    content_type: str = "text/xml"
    headers: Mapping[str, str] = field(default_factory=dict)


Fault = Callable[[Asked], Answer | None]
Edit = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests are answered with a fault, or whose answers are edited.

    Args:
        fault: Makes the answer; None lets the upstream answer, and `edit` changes it.
        service: As signed (`s3` for both s3 and s3control), `*` for any.
        but: Services that the rule leaves alone.
        containing: Text that must stand in the path or body (a bucket, a key id, a token).
        after: Matching requests that pass first.
        first: How many are then answered with the fault; 0 for all.
    """

    fault: Fault | None = None
    service: str = "*"
    operation: str = "*"
    region: str = "*"
    containing: str = ""
    but: Sequence[str] = ()
    after: int = 0
    first: int = 0
    edit: Edit | None = None

    def matches(self, asked: Asked) -> bool:
        """Whether the request is one of those."""
        wanted = (self.service, self.operation, self.region)
        got = (asked.service, asked.operation, asked.region)
        fits = all(want in {"*", have} for want, have in zip(wanted, got, strict=True))
        return fits and asked.service not in self.but and self.containing in asked.text


def error(code: str, status: int, asked: Asked) -> Answer:
    """An error of AWS, in the form of the request's protocol."""
    message = f"refused by a rule: {asked.operation}"
    if asked.protocol == "json":
        document = {"__type": code, "message": message}
        return Answer(400, json.dumps(document).encode(), "application/x-amz-json-1.1")
    if asked.protocol == "rest" and asked.service not in _REST_XML:
        document = {"message": message}
        headers = {"x-amzn-ErrorType": code}
        return Answer(status, json.dumps(document).encode(), "application/json", headers)
    inner = f"<Code>{code}</Code><Message>{message}</Message>"
    text = {
        "ec2": f"<Response><Errors><Error>{inner}</Error></Errors></Response>",
        "query": f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>",
        "rest": f"<Error>{inner}</Error>",
    }[asked.protocol]
    return Answer(status, text.encode())


def denied(asked: Asked) -> Answer:
    """The caller may not."""
    codes = {"json": "AccessDeniedException", "ec2": "UnauthorizedOperation"}
    return error(codes.get(asked.protocol, "AccessDenied"), 403, asked)


def throttled(asked: Asked) -> Answer:
    """Too many requests."""
    codes = {"json": "ThrottlingException", "ec2": "RequestLimitExceeded", "rest": "SlowDown"}
    return error(codes.get(asked.protocol, "Throttling"), 503, asked)


def expired(asked: Asked) -> Answer:
    """The credentials have run out."""
    return error(
        "ExpiredTokenException" if asked.protocol == "json" else "ExpiredToken", 403, asked
    )


def html_500(_asked: Asked) -> Answer:
    """A page for people, as proxies and unfinished stand-ins send it."""
    return Answer(500, b"<!doctype html><title>Internal Server Error</title>", "text/html")


def garbage(_asked: Asked) -> Answer:
    """Success, and nothing that can be parsed."""
    return Answer(200, b"<html><p>Sign in to the network</html>", "text/html")


def dropped(_asked: Asked) -> None:
    """The connection ends without an answer."""


def gone(code: str) -> Fault:
    """The thing asked for does not exist (`NoSuchBucket`)."""
    return lambda asked: error(code, 404, asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", proxy.port), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Readers that hang up, or are killed, are no news here."""


@dataclass
class FaultProxy:
    """The proxy; a context manager that gives its URL.

    Args:
        port: Where it listens; 0 for any free port.
    """

    upstream: str
    rules: Sequence[Rule] = ()
    seen: list[Asked] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._matched: dict[int, int] = {}

    def __enter__(self) -> str:
        self._server = _Server(self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def rule_for(self, asked: Asked) -> Rule | None:
        """The first rule that matches and is past its `after`."""
        with self._lock:
            self.seen.append(asked)
            for number, rule in enumerate(self.rules):
                if not rule.matches(asked):
                    continue
                count = self._matched.get(number, 0)
                self._matched[number] = count + 1
                if count >= rule.after and (not rule.first or count < rule.after + rule.first):
                    return rule
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Connections that stay open until they time out are no news either."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = understood(self.command, self.path, dict(self.headers), body)
        rule = self.server.proxy.rule_for(asked)
        if rule is not None and rule.fault is not None:
            answer = rule.fault(asked)
            if answer is None:
                self.close_connection = True
                return
            headers = {"Content-Type": answer.content_type, **answer.headers}
            self._send(answer.status, headers, answer.body)
            return
        status, headers, content = self._forward(body)
        if rule is not None and rule.edit is not None:
            content = rule.edit(content)
        self._send(status, headers, content)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST  # noqa: N815 - http.server's names

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        where = urlsplit(self.server.proxy.upstream)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if "date" not in {name.lower() for name in headers}:
            self.send_header("Date", self.date_time_string())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def understood(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Asked:
    """Service, operation and region of a signed request of any of AWS's protocols."""
    named = {name.lower(): value for name, value in headers.items()}
    scope = _SCOPE.search(named.get("authorization", ""))
    region, service = scope.groups() if scope else ("", "")
    text = f"{path} {body.decode('utf-8', 'replace')}"
    target = named.get("x-amz-target", "")
    rpc = _RPC.search(urlsplit(path).path)
    form = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
    if target or rpc:
        operation, protocol = target.rpartition(".")[2] or (rpc[1] if rpc else ""), "json"
    elif form:
        operation, protocol = form, "ec2" if service == "ec2" else "query"
    else:
        operation, protocol = _rest_operation(method, path), "rest"
    return Asked(service, operation, region, text, protocol)


def _rest_operation(method: str, path: str) -> str:
    """What a request to S3 asks: told by the part of the bucket that its query names."""
    where = urlsplit(path)
    asked = parse_qs(where.query, keep_blank_values=True)
    part = next((name for key, name in _S3_PARTS.items() if key in asked), "")
    if where.path.endswith("/configuration/publicAccessBlock"):
        return "GetPublicAccessBlock"
    if part:
        return part if method == "GET" else part.replace("Get", "Put", 1)
    return "ListBuckets" if where.path == "/" else f"{method} {where.path}"
