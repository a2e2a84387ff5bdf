"""JSON, schema `period-1`: the whole period report for other programs.

Keys stand in the order of canonical JSON (RFC 8785) and two spaces indent them. The shape is in
`document`.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.core.canonical import digest, indented
from auditor.core.model.period_report import PeriodReport


@dataclass(frozen=True, slots=True)
class PeriodJsonRenderer:
    """One JSON document, with a final line feed."""

    name: str = "json"
    suffix: str = ".json"
    media_type: str = "application/json"

    def render(self, report: PeriodReport) -> bytes:
        """The document.

        Raises:
            LedgerError: The report holds a value that canonical JSON forbids.
        """
        return indented(report.to_json())


def document_digest(report: PeriodReport) -> str:
    """Digest of the JSON document: other formats print it, so that both can be matched."""
    return digest(PeriodJsonRenderer().render(report))
