"""Chains made here, tampered with, and recomputed."""

from __future__ import annotations

import base64
import hashlib
import json
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from auditor.collectors.sql.audit_chain import anchor_of
from auditor.collectors.sql.audit_table import AuditTable, Chain
from auditor.collectors.sql.chain import Anchor, ChainFacts, recompute

Row = tuple[bytes | None, ...]
BASE: dict[str, Any] = {
    "order_by": "id",
    "sequence": "id",
    "columns": [{"name": "prev"}, {"name": "id"}, {"name": "body"}],
    "previous": "prev",
    "digest": "hash",
    "canonical": {"form": "concat", "separator": "|"},
}
SPEC = Chain.model_validate(BASE)


def link(number: int, previous: bytes, body: bytes | None = None) -> Row:
    key = str(number).encode()
    text = body or b"entry " + key
    digest = hashlib.sha256(b"|".join((previous, key, text))).hexdigest().encode()
    return (key, key, previous or None, digest, previous or None, key, text)


def make(count: int) -> list[Row]:
    rows: list[Row] = []
    previous = b""
    for number in range(1, count + 1):
        rows.append(link(number, previous))
        previous = rows[-1][3] or b""
    return rows


def batches(rows: Sequence[Row], size: int = 7) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def judged(rows: Sequence[Row], spec: Chain = SPEC, anchor: Anchor | None = None) -> ChainFacts:
    return recompute(batches(rows), spec, anchor)


def test_a_whole_chain() -> None:
    facts = judged(make(50))
    assert (facts.rows, facts.first_key, facts.head_key) == (50, "1", "50")
    assert (facts.broken_at, facts.altered_rows, facts.broken_links) == (None, 0, 0)
    assert facts.sequence_gaps == 0


def test_no_rows_are_no_head() -> None:
    assert judged([]) == ChainFacts(sequence_gaps=0)


def altered(rows: list[Row]) -> list[Row]:
    row = rows[20]
    return [*rows[:20], (*row[:6], b"other"), *rows[21:]]


def rewritten(rows: list[Row]) -> list[Row]:
    return [*rows[:20], link(21, rows[19][3] or b"", b"other"), *rows[21:]]


def missing(rows: list[Row]) -> list[Row]:
    return rows[:20] + rows[21:]


def reordered(rows: list[Row]) -> list[Row]:
    return [*rows[:20], rows[21], rows[20], *rows[22:]]


def forked(rows: list[Row]) -> list[Row]:
    return [*rows[:20], link(21, rows[10][3] or b""), *rows[20:]]


def begun_anew(rows: list[Row]) -> list[Row]:
    return rows[20:]


def without_digest(rows: list[Row]) -> list[Row]:
    row = rows[20]
    return [*rows[:20], (*row[:3], None, *row[4:]), *rows[21:]]


NO_SEQUENCE = SPEC.model_copy(update={"sequence": None})
KINDS: list[tuple[Callable[[list[Row]], list[Row]], Chain, str, str]] = [
    (altered, SPEC, "21", "altered_row"),
    (rewritten, SPEC, "22", "altered_row"),
    (without_digest, SPEC, "21", "altered_row"),
    (missing, SPEC, "22", "missing_row"),
    (missing, NO_SEQUENCE, "22", "missing_row"),
    (rewritten, NO_SEQUENCE, "22", "missing_row"),
    (reordered, SPEC, "22", "reordered"),
    (forked, NO_SEQUENCE, "21", "forked"),
    (begun_anew, SPEC, "21", "truncated_start"),
]


@pytest.mark.parametrize(("tamper", "spec", "at", "kind"), KINDS)
@pytest.mark.parametrize("size", [1, 7, 21, 1000])
def test_the_first_fault_has_its_place_and_kind(
    tamper: Callable[[list[Row]], list[Row]], spec: Chain, at: str, kind: str, size: int
) -> None:
    if tamper is forked:  # its key would stand twice in order
        rows = forked(make(50))
        rows[20] = (b"21a", *rows[20][1:])
    else:
        rows = tamper(make(50))
    facts = recompute(batches(rows, size), spec)
    kinds = {kind} if size >= 7 or kind != "forked" else {"forked", "missing_row"}
    assert facts.broken_at is not None
    assert facts.broken_at.rstrip("a") == at
    assert facts.broken_kind in kinds


def test_a_gap_in_the_numbers_of_a_whole_chain_is_a_fault_of_its_own() -> None:
    rows = make(10)
    rows[5:] = [(r[0], str(int(r[1] or 0) + 3).encode(), *r[2:]) for r in rows[5:]]
    facts = judged(rows)
    assert (facts.broken_at, facts.broken_kind) == ("6", "sequence_gap")
    assert (facts.sequence_gaps, facts.broken_links) == (1, 0)


@settings(max_examples=60)
@given(st.integers(0, 29), st.integers(0, 6), st.integers(0, 7))
def test_any_changed_bit_of_any_row_is_found(row: int, column: int, bit: int) -> None:
    rows = make(30)
    value = rows[row][column]
    if value is None:
        return
    changed = bytes([value[0] ^ (1 << bit)]) + value[1:]
    rows[row] = (*rows[row][:column], changed, *rows[row][column + 1 :])
    try:
        facts = judged(rows)
    except ValueError:
        return  # refused, which the caller turns into a gap
    only_its_name = column == 0  # the key is what it is called by, not what is chained
    assert only_its_name or facts.broken_at is not None


def test_the_anchor_is_found_with_the_digest_that_it_has_now() -> None:
    rows = make(20)
    facts = judged(rows, anchor=Anchor("7", ""))
    assert facts.anchor_found == (rows[6][3] or b"").decode()
    assert judged(rows, anchor=Anchor("21", "")).anchor_found is None


