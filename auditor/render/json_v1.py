"""JSON, schema `assessment-1`: the whole assessment for other programs.

Keys stand in the order of canonical JSON (RFC 8785) and two spaces indent them, so that two
documents can be compared by eye as well as by digest. The shape is in `assessment_document`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from auditor.core.canonical import digest, indented
from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof

_AT_ONCE = 1000  # findings; written in one piece, those of a large account need 150 MB
_EMPTY = b'\n  "findings": []'  # only a field of the outermost object stands after two spaces
_BEFORE, _AFTER = b'{\n  "findings": [\n', b"\n  ]\n}\n"


@dataclass(frozen=True, slots=True)
class JsonRenderer:
    """One JSON document, with a final line feed."""

    name: str = "json"
    suffix: str = ".json"
    media_type: str = "application/json"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The document.

        Raises:
            LedgerError: The assessment holds a value that canonical JSON forbids.
        """
        del proof  # it goes beside the document: the schema is closed
        return b"".join(self.pieces(assessment))

    def pieces(self, assessment: Assessment) -> Iterator[bytes]:
        """The document part by part, for whoever does not need it in one piece.

        Raises:
            LedgerError: As `render`.
        """
        frame = indented(replace(assessment, findings=()).to_json())
        if not assessment.findings:
            yield frame
            return
        before, after = frame.split(_EMPTY)
        yield before + b'\n  "findings": [\n'
        for number, part in enumerate(_parts(assessment)):
            yield b",\n" if number else b""
            yield part
        yield b"\n  ]" + after


def _parts(assessment: Assessment) -> Iterator[bytes]:
    documents = assessment.finding_documents()
    while part := list(islice(documents, _AT_ONCE)):
        yield indented({"findings": part}).removeprefix(_BEFORE).removesuffix(_AFTER)


def document_digest(assessment: Assessment) -> str:
    """Digest of the JSON document: other formats print it, so that both can be matched."""
    return digest(JsonRenderer().render(assessment))
