"""A PDF report read strictly: its attachments, its signature, and what came after the signature.

pyHanko reads the file, checks the signature and compares revisions. Here is what it does not ask:
that the hexadecimal text of each signature has one spelling, that nothing is hidden in the bytes
which no signature covers, and that what is unpacked is bounded. Who is trusted, `report_signature`
decides. Standards: ISO 32000-2 section 12.8, ETSI EN 319 142-1 (PAdES), RFC 5652.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.errors import AuditorError, VerificationError

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

MAX_FILE = 256 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
MAX_SIGNATURES = 32
_STREAM = re.compile(rb"stream\r?\n")
_FILTERS = re.compile(rb"/Filter\s*\[[^\]]*/[^\]]*/")
_FIRST_PIECE, _PIECE = 1 << 12, 1 << 20
_LONG_LENGTH = 0x80  # DER: from here on the number of bytes that the length takes
# Algorithms with and without the parameter NULL: nothing signs these bytes.
_SHA256 = (
    bytes.fromhex("300d06096086480165030402010500"),
    bytes.fromhex("300b0609608648016503040201"),
)
_ECDSA_SHA256 = (bytes.fromhex("300a06082a8648ce3d040302"),)
_TOKEN = "signature_time_stamp_token"  # noqa: S105 - the attribute's name
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time-stamp token (DER of its ContentInfo) and the bytes that it is over."""

    token: bytes
    message: bytes


@dataclass(frozen=True, slots=True)
class PdfReport:
    """What was read; nothing is verified but where it says so.

    Args:
        attachments: Name to content.
        signature: The one signature; None where the file has none.
        stamp: The time-stamp over the signature's value, None without one.
        claimed_at: When the signer says that it signed.
        archive: Time-stamps over the whole file so far, the oldest first.
    """

    attachments: Mapping[str, bytes]
    signature: EmbeddedPdfSignature | None
    stamp: Stamp | None
    claimed_at: datetime | None
    archive: tuple[Stamp, ...]


def read_pdf(data: bytes) -> PdfReport:
    """Read a PDF report.

    Raises:
        VerificationError: It cannot be read, unpacks to too much, has been changed after it was
            signed, or a signature is not in the form that they are written in.
    """
    if len(data) > MAX_FILE:
        raise VerificationError(f"a PDF of {len(data)} bytes, expected at most {MAX_FILE}")
    _check_unpacked_size(data)
    return by_pyhanko(lambda: _read(data))


def by_pyhanko(call: Callable[[], T]) -> T:
    """What pyHanko answers, with its refusals as ours.

    Raises:
        VerificationError: It refuses.
    """
    try:
        return call()
    except AuditorError:
        raise
    # The parser of a foreign format over hostile bytes: whatever it stumbles over, the file is not
    # one that we wrote.
    except Exception as error:
        said = str(error) or type(error).__name__
        raise VerificationError(f"not a PDF report as it was written: {said[:200]}") from error


def _read(data: bytes) -> PdfReport:
    from pyhanko.pdf_utils.reader import PdfFileReader  # slow to import, as all of pyHanko

    reader = PdfFileReader(io.BytesIO(data), strict=True)
    if reader.encrypted:
        raise VerificationError("the PDF is encrypted")
    signatures = reader.embedded_signatures
    if len(signatures) > MAX_SIGNATURES:
        raise VerificationError(f"{len(signatures)} signatures, expected at most {MAX_SIGNATURES}")
    signed = [item for item in signatures if item.sig_object_type == "/Sig"]
    if len(signed) > 1 or (signed and signatures[0] is not signed[0]):
        raise VerificationError("the PDF has several signatures, or one that is not the first")
    for item in signatures:
        _check_gap(data, item)
    _check_coverage(signatures)
    stamps = tuple(_archive_stamp(data, item) for item in signatures[len(signed) :])
    first = signed[0] if signed else None
    claimed = first.self_reported_timestamp if first else None
    return PdfReport(
        attachments=_attachments(reader),
        signature=first,
        stamp=_signature_stamp(first) if first else None,
        claimed_at=claimed.astimezone(UTC) if claimed else None,
        archive=stamps,
    )


def _signature_stamp(item: EmbeddedPdfSignature) -> Stamp | None:
    """`_check_signed_data` has found that there is nothing else among the unsigned attributes."""
    for attribute in item.signer_info["unsigned_attrs"]:
        if len(attribute["values"]) != 1:
            raise VerificationError("the signature has several time-stamps in one place")
        return Stamp(attribute["values"][0].dump(), item.signer_info["signature"].native)
    return None


def _check_gap(data: bytes, item: EmbeddedPdfSignature) -> None:
    """What no signature covers is the signature itself: one spelling, and zeros behind it."""
    start, length, after, rest = (int(number) for number in item.byte_range)
    gap = data[start + length : after]
    content = bytes(item.pkcs7_content)
    size = len(_first_der(content))
    if start != 0 or after + rest > len(data) or not gap.startswith(b"<"):
        raise VerificationError("the signature covers another range of bytes than it must")
    wanted = content[:size].hex().upper().encode()
    if gap != b"<" + wanted + b"0" * (len(gap) - len(wanted) - 2) + b">":
        raise VerificationError("the signature is not written as signatures are")
    _check_signed_data(item)


