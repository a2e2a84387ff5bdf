"""Progress on stderr: a spinner with the last line on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def make_progress() -> Iterator[Callable[[str], None]]:
    """A function that is told lines while the work goes on."""
    if not sys.stderr.isatty():
        yield lambda line: click.echo(line, err=True)
        return
    from rich.console import Console  # only for terminals: it costs start-up time

    console = Console(stderr=True)
    with console.status("planning") as status:

        def tell(line: str) -> None:
            status.update(line)
            console.print(line, style="dim", highlight=False, markup=False)

        yield tell
