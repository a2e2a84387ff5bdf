"""An HTTP server with a time-stamp authority behind each path, good ones and bad ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler", bytes], None]


class Handler(BaseHTTPRequestHandler):
    """Gives a request to what stands behind its path."""

    answers: Mapping[str, Answer]
    released: threading.Event

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/timestamp-query"
        self.answers[self.path.partition("?")[0]](self, query)

    def reply(
        self, data: bytes, *, status: int = 200, kind: str = "application/timestamp-reply"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def serving(answers: Mapping[str, Answer]) -> Iterator[str]:
    """A running server; gives its URL without a path."""
    released = threading.Event()
    handler = type("Bound", (Handler,), {"answers": dict(answers), "released": released})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        released.set()  # whoever is slow on purpose may go
        server.shutdown()
        thread.join()
        server.server_close()
