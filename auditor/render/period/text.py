"""Terminal text of a period: what a person reads first. The words of an auditor, and no opinion.

Fits 80 columns and uses more where there are more. Lists are capped, and the number left out is
stated; every status stands as a word.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, RenderableType

from auditor.core.model.period_report import PeriodReport, PeriodState
from auditor.render.period import text_blocks as blocks

_NARROWEST, _WIDEST = 40, 160
_TRAILING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$", re.MULTILINE)


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
        out = io.StringIO()
        console = Console(
            file=out,
            width=min(max(self.width, _NARROWEST), _WIDEST),
            height=100,
            force_terminal=self.colour,
            color_system="standard" if self.colour else None,
            no_color=not self.colour,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            _environ={},  # not this process's TERM, COLUMNS or NO_COLOR
        )
        for part in self._parts(report):
            console.print(part)
        return _TRAILING.sub(lambda end: end[0].replace(" ", ""), out.getvalue()).encode()

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
