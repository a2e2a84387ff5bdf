"""Options of `scan` that `gate` has as well: what to judge, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from auditor.app.declared import OPTIONS
from auditor.app.selection import Selection
from auditor.core.model.status import Severity

SEVERITIES = click.Choice([severity.value for severity in Severity])


def selection_options(function: Callable[..., object]) -> Callable[..., object]:
    """What to judge: `--framework`, `--control`, `--check`, `--target`, `--environment`."""
    for name, text in (
        ("environment", "Only targets of this environment; repeatable."),
        ("target", "Only this target; repeatable."),
        ("check", "Only this check: control/check or a catalogue id; repeatable."),
        ("control", "Only this control; repeatable."),
        ("framework", "Only controls mapped to this framework; repeatable."),
    ):
        function = click.option(f"--{name}", f"{name}s", multiple=True, help=text)(function)
    return function


def selection_of(values: Mapping[str, Any]) -> Selection:
    """The selection of a command's values, as click gives them."""
    severity: str | None = values["severity"]
    return Selection(
        frameworks=values["frameworks"],
        controls=values["controls"],
        checks=values["checks"],
        targets=values["targets"],
        environments=values["environments"],
        severity=Severity(severity) if severity else None,
    )


def declared_options(function: Callable[..., object]) -> Callable[..., object]:
    """What is written down and not running: `--manifests`, `--terraform-plan` and the like."""
    for option in reversed(OPTIONS):
        what = "file, folder" if option.folders else "file"
        function = click.option(
            f"--{option.name}",
            option.parameter,
            multiple=True,
            metavar="PATH",
            help=f"Judge what is declared: {option.help} ({what}, or - for stdin); repeatable.",
        )(function)
    return function


def declared_of(values: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Paths by name of the option, of a command's values."""
    return {option.name: values[option.parameter] for option in OPTIONS if values[option.parameter]}
