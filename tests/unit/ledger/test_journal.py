"""Frames of the journal: what a power cut may leave, and what is damage."""

from __future__ import annotations

import io
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import LedgerError
from auditor.ledger.journal import MAX_FRAME, MAX_PAYLOAD, encode_frame, encode_frames, read_frames

ENTRIES = [b'{"index":%d}' % number for number in range(4)]
JOURNAL = b"".join(encode_frame(entry) for entry in ENTRIES)
ENDS = [sum(len(encode_frame(item)) for item in ENTRIES[:count]) for count in range(1, 5)]


def read(data: bytes) -> list[bytes]:
    return [frame.entry for frame in read_frames(io.BytesIO(data))]


@given(st.lists(st.binary(min_size=1, max_size=200).map(lambda data: b"{" + data)))
def test_frames_read_back(entries: list[bytes]) -> None:
    assert read(b"".join(encode_frame(entry) for entry in entries)) == entries


def test_the_ends_are_where_frames_end() -> None:
    assert [frame.end for frame in read_frames(io.BytesIO(JOURNAL))] == ENDS


@pytest.mark.parametrize("size", range(len(JOURNAL) + 1))
def test_a_journal_cut_anywhere_gives_its_whole_entries(size: int) -> None:
    whole = sum(end <= size for end in ENDS)
    assert read(JOURNAL[:size]) == ENTRIES[:whole]


@pytest.mark.parametrize("filled", range(ENDS[2], ENDS[3]))
def test_a_last_frame_filled_up_with_zeros_is_a_torn_tail(filled: int) -> None:
    assert read(JOURNAL[:filled].ljust(ENDS[3], b"\x00")) == ENTRIES[:3]


def test_a_changed_byte_never_loses_an_earlier_or_whole_entry_silently() -> None:
    for at in range(len(JOURNAL)):
        for change in (0x01, 0x80, 0xFF):
            data = JOURNAL[:at] + bytes([JOURNAL[at] ^ change]) + JOURNAL[at + 1 :]
            hit = sum(end <= at for end in ENDS)
            if hit < len(ENTRIES) - 1:
                with pytest.raises(LedgerError, match="damaged"):
                    read(data)
            else:
                assert read(data) == ENTRIES[:hit]


def test_more_than_one_frame_of_rubbish_is_damage() -> None:
    with pytest.raises(LedgerError, match="damaged"):
        read(JOURNAL + bytes(MAX_FRAME + 1))
    assert read(JOURNAL + b"\x00\x00\x00\x05abcd" + b"{" * 100) == ENTRIES


BATCH = encode_frame(*ENTRIES)


BATCHES = st.lists(
    st.lists(st.binary(min_size=1, max_size=50).map(lambda data: b"{" + data), min_size=1)
)


@given(BATCHES, st.binary(max_size=9))
def test_batches_read_back(batches: list[list[bytes]], tail: bytes) -> None:
    data = b"".join(encode_frame(*batch) for batch in batches)
    assert read(data + b"\x00" + tail) == [entry for batch in batches for entry in batch]


@pytest.mark.parametrize("size", range(len(BATCH)))
def test_of_a_batch_that_is_cut_off_nothing_is_read(size: int) -> None:
    assert read(JOURNAL + BATCH[:size]) == ENTRIES
    assert read(JOURNAL + BATCH[:size].ljust(len(BATCH), b"\x00")) == ENTRIES


@pytest.mark.parametrize("lost", range(len(BATCH)))
def test_of_a_batch_with_a_hole_nothing_is_read_and_it_is_no_damage(lost: int) -> None:
    holed = BATCH[:lost] + bytes(min(20, len(BATCH) - lost)) + BATCH[lost + 20 :]
    assert read(JOURNAL + holed) == ENTRIES


def test_a_broken_batch_with_a_whole_frame_behind_it_is_damage() -> None:
    for at in range(len(BATCH)):
        broken = BATCH[:at] + bytes([BATCH[at] ^ 1]) + BATCH[at + 1 :]
        with pytest.raises(LedgerError, match="damaged"):
            read(broken + encode_frame(b"{}"))
        assert read(broken) == []


def test_many_entries_are_parted_into_frames_that_are_read_at_once() -> None:
    entries = [b"{" + bytes(60_000)] * 150
    frames = list(encode_frames(entries))
    assert [len(frame) <= MAX_FRAME for frame in frames] == [True] * 3
    assert read(b"".join(frames)) == entries
    assert list(encode_frames([])) == []


def test_a_frame_of_nothing_or_too_much_is_not_written() -> None:
    for entries in ([], [bytes(60_000)] * 70):
        with pytest.raises(LedgerError, match="frame of"):
            encode_frame(*entries)


@pytest.mark.parametrize("payload", [b"\x00", b"\x00\x00", b"\x00\x05abcd", b"\x00\x01a\x00"])
def test_a_frame_that_is_not_made_of_entries_is_not_read(payload: bytes) -> None:
    length = len(payload).to_bytes(4, "big")
    crc = zlib.crc32(length + payload).to_bytes(4, "big")
    assert read(JOURNAL + length + crc + payload) == ENTRIES


def test_rubbish_made_to_be_searched_for_long_is_damage() -> None:
    """A million places that might begin a frame of three megabytes: no search goes on for hours."""
    piece = (3 * 1024 * 1024).to_bytes(4, "big") + b"crc." + b"\x00\x09{"
    begin = time.process_time()
    with pytest.raises(LedgerError, match="damaged"):
        read(b"\xff" + piece * (MAX_PAYLOAD // len(piece)))
    assert time.process_time() - begin < 5


def test_a_seal_covers_the_entries_of_its_frame() -> None:
    sealed: list[bytes] = []

    def seal(message: bytes) -> bytes:
        sealed.append(message)
        return b"s" * 64

    frames = list(read_frames(io.BytesIO(b"".join(encode_frames(ENTRIES, seal)))))
    assert [frame.entry for frame in frames] == ENTRIES
    assert {(frame.message, frame.seal) for frame in frames} == {(sealed[0], b"s" * 64)}
    other = list(read_frames(io.BytesIO(encode_frame(*ENTRIES[:3], seal=seal))))
    assert other[0].message != sealed[0]
    bare = list(read_frames(io.BytesIO(BATCH)))
    assert {(frame.message, frame.seal) for frame in bare} == {(b"", b"")}
