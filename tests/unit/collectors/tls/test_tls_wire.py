"""The bytes of hellos and flights."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.tls import suites, wire
from auditor.collectors.tls.tls13 import KeyShares, ServerRecords
from auditor.collectors.tls.wire import Flight, Hello, WireError

RANDOM = bytes(range(32))


def hello(version: str, name: str | None = "a.example") -> Hello:
    return Hello(version, (0xC030, 0x002F), name, RANDOM)


def test_a_hello_of_tls_1_2_byte_for_byte() -> None:
    record = hello("TLSv1.2").record()
    assert record[:3] == b"\x16\x03\x01"
    assert struct.unpack(">H", record[3:5])[0] == len(record) - 5
    message = hello("TLSv1.2").message()
    assert message[:6] == b"\x01" + (len(message) - 4).to_bytes(3, "big") + b"\x03\x03"
    # random, no session, three suites with the signal of RFC 5746, no compression
    assert message[6:49] == RANDOM + b"\x00\x00\x06\xc0\x30\x00\x2f\x00\xff\x01\x00"
    assert b"\x00\x00\x00\x0e\x00\x0c\x00\x00\x09a.example" in message


def test_ssl3_has_no_extensions_and_an_address_sends_no_name() -> None:
    ssl3 = hello("SSLv3").record()
    assert ssl3[:3] == b"\x16\x03\x00"
    assert ssl3.endswith(b"\x00\xff\x01\x00")
    assert b"\x00\x00\x00\x0e" not in hello("TLSv1.2", None).message()


def test_a_hello_of_tls_1_3_offers_nothing_older() -> None:
    shares = KeyShares().public()
    message = Hello("TLSv1.3", suites.tls13(), "a", RANDOM, shares).message()
    assert message[4:6] == b"\x03\x03"
    assert b"\x00\x2b\x00\x03\x02\x03\x04" in message
    assert [len(key) for key in shares.values()] == [32, 65, 97, 133]


def test_both_sides_agree_on_each_group() -> None:
    mine, theirs = KeyShares(), KeyShares()
    for group in mine.public():
        left = mine.agree(group, theirs.public()[group])
        assert left == theirs.agree(group, mine.public()[group])
    for group, peer in ((29, b"short"), (23, bytes(65)), (99, b"")):
        with pytest.raises(WireError, match=f"group {group}"):
            mine.agree(group, peer)


def test_records_of_other_keys_do_not_open() -> None:
    records = ServerRecords(0x1301, bytes(32), b"transcript")
    with pytest.raises(WireError, match="does not open"):
        records.open(b"\x17\x03\x03\x00\x20", bytes(32))
    with pytest.raises(WireError, match="0x1304"):
        ServerRecords(0x1304, bytes(32), b"transcript")


def test_families_are_disjoint_from_what_they_are_not() -> None:
    for family in suites.FAMILIES:
        assert suites.family(family), family
    names = {suites.suite_name(number) for number in suites.authenticated()}
    assert not {name for name in names if "_anon_" in name}
    static = {suites.suite_name(number) for number in suites.family("static-RSA")}
    assert "TLS_RSA_WITH_AES_128_GCM_SHA256" in static
    assert not {name for name in static if "DHE" in name or "NULL" in name or "EXPORT" in name}
    assert not {n for n in map(suites.suite_name, suites.family("DES")) if "3DES" in n}
    assert suites.suite_name(suites.authenticated()[0]).startswith("TLS_ECDHE_")
    assert suites.suite_name(0xFAFA) == "0xFAFA"
    assert {name.split("_")[0] for name in suites.NAMES.values()} == {"TLS"}
    assert len(set(suites.NAMES.values())) == len(suites.NAMES)


def test_messages_come_out_of_any_cut() -> None:
    stream = b"\x02\x00\x00\x01a" + b"\x0b\x00\x00\x02bc"
    for cut in range(len(stream) + 1):
        first, rest = wire.parse_messages(stream[:cut])
        second, left = wire.parse_messages(rest + stream[cut:])
        assert ([*first, *second], left) == ([(2, b"a"), (11, b"bc")], b"")


def test_alerts_have_names_and_warnings_are_passed_over() -> None:
    assert wire.alert_text(b"\x02\x46") == "alert protocol_version"
    assert wire.alert_text(b"\x02\xfe") == "alert 254"
    assert wire.alert_text(b"\x01\x70") is None
    assert wire.alert_text(b"\x01\x00") == "alert close_notify"
    with pytest.raises(WireError, match="1 bytes early"):
        wire.alert_text(b"\x02")


def test_the_group_of_diffie_hellman_is_measured() -> None:
    prime = (1 << 1023).to_bytes(128, "big")
    body = b"\x00\x80" + prime + b"rest"
    dhe, ecdhe = Flight("TLSv1.2", 0x0033), Flight("TLSv1.2", 0xC013)
    assert wire.add_message(dhe, wire.SERVER_KEY_EXCHANGE, body).dh_bits == 1024
    assert wire.add_message(ecdhe, wire.SERVER_KEY_EXCHANGE, body).dh_bits is None


def test_a_status_of_another_type_is_refused() -> None:
    with pytest.raises(WireError, match="not of type ocsp"):
        wire.add_message(Flight("TLSv1.2", 1), wire.CERTIFICATE_STATUS, b"\x02\0\0\0")


@given(st.binary(max_size=200))
def test_noise_is_an_error_and_nothing_worse(noise: bytes) -> None:
    flight = Flight("TLSv1.2", 0x0033)
    for kind in (11, 12, 13, 22, 99):
        for take in (wire.add_message, wire.add_message_13):
            try:
                assert isinstance(take(flight, kind, noise), Flight)
            except WireError:
                continue
    try:
        wire.parse_server_hello(noise)
    except WireError:
        return
