"""What cannot be read is a gap, STARTTLS, several addresses, and the types over all endpoints."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.collectors.interface import CollectionContext
from auditor.collectors.tls import TlsCollector
from auditor.core.model.target import Target
from auditor.errors import ConfigError
from tests.services.tls.conftest import Collect
from tests.services.tls.servers import (
    Authority,
    free_port,
    server_context,
    tcp_server,
    tls_server,
)

pytestmark = pytest.mark.service
Talk = Callable[[socket.socket], None]


def plain_http(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hangs(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def drips(connection: socket.socket) -> None:
    connection.recv(4096)
    for byte in b"\x16\x03\x03\x40\x00" + bytes(200):
        connection.sendall(bytes([byte]))
        connection.settimeout(0.05)
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


def closes(connection: socket.socket) -> None:
    connection.recv(4096)


def alerts(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\x15\x03\x01\x00\x02\x02\x28")


@pytest.mark.parametrize(
    ("talk", "cause", "said"),
    [
        (plain_http, "unparsable", "not TLS"),
        (hangs, "timeout", "no answer within the time limit"),
        (drips, "timeout", "no answer within the time limit"),
        (closes, "unparsable", "closes the connection at every hello"),
        (alerts, "not_supported", "alert handshake_failure"),
    ],
)
def test_a_server_without_usable_tls_is_a_gap(
    collect: Collect, talk: Talk, cause: str, said: str
) -> None:
    with tcp_server(talk) as port:
        observation = collect(f"127.0.0.1:{port}", connect_timeout="300ms")
    assert observation.resources == ()
    (gap,) = observation.gaps
    assert (gap.cause, gap.subject) == (cause, f"127.0.0.1:{port}@127.0.0.1")
    assert said in gap.detail
    assert gap.hint
    assert observation.facts["addresses"] == 1


def test_a_closed_port_and_an_unknown_name_are_gaps(collect: Collect) -> None:
    port = free_port()
    observation = collect(f"127.0.0.1:{port}", f"does-not-exist.invalid:{port}")
    by_subject = {gap.subject: gap for gap in observation.gaps}
    assert by_subject[f"127.0.0.1:{port}@127.0.0.1"].cause == "unreachable"
    assert by_subject[f"does-not-exist.invalid:{port}"].action == "DNS lookup"
    assert [call.ok for call in observation.calls].count(False) == 2
    assert observation.facts == {
        "endpoints": 2,
        "addresses": 1,
        "certificates": 1,
        "connections": 1,
    }


def test_a_server_that_dies_in_the_middle_leaves_its_silence_unread(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    context = server_context(authority.issue(), folder)
    seen: list[int] = []

    def tires(connection: socket.socket) -> None:
        seen.append(1)
        if len(seen) > 2:
            connection.recv(4096)
            return
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    with tcp_server(tires) as port:
        (row,) = collect(f"127.0.0.1:{port}").resources
    assert {"protocols", "protocols_refused", "weak_ciphers", "chain_ok"} <= set(row.unread)
    assert row.data["protocol_answers"] == {
        "TLSv1.2": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLSv1.3": "TLS_AES_256_GCM_SHA384",
    }


def test_a_server_that_begins_to_hang_costs_a_bounded_time(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    context = server_context(authority.issue(), folder)
    seen: list[int] = []

    def tires(connection: socket.socket) -> None:
        seen.append(1)
        if len(seen) > 1:
            hangs(connection)
            return
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    with tcp_server(tires) as port:
        (row,) = collect(f"127.0.0.1:{port}", connect_timeout="200ms").resources
    assert row.data["connections"] == 6  # one good, four that hang, and the one for trust
    assert row.data["protocol_answers"] == {"TLSv1.3": "TLS_AES_256_GCM_SHA384"}
    assert row.data["forward_secrecy"] is True
    unread = {"protocols", "protocols_refused", "weak_ciphers", "dh_bits", "chain_ok", "revocation"}
    assert unread <= set(row.unread)
    assert row.unread["weak_ciphers"].cause == "timeout"


def line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        data += connection.recv(1)
    return data


def postgres(connection: socket.socket) -> None:
    assert connection.recv(8) == struct.pack(">II", 8, 80877103)
    connection.sendall(b"S")


def postgres_without(connection: socket.socket) -> None:
    connection.recv(8)
    connection.sendall(b"N")


def mysql_greeting(capabilities: int) -> bytes:
    body = b"\x0a8.0.36\0" + bytes(4) + b"saltsalt\0" + struct.pack("<H", capabilities)
    body += b"\x2d\x02\x00" + bytes(2) + b"\x15" + bytes(10) + b"saltsaltsalt\0caching\0"
    return len(body).to_bytes(3, "little") + b"\0" + body


def mysql(connection: socket.socket) -> None:
    connection.sendall(mysql_greeting(0xFFFF))
    request = connection.recv(36, socket.MSG_WAITALL)
    assert (request[:4], request[4:8]) == (b"\x20\0\0\x01", b"\x00\x8a\x08\x00")


def mysql_without(connection: socket.socket) -> None:
    connection.sendall(mysql_greeting(0xF7FF))
    connection.recv(1)


def smtp(connection: socket.socket) -> None:
    connection.sendall(b"220-mx\r\n220 ready\r\n")
    assert line(connection).startswith(b"EHLO")
    connection.sendall(b"250-mx\r\n250-STARTTLS\r\n250 8BITMIME\r\n")
    assert line(connection) == b"STARTTLS\r\n"
    connection.sendall(b"220 go\r\n")


def smtp_without(connection: socket.socket) -> None:
    connection.sendall(b"220 ready\r\n")
    line(connection)
    connection.sendall(b"250 8BITMIME\r\n")
    connection.recv(1)


def imap(connection: socket.socket) -> None:
    connection.sendall(b"* OK ready\r\n")
    assert line(connection) == b"a1 CAPABILITY\r\n"
    connection.sendall(b"* CAPABILITY IMAP4rev2 STARTTLS\r\na1 OK done\r\n")
    assert line(connection) == b"a2 STARTTLS\r\n"
    connection.sendall(b"a2 OK go\r\n")


def imap_without(connection: socket.socket) -> None:
    connection.sendall(b"* OK ready\r\n")
    line(connection)
    connection.sendall(b"* CAPABILITY IMAP4rev2\r\na1 OK done\r\n")
    connection.recv(1)


def ldap_answer(code: int) -> Talk:
    def talk(connection: socket.socket) -> None:
        assert connection.recv(31, socket.MSG_WAITALL)[9:] == b"1.3.6.1.4.1.1466.20037"
        connection.sendall(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01" + bytes([code]) + b"\4\0\4\0")

    return talk


OFFERED: Mapping[str, Talk] = {
    "postgres": postgres,
    "mysql": mysql,
    "smtp": smtp,
    "imap": imap,
    "ldap": ldap_answer(0),
}
NOT_OFFERED: Mapping[str, Talk] = {
    "postgres": postgres_without,
    "mysql": mysql_without,
    "smtp": smtp_without,
    "imap": imap_without,
    "ldap": ldap_answer(2),
}


@pytest.mark.parametrize("protocol", OFFERED)
def test_starttls_leads_to_the_same_row(
    protocol: str, authority: Authority, collect: Collect, folder: Path
) -> None:
    context = server_context(authority.issue(), folder)
    with tls_server(context, before=OFFERED[protocol]) as port:
        observation = collect({"endpoint": f"127.0.0.1:{port}", "starttls": protocol})
    (row,) = observation.resources
    assert row.unread == {}
    assert (row.data["starttls"], row.data["tls_offered"]) == (protocol, True)
    assert (row.data["chain_ok"], row.data["protocols"]) == (True, ["TLSv1.2", "TLSv1.3"])


@pytest.mark.parametrize("protocol", NOT_OFFERED)
def test_a_plain_no_before_tls_is_a_fact(protocol: str, collect: Collect) -> None:
    with tcp_server(NOT_OFFERED[protocol]) as port:
        observation = collect({"endpoint": f"127.0.0.1:{port}", "starttls": protocol})
    assert observation.gaps == ()
    (row,) = observation.resources
    assert (row.data["tls_offered"], row.data["protocols"]) == (False, [])
    assert row.unread["chain_ok"].cause == "not_supported"


@pytest.mark.parametrize("protocol", OFFERED)
def test_another_protocol_before_tls_is_a_gap(protocol: str, collect: Collect) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
        connection.recv(64)

    with tcp_server(talk) as port:
        observation = collect(
            {"endpoint": f"127.0.0.1:{port}", "starttls": protocol}, connect_timeout="500ms"
        )
    assert observation.resources == ()
    assert observation.gaps[0].cause in {"unparsable", "timeout"}


def test_each_address_is_a_row_and_two_certificates_show_in_the_name(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    first = server_context(authority.issue(), folder)
    second = server_context(authority.issue(ends=20), folder)
    both = ["127.0.0.1", "127.0.0.2"]
    with (
        tls_server(first) as port,
        tls_server(second, host="127.0.0.2", port=port),
    ):
        rows = collect(f"localhost:{port}", addresses=both).resources
        (name,) = collect(f"localhost:{port}", addresses=both, kind="tls.name").resources
    assert [row.data["id"] for row in rows] == [f"localhost:{port}@{one}" for one in both]
    assert all(row.data["name_ok"] and row.data["chain_ok"] for row in rows)
    assert name.data["fingerprints"] == sorted(str(row.data["fingerprint"]) for row in rows)
    assert name.data["not_after"] == rows[1].data["not_after"]
    assert name.unread == {}


def test_one_address_of_two_that_fails_is_a_gap_of_its_own(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    both = ["127.0.0.1", "127.0.0.2"]
    with tls_server(server_context(authority.issue(), folder)) as port:
        observation = collect(f"localhost:{port}", addresses=both)
        (name,) = collect(f"localhost:{port}", addresses=both, kind="tls.name").resources
    assert [row.data["address"] for row in observation.resources] == ["127.0.0.1"]
    assert [gap.subject for gap in observation.gaps] == [f"localhost:{port}@127.0.0.2"]
    assert "127.0.0.2" in name.unread["fingerprints"].detail


def test_names_from_everywhere_meet_the_inventory(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    names = ["localhost", "www.example.org", "*.example.org", "127.0.0.1"]
    with tls_server(server_context(authority.issue(sans=names), folder)) as port:
        observation = collect(
            f"localhost:{port}",
            addresses=["127.0.0.1"],
            kind="tls.inventory",
            inventory={"endpoints": [f"localhost:{port}", {"endpoint": "gone.example.org"}]},
        )
    rows = {str(row.data["name"]): row.data for row in observation.resources}
    assert set(rows) == {f"localhost:{port}", "gone.example.org:443", f"www.example.org:{port}"}
    facts = ("in_inventory", "configured", "probed", "sources")
    own, gone, www = f"localhost:{port}", "gone.example.org:443", f"www.example.org:{port}"
    everywhere = ["certificate", "inventory", "settings"]
    assert [rows[own][fact] for fact in facts] == [True, True, True, everywhere]
    assert [rows[gone][fact] for fact in facts] == [True, False, False, ["inventory"]]
    assert [rows[www][fact] for fact in facts] == [False, False, False, ["certificate"]]
    assert observation.gaps == ()


def test_an_inventory_cannot_be_compared_without_inventory_or_certificate(
    collect: Collect,
) -> None:
    place = f"127.0.0.1:{free_port()}"
    without = collect(place, kind="tls.inventory")
    assert (without.resources, without.gaps[0].cause) == ((), "not_collected")
    unread = collect(place, kind="tls.inventory", inventory={"endpoints": [place, 7]})
    assert [gap.cause for gap in unread.gaps] == ["unparsable", "incomplete"]
    assert unread.resources[0].data["probed"] is False


def logged(number: int, names: str, serial: str) -> dict[str, object]:
    return {
        "id": number,
        "issuer_name": "C=US, O=Example CA",
        "name_value": names,
        "serial_number": serial,
        "not_before": "2026-10-01T00:00:00",
        "not_after": "2026-12-30T00:00:00",
        "entry_timestamp": "2026-10-01T01:00:00.123",
    }


def test_logged_certificates_are_joined_to_the_inventory(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    identity = authority.issue()
    export = folder / "ct.json"
    rows = [
        logged(1, "localhost", f"0{identity.leaf.serial_number:x}"),
        logged(2, "Evil.example.org\n*.example.org", "0a"),
        {"id": 3},
    ]
    document = {"exported_at": "2026-11-20T00:00:00Z", "certificates": rows}
    export.write_text(json.dumps(document))
    with tls_server(server_context(identity, folder)) as port:
        observation = collect(
            f"localhost:{port}",
            addresses=["127.0.0.1"],
            kind="tls.ct_certificate",
            inventory={"endpoints": [f"localhost:{port}", "www.example.org"]},
            ct_export=str(export),
        )
    one, two = observation.resources
    assert (one.data["in_inventory"], one.data["served"]) == (True, True)
    assert (two.data["in_inventory"], two.data["served"]) == (False, False)
    assert two.data["unknown_names"] == ["evil.example.org"]
    assert (two.data["serial"], two.data["not_after"]) == ("a", "2026-12-30T00:00:00Z")
    assert [gap.subject for gap in observation.gaps] == ["row 2"]
    assert observation.as_of == datetime(2026, 11, 20, tzinfo=UTC)
    assert observation.facts["certificates"] == 3


def test_an_export_without_a_time_is_as_old_as_its_file(collect: Collect, folder: Path) -> None:
    export = folder / "ct.json"
    export.write_text(json.dumps([logged(1, "a.example.org", "1")]))
    os.utime(export, (1_700_000_000, 1_700_000_000))
    place = f"127.0.0.1:{free_port()}"
    inventory = {"endpoints": [place]}
    options = {"kind": "tls.ct_certificate", "inventory": inventory}
    observation = collect(place, ct_export=str(export), **options)
    assert observation.as_of == datetime.fromtimestamp(1_700_000_000, UTC)
    assert observation.resources[0].unread["served"].cause == "incomplete"
    for text in ("{", '{"certificates": []}', "{}"):
        export.write_text(text)
        assert collect(place, ct_export=str(export), **options).gaps[0].cause == "unparsable"
    for settings in ({}, {"ct_export": str(folder / "absent.json")}):
        assert collect(place, **options, **settings).gaps[0].cause == "not_collected"
    export.write_text("[]")
    assert collect(place, kind="tls.ct_certificate", ct_export=str(export)).gaps[0].hint


def test_wrong_settings_name_the_target() -> None:
    target = Target("web", "tls-endpoint", "test", settings={"endpoints": ["no-port"]})
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(clock=lambda: datetime.now(UTC), executor=executor)
        with pytest.raises(ConfigError, match=r"target web: endpoints\.0\.endpoint: .*no-port"):
            TlsCollector().preflight(target, context)


def test_preflight_connects_once() -> None:
    with tcp_server(hangs) as port, ThreadPoolExecutor(1) as executor:
        context = CollectionContext(clock=lambda: datetime.now(UTC), executor=executor)
        collector = TlsCollector()
        target = Target(
            "web", "tls-endpoint", "test", settings={"endpoints": [f"127.0.0.1:{port}"]}
        )
        assert collector.preflight(target, context).gap is None
        place = f"127.0.0.1:{free_port()}"
        target = Target("web", "tls-endpoint", "test", settings={"endpoints": [place]})
        gap = collector.preflight(target, context).gap
    assert gap is not None
    assert (gap.cause, gap.subject) == ("unreachable", place)
