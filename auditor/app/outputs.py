"""Rendering an assessment for stdout and into files, and noting reports in the log."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.app.project import Project
from auditor.core.canonical import digest
from auditor.core.model.assessment import Assessment
from auditor.errors import ConfigError, UsageError
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
    """Write all files or none, each whole, and note their digests in the log.

    Raises:
        DependencyError: A format needs what is not installed.
        ConfigError: A file cannot be written.
    """
    rendered = [(r, renderer(r.form).render(assessment)) for r in requests]
    _write_all([(request.path, data) for request, data in rendered])
    if rendered:
        _log_reports(project, assessment.run, [(r.form, digest(data)) for r, data in rendered])
    return [request.path for request, _data in rendered]


def _write_all(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write everything under other names first: a full disk is found before any is replaced."""
    beside = [(path, path.with_name(f".{path.name}.{os.getpid()}.tmp")) for path, _data in files]
    try:
        for (path, temporary), (_path, data) in zip(beside, files, strict=True):
            with _writing(path):
                temporary.write_bytes(data)
        for path, temporary in beside:
            with _writing(path):
                temporary.replace(path)
    finally:
        for _path, temporary in beside:
            with suppress(OSError):  # a folder that takes no file has none to remove
                temporary.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        hint = "the run is recorded: auditor report --output FORMAT=FILE writes it elsewhere"
        raise ConfigError(message, hint=hint) from error


def _log_reports(project: Project, run: str, reports: Sequence[tuple[str, str]]) -> None:
    key = project.log_key()
    with project.store.open_log(
        key=key.note_key(project.origin), sign=key.sign, clock=lambda: datetime.now(UTC)
    ) as log:
        for form, value in reports:
            log.append(Report(run=run, format=form, digest=value))
        log.commit()
