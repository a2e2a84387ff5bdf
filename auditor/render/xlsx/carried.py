"""A document that a workbook carries along, as a part of its package that no sheet shows.

A workbook is an OPC package (ECMA-376, part 2): a zip of parts. Programs leave parts alone whose
kind of relationship they do not know, so the document changes nothing of what people see.
"""

from __future__ import annotations

import io
import zipfile

_CONTENT_TYPES, _RELATIONSHIPS = "[Content_Types].xml", "_rels/.rels"
_KIND = "urn:auditor:carried-document"
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever it is made
MAX_CARRIED = 200_000_000
"""Bytes of a document that are read out of a file, whatever the file says."""


def with_document(workbook: bytes, name: str, document: bytes) -> bytes:
    """The workbook with a JSON document in it."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as parts,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for part in parts.infolist():
            data = parts.read(part)
            if part.filename == _CONTENT_TYPES:
                default = b'<Default Extension="json" ContentType="application/json"/>'
                data = data.replace(b"<Default ", default + b"<Default ", 1)
            elif part.filename == _RELATIONSHIPS:
                link = f'<Relationship Id="rCarried" Type="{_KIND}" Target="{name}"/>'
                data = data.replace(b"</Relationships>", link.encode() + b"</Relationships>")
            _write(out, part.filename, data)
        _write(out, name, document)
    return made.getvalue()


def document_of(workbook: bytes, name: str) -> bytes | None:
    """The document that a file carries; None where it is no workbook, or has none of that name."""
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as parts, parts.open(name) as part:
            data = part.read(MAX_CARRIED + 1)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError, OSError):
        return None
    return data if len(data) <= MAX_CARRIED else None


def _write(out: zipfile.ZipFile, name: str, data: bytes) -> None:
    part = zipfile.ZipInfo(name, _WHEN)
    part.compress_type = zipfile.ZIP_DEFLATED
    part.external_attr = 0o600 << 16
    out.writestr(part, data)
