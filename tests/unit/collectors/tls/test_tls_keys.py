"""Kinds of keys: what is offered for each, and how the certificates that come back are named."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.collectors.tls import suites, wire
from auditor.collectors.tls.keys import KINDS, kind_of, leaves_of
from auditor.collectors.tls.wire import Flight, Hello
from tests.services.tls.servers import Identity, build

RANDOM = bytes(32)


@cache
def issuer() -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    return Identity(key, (build("Root", key, ca=True),))


@cache
def certificate(kind: str, number: int = 0) -> bytes:
    makers: dict[str, Callable[[], object]] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
        "eddsa": ed448.Ed448PrivateKey.generate,
        "dsa": lambda: dsa.generate_private_key(1024),  # noqa: S505 - nothing is signed with it
    }
    made = build(f"{kind} {number}", makers[kind](), issuer=issuer())  # type: ignore[arg-type] # a key as good as any
    return made.public_bytes(Encoding.DER)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "eddsa", "dsa"])
def test_the_kind_is_that_of_the_key_and_not_of_the_issuer(kind: str) -> None:
    assert kind_of(certificate(kind)) == kind
    assert kind_of(b"\x30\x00") == "other"


def test_below_tls_1_3_a_kind_is_offered_by_its_suites() -> None:
    for name, part, absent in (("rsa", "_RSA_", "_ECDSA_"), ("ecdsa", "_ECDSA_", "_RSA_")):
        offered, signatures = KINDS[name].offer("TLSv1.2")
        names = [suites.suite_name(suite) for suite in offered]
        assert names
        assert all(part in text and absent not in text for text in names)
        assert 0x0401 in signatures  # the chain may be signed with RSA
    assert not {0x0807, 0x0808} & set(KINDS["ecdsa"].offer("TLSv1.2")[1])
    assert not {0x0403, 0x0503, 0x0603, 0x0203} & set(KINDS["eddsa"].offer("TLSv1.2")[1])


def test_in_tls_1_3_a_kind_is_offered_by_its_signatures() -> None:
    offers = {name: kind.offer("TLSv1.3") for name, kind in KINDS.items()}
    assert {offered for offered, _ in offers.values()} == {suites.tls13()}
    every = [scheme for _, signatures in offers.values() for scheme in signatures]
    assert len(set(every)) == len(every)
    assert set(wire.SIGNATURES) - set(every) == {0x0202}  # DSA


def test_protocols_have_the_kinds_of_their_time() -> None:
    had = {v: [n for n, kind in KINDS.items() if kind.is_in(v)] for v in wire.VERSIONS}
    assert had["SSLv3"] == ["rsa"]
    assert had["TLSv1.1"] == ["rsa", "ecdsa"]
    assert had["TLSv1.2"] == had["TLSv1.3"] == ["rsa", "ecdsa", "eddsa"]


def test_a_hello_of_one_kind_leaves_the_signatures_of_the_chain_free() -> None:
    chain = b"\x00\x32" + b"".join(
        number.to_bytes(2, "big")
        for number in (2 + 2 * len(wire.SIGNATURES), 2 * len(wire.SIGNATURES), *wire.SIGNATURES)
    )
    usable, signatures = KINDS["rsa"].offer("TLSv1.3")
    one = Hello("TLSv1.3", usable, None, RANDOM, {29: bytes(32)}, signatures).message()
    every = Hello("TLSv1.3", usable, None, RANDOM, {29: bytes(32)}).message()
    assert chain in one
    assert chain not in every
    assert b"\x00\x0d\x00\x18\x00\x16\x08\x04" in one


def flight(der: bytes, version: str = "TLSv1.3") -> Flight:
    return Flight(version, 0x1301, (der,))


def test_each_certificate_is_named_once_and_the_first_is_the_default() -> None:
    default, second, third = (certificate("rsa", number) for number in range(3))
    other = certificate("ecdsa")
    flights = [
        flight(default),
        flight(second),
        flight(other, "TLSv1.2"),
        flight(default, "TLSv1.2"),
        flight(third),
        flight(second),
    ]
    leaves = leaves_of(flights)
    assert [leaf.name for leaf in leaves] == ["default", "rsa", "ecdsa", "rsa-2"]
    assert [leaf.in_clear for leaf in leaves] == [True, False, True, False]
    assert leaves[0].flight.version == "TLSv1.3"
    assert leaves_of([]) == []
