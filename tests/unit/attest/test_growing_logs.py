"""A log that grows while it is verified is no broken log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.attest.result import StepVerdict
from auditor.attest.verify import verify_store
from auditor.ledger.entries import WaiverRecord
from tests.unit.store.building import LATER, Site


class Growing:
    """A store in which somebody writes at the moment when a file is listed or read."""

    def __init__(self, site: Site, at: str, more: int) -> None:
        self._site, self._at, self._more = site, at, more
        self._reader = site.store.reader()

    def paths(self, folder: str) -> Iterator[str]:
        listed = list(self._reader.paths(folder))
        self._grow(folder)
        return iter(listed)

    def chunks(self, path: str) -> Iterator[bytes]:
        self._grow(path)
        return self._reader.chunks(path)

    def _grow(self, place: str) -> None:
        if place == self._at and self._more:
            more, self._more = self._more, 0
            add(self._site, more)


def add(site: Site, count: int) -> None:
    key = site.log_key
    with site.store.open_log(
        key=key.note_key("example-ltd/auditor-log"), sign=key.sign, clock=site.clock
    ) as log:
        log.append_all(WaiverRecord(fields={"n": number}) for number in range(count))
        log.commit()


@pytest.mark.parametrize("more", [1, 260, 600])
@pytest.mark.parametrize("at", ["log", "runs", "log/checkpoint", "log/tile/entries/000.p/31"])
def test_entries_that_come_meanwhile_are_no_fault(tmp_path: Path, at: str, more: int) -> None:
    site = Site(tmp_path)
    add(site, 30)
    report = verify_store(Growing(site, at, more), site.trust, now=LATER)
    bad = [note for step in report.steps for note in step.notes if note.verdict is StepVerdict.BAD]
    assert bad == []
    assert report.steps[3].verdict in (StepVerdict.OK, StepVerdict.WARNING)


def test_a_tile_that_is_gone_without_a_wider_one_is_missed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    add(site, 30)
    for name in ("entries", "0"):
        path = site.root / f"evidence/log/tile/{name}/000.p/31"
        data = path.read_bytes()
        path.unlink()
        step = verify_store(site.store.reader(), site.trust, now=LATER).steps[3]
        assert (step.verdict, step.detail) == (StepVerdict.BAD, "the file is missing")
        path.write_bytes(data)
