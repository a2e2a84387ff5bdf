"""A TLS server with a certificate of a private authority that answers about revocation."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.contract.silence import closed_port, silent_port
from tests.services.contract.world import CannotBe, Trouble, World
from tests.services.tls.servers import Authority, server_context, tcp_server

_SIGNED_EACH_SECOND = (
    "read_at",
    "raw_revocation",
    "revocation_updated_at",
    "revocation_valid_until",
)
_CT_EXPORT = (
    '[{"issuer_name": "CN=Test Intermediate", "common_name": "localhost",'
    ' "name_value": "localhost", "serial_number": "0a", "not_before": "2026-01-01T00:00:00",'
    ' "not_after": "2027-01-01T00:00:00", "id": 1, "entry_timestamp": "2026-01-01T00:00:00"}]'
)


@contextmanager
def tls_world(folder: Path) -> Iterator[World]:
    """One endpoint on loopback; what it is told after the handshake is kept."""
    told: list[bytes] = []
    peers: list[int] = []
    with Authority.create(folder) as authority, silent_port() as silent:
        identity = authority.issue(extensions=[authority.responder()])
        context = server_context(identity, folder)
        secret = identity.write(folder).read_text("utf-8").split("\n")[1]

        def talk(connection: socket.socket) -> None:
            peers.append(connection.getpeername()[1])
            connection.settimeout(5)
            with context.wrap_socket(connection, server_side=True) as link:
                told.append(link.recv(16))

        export = folder / "ct.json"
        export.write_text(_CT_EXPORT)

        def target(port: int) -> Target:
            settings = {
                "endpoints": [f"127.0.0.1:{port}"],
                "ca_file": str(authority.ca_file),
                "ct_export": str(export),
                "connect_timeout": "1s",
            }
            return Target("web", "tls-endpoint", "prod", settings=settings)

        with tcp_server(talk) as port:
            yield World(
                target=target(port),
                state=lambda: [data for data in told if data],
                secrets=[secret],
                denied=CannotBe("a handshake needs no permission"),
                timeout=Trouble(target(silent), {Cause.TIMEOUT, Cause.INCOMPLETE}, answers=True),
                unreachable=Trouble(target(closed_port()), {Cause.UNREACHABLE, Cause.INCOMPLETE}),
                pages=CannotBe("an answer is one handshake"),
                requests=lambda: _seen(port, peers),
                moving={"tls.endpoint": _SIGNED_EACH_SECOND},
                inventory={"endpoints": [f"127.0.0.1:{port}"]},
            )


def _seen(port: int, peers: list[int]) -> int:
    """Connections so far, ours aside: when the server has seen ours, it has seen all before it."""
    with socket.create_connection(("127.0.0.1", port)) as marker:
        own = marker.getsockname()[1]
        for _ in range(5000):
            if own in peers:
                break
            threading.Event().wait(0.001)
    peers.remove(own)
    return len(peers)
