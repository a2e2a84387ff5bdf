"""What every renderer is: one format, an assessment and perhaps its proof to bytes.

Contract, which `tests/unit/render` checks for each of them:

- Pure: no clock, no network, no randomness; equal assessments, proofs and options give equal
  bytes. Nothing is signed here: a signature is put behind the bytes, which stay as they are.
- Collected text is hostile until shown to be otherwise: it is escaped for the format, and control
  and direction characters are made visible (`escape.visible`).
- A list that is capped says how many are left out and where all of them are.
- No opinion: what was tested and found, never a conclusion about the organisation.
"""

from __future__ import annotations

from typing import Protocol

from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof


class Format(Protocol):
    """What a format is called and what a file of it is."""

    @property
    def name(self) -> str:
        """As `--format` names it: `html`."""
        ...

    @property
    def suffix(self) -> str:
        """Of a file of this format, with the dot: `.html`."""
        ...

    @property
    def media_type(self) -> str:
        """IANA media type: `text/html`."""
        ...


class Renderer(Format, Protocol):
    """One format of the report of a run."""

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The whole document.

        Args:
            proof: Signed bytes to carry along, for formats that can; others leave it out.

        Raises:
            DependencyError: A library that the format needs is not installed.
        """
        ...