def _first_der(content: bytes) -> bytes:
    """The CMS without the zeros behind it, by the length that it begins with."""
    size = content[1] if len(content) > 1 else 0
    if size < _LONG_LENGTH:
        return content[: size + 2]
    count = size - _LONG_LENGTH
    return content[: int.from_bytes(content[2 : 2 + count], "big") + 2 + count]


def _check_signed_data(item: EmbeddedPdfSignature) -> None:
    """The parts of the CMS that it does not sign are what they must be."""
    data = item.signed_data
    if len(data["signer_infos"]) != 1 or data["crls"].native:
        raise VerificationError("the signature has several signers, or lists that it does not need")
    if item.sig_object_type == "/Sig":
        _check_certificates(item)
    info = item.signer_info
    algorithms = [one.dump() for one in data["digest_algorithms"]]
    if algorithms != [info["digest_algorithm"].dump()]:
        raise VerificationError("the signature names digests that it does not use")
    if item.sig_object_type != "/Sig":
        return  # a time-stamp: its own reader is stricter
    if data["version"].native != "v1" or info["version"].native != "v1":
        raise VerificationError("the signature is of another version")
    if info["digest_algorithm"].dump() not in _SHA256 or (
        info["signature_algorithm"].dump() not in _ECDSA_SHA256
    ):
        raise VerificationError("the signature is not of ECDSA with SHA-256")
    others = [a["type"].native for a in info["unsigned_attrs"] if a["type"].native != _TOKEN]
    if others or len(info["unsigned_attrs"]) > 1:
        raise VerificationError("the signature has unsigned attributes beside a time-stamp")


def _check_certificates(item: EmbeddedPdfSignature) -> None:
    """The signer's, which what is signed names by its digest, and those between it and a root."""
    carried = [choice.chosen for choice in item.signed_data["certificates"]]
    if len({certificate.dump() for certificate in carried}) != len(carried):
        raise VerificationError("the signature carries a certificate twice")
    signer = item.signer_cert.dump()
    for certificate in carried:
        is_root = certificate.issuer.dump() == certificate.subject.dump()
        if is_root and certificate.dump() != signer:
            raise VerificationError("the signature carries a root, which nothing there vouches for")


def _check_coverage(signatures: list[EmbeddedPdfSignature]) -> None:
    """Nothing came after the last signature, and between them only what archiving adds."""
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    for item in signatures:
        compute: Any = item.compute_integrity_info
        compute()
        covers = (
            SignatureCoverageLevel.ENTIRE_FILE
            if item is signatures[-1]
            else SignatureCoverageLevel.ENTIRE_REVISION
        )
        coverage: Any = item.coverage
        if coverage is None or coverage < covers:
            raise VerificationError("something was added to the PDF after it was signed")
        level = getattr(item.diff_result, "modification_level", None)
        if item is not signatures[-1] and level not in (
            ModificationLevel.NONE,
            ModificationLevel.LTA_UPDATES,
        ):
            raise VerificationError("the PDF was changed after it was signed")


def _archive_stamp(data: bytes, item: EmbeddedPdfSignature) -> Stamp:
    if item.sig_object_type != "/DocTimeStamp":
        raise VerificationError(f"a signature of type {item.sig_object_type}")
    start, length, after, rest = (int(number) for number in item.byte_range)
    content = bytes(item.pkcs7_content)
    message = data[start : start + length] + data[after : after + rest]
    return Stamp(_first_der(content), message)


def _attachments(reader: PdfFileReader) -> dict[str, bytes]:
    """Every attached file, each name once."""
    root: Any = reader.root
    if "/AF" not in root:
        return {}
    found: dict[str, bytes] = {}
    for specification in root["/AF"]:
        described = specification.get_object()
        name = str(described["/UF"])
        if name in found:
            raise VerificationError(f"two attachments are called {name!r}")
        found[name] = bytes(described["/EF"]["/F"].data)
    return found


def _check_unpacked_size(data: bytes) -> None:
    """What is compressed in the file is not more than a report could be; nothing is kept of it."""
    if _FILTERS.search(data):
        raise VerificationError("the PDF has data that is packed more than once")
    budget = MAX_UNPACKED
    for match in _STREAM.finditer(data):
        budget = _unpack(data, match.end(), budget)


def _unpack(data: bytes, start: int, budget: int) -> int:
    """What is left of the budget after the stream that begins here, if it is a compressed one.

    What is read counts as well: streams that yield nothing can stand in one another by thousands.
    """
    unpacker = zlib.decompressobj()
    at, size = start, _FIRST_PIECE
    while at < len(data) and not unpacker.eof:
        packed = data[at : at + size]
        at, size = at + len(packed), min(2 * size, _PIECE)
        budget -= len(packed)
        try:
            while packed and budget >= 0:
                budget -= len(unpacker.decompress(packed, _PIECE))
                packed = unpacker.unconsumed_tail
        except zlib.error:
            return budget  # not compressed, or broken: who reads it will say so
        if budget < 0:
            raise VerificationError(f"the PDF unpacks to more than {MAX_UNPACKED} bytes")
    return budget
