"""Log entries: they read back, and nothing else is taken for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticSerializationError

from auditor.core.canonical import canonical
from auditor.core.times import format_instant
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.blobs import BlobRef, Stored
from auditor.ledger.chain import MAX_STEP_BACK, Chain
from auditor.ledger.entries import (
    BODIES,
    GENESIS,
    AttestationRecord,
    Collect,
    Entry,
    HoldRecord,
    KeyRecord,
    KeySignature,
    LogBody,
    PruneRecord,
    Report,
    RunAbort,
    RunEnd,
    RunStart,
    SampleRecord,
    Timestamp,
    Verdicts,
    WaiverRecord,
    entry_digest,
)
from tests.unit.core.jsonlike import INSTANT

NOW = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32
BLOB = BlobRef(digest=DIGEST, size=9, stored=Stored(encoding="gzip", digest=DIGEST, size=7))
BODY_EXAMPLES: list[LogBody] = [
    RunStart(run="r1", now=NOW, policy=BLOB, scope={"targets": ["a"]}, nonce="n", slot=None),
    Collect(
        run="r1",
        target="t",
        resource_type="a.b",
        identity="me",
        complete=True,
        items=3,
        pages_complete=False,
        started_at=NOW,
        read_at=NOW,
        blob=BLOB,
    ),
    Verdicts(run="r1", counts={"pass": 1, "fail": 0}, blob=BLOB),
    RunEnd(run="r1", outcome="ok", statement=DIGEST),
    RunAbort(run="r1", reason="interrupted"),
    Report(run="r1", format="pdf", digest=DIGEST, file="runs/r1/report.pdf"),
    WaiverRecord(fields={"id": "W-1", "list": [1, None, True, {"a": "\u00e9"}]}),
    AttestationRecord(fields={}),
    SampleRecord(fields={"action": "draw", "freeze": 3}),
    Timestamp(run="r1", digest=DIGEST, file="runs/r1/statement.1.tsr"),
    KeyRecord(
        use="run",
        action="rotate",
        key="PEM",
        since=NOW,
        replaces="PEM of before",
        signatures=[KeySignature(key_id="ab", signature="AA==")],
    ),
    HoldRecord(hold="case-7", action="set", runs=["r1"], reason="litigation"),
    PruneRecord(before=NOW, count=1, blob=BLOB),
]
BODY_IDS = [body.type for body in BODY_EXAMPLES]


def entry(body: LogBody, index: int = 0, prev: str = GENESIS, time: datetime = NOW) -> Entry:
    return Entry(index, prev, time, body)


@pytest.mark.parametrize("body", BODY_EXAMPLES, ids=BODY_IDS)
def test_every_type_reads_back(body: LogBody) -> None:
    data = entry(body).to_bytes()
    assert Entry.parse(data) == entry(body)
    assert json.loads(data)["type"] == body.type
    assert json.loads(data)["v"] == "log-entry-1"


def test_every_type_has_an_example() -> None:
    assert set(BODY_IDS) == set(BODIES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=9), JSON, max_size=5), st.datetimes(timezones=st.just(UTC)))
def test_any_free_body_at_any_time_reads_back(fields: dict[str, object], time: datetime) -> None:
    one = entry(WaiverRecord.from_json(fields), time=time)
    assert Entry.parse(one.to_bytes()) == one


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_arbitrary_bytes_are_refused_and_no_crash(data: bytes) -> None:
    with pytest.raises(LedgerError):
        Entry.parse(data)


def by_hand(one: Entry) -> bytes:
    """The bytes of an entry by way of plain JSON, field by field."""
    return canonical(
        {
            "v": "log-entry-1",
            "index": one.index,
            "prev": one.prev,
            "time": format_instant(one.time),
            "type": one.body.type,
            "body": one.body.to_json(),
        }
    )


@pytest.mark.parametrize("body", BODY_EXAMPLES, ids=BODY_IDS)
def test_the_bytes_of_every_type_are_those_of_plain_json(body: LogBody) -> None:
    assert entry(body).to_bytes() == by_hand(entry(body))


NAMES = st.text(max_size=5) | st.sampled_from(["\ufb33", "\U0001f600"])


@given(st.dictionaries(NAMES, JSON, max_size=5), INSTANT, st.sampled_from([0, 1, 2**53 - 1]))
def test_law_bytes_are_those_of_plain_json(
    fields: dict[str, object], time: datetime, number: int
) -> None:
    free = entry(WaiverRecord.from_json(fields), number, time=time)
    assert free.to_bytes() == by_hand(free)
    start = RunStart(run="r", now=time, policy=BLOB, scope=fields, nonce="\u00e9", slot=None)  # type: ignore[arg-type]
    assert entry(start).to_bytes() == by_hand(entry(start))
    counts = Verdicts(run="r", counts=dict.fromkeys(fields, number), blob=BLOB)
    assert entry(counts).to_bytes() == by_hand(entry(counts))


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5))])))
def test_law_a_time_in_any_zone_is_written_in_utc(time: datetime) -> None:
    try:
        expected = format_instant(time)
    except OverflowError:
        return  # in UTC outside the years 1 to 9999
    data = entry(BODY_EXAMPLES[4], time=time).to_bytes()
    assert json.loads(data)["time"] == expected


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="no zone"):
        entry(BODY_EXAMPLES[4], time=datetime(2026, 3, 1)).to_bytes()  # noqa: DTZ001 - the fault


@pytest.mark.parametrize("value", [1.5, 2**53, {"a": [1.5]}, "\ud800", float("nan")])
def test_what_canonical_json_forbids_is_not_written(value: Any) -> None:
    for body in (
        WaiverRecord.model_construct(fields={"x": value}),
        RunStart.model_construct(
            run="r", now=NOW, policy=BLOB, scope={"x": value}, nonce="", slot=None,
            retain_until=None,
        ),
    ):  # fmt: skip
        with pytest.raises((LedgerError, PydanticSerializationError)):
            entry(body).to_bytes()


def test_every_field_of_free_form_is_known_to_be_one() -> None:
    for body in BODIES.values():
        loose = {
            name
            for name, field in body.model_fields.items()
            if "JsonValue" in str(field.annotation)
        }
        assert loose == set(body.free), body.type


@pytest.mark.parametrize("depth", [300, 1000, 20_000])
def test_deep_nesting_is_refused_wherever_it_is(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    for field in ("body", "prev", "time", "index", "type", "v"):
        document = {"v": '"log-entry-1"', "type": '"waiver"', "index": "0", "time": "null"}
        document |= {"prev": f'"{GENESIS}"', "body": "{}"} | {field: deep}
        data = "{" + ",".join(f'"{key}":{value}' for key, value in document.items()) + "}"
        with pytest.raises(LedgerError):
            Entry.parse(data.encode())
    with pytest.raises(LedgerError):
        Entry.parse(canonical({"v": 1}).replace(b"1", b'{"a":' * depth + b"1" + b"}" * depth))


def altered(example: LogBody = BODY_EXAMPLES[3], **changes: object) -> bytes:
    document = json.loads(entry(example).to_bytes())
    return canonical(document | changes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (altered(v="log-entry-2"), "version"),
        (altered(extra=1), "version"),
        (altered(type="run.stop"), "unknown type"),
        (altered(index=-1), "index"),
        (altered(index=True), "index"),
        (altered(index="0"), "index"),
        (altered(time="2026-03-01T12:00:00"), "zone"),
        (altered(time=None), "time"),
        (altered(time="2026-03-01T12:00:00.000005+00:00"), "canonical form"),
        (altered(prev=5), "got `prev` 5"),
        (altered(body={"run": "r1"}), "outcome"),
        (altered(body=[]), "run.end"),
        (altered(BODY_EXAMPLES[6], body=[]), "not an object"),
        (altered(body={"run": "../x", "outcome": "ok", "statement": DIGEST}), "run: "),
        (altered(body={"run": "r1", "outcome": 1, "statement": DIGEST}), "outcome"),
    ],
)
def test_what_departs_from_the_form_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        Entry.parse(data)


def test_a_missing_null_is_a_second_spelling_and_refused() -> None:
    document = json.loads(entry(BODY_EXAMPLES[0]).to_bytes())
    del document["body"]["slot"]
    with pytest.raises(LedgerError, match="canonical form"):
        Entry.parse(canonical(document))


def test_an_entry_that_is_too_long_is_refused_with_what_to_do() -> None:
    with pytest.raises(LedgerError, match="blob"):
        entry(RunAbort(run="r1", reason="x" * 66_000)).to_bytes()
    with pytest.raises(LedgerError, match="at most"):
        Entry.parse(b"{" + b" " * 66_000 + b"}")


def chain_of(times: list[datetime]) -> list[bytes]:
    entries: list[bytes] = []
    for index, time in enumerate(times):
        prev = entry_digest(entries[-1]) if entries else GENESIS
        entries.append(entry(BODY_EXAMPLES[4], index, prev, time).to_bytes())
    return entries


def follow(entries: list[bytes]) -> None:
    chain = Chain()
    for data in entries:
        chain.follow(data)


def test_a_whole_chain_is_followed_to_its_end() -> None:
    entries = chain_of([NOW, NOW, NOW + timedelta(hours=1), NOW])[:3]
    chain = Chain()
    parsed = [chain.follow(data) for data in entries]
    assert [item.index for item in parsed] == [0, 1, 2]
    assert (chain.index, chain.prev) == (3, entry_digest(entries[2]))
    assert chain.latest == NOW + timedelta(hours=1)


def test_dropped_reordered_changed_and_foreign_entries_break_the_chain() -> None:
    entries = chain_of([NOW] * 4)
    other = entry(BODY_EXAMPLES[3], 1, entry_digest(entries[0]), NOW).to_bytes()
    for broken, where in (
        ([entries[0], entries[2]], "entry 1"),
        ([entries[1], entries[0]], "entry 0"),
        ([entries[0], other, entries[2]], "entry 2"),
        ([entries[0], b"{}"], "entry 1"),
    ):
        with pytest.raises(VerificationError) as caught:
            follow(broken)
        assert caught.value.where == where


def test_time_may_step_back_a_little_and_no_more() -> None:
    follow(chain_of([NOW, NOW - MAX_STEP_BACK]))
    with pytest.raises(VerificationError, match="before that of an earlier entry"):
        follow(chain_of([NOW, NOW - MAX_STEP_BACK - timedelta(microseconds=1)]))


def test_many_small_steps_back_are_measured_from_the_latest_time() -> None:
    times = [NOW - number * MAX_STEP_BACK for number in range(3)]
    with pytest.raises(VerificationError, match="before that of an earlier"):
        follow(chain_of(times))
