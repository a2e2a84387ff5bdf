"""Rendering an assessment for stdout and into files, and noting reports in the log."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.app.project import Project
from auditor.core.canonical import digest
from auditor.core.model.assessment import Assessment
from auditor.errors import ConfigError, UsageError
from auditor.ledger.checkpoint import log_origin
from auditor.ledger.entries import Report
from auditor.render.registry import format_names, renderer


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """`FORMAT=FILE`."""

    form: str
    path: Path

    @classmethod
    def parse(cls, text: str) -> OutputRequest:
        """Read `FORMAT=FILE`.

        Raises:
            UsageError: Another form, an unknown format, or a folder that does not exist.
        """
        form, separator, name = text.partition("=")
        if not separator or not name:
            raise UsageError(f"got --output {text!r}, expected FORMAT=FILE such as pdf=report.pdf")
        cls.check_format(form)
        path = Path(name)
        if not path.parent.is_dir():
            raise UsageError(
                f"the folder {path.parent} does not exist", hint=f"mkdir {path.parent}"
            )
        return cls(form, path)

    @staticmethod
    def check_format(form: str) -> None:
        """Refuse an unknown format before any work is done."""
        if form not in format_names():
            renderer(form)  # raises with the nearest name


def render_to(
    form: str,
    assessment: Assessment,
    *,
    colour: bool = False,
    places: Sequence[tuple[str, str]] = (),
) -> bytes:
    """The assessment in a format; text for the terminal at hand.

    Args:
        places: What lies where (`("pdf", "report.pdf")`), named at the end of the text.
    """
    if form != "text":
        return renderer(form).render(assessment)
    from auditor.render.text import TextRenderer  # options that only text has

    width = terminal_width()
    return TextRenderer(width=width, colour=colour, places=list(places)).render(assessment)


def terminal_width() -> int:
    """Columns of the terminal, 100 where there is none."""
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 100


def write_outputs(
    project: Project, assessment: Assessment, requests: Sequence[OutputRequest]
) -> list[Path]:
    """Write each file whole or not at all, and note its digest in the log.

    Raises:
        DependencyError: A format needs what is not installed.
        ConfigError: A file cannot be written.
    """
    rendered = [(r, renderer(r.form).render(assessment)) for r in requests]
    for request, data in rendered:
        _write_whole(request.path, data)
    if rendered:
        _log_reports(project, assessment.run, [(r.form, digest(data)) for r, data in rendered])
    return [request.path for request, _data in rendered]


def _write_whole(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _log_reports(project: Project, run: str, reports: Sequence[tuple[str, str]]) -> None:
    key = project.log_key()
    origin = log_origin(project.loaded.config.organisation)
    with project.store.open_log(
        key=key.note_key(origin), sign=key.sign, clock=lambda: datetime.now(UTC)
    ) as log:
        for form, value in reports:
            log.append(Report(run=run, format=form, digest=value))
        log.commit()
