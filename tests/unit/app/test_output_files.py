"""Reports are written whole or not at all, and what was written stands in the log."""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditor.app.reports.outputs import render_to, terminal_width, write_outputs
from auditor.app.reports.requests import OutputRequest
from auditor.core.canonical import digest
from auditor.errors import ConfigError
from auditor.ledger.entries import Report
from tests.unit.app.company import Company


def logged(company: Company) -> list[tuple[str, str]]:
    bodies = [entry.body for entry in company.project().store.entries()]
    return [(body.format, body.digest) for body in bodies if isinstance(body, Report)]


@contextmanager
def no_room(limit: int) -> Iterator[None]:
    """The kernel refuses files longer than `limit` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_every_report_is_written_and_its_digest_logged(company: Company, tmp_path: Path) -> None:
    assessment = company.scan()
    requests = [OutputRequest(form, tmp_path / f"r.{form}") for form in ("json", "html")]
    paths = write_outputs(company.project(), assessment, requests)
    assert logged(company) == [
        (form, digest(path.read_bytes()))
        for form, path in zip(("json", "html"), paths, strict=True)
    ]


def test_no_request_writes_nothing_in_the_log(company: Company) -> None:
    assert write_outputs(company.project(), company.scan(), []) == []
    assert logged(company) == []


def test_a_disk_without_room_leaves_no_half_report_and_the_old_one(
    company: Company, tmp_path: Path
) -> None:
    assessment = company.scan()
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "r.txt").write_text("last month", "utf-8")
    requests = [OutputRequest("text", folder / "r.txt"), OutputRequest("html", folder / "r.html")]
    with no_room(5000), pytest.raises(ConfigError, match=r"r\.html cannot be written") as caught:
        write_outputs(company.project(), assessment, requests)
    assert "auditor report --output" in caught.value.hint
    assert [path.name for path in folder.iterdir()] == ["r.txt"]
    assert (folder / "r.txt").read_text("utf-8") == "last month"
    assert logged(company) == []


@pytest.mark.parametrize("place", ["/proc/report.json", "/dev/null/report.json"])
def test_a_folder_that_takes_no_file_is_an_error_with_the_next_step(
    company: Company, place: str
) -> None:
    assessment = company.scan()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_outputs(company.project(), assessment, [OutputRequest("json", Path(place))])
    assert logged(company) == []


def test_a_folder_of_that_name_is_not_replaced(company: Company, tmp_path: Path) -> None:
    place = tmp_path / "report.json"
    place.mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        write_outputs(company.project(), company.scan(), [OutputRequest("json", place)])
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_stdout_gets_the_format_that_was_asked_for(company: Company) -> None:
    assessment = company.scan()
    assert json.loads(render_to("json", assessment))["run"] == assessment.run
    plain, coloured = (render_to("text", assessment, colour=c) for c in (False, True))
    assert b"\x1b[" not in plain
    assert b"\x1b[" in coloured


def test_without_a_terminal_text_is_a_hundred_columns_wide() -> None:
    assert terminal_width() >= 20
