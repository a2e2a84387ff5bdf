"""What a terminal shows, as bytes: the same on every machine, whatever its own terminal is.

What is shown is left to the blocks of each report.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

from rich.console import Console, RenderableType

_NARROWEST, _WIDEST = 40, 160
_TRAILING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$", re.MULTILINE)


def terminal_text(parts: Iterable[RenderableType], width: int, *, colour: bool) -> bytes:
    """The text in UTF-8; no line ends with spaces.

    Args:
        width: Columns; taken as 40 where there are fewer, and as 160 where there are more.
        colour: With ANSI colours; the caller knows whether it writes to a terminal.
    """
    out = io.StringIO()
    console = Console(
        file=out,
        width=min(max(width, _NARROWEST), _WIDEST),
        height=100,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},  # not this process's TERM, COLUMNS or NO_COLOR
    )
    for part in parts:
        console.print(part)
    return _TRAILING.sub(lambda end: end[0].replace(" ", ""), out.getvalue()).encode()
