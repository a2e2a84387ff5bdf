"""Places where nobody answers: a server that says nothing, and a port without one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.services.tls.servers import free_port, tcp_server

__all__ = ["closed_port", "silent_port"]


def closed_port() -> int:
    """A port that nobody listens on."""
    return free_port()


@contextmanager
def silent_port() -> Iterator[int]:
    """A server that takes connections and reads, and never answers."""

    def talk(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with tcp_server(talk) as port:
        yield port
