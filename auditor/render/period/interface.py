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
from auditor.render.interface import Format

DOCUMENT = "period.json"
"""Name of the document `period-1` where a format carries it as an attachment or element."""


class PeriodRenderer(Format, Protocol):
    """One format of the report of a period."""

    def render(self, report: PeriodReport) -> bytes:
        """The whole document.

        Raises:
            DependencyError: A library that the format needs is not installed.
        """
        ...
