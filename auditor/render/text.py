"""Terminal text: what a person reads after a scan. Worst first, and the next command to type.

Fits 80 columns and uses more where there are more. Every status stands as a word, colour only
adds to it. Lists are capped, and the number left out is stated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import RenderableType

from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.render import text_blocks as blocks
from auditor.render.terminal import terminal_text
from auditor.render.view.controls import NEEDS_ATTENTION, control_views


@dataclass(frozen=True, slots=True)
class TextRenderer:
    """Text for a terminal.

    Args:
        width: Columns; taken as 40 where there are fewer, and as 160 where there are more.
        colour: With ANSI colours; the caller knows whether it writes to a terminal.
        rows: Most findings shown for each control, and rows of each other list.
        places: What else there is, as label and path: `("report", "reports/run.html")`.
    """

    width: int = 80
    colour: bool = False
    rows: int = 10
    places: Sequence[tuple[str, str]] = ()
    name: str = "text"
    suffix: str = ".txt"
    media_type: str = "text/plain; charset=utf-8"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The text in UTF-8; no line ends with spaces."""
        del proof  # a terminal shows nothing that could be checked
        return terminal_text(self._parts(assessment), self.width, colour=self.colour)

    def _parts(self, assessment: Assessment) -> Iterator[RenderableType]:
        views = control_views(assessment)
        yield from blocks.header(assessment)
        for view in views:
            if view.with_status(*NEEDS_ATTENTION):
                yield from blocks.control(view, self.rows)
        yield from blocks.quiet_controls(views)
        yield from blocks.not_tested(assessment, self.rows)
        yield from blocks.not_read(assessment, self.rows)
        yield from blocks.refused_waivers(assessment)
        yield from blocks.requirements(assessment)
        yield from blocks.summary(assessment, self.places)
