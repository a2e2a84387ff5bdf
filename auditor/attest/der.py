"""A strict reader of DER: enough to look into a structure before a library is trusted with it.

One value has one spelling: lengths are definite and as short as possible, tags are one byte, and
nothing may follow. What an element means is for its reader. Standard: X.690, section 10.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.errors import VerificationError

INTEGER = 0x02
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30
SET = 0x31
CONTEXT_0 = 0xA0
MAX_ELEMENTS = 64
_LONG_TAG = 0x1F
_LONG_LENGTH = 0x80
_LENGTH_BYTES = 3  # 16 MB: more than anything read here


@dataclass(frozen=True, slots=True)
class Element:
    """One element.

    Args:
        tag: Its identifier octet.
        content: Its content octets.
        raw: All of it.
    """

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list[Element]:
        """The elements in its content.

        Raises:
            VerificationError: The content is not DER, or has more than MAX_ELEMENTS elements.
        """
        return read_elements(self.content)

    def child(self, index: int) -> Element:
        """The element at this place in its content.

        Raises:
            VerificationError: The content is not DER, or there is none.
        """
        found = self.children()
        if index >= len(found):
            raise VerificationError(f"{len(found)} elements where there must be {index + 1}")
        return found[index]

    @property
    def identifier(self) -> str:
        """The object identifier that its content spells, with dots; "" where it spells none."""
        arcs: list[int] = []
        value = 0
        for octet in self.content:
            value = value << 7 | octet & 0x7F
            if octet < _LONG_LENGTH:
                arcs.append(value)
                value = 0
        if self.tag != OBJECT_IDENTIFIER or not arcs:
            return ""
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def read_elements(data: bytes) -> list[Element]:
    """The elements that these bytes consist of.

    Raises:
        VerificationError: Not DER, or more than MAX_ELEMENTS.
    """
    found: list[Element] = []
    at = 0
    while at < len(data):
        if len(found) == MAX_ELEMENTS:
            raise VerificationError(f"more than {MAX_ELEMENTS} elements in one structure")
        start, end = _extent(data, at)
        found.append(Element(data[at], data[start:end], data[at:end]))
        at = end
    return found


def read_element(data: bytes, tag: int) -> Element:
    """The one element that these bytes are.

    Raises:
        VerificationError: Not DER, another tag, or more than one element.
    """
    found = read_elements(data)
    if [element.tag for element in found] != [tag]:
        raise VerificationError(f"not one element of type {tag:#04x}")
    return found[0]


def encode(tag: int, content: bytes) -> bytes:
    """The element with this content."""
    size = len(content)
    if size < _LONG_LENGTH:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_LENGTH | len(octets))) + octets + content


def _extent(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at this place begins and ends."""
    if data[at] & _LONG_TAG == _LONG_TAG or at + 1 >= len(data):
        raise VerificationError(f"not DER at byte {at}: a long tag, or an element without length")
    first = data[at + 1]
    start = at + 2
    size = first
    if first >= _LONG_LENGTH:
        count = first - _LONG_LENGTH
        octets = data[start : start + count]
        size = int.from_bytes(octets, "big")
        start += count
        if not 0 < count <= _LENGTH_BYTES or len(octets) != count or not _is_shortest(size, count):
            raise VerificationError(f"not DER at byte {at}: a length that is not the shortest")
    if start + size > len(data):
        raise VerificationError(f"not DER at byte {at}: the element is longer than what is there")
    return start, start + size


def _is_shortest(size: int, count: int) -> bool:
    return size >= _LONG_LENGTH and size >= 1 << 8 * (count - 1)
