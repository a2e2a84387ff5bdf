"""What signing added to a rendered PDF: one revision with a signature, and nothing that shows.

A signature covers whatever stands before it, also a revision that exchanges every page. So it is
not enough that a signed file begins with the rendered one: all objects of the next revision are
looked at. What archiving adds behind the signature is `report_pdf`'s matter.
Standard: ISO 32000-2, 7.5.6 (incremental updates) and 12.7 (forms).
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from auditor.attest.report_pdf import by_pyhanko
from auditor.errors import VerificationError

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader

_INVISIBLE = [0, 0, 0, 0]
_ROOTS = ("/Root", "/Info")
# Dictionaries of the new revision, each with the keys that signing may add or change.
_CATALOG = frozenset(("/AcroForm", "/Extensions", "/Version"))
_PAGE = frozenset(("/Annots",))
_INFORMATION = frozenset(("/ModDate", "/Producer"))
_FIELD = frozenset(("/FT", "/T", "/Type", "/Subtype", "/F", "/Rect", "/P", "/V"))
_FORM = frozenset(("/Fields", "/SigFlags"))
_DESCRIBED = re.compile(rb"<rdf:li[^>]*>([^<]*)</rdf:li>")  # title, author, subject


def check_only_signed(data: bytes, rendered: bytes) -> None:
    """Check that a signed PDF is a rendered one and the signature, be it archived or not.

    Args:
        data: The signed file, which begins with the rendered one; its signature is not checked.

    Raises:
        VerificationError: Something else came between.
    """
    by_pyhanko(lambda: _check(data, rendered))


def _check(data: bytes, rendered: bytes) -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader  # slow to import, as all of pyHanko

    number = PdfFileReader(io.BytesIO(rendered), strict=True).xrefs.total_revisions
    signed = PdfFileReader(io.BytesIO(data), strict=True)
    signatures = signed.embedded_signatures
    if not data.startswith(rendered) or not signatures:
        raise VerificationError("the signed PDF does not continue the rendered one")
    if signatures[0].signed_revision != number:
        raise VerificationError("the PDF was changed between rendering and signing")
    _Revision(signed, number).check()


class _Revision:
    """The revision with the signature, against the one before it.

    Objects go by their numbers: what a reader of an old revision gives has no place of its own.
    """

    def __init__(self, reader: PdfFileReader, number: int) -> None:
        self._reader = reader
        self._number = number
        self._now: Any = reader.get_historical_resolver(number)
        self._trailers: Any = [reader.trailer.flatten(n) for n in (number - 1, number)]
        section: Any = reader.xrefs.get_xref_data(number)
        self._freed = set(section.freed) - {0}
        self._written = sorted(
            (item.idnum, item.generation) for item in reader.xrefs.explicit_refs_in_revision(number)
        )

    def check(self) -> None:
        """Every object that was written again differs only in what signing must change."""
        before, now = (
            {name: trailer.raw_get(name) for name in _ROOTS} for trailer in self._trailers
        )
        known = all(generation == 0 for _number, generation in self._written)
        hybrid = self._reader.xrefs.hybrid_xrefs_present
        if self._freed or hybrid or not known or _written(before) != _written(now):
            raise VerificationError("the PDF was changed between rendering and signing")
        root = self._now.root
        allowed = {
            now["/Root"].idnum: _CATALOG,
            now["/Info"].idnum: _INFORMATION,
            self._page(root): _PAGE,
        }
        metadata = root.raw_get("/Metadata").idnum
        for number, generation in self._written:
            old = self._object(number, generation, self._number - 1)
            new = self._object(number, generation, self._number)
            if old is None:
                continue  # new: reached, if at all, from what is compared here
            if number == metadata:
                same = _DESCRIBED.findall(new.data) == _DESCRIBED.findall(old.data)
            else:
                keys = allowed.get(number, frozenset())
                same = _written(old, keys) == _written(new, keys)
            if not same:
                raise VerificationError(f"object {number} of the PDF was exchanged before signing")

    def _page(self, root: Any) -> int:
        """The number of the page that has the signature's field, which shows nothing."""
        form = root["/AcroForm"]
        fields = form["/Fields"]
        if len(fields) != 1 or not form.keys() <= _FORM or not fields[0].keys() <= _FIELD:
            raise VerificationError("the PDF has form fields beside its signature")
        page = fields[0]["/P"]
        shown = [item.idnum for item in page["/Annots"]]
        if shown != [fields.raw_get(0).idnum] or list(fields[0]["/Rect"]) != _INVISIBLE:
            raise VerificationError("signing has put something visible into the PDF")
        number: int = fields[0].raw_get("/P").idnum
        return number

    def _object(self, number: int, generation: int, revision: int) -> Any:
        """An object as a revision has it, None where it has none."""
        from pyhanko.pdf_utils.generic import Reference

        reference = Reference(number, generation, self._reader)
        if self._reader.xrefs.get_introducing_revision(reference) > revision:
            return None
        reader: Any = self._reader
        return reader.get_object(reference, revision=revision)


def _written(value: Any, without: frozenset[str] = frozenset()) -> bytes:
    """The bytes of an object, without these keys of a dictionary."""
    out = io.BytesIO()
    if isinstance(value, dict):
        for name in sorted(value.keys() - without):
            out.write(name.encode())
            raw = value.raw_get(name) if hasattr(value, "raw_get") else value[name]
            raw.write_to_stream(out)
        if hasattr(value, "encoded_data"):
            out.write(value.encoded_data)
    else:
        value.write_to_stream(out)
    return out.getvalue()
