"""Time sources and git histories, asked for real; and what the collector does without a project."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auditor.collectors.interface import CollectionContext
from auditor.collectors.own_records import Reading
from auditor.collectors.records import RecordsCollector
from auditor.collectors.records.changes import read_changes
from auditor.collectors.records.clock import offset
from auditor.core.model.attestation import period_end
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.unit.collectors.records.reading import NOW, InMemory, read, write


@contextmanager
def telling(stated: str | None) -> Iterator[str]:
    """A web server whose clock says what it is told to; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(200)
            if stated is not None:
                self.send_header("Date", stated)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


RIGHT, FAST = "Mon, 05 Oct 2026 09:00:00 GMT", "Mon, 05 Oct 2026 09:00:10 GMT"
OWN = {"records.clock": Reading([Resource({"id": "runner", "behind_head": False})])}


def test_the_worst_of_two_clocks_counts(tmp_path: Path) -> None:
    with telling(RIGHT) as one, telling(FAST) as other:
        records = InMemory(tmp_path, readings=OWN)
        observation = read(tmp_path, "records.clock", records=records, time_sources=[one, other])
    (clock,) = observation.resources
    assert (clock.data["sources"], clock.data["worst_offset"]) == (2, "10s")
    assert [call.server_time for call in observation.calls] == [NOW, NOW + timedelta(seconds=10)]


def test_one_source_is_not_enough(tmp_path: Path) -> None:
    with telling(RIGHT) as one, telling(None) as silent:
        records = InMemory(tmp_path, readings=OWN)
        sources = [one, silent, "http://127.0.0.1:9/"]
        observation = read(tmp_path, "records.clock", records=records, time_sources=sources)
    assert observation.resources == ()
    causes = [gap.cause for gap in observation.gaps]
    assert causes == [Cause.UNREACHABLE, Cause.UNREACHABLE, Cause.NOT_COLLECTED]
    assert "its answer has no Date" in observation.gaps[0].detail


def test_the_ceiling_of_requests_holds(tmp_path: Path) -> None:
    with telling(RIGHT) as one:
        records = InMemory(tmp_path, readings=OWN)
        observation = read(
            tmp_path, "records.clock", records=records, max_calls=1, time_sources=[one, one]
        )
    assert [gap.cause for gap in observation.gaps] == [Cause.LIMIT, Cause.NOT_COLLECTED]


@pytest.mark.parametrize(
    ("stated", "apart"),
    [(0, 0), (-1, 0), (-2, 1), (1, 0), (3, 2)],
)
def test_the_offset_is_what_is_certain(stated: int, apart: int) -> None:
    """The request lasts from NOW to NOW + 1 s; the server cuts its clock to the second."""
    there = NOW + timedelta(seconds=stated)
    assert offset(NOW, NOW + timedelta(seconds=1), there) == timedelta(seconds=apart)


def git(folder: Path, *arguments: str, at: datetime = NOW) -> None:
    stamp = (at - timedelta(days=1)).isoformat()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": stamp,
        "GIT_COMMITTER_DATE": stamp,
    }
    subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, env=environment, capture_output=True
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    write(tmp_path, "controls/a.yaml", "a: 1\n")
    write(tmp_path, "notes.txt", "of no matter\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first\n\nReviewed-by: Bo <bo@example.org>")
    write(tmp_path, "controls/a.yaml", "a: 2\n")
    git(tmp_path, "commit", "-qa", "-m", "looser\n\nReviewed-by: Somebody <ADA@example.org>")
    return tmp_path


def changes(folder: Path) -> Reading:
    return read_changes(folder, ("controls",), NOW, 20.0)


def test_a_review_by_the_author_is_none(repository: Path) -> None:
    reading = changes(repository)
    told = {r.data["subject"]: r.data["reviewed_by_others"] for r in reading.resources}
    assert told == {"first": 1, "looser": 0}
    assert reading.facts == {"commits": 2, "uncommitted": 0}


def test_changes_of_other_files_and_old_ones_are_left(repository: Path) -> None:
    write(repository, "notes.txt", "changed\n")
    git(repository, "commit", "-qa", "-m", "notes")
    assert len(changes(repository).resources) == 2
    later = read_changes(repository, ("controls",), NOW + timedelta(days=95), 20.0)
    assert (later.resources, later.facts["commits"]) == ([], 0)


def test_what_is_not_committed_is_counted(repository: Path) -> None:
    write(repository, "controls/a.yaml", "a: 3\n")
    write(repository, "controls/b.yaml", "b: 1\n")
    assert changes(repository).facts["uncommitted"] == 2


def test_a_commit_that_says_it_is_old_hides_neither_itself_nor_others(repository: Path) -> None:
    write(repository, "controls/a.yaml", "a: 3\n")
    git(repository, "commit", "-qa", "-m", "sly", at=NOW - timedelta(days=400))
    told = [resource.data["subject"] for resource in changes(repository).resources]
    assert told == ["sly", "looser", "first"]


@pytest.mark.parametrize("hiding", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_git_was_told_not_to_see_is_counted(repository: Path, hiding: str) -> None:
    git(repository, "update-index", hiding, "controls/a.yaml")
    write(repository, "controls/a.yaml", "a: 3\n")
    assert changes(repository).facts["uncommitted"] == 1


def test_an_ignored_control_is_counted(repository: Path) -> None:
    write(repository, ".git/info/exclude", "controls/sly.yaml\n__pycache__\n")
    write(repository, "controls/sly.yaml", "a: 1\n")
    write(repository, "controls/__pycache__/a.pyc", "of no matter\n")
    assert changes(repository).facts["uncommitted"] == 1


def test_a_folder_without_a_repository_is_a_gap(tmp_path: Path) -> None:
    reading = changes(tmp_path)
    assert reading.resources == ()
    assert reading.gaps[0].cause is Cause.NOT_COLLECTED


def test_a_cut_off_history_is_a_gap(repository: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    git(repository, "clone", "-q", "--depth", "1", f"file://{repository}", str(shallow))
    assert "shallow clone" in changes(shallow).gaps[0].detail


def test_what_the_project_cannot_tell_is_a_gap(tmp_path: Path) -> None:
    (gap,) = read(tmp_path, "records.log").gaps
    assert (gap.cause, gap.detail, gap.hint) == (
        Cause.NOT_COLLECTED,
        "the store is away",
        "bring it back",
    )


def test_without_a_project_everything_is_a_gap() -> None:
    collector = RecordsCollector()
    target = Target("us", "organisation", "prod", {}, {})
    types = sorted(collector.resource_types())
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(clock=lambda: NOW, executor=executor)
        assert collector.preflight(target, context).gap is not None
        found = list(collector.collect(target, types, context))
    assert [observation.resource_type for observation in found] == types
    assert all(observation.gaps for observation in found)
    assert [call.request for call in collector.planned_calls(target, types)] == types
    assert "git log, read-only" in collector.grants(["records.change"])["text"]


@pytest.mark.parametrize(
    ("name", "end"),
    [("2026", "2027-01-01"), ("2026-Q1", "2026-04-01"), ("2026-Q4", "2027-01-01"),
     ("2026-09", "2026-10-01"), ("2026-12", "2027-01-01")],
)  # fmt: skip
def test_a_period_ends_with_its_last_instant(name: str, end: str) -> None:
    assert period_end(name) == datetime.fromisoformat(f"{end}T00:00:00Z")
