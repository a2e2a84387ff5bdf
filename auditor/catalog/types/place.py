"""From a position inside the value of a YAML scalar to the line and column in the file.

Works for plain, single- and double-quoted, folded and literal scalars: apart from white space,
quotes and escapes a scalar's characters stand in the file in the order of the value. Runs of white
space are matched as wholes, since folding turns line breaks and indentation into one space.
"""

from __future__ import annotations

import re

_ESCAPES = {"x": 4, "u": 6, "U": 10}
_WHITE_AFTER_BACKSLASH = frozenset("ntrfv \t\n_NLP")
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")


def place_in_scalar(text: str, start: tuple[int, int], value: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character of a scalar's value.

    Args:
        text: The whole file.
        start: Line and column, from 1, at which the scalar starts (its quote or `>-`).
        value: The scalar's value.
        offset: Index of the character in `value`.

    Returns:
        `start` where the value cannot be found in the text.
    """
    begin = _index_of(text, start)
    last = max(len(value.rstrip()) - 1, 0)  # what is missing at the end is shown at the last term
    index = _Scanner(text, begin).find(value, min(offset, last))
    return start if index is None else _line_and_column(text, index)


def _starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _BREAK.finditer(text))]


def _index_of(text: str, place: tuple[int, int]) -> int:
    starts = _starts(text)
    line = min(place[0], len(starts))
    return min(starts[line - 1] + place[1] - 1, len(text))


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    before = [begin for begin in _starts(text) if begin <= index]
    return len(before), index - before[-1] + 1


class _Scanner:
    """Reads a scalar's text unit by unit; a unit is a character or an escape."""

    def __init__(self, text: str, begin: int) -> None:
        self.text = text
        self.style = text[begin] if begin < len(text) else ""
        self.index = begin
        if self.style in ("'", '"'):
            self.index += 1
        elif self.style in ("|", ">"):
            header = _BREAK.search(text, begin)
            self.index = header.end() if header else len(text)

    def find(self, value: str, offset: int) -> int | None:
        """Index in the text of `value[offset]`; None where text and value do not agree."""
        at = 0
        while at <= offset:
            if self._at_white():
                self._skip_white()
            if at >= len(value) or self.index >= len(self.text):
                return None
            if value[at].isspace():
                at += 1
                continue
            length = self._unit()
            if length == 1 and self.text[self.index] != value[at]:
                return None
            if at == offset:
                return self.index
            self.index += length
            at += 1
        return self.index  # the offset is at white space: the next term

    def _unit(self) -> int:
        """Length in the text of the unit here."""
        two = self.text[self.index : self.index + 2]
        if self.style == "'" and two == "''":
            return 2
        if self.style == '"' and two.startswith("\\"):
            return _ESCAPES.get(two[1:], 2)
        return 1

    def _at_white(self) -> bool:
        here = self.text[self.index : self.index + 1]
        return here.isspace() or (self.style == '"' and self._white_escape())

    def _white_escape(self) -> bool:
        two = self.text[self.index : self.index + 2]
        return two[:1] == "\\" and two[1:] in _WHITE_AFTER_BACKSLASH

    def _skip_white(self) -> None:
        while self.index < len(self.text) and self._at_white():
            self.index += 1 if self.text[self.index].isspace() else 2
