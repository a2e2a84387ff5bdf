"""A stand-in for kube-apiserver: lists, discovery, reviews, authorization, and faults on demand.

Answers have the form of the real one (kubernetes.io, "Kubernetes API Concepts"). It is read-only:
any other request than a GET or a SelfSubjectReview fails the test that sent it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Lock, Thread
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from tests.services.kubernetes.apiserver.rbac import ADMIN, ANONYMOUS, User, Wanted, allows
from tests.services.kubernetes.apiserver.store import Store, Stored

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@dataclass(slots=True)
class Fault:
    """What is answered in place of the truth.

    Args:
        path: Beginning of the paths that it meets.
        status: HTTP status; 0 closes the connection.
        times: How many requests; None for all.
        headers: Of the answer (Retry-After).
        body: In place of a Status object.
        after_pages: Only requests with a continue token.
    """

    path: str
    status: int
    times: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after_pages: bool = False
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    query: Mapping[str, str]
    user: str


class Cluster:
    """State of the stand-in: objects, users, faults, and what was asked."""

    def __init__(self, version: str = "1.36", *, validated: bool = True) -> None:
        self.store = Store(version, validated)
        self.tokens: dict[str, User] = {"admin-token": ADMIN}
        self.faults: list[Fault] = []
        self.requests: list[Seen] = []
        self.unreviewed = False  # an old server: no SelfSubjectReview
        self.kubelets: dict[str, dict[str, Any]] = {}
        self.anonymous_allowed = False
        self.url = ""
        self._lock = Lock()

    def add_user(self, token: str, user: User) -> None:
        """Somebody who may show a token."""
        self.tokens[token] = user

    def fault_for(self, path: str, *, continued: bool) -> Fault | None:
        """The fault that meets a request; counted."""
        with self._lock:
            for fault in self.faults:
                if not path.startswith(fault.path) or (fault.after_pages and not continued):
                    continue
                if fault.times is None:
                    return fault
                if fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def saw(self, seen: Seen) -> None:
        """Note a request."""
        with self._lock:
            self.requests.append(seen)

    def paths(self) -> list[str]:
        """Paths that were asked for, in order."""
        return [seen.path for seen in self.requests]


@contextmanager
def serving(cluster: Cluster, tls: SSLContext | None = None) -> Iterator[Cluster]:
    """The cluster on a free loopback port; its `url` is set."""

    class Handler(_Handler):
        state = cluster

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is no error of the server."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    cluster.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _StatusError(Exception):
    def __init__(self, code: int, message: str, reason: str) -> None:
        super().__init__(message)
        self.code, self.message, self.reason = code, message, reason


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Cluster

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer a read."""
        self._handle("GET", b"")

    def do_POST(self) -> None:
        """Answer a review."""
        self._handle("POST", self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _handle(self, method: str, body: bytes) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path)
        try:
            user = self._user()
            self.state.saw(Seen(method, path, query, user.name))
            fault = self.state.fault_for(path, continued="continue" in query)
            if fault is not None:
                self._fault(fault)
                return
            self._send(
                200 if method == "GET" else 201, self._answer(method, path, query, user, body)
            )
        except _StatusError as error:
            self._send(error.code, status(error.code, error.message, error.reason))

    def _user(self) -> User:
        header = self.headers.get("Authorization", "")
        if not header:
            return ANONYMOUS
        user = self.state.tokens.get(header.removeprefix("Bearer "))
        if user is None:
            raise _StatusError(401, "Unauthorized", "Unauthorized")
        return user

    def _fault(self, fault: Fault) -> None:
        if fault.delay_s:
            time.sleep(fault.delay_s)
        if fault.status == 0:
            self.close_connection = True
            return
        body = fault.body
        if body is None:
            body = status(fault.status, f"planted {fault.status}", "Planted")
        self._send(fault.status, body, fault.headers)

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], user: User, body: bytes
    ) -> bytes:
        if method == "POST":
            return self._review(path, user, body)
        if path == "/version":
            number = self.state.store.version
            return orjson.dumps({"major": "1", "minor": number[2:], "gitVersion": f"v{number}.2"})
        if user is ANONYMOUS and not self.state.anonymous_allowed:
            raise _StatusError(401, "Unauthorized", "Unauthorized")
        steps = path.strip("/").split("/")
        if steps[0] == "api" and len(steps) > 1:
            return self._core(steps, query, user)
        if steps[0] == "apis" and len(steps) > 1:
            return self._group(steps, query, user)
        return not_found(path)

    def _review(self, path: str, user: User, body: bytes) -> bytes:
        assert path == REVIEW, f"a POST to {path}"
        if self.state.unreviewed:
            not_found(path)
        document = orjson.loads(body)
        document["status"] = {"userInfo": {"username": user.name, "groups": list(user.groups)}}
        return orjson.dumps(document)

    def _core(self, steps: list[str], query: Mapping[str, str], user: User) -> bytes:
        if len(steps) == 2:
            return self._resources("", steps[1])
        if steps[2] == "nodes" and steps[4:] == ["proxy", "configz"]:
            return self._configz(steps[3], user)
        return self._list("", steps[1], steps[2:], query, user)

    def _group(self, steps: list[str], query: Mapping[str, str], user: User) -> bytes:
        group = steps[1]
        if len(steps) == 2:
            versions = sorted(
                {p.version for p in self.state.store.places.values() if p.group == group}
            )
            if not versions:
                not_found(f"/apis/{group}")
            named = [{"groupVersion": f"{group}/{v}", "version": v} for v in versions]
            return orjson.dumps(
                {"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": named}
            )
        if len(steps) == 3:
            return self._resources(group, steps[2])
        return self._list(group, steps[2], steps[3:], query, user)

    def _resources(self, group: str, version: str) -> bytes:
        found = [
            {"name": p.plural, "kind": p.kind, "namespaced": p.namespaced, "verbs": ["list", "get"]}
            for p in self.state.store.places.values()
            if (p.group, p.version) == (group, version)
        ]
        if not found:
            not_found(f"{group}/{version}")
        name = f"{group}/{version}" if group else version
        return orjson.dumps(
            {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": name,
                "resources": found,
            }
        )

    def _configz(self, node: str, user: User) -> bytes:
        self._authorize(user, Wanted("get", "", "nodes/proxy", ""))
        if node not in self.state.kubelets:
            raise _StatusError(503, f"node {node} is down", "ServiceUnavailable")
        return orjson.dumps({"kubeletconfig": self.state.kubelets[node]})

    def _list(
        self, group: str, version: str, steps: list[str], query: Mapping[str, str], user: User
    ) -> bytes:
        namespace: str | None = None
        if steps[0] == "namespaces" and len(steps) == 3:
            namespace, steps = steps[1], steps[2:]
        place = self.state.store.places.get((group, version, steps[0]))
        if place is None or len(steps) != 1:
            not_found("/".join(steps))
        self._authorize(user, Wanted("list", group, place.plural, namespace or ""))
        items = self.state.store.listed(group, place.plural, namespace)
        return _page(items, f"{group}/{version}" if group else version, place.kind, query)

    def _authorize(self, user: User, wanted: Wanted) -> None:
        if not allows(self.state.store, user, wanted):
            name = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
            scope = (
                f'in the namespace "{wanted.namespace}"'
                if wanted.namespace
                else "at the cluster scope"
            )
            message = (
                f'{name} is forbidden: User "{user.name}" cannot {wanted.verb} resource'
                f' "{wanted.resource}" in API group "{wanted.group}" {scope}'
            )
            raise _StatusError(403, message, "Forbidden")

    def _send(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _page(items: list[Stored], api: str, kind: str, query: Mapping[str, str]) -> bytes:
    start = int(query.get("continue", "0"))
    limit = int(query.get("limit", "0")) or len(items)
    chosen, rest = items[start : start + limit], len(items) - start - limit
    metadata: dict[str, object] = {"resourceVersion": "1000"}
    if rest > 0:
        metadata |= {"continue": str(start + limit), "remainingItemCount": rest}
    head = orjson.dumps({"kind": f"{kind}List", "apiVersion": api, "metadata": metadata})
    return head[:-1] + b',"items":[' + b",".join(one.text for one in chosen) + b"]}"


def not_found(what: str) -> NoReturn:
    """404, as the API server says it."""
    raise _StatusError(404, f"the server could not find the requested resource: {what}", "NotFound")


def status(code: int, message: str, reason: str) -> bytes:
    """A Status object."""
    return orjson.dumps(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": code,
        }
    )
