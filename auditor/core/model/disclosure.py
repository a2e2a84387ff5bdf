"""Salted disclosures: a document holds digests, and the values are kept apart (RFC 9901, SD-JWT).

A disclosure is base64url(JSON [salt, name, value]). The object that held the field has its digest,
base64url(SHA-256(disclosure)), in the sorted list `_sd`; the document names the algorithm in
`_sd_alg`. Used as the RFC has it (4.2.1, 4.2.4, 7.1), with less: the JSON is canonical, disclosures
do not hold others, there are no decoys and no disclosures of list elements.

Pure: salts are arguments.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor.core.canonical import canonical, parse_canonical
from auditor.core.model.field_path import ANY, Path, holders
from auditor.errors import LedgerError, VerificationError

SD, SD_ALG, ELEMENT = "_sd", "_sd_alg", "..."
ALGORITHM = "sha-256"
SALT_BYTES = 16  # 128 bits, the RFC's minimum (9.3)
_PARTS = 3
_KEYS = tuple(f'"{name}":'.encode() for name in (SD, SD_ALG, ELEMENT))

Salt = Callable[[], bytes]
"""Gives SALT_BYTES random bytes, others at each call."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field's name and value with its salt; `text` is what is handed on and digested."""

    text: str
    name: str
    value: object

    @property
    def digest(self) -> str:
        """As it stands in `_sd`."""
        return _encode(hashlib.sha256(self.text.encode("ascii")).digest())

    @classmethod
    def make(cls, salt: bytes, name: str, value: object) -> Disclosure:
        """The disclosure of a field.

        Raises:
            ValueError: The salt is shorter than 128 bits.
        """
        if len(salt) < SALT_BYTES:
            raise ValueError(f"got a salt of {len(salt)} bytes, expected {SALT_BYTES} or more")
        return cls(_encode(canonical([_encode(salt), name, value])), name, value)

    @classmethod
    def parse(cls, text: str) -> Disclosure:
        """Read a disclosure strictly.

        Raises:
            VerificationError: Not base64url of canonical JSON [salt, name, value].
        """
        try:
            parts = parse_canonical(_decode(text))
        except (ValueError, LedgerError) as error:
            raise VerificationError(f"a disclosure cannot be read: {error}") from error
        if not isinstance(parts, list) or len(parts) != _PARTS:
            raise VerificationError("a disclosure is not [salt, name, value]")
        salt, name, value = parts
        if not isinstance(salt, str) or not isinstance(name, str):
            raise VerificationError("a disclosure has a salt or a name that is no text")
        return cls(text, name, value)


def parse_disclosures(data: bytes) -> tuple[Disclosure, ...]:
    """The disclosures of a vault file: one a line.

    Raises:
        VerificationError: A line is none, stands twice, or the last is cut off.
    """
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise VerificationError("disclosures are not ASCII") from error
    if lines.pop():
        raise VerificationError("the last disclosure is cut off")
    if len(set(lines)) < len(lines):
        raise VerificationError("a disclosure stands twice")
    return tuple(Disclosure.parse(line) for line in lines)


def disclosure_bytes(disclosures: Iterable[Disclosure]) -> bytes:
    """The inverse of `parse_disclosures`."""
    return "".join(f"{item.text}\n" for item in disclosures).encode("ascii")


def has_reserved_name(data: bytes) -> bool:
    """True when canonical bytes hold a key that the format needs for itself."""
    return any(key in data for key in _KEYS)  # unescaped quotes: a text cannot hold these bytes


def conceal(value: object, paths: Sequence[Path], salt: Salt) -> tuple[list[Disclosure], set[Path]]:
    """Replace fields by digests, in place.

    Args:
        value: Plain JSON, without reserved names.
        paths: Of the fields; none lies within another.

    Returns:
        The disclosures, and those of the paths that led to a value.
    """
    made: list[Disclosure] = []
    found: set[Path] = set()
    touched: list[list[str]] = []
    for path in paths:
        for holder, name in list(holders(value, path)):
            if name not in holder or name == SD:
                continue
            disclosure = Disclosure.make(salt(), name, holder.pop(name))
            digests: list[str] = holder.setdefault(SD, [])  # type: ignore[assignment]
            digests.append(disclosure.digest)
            touched.append(digests)
            made.append(disclosure)
            found.add(path)
    for digests in touched:
        digests.sort()
    return made, found


@dataclass(slots=True)
class Book:
    """Disclosures by digest, each good for one place.

    Args:
        unused: Those that no digest has asked for yet.
    """

    unused: dict[str, Disclosure]

    @classmethod
    def of(cls, disclosures: Iterable[Disclosure]) -> Book:
        """All of them."""
        return cls({item.digest: item for item in disclosures})


def restore(value: object, paths: Sequence[Path], book: Book) -> tuple[set[Path], set[Path]]:
    """Put disclosed fields back, in place, and take the digests out.

    Args:
        value: As `conceal` left it.
        paths: Of the fields that may be concealed.

    Returns:
        The paths that were disclosed, and those of which a value stays hidden.

    Raises:
        VerificationError: Digests stand where nothing may be concealed, or are more than the fields
            that may be; a disclosure has another name, or that of a field that is there.
    """
    disclosed: set[Path] = set()
    hidden: set[Path] = set()
    for holder, names in _places(value, paths):
        if SD not in holder:
            continue
        unknown = 0
        for digest in _digests(holder.pop(SD)):
            disclosure = book.unused.pop(digest, None)
            if disclosure is None:
                unknown += 1
            else:
                disclosed.add(_put_back(holder, disclosure, names))
        absent = {path for name, path in names.items() if name == ANY or name not in holder}
        if unknown and ANY not in names and unknown > len(absent):
            raise VerificationError(f"{unknown} values are hidden, and {len(absent)} may be")
        hidden |= absent if unknown else set()
    return disclosed, hidden


def _places(
    value: object, paths: Sequence[Path]
) -> list[tuple[dict[str, object], dict[str, Path]]]:
    """Each mapping that may have digests, with the names that may be behind them."""
    found: dict[int, tuple[dict[str, object], dict[str, Path]]] = {}
    for path in paths:
        # Where the last step is any key, the mapping itself is meant, whatever is left in it.
        parents = _parents(value, path[:-1])
        for holder in parents:
            found.setdefault(id(holder), (holder, {}))[1][path[-1]] = path
    return list(found.values())


def _parents(value: object, path: Path) -> Iterable[dict[str, object]]:
    values = (
        (holder[name] for holder, name in holders(value, path) if name in holder)
        if path
        else [value]
    )
    for item in values:
        yield from _mappings(item)


def _mappings(value: object) -> Iterable[dict[str, object]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _mappings(item)


def _digests(listed: object) -> list[str]:
    texts = [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
    if not texts or texts != listed or sorted(set(texts)) != texts:
        raise VerificationError(f"`{SD}` is not a sorted list of different digests")
    return texts


def _put_back(holder: dict[str, object], disclosure: Disclosure, names: Mapping[str, Path]) -> Path:
    path = names.get(disclosure.name, names.get(ANY))
    if path is None:
        raise VerificationError(f"`{disclosure.name}` is disclosed, and may not be hidden there")
    if disclosure.name in holder or disclosure.name in (SD, ELEMENT):
        raise VerificationError(f"`{disclosure.name}` is disclosed twice")
    holder[disclosure.name] = disclosure.value
    return path


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(data) != text:  # other characters, or slack bits: a second spelling
        raise ValueError("not strict base64url")
    return data
