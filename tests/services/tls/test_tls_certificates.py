"""An address with several certificates: each is a row, as the clients that get it see it."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from auditor.core.model.observation import Resource
from tests.services.tls.conftest import Collect
from tests.services.tls.servers import (
    Authority,
    Identity,
    Key,
    openssl_server,
    rsa_key,
    server_context,
    tcp_server,
    tls_server,
)

pytestmark = pytest.mark.service
KEYS: Mapping[str, Callable[[], Key]] = {
    "rsa": rsa_key,
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
}
SANS = ("localhost", "127.0.0.1")


def good(authority: Authority, kind: str = "ecdsa") -> Identity:
    return authority.issue(key=KEYS[kind]())


def bad(authority: Authority, kind: str = "rsa") -> Identity:
    """Expired, and for another name."""
    return authority.issue(sans=["other.example.org"], key=KEYS[kind](), begins=-400, ends=-30)


def dual(folder: Path, *identities: Identity, newest: str = "TLSv1_3") -> ssl.SSLContext:
    context = server_context(identities[0], folder, versions=("TLSv1_2", newest))
    for identity in identities[1:]:
        context.load_cert_chain(identity.write(folder))
    return context


def by_name(rows: tuple[Resource, ...]) -> dict[object, Resource]:
    return {row.data["certificate"]: row for row in rows}


@pytest.mark.parametrize("newest", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize(("default", "other"), [("ecdsa", "rsa"), ("rsa", "ecdsa")])
def test_the_certificate_of_other_clients_is_judged_too(
    newest: str, default: str, other: str, authority: Authority, collect: Collect, folder: Path
) -> None:
    context = dual(folder, bad(authority, other), good(authority, default), newest=newest)
    with tls_server(context) as port:
        observation = collect(f"localhost:{port}", addresses=["127.0.0.1"])
    assert observation.gaps == ()
    rows = {("EC" if r.data["key_type"] == "EC" else "RSA"): r for r in observation.resources}
    fine, old = rows["EC" if default == "ecdsa" else "RSA"], rows["RSA" if other == "rsa" else "EC"]
    assert fine.unread == old.unread == {}
    facts = ("chain_ok", "verify_code", "name_ok")
    assert [fine.data[fact] for fact in facts] == [True, 0, True]
    assert [old.data[fact] for fact in facts] == [False, 10, False]
    place = f"localhost:{port}@127.0.0.1"
    assert {row.data["id"] for row in observation.resources} == {place, f"{place}#rsa"}
    assert (observation.facts["addresses"], observation.facts["certificates"]) == (1, 2)
    assert len({json.dumps(row.data["protocol_answers"]) for row in observation.resources}) == 1


def test_each_of_three_kinds_is_a_row(authority: Authority, collect: Collect, folder: Path) -> None:
    edwards = authority.issue(key=ed25519.Ed25519PrivateKey.generate())
    context = dual(folder, good(authority, "rsa"), good(authority), edwards)
    with tls_server(context) as port:
        rows = by_name(collect(f"127.0.0.1:{port}").resources)
    assert set(rows) == {"default", "rsa", "eddsa"}
    assert [rows[name].data["key_type"] for name in ("default", "rsa", "eddsa")] == [
        "EC",
        "RSA",
        "Ed25519",
    ]
    assert rows["rsa"].data["chain_ok"] is True
    # The local library cannot ask for Ed25519 alone: undecided, never taken from another's.
    assert rows["eddsa"].unread["chain_ok"].cause == "incomplete"


def test_a_second_certificate_that_only_tls_1_3_serves_is_shown_and_its_trust_undecided(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    context = server_context(good(authority), folder, versions=("TLSv1_3", "TLSv1_3"))
    context.load_cert_chain(bad(authority).write(folder))
    with tls_server(context) as port:
        rows = by_name(collect(f"127.0.0.1:{port}").resources)
    assert rows["default"].data["chain_ok"] is True
    assert rows["rsa"].data["name_ok"] is False
    assert rows["rsa"].unread["chain_ok"].cause == "incomplete"
    assert "TLS 1.2" in rows["rsa"].unread["chain_ok"].hint


def test_a_server_that_demands_a_client_certificate_is_judged_by_what_it_showed(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    context = dual(folder, bad(authority), good(authority), newest="TLSv1_2")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.ca_file)
    with tls_server(context) as port:
        rows = by_name(collect(f"127.0.0.1:{port}").resources)
    assert {row.data["client_certificate"] for row in rows.values()} == {"required"}
    assert [rows[name].data["chain_ok"] for name in ("default", "rsa")] == [True, False]


def test_a_single_certificate_is_the_only_row_and_its_kinds_are_asked_once(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    with tls_server(server_context(authority.issue(), folder)) as port:
        observation = collect(f"127.0.0.1:{port}")
    (row,) = observation.resources
    assert row.data["certificate"] == "default"
    answers = row.data["key_answers"]
    assert isinstance(answers, dict)
    assert set(answers) == {f"TLSv1.{n} {kind}" for n in (2, 3) for kind in ("ecdsa", "eddsa")}
    assert set(answers.values()) == {"alert handshake_failure"}


def test_a_kind_that_gets_no_answer_is_a_gap(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    context = server_context(authority.issue(), folder)
    ecdsa_only = b"\x00\x0d\x00\x0a\x00\x08\x04\x03\x05\x03\x06\x03\x02\x03"

    def talk(connection: socket.socket) -> None:
        if ecdsa_only in connection.recv(4096, socket.MSG_PEEK):
            connection.recv(4096)
            connection.recv(1)  # and no word
            return
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    with tcp_server(talk) as port:
        place = f"127.0.0.1:{port}"
        observation = collect(place, connect_timeout="300ms")
        (name,) = collect(place, kind="tls.name", connect_timeout="300ms").resources
        inventory = collect(
            place,
            kind="tls.inventory",
            connect_timeout="300ms",
            inventory={"endpoints": [place]},
        )
    (row,) = observation.resources
    assert row.unread == {}
    (gap,) = observation.gaps
    assert (gap.cause, gap.subject) == ("timeout", f"{place}@127.0.0.1#TLSv1.3 ecdsa")
    assert "another certificate may be served" in gap.detail
    assert {"fingerprints", "served", "not_after"} <= set(name.unread)
    assert [gap.cause for gap in inventory.gaps] == ["incomplete"]


def test_a_certificate_of_tls_1_3_that_cannot_be_opened_is_a_gap_beside_that_of_tls_1_2(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    with openssl_server(
        authority.issue(), folder, "-groups", "X448", "-cipher", "AES128-SHA256"
    ) as port:
        observation = collect(f"127.0.0.1:{port}")
    (row,) = observation.resources
    assert row.data["protocols"] == ["TLSv1.2", "TLSv1.3"]
    (gap,) = observation.gaps
    assert (gap.cause, gap.subject) == (
        "not_supported",
        f"127.0.0.1:{port}@127.0.0.1#TLSv1.3",
    )


def test_a_name_has_the_certificates_of_each_address(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    one, two = good(authority), good(authority, "rsa")
    both = ["127.0.0.1", "127.0.0.2"]
    with (
        tls_server(dual(folder, one, two)) as port,
        tls_server(server_context(two, folder), host="127.0.0.2", port=port),
    ):
        (name,) = collect(f"localhost:{port}", addresses=both, kind="tls.name").resources
        rows = collect(f"localhost:{port}", addresses=both).resources
    fingerprints = {row.data["key_type"]: row.data["fingerprint"] for row in rows}
    served = name.data["served"]
    assert isinstance(served, list)
    first, second = served
    assert first == {
        "address": "127.0.0.1",
        "fingerprints": sorted(fingerprints.values()),  # type: ignore[type-var] # text
        "key_types": ["EC", "RSA"],
    }
    assert second == {
        "address": "127.0.0.2",
        "fingerprints": [fingerprints["RSA"]],
        "key_types": ["RSA"],
    }


def test_the_names_and_the_serial_of_a_second_certificate_count(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    old = bad(authority)
    export = folder / "ct.json"
    logged = {
        "id": 1,
        "issuer_name": "Test Intermediate",
        "name_value": "localhost",
        "serial_number": f"{old.leaf.serial_number:x}",
        "not_before": "2026-10-01T00:00:00",
        "not_after": "2026-12-30T00:00:00",
    }
    export.write_text(json.dumps([logged]))
    with tls_server(dual(folder, old, good(authority))) as port:
        place = f"localhost:{port}"
        settings = {"addresses": ["127.0.0.1"], "inventory": {"endpoints": [place]}}
        names = collect(place, kind="tls.inventory", **settings).resources
        (issued,) = collect(
            place, kind="tls.ct_certificate", ct_export=str(export), **settings
        ).resources
    rows = {row.data["name"]: row.data for row in names}
    assert rows[f"other.example.org:{port}"]["seen_on"] == [place]
    assert issued.data["served"] is True


def test_what_another_target_reads_is_marked(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    with tls_server(server_context(authority.issue(sans=SANS), folder)) as port:
        place = f"localhost:{port}"
        rows = collect(
            place,
            addresses=["127.0.0.1"],
            kind="tls.inventory",
            inventory={"endpoints": [place, "db.example.org:5432", "gone.example.org:443"]},
            elsewhere=["DB.example.org:5432"],
        ).resources
    marked = {row.data["name"]: (row.data["elsewhere"], row.data["configured"]) for row in rows}
    assert marked == {
        place: (False, True),
        "db.example.org:5432": (True, False),
        "gone.example.org:443": (False, False),
    }
