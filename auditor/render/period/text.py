"""Terminal text of a period: what a person reads first. The words of an auditor, and no opinion.

Fits 80 columns and uses more where there are more. Lists are capped, and the number left out is
stated; every status stands as a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import RenderableType

from auditor.core.model.period_report import PeriodReport, PeriodState
from auditor.render.period import text_blocks as blocks
from auditor.render.terminal import terminal_text


@dataclass(frozen=True, slots=True)
class PeriodTextRenderer:
    """Text for a terminal.

    Args:
        width: Columns; taken as 40 where there are fewer, and as 160 where there are more.
        colour: With ANSI colours; the caller knows whether it writes to a terminal.
        rows: Most rows of each list.
    """

    width: int = 100
    colour: bool = False
    rows: int = 40
    name: str = "text"
    suffix: str = ".txt"
    media_type: str = "text/plain; charset=utf-8"

    def render(self, report: PeriodReport) -> bytes:
        """The text in UTF-8; no line ends with spaces."""
        return terminal_text(self._parts(report), self.width, colour=self.colour)

    def _parts(self, report: PeriodReport) -> Iterator[RenderableType]:
        yield from blocks.header(report)
        yield from blocks.changes(report, self.rows)
        for control in report.controls:
            if control.state is not PeriodState.NO_DEVIATIONS:
                yield from blocks.control(report, control, self.rows)
        yield from blocks.quiet(report)
        yield from blocks.waivers(report, self.rows)
        yield from blocks.attestations(report, self.rows)
        yield from blocks.coverage(report, self.rows)
        yield from blocks.runs(report, self.rows)
        yield from blocks.responses(report)
        yield from blocks.requirements(report)
        yield from blocks.summary(report)
