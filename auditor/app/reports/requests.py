"""What `--output FORMAT=FILE` asks for: of a run, a period, a gate or a statement.

Which formats there are is the caller's; they differ. Everything is refused before any work is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import UsageError
from auditor.render.formats import check_format


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """A file that is to be written in a format."""

    form: str
    path: Path


def parse_request(text: str, formats: Iterable[str]) -> OutputRequest:
    """Read `FORMAT=FILE`.

    Args:
        formats: Names of the formats that can be asked for.

    Raises:
        UsageError: Another form, an unknown format, or a folder that does not exist.
    """
    form, separator, name = text.partition("=")
    if not separator or not name:
        raise UsageError(f"got --output {text!r}, expected FORMAT=FILE such as pdf=report.pdf")
    check_format(form, formats)
    path = Path(name)
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist", hint=f"mkdir {path.parent}")
    return OutputRequest(form, path)
