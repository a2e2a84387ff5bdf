"""Rendering an assessment for stdout and into files, signing these, noting them in the log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from auditor.app.log import open_log
from auditor.app.project import Project
from auditor.app.reports.pdf_signing import sign_pdf
from auditor.app.reports.proof import make_proof
from auditor.app.reports.requests import OutputRequest
from auditor.app.witnesses.asking import cosign_head
from auditor.attest.page_signature import sign_page
from auditor.core.canonical import digest
from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.errors import ConfigError
from auditor.ledger.entries import Report
from auditor.render.json_v1 import JsonRenderer
from auditor.render.registry import renderer

SIGNED_FORMATS = frozenset({"html", "pdf"})
"""These carry the proof of their run and are signed."""


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


def render_parts(
    form: str,
    assessment: Assessment,
    *,
    colour: bool = False,
    places: Sequence[tuple[str, str]] = (),
) -> Iterator[bytes]:
    """The same in parts: the JSON of a large run need not be in memory at once."""
    if form == "json":
        yield from JsonRenderer().pieces(assessment)
    else:
        yield render_to(form, assessment, colour=colour, places=places)


def terminal_width() -> int:
    """Columns of the terminal, 100 where there is none."""
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 100


def write_outputs(
    project: Project,
    assessment: Assessment,
    requests: Sequence[OutputRequest],
    *,
    signed: bool = True,
    progress: Callable[[str], None] = lambda _line: None,
) -> list[Path]:
    """Write all files or none, each whole, and note their digests in the log.

    Args:
        signed: Sign what can be signed: HTML always, PDF where the run key has a certificate.
        progress: Told how each file was signed, or why it was not.

    Raises:
        DependencyError: A format needs what is not installed.
        ConfigError: A file cannot be written, or a key cannot be used.
    """
    if not requests:
        return []
    proof = _proof_for(project, assessment, requests)
    signing = ReportSigning(project, progress) if signed else None
    files = (
        Made(request, request.form, renderer(request.form).render(assessment, proof))
        for request in requests
    )
    return deliver(project, assessment.run, files, signing, progress)


@dataclass(frozen=True, slots=True)
class Made:
    """A rendered file; `noted` is what the log calls its format."""

    request: OutputRequest
    noted: str
    data: bytes


def deliver(
    project: Project,
    run: str,
    files: Iterable[Made],
    signing: ReportSigning | None,
    progress: Callable[[str], None],
) -> list[Path]:
    """Sign what can be signed, write all files or none, and note their digests in the log.

    Args:
        run: Which the log notes them with.
        files: Taken one by one, so that no unsigned copy is kept.

    Raises:
        DependencyError, ConfigError: As `write_outputs`.
    """
    ready = [signing.signed(one) if signing else one for one in files]
    write_files([(one.request.path, one.data) for one in ready])
    log_reports(project, run, [(one.noted, digest(one.data)) for one in ready], progress)
    return [one.request.path for one in ready]


def _proof_for(
    project: Project, assessment: Assessment, requests: Sequence[OutputRequest]
) -> ReportProof | None:
    """Only some formats carry a proof; making it reads the store."""
    carried = any(request.form in SIGNED_FORMATS for request in requests)
    return make_proof(project, assessment.run) if carried else None


@dataclass(frozen=True, slots=True)
class ReportSigning:
    """Signs reports with the run key of a project."""

    project: Project
    progress: Callable[[str], None]

    def signed(self, one: Made) -> Made:
        """The file with its signature, which stands behind the bytes as they are."""
        request = one.request
        if request.form not in SIGNED_FORMATS:
            return one
        if request.form == "html":
            self.progress(f"{request.path}: signed with the run key")
            return replace(one, data=sign_page(one.data, self.project.run_key()))
        return replace(one, data=self._sign_pdf(request.path, one.data))

    def _sign_pdf(self, path: Path, data: bytes) -> bytes:
        config = self.project.loaded.config
        certificate = self.project.loaded.path(config.keys.certificate)
        if not certificate.is_file():
            self.progress(f"{path}: not signed, for there is no certificate {certificate}")
            return data
        with _reading(certificate):
            chain = certificate.read_text("utf-8")
        made = sign_pdf(data, self.project.run_key(), chain, config.timestamping, self.progress)
        self.progress(f"{path}: signed, {made.level}")
        return made.data


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", where=str(path)) from error


def write_files(files: Sequence[tuple[Path, bytes]]) -> None:
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


def log_reports(
    project: Project,
    run: str,
    reports: Sequence[tuple[str, str]],
    progress: Callable[[str], None],
) -> None:
    """Note reports of a run, as format and digest, and have the new head of the log cosigned."""
    with open_log(project, lambda: datetime.now(UTC)) as log:
        for form, value in reports:
            log.append(Report(run=run, format=form, digest=value))
        log.commit()
    cosign_head(project, progress)