@pytest.mark.parametrize("value", [b"x", b"", None])
def test_a_sequence_that_is_no_number_is_refused(value: bytes | None) -> None:
    rows = make(3)
    rows[1] = (rows[1][0], value, *rows[1][2:])
    with pytest.raises(ValueError, match="id of row 2 is no integer"):
        judged(rows)


def test_an_order_that_is_not_unique_is_refused() -> None:
    rows = make(3)
    with pytest.raises(ValueError, match="is not unique"):
        judged([*rows, rows[-1]])


def test_memory_does_not_grow_with_the_rows() -> None:
    def stream(count: int) -> Iterator[list[Row]]:
        previous = b""
        for start in range(0, count, 1000):
            batch = []
            for number in range(start + 1, start + 1001):
                batch.append(link(number, previous))
                previous = batch[-1][3] or b""
            yield batch

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            assert recompute(stream(count), SPEC).broken_at is None
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small = peak(5_000)
    assert peak(30_000) < small * 1.2


@pytest.mark.parametrize("encoding", ["hex_upper", "base64", "bytes"])
@pytest.mark.parametrize("algorithm", ["sha512", "sha3_256", "blake2b"])
def test_digests_in_other_forms(encoding: str, algorithm: str) -> None:
    def stored(digest: bytes) -> bytes:
        if encoding == "bytes":
            return digest
        return base64.b64encode(digest) if encoding == "base64" else digest.hex().upper().encode()

    genesis = "00" * 4
    spec = Chain.model_validate(
        {**BASE, "encoding": encoding, "algorithm": algorithm, "genesis": genesis}
    )
    previous = bytes.fromhex(genesis) if encoding == "bytes" else genesis.encode()
    rows: list[Row] = []
    for number in (b"1", b"2"):
        digest = stored(hashlib.new(algorithm, b"|".join((previous, number, b"x"))).digest())
        rows.append((number, number, previous, digest, previous, number, b"x"))
        previous = digest
    facts = judged(rows, spec)
    assert (facts.broken_at, facts.rows) == (None, 2)
    assert facts.head_digest == (previous.hex() if encoding == "bytes" else previous.decode())


def test_canonical_json_with_its_types_and_null() -> None:
    columns = [
        {"name": "prev"},
        {"name": "n", "json": "number"},
        {"name": "ok", "json": "bool"},
        {"name": "data", "json": "json"},
        {"name": "none"},
    ]
    spec = Chain.model_validate(
        {**BASE, "sequence": None, "columns": columns, "canonical": {"form": "json"}}
    )
    document = {"prev": None, "n": 5, "ok": True, "data": {"b": [1], "a": "ä"}, "none": None}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest().encode()
    row = (b"1", None, None, digest, None, b"5", b"t", '{"b": [1], "a": "ä"}'.encode(), None)
    assert judged([row], spec).broken_at is None
    for at, value in ((5, b"x"), (6, b"maybe"), (7, b"{"), (7, b"0.5")):
        wrong = (*row[:at], value, *row[at + 1 :])
        with pytest.raises(ValueError, match="row 1 has no canonical JSON"):
            judged([wrong], spec)


def test_null_has_its_own_text_in_a_concatenation() -> None:
    canonical = {"form": "concat", "separator": ",", "null": "\\N"}
    spec = Chain.model_validate({**BASE, "sequence": None, "canonical": canonical})
    digest = hashlib.sha256(b"\\N,1,\\N").hexdigest().encode()
    assert judged([(b"1", None, None, digest, None, b"1", None)], spec).broken_at is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": [{"name": "body"}]}, "does not hold `previous`"),
        ({"columns": [{"name": "prev"}, {"name": "hash"}]}, "holds the digest itself"),
        ({"columns": [{"name": "prev"}, {"name": "prev"}]}, "stands twice"),
        ({"encoding": "bytes", "genesis": "xyz"}, "non-hexadecimal"),
        ({"algorithm": "md5"}, "sha256"),
    ],
)
def test_a_chain_that_would_prove_nothing_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Chain.model_validate({**BASE, **change})


def test_a_table_needs_the_roles_that_write_to_it() -> None:
    with pytest.raises(ValidationError, match="application_roles"):
        AuditTable.model_validate({"database": "d", "table": "t", "application_roles": []})


def test_without_an_earlier_reading_there_is_no_anchor() -> None:
    assert set(anchor_of(None, "d.public.t").values()) == {None}


@pytest.mark.parametrize(
    ("canonical", "values", "ambiguous"),
    [
        ({"form": "concat"}, (b"p", b"1", b"ab"), 1),  # `1` and `ab`, or `1a` and `b`
        ({"form": "concat", "separator": "|"}, (b"p", b"1", b"ab"), 0),
        ({"form": "concat", "separator": "|"}, (b"p", b"1|a", b"b"), 1),
        ({"form": "concat", "separator": "|"}, (b"p", b"1", b"a|b"), 0),  # the last has no next
        ({"form": "concat", "separator": "|"}, (None, b"1", b"ab"), 0),
        ({"form": "json"}, (b"p", b"1|a", b"b"), 0),
    ],
)
def test_rows_in_which_text_could_move_between_columns_are_counted(
    canonical: dict[str, Any], values: Row, ambiguous: int
) -> None:
    spec = Chain.model_validate({**BASE, "sequence": None, "canonical": canonical})
    assert judged([(b"1", None, b"p", b"d", *values)], spec).ambiguous_rows == ambiguous


def test_one_column_alone_has_no_other_to_move_text_to() -> None:
    columns = [{"name": "prev"}]
    spec = Chain.model_validate(
        {**BASE, "sequence": None, "columns": columns, "canonical": {"form": "concat"}}
    )
    assert judged([(b"1", None, b"p", b"d", b"p")], spec).ambiguous_rows == 0
