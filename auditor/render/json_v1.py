"""JSON, schema `assessment-1`: the whole assessment for other programs.

Keys stand in the order of canonical JSON (RFC 8785) and two spaces indent them, so that two
documents can be compared by eye as well as by digest. The shape is in `assessment_document`.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from auditor.core.canonical import canonical, digest
from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof


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
        ordered = orjson.loads(canonical(assessment.to_json()))
        return orjson.dumps(ordered, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def document_digest(assessment: Assessment) -> str:
    """Digest of the JSON document: other formats print it, so that both can be matched."""
    return digest(JsonRenderer().render(assessment))
