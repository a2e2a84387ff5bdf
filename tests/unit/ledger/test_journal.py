"""Frames of the journal: what a power cut may leave, and what is damage."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import LedgerError
from auditor.ledger.journal import MAX_FRAME, encode_frame, read_frames

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
