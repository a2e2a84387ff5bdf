"""What several commands share: the configuration option, output, and the guard."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from auditor.app.boundary import guarded
from auditor.errors import ConfigError

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


def wants_colour(*, no_color: bool) -> bool:
    """Whether stdout should be coloured."""
    return not no_color and "NO_COLOR" not in os.environ and sys.stdout.isatty()


def guard(function: Callable[P, R]) -> Callable[P, R]:
    """Let only AuditorError out of a command, click's own exceptions, and a reader that left."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return guarded(lambda: _on_this_machine(lambda: function(*args, **kwargs)), passing=_OWN)

    return wrapper


_OWN = (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError)


def _on_this_machine(action: Callable[[], R]) -> R:
    """What the operating system refuses a command is for its user to mend, not a defect."""
    try:
        return action()
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"the operating system refuses: {error.strerror or error}"
        hint = "check that the path is right, its permissions and the free space"
        where = str(error.filename) if error.filename else ""
        raise ConfigError(message, hint=hint, where=where) from error


def echo(data: bytes) -> None:
    """Write a result to stdout, exactly."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def note(text: str) -> None:
    """A line for people on stderr."""
    click.echo(text, err=True)
