"""What several commands share: the configuration option, output, and the guard."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from auditor.app.boundary import guarded
from auditor.cli.job_log import inert_for_log
from auditor.errors import ConfigError, ExitCode

P = ParamSpec("P")
R = TypeVar("R")


def config_option(function: Callable[P, R]) -> Callable[P, R]:
    """`--config FILE`, also `AUDITOR_CONFIG`."""
    return click.option(
        "--config",
        "-c",
        type=click.Path(path_type=Path),
        default=Path("auditor.yaml"),
        envvar="AUDITOR_CONFIG",
        show_default=True,
        help="The configuration file.",
    )(function)


def colour_option(function: Callable[P, R]) -> Callable[P, R]:
    """`--no-color`; NO_COLOR and pipes switch colour off as well."""
    return click.option("--no-color", is_flag=True, help="No colour (also: NO_COLOR).")(function)


def chosen_engine() -> str | None:
    """What `auditor --engine` says; None where it says nothing."""
    engine: str | None = click.get_current_context().find_root().params.get("engine")
    return engine


def wants_colour(*, no_color: bool) -> bool:
    """Whether stdout should be coloured."""
    return not no_color and "NO_COLOR" not in os.environ and sys.stdout.isatty()


def guard(function: Callable[P, R]) -> Callable[P, R]:
    """Let only AuditorError out of a command, click's own exceptions, and a reader that left."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return guarded(
                lambda: _on_this_machine(lambda: function(*args, **kwargs)), passing=_OWN
            )
        except BrokenPipeError:
            # `auditor scan | head`. Click would answer 1, which here means failing controls, and
            # Python would complain once more when it flushes stdout at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None

    return wrapper


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_OWN = (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError)


def _on_this_machine(action: Callable[[], R]) -> R:
    """What the operating system refuses a command is for its user to mend, not a defect."""
    try:
        return action()
    except OSError as error:
        if error.filename is None and error.errno not in _NO_ROOM:
            raise  # not about a file: a reader that left, or a connection nobody expected
        message = f"the operating system refuses: {error.strerror or error}"
        hint = "check that the path is right, its permissions and the free space"
        where = str(error.filename) if error.filename else ""
        raise ConfigError(message, hint=hint, where=where) from error


def echo(data: bytes, form: str = "") -> None:
    """Write a result to stdout, exactly; see `echo_parts`."""
    echo_parts([data], form)


def echo_parts(parts: Iterable[bytes], form: str = "") -> None:
    """Write a result to stdout as it comes.

    Args:
        form: Format of a report: names in it are no commands to the log of a CI job.
    """
    for part in parts:
        sys.stdout.buffer.write(inert_for_log(part, os.environ, form))
    sys.stdout.buffer.flush()


def note(text: str) -> None:
    """A line for people on stderr."""
    click.echo(text, err=True)
