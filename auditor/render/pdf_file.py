"""HTML to a PDF file that can be archived: A4, tagged, PDF/A-3u, with files attached.

The same HTML and attachments give the same bytes, with the same versions of WeasyPrint, pikepdf,
Pango and of the fonts for scripts other than Latin. What stands on the pages is left to the
callers. Standards: ISO 19005-3 (PDF/A-3), ISO 32000-1 14.8 (tags).
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from markupsafe import Markup

from auditor.errors import DependencyError
from auditor.render.fonts import LATIN, LATIN_EXTENDED, font_faces
from auditor.render.templates import read_asset

MISSING_HINT = "pip install 'auditor[pdf]'"


def print_style(*names: str) -> Markup:
    """The fonts of a printed report, and the style sheets of that name in `reports`."""
    faces = font_faces(LATIN + LATIN_EXTENDED, Path.as_uri)
    styles = (read_asset(".", name) for name in names)
    return Markup("\n".join((faces, *styles)))  # noqa: S704 - our own files


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the file; `relationship` as PDF/A-3 names it: Source, Data, Supplement."""

    name: str
    content: bytes
    description: str
    relationship: str


def lay_out(html: str, identifier: str, when: datetime, attached: Sequence[Attached]) -> bytes:
    """The pages.

    Args:
        identifier: Digest of what the file is made of; it makes the file's identifier.
        when: Date of the attachments, in UTC.

    Raises:
        DependencyError: WeasyPrint or Pango is not installed.
    """
    weasyprint = _weasyprint()
    # Only files: whatever was collected, nothing is ever fetched.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"file"}, fail_on_errors=True)
    with warnings.catch_warnings():
        # WeasyPrint 70 leaves its own colour profile to be closed by the garbage collector.
        warnings.filterwarnings("ignore", "unclosed file .*sRGB2014", ResourceWarning)
        pdf: bytes = weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf(
            pdf_variant="pdf/a-3u",
            pdf_tags=True,
            pdf_identifier=identifier.encode(),
            attachments=[_attachment(weasyprint, one, when) for one in attached],
        )
    return pdf


def _attachment(weasyprint: Any, one: Attached, when: datetime) -> object:
    return weasyprint.Attachment(
        string=one.content,
        name=one.name,
        description=one.description,
        created=when,
        modified=when,
        relationship=one.relationship,
    )


def save_compact(data: bytes, amend: Callable[[Any], None]) -> bytes:
    """The same document with its objects in streams, and an identifier made of its content.

    Who checks a signature walks through all objects: in streams they are read faster.

    Args:
        amend: Changes the opened document (`pikepdf.Pdf`) before it is saved.

    Raises:
        DependencyError: pikepdf is not installed.
    """
    pikepdf = load_pikepdf()
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        _tidy_attachments(document, pikepdf)
        amend(document)
        document.save(
            out,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
        )
    return out.getvalue()


def unchanged(_document: Any) -> None:
    """No amendment."""


def _tidy_attachments(document: Any, pikepdf: Any) -> None:
    """Each once, and with media types that do not depend on the machine's tables."""
    once = {item.objgen: item for item in document.Root.AF}
    document.Root.AF = pikepdf.Array(list(once.values()))
    for item in once.values():
        kind = "/application/json" if str(item.UF).endswith(".json") else "/text/plain"
        for stream in item.EF.values():
            stream.Subtype = pikepdf.Name(kind)


def load_pikepdf() -> Any:
    """The library that changes PDF files.

    Raises:
        DependencyError: It is not installed.
    """
    with _needed("pikepdf"):
        import pikepdf  # an optional extra, with a library of its own
    return pikepdf


def load_typst() -> Any:
    """The layout engine for long tables.

    Raises:
        DependencyError: It is not installed.
    """
    with _needed("typst"):
        import typst  # an optional extra, of 30 MB
    return typst


def load_segno() -> Any:
    """The library that draws QR codes.

    Raises:
        DependencyError: It is not installed.
    """
    with _needed("segno"):
        import segno  # an optional extra
    return segno


@contextmanager
def _needed(name: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise DependencyError(f"PDF needs {name}", hint=MISSING_HINT) from error


def _weasyprint() -> Any:
    """The layout engine for pages; it is slow to import."""
    try:
        import weasyprint  # an optional extra, and half a second
    except ImportError as error:
        raise DependencyError(
            "PDF needs WeasyPrint, which is not installed", hint=MISSING_HINT
        ) from error
    except OSError as error:  # it loads Pango when it is imported
        raise DependencyError(
            f"PDF needs the library Pango, which does not load: {error}",
            hint="apt-get install libpango-1.0-0 libpangoft2-1.0-0",
        ) from error
    module: ModuleType = weasyprint
    return module
