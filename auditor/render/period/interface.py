"""What every renderer of period reports is: one format, a `PeriodReport` to bytes.

The contract is that of `auditor.render.interface`: pure, equal reports give equal bytes, collected
text is hostile, a capped list says how many are left out, no opinion. One thing more: a file that
is to be verified later carries the document `period-1` along, byte for byte as `json_v1` gives it,
for it holds what the log does not (which period, management's responses, remediation targets).
Where each format keeps it is told in docs/reference/period.md.
"""

from __future__ import annotations

from typing import Protocol

from auditor.core.model.period_report import PeriodReport

DOCUMENT = "period.json"
"""Name of the document `period-1` where a format carries it as an attachment or element."""


class PeriodRenderer(Protocol):
    """One format."""

    @property
    def name(self) -> str:
        """As `--format` names it: `json`."""
        ...

    @property
    def suffix(self) -> str:
        """Of a file of this format, with the dot: `.json`."""
        ...

    @property
    def media_type(self) -> str:
        """IANA media type: `application/json`."""
        ...

    def render(self, report: PeriodReport) -> bytes:
        """The whole document.

        Raises:
            DependencyError: A library that the format needs is not installed.
        """
        ...
