"""A quarter of daily runs through the real store, log and scan: `python -m tests.quarter.simulation
DIR` leaves the working folder in DIR.

2026-Q3 has 92 days: runs are attempted on 90 of them (the week-end of 8 and 9 August is missed), of
which one is aborted and one interrupted. Three runs lie before it, one after; one more gives itself
another date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import yaml

from auditor.app.project import Project
from auditor.app.registry import Collectors
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.app.setup import Setup, write_setup
from auditor.app.signing_keys.changes import rotate
from auditor.app.waivers import sign_waiver
from auditor.catalog.config import load_config
from auditor.errors import AuditorError, StoreError
from auditor.keys.file import FileKey, generate_key
from auditor.keys.registry import open_key
from tests.quarter.company import WAIVERS, config_of, controls_of, write_library
from tests.quarter.estate import ABORTED, day, moment

PLACES = {"estate": "tests.quarter.estate:EstateCollector"}
MISSED = (day(8, 8), day(8, 9))
FIRST, LAST = day(6, 28), day(10, 1)
ROTATED, MISDATED = day(9, 10), day(9, 14)
RESPONSES = {
    "u-03.yaml": {
        "finding": "accounts-mfa/mfa@estate-a/u-03",
        "cause": "the joiner was set up by hand while the directory was moved",
        "response": "accounts are made by the directory alone since 25 July",
        "by": "head of platform",
        "at": "2026-07-26T09:00:00Z",
    },
    "nobody.yaml": {
        "finding": "accounts-mfa/mfa@estate-a/u-99",
        "cause": "there is no such account at all",
        "response": "nothing had to be done about it",
        "by": "head of platform",
        "at": "2026-08-01T09:00:00Z",
    },
}


def ticking(start: datetime) -> Callable[[], datetime]:
    """A clock that goes on by a millisecond at each reading."""
    readings = iter(range(10_000_000))
    return lambda: start + timedelta(milliseconds=next(readings))


@dataclass
class Quarter:
    """The working folder."""

    folder: Path
    state: object = None
    made: Project | None = None

    @property
    def config(self) -> Path:
        return self.folder / "auditor.yaml"

    def project(self) -> Project:
        """Loaded anew only where something has changed: 90 loads would cost more than the runs."""
        if self.made is None:
            self.made = Project(load_config(self.config), collectors=Collectors(PLACES))
        return self.made

    def prepare(self, today: date, ciso: FileKey) -> None:
        """Write what is otherwise on this day."""
        for signed, document in WAIVERS.get(today, ()):
            path = self.folder / "waivers" / f"{document['id']}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
            if signed:
                sign_waiver(path, ciso)
            self.made = None
        state = (controls_of(today), config_of(today))
        if state == self.state:
            return
        self.state, self.made = state, None
        write_library(self.folder / "library", today)
        document = yaml.safe_load(self.config.read_text("utf-8")) | config_of(today)
        self.config.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    def scan(self, today: date, *, back: timedelta = timedelta(0), hour: int = 6) -> str:
        """The run of a day; gives its id.

        Args:
            back: By how much it dates itself back.
        """
        scan = Scan(self.project(), ticking(moment(today, hour)), ScanOptions(workers=2))
        scan.now -= back
        if today == ABORTED:
            # As when the disk is full at the moment the verdicts are written.
            scan._finish = _refuse  # type: ignore[method-assign, assignment]
        with suppress(KeyboardInterrupt, StoreError):
            scan.execute(Selection())
        return scan.run


def _refuse(*_arguments: object) -> None:
    raise StoreError("no space left on the device")


def days() -> Iterator[date]:
    """The days of which runs are attempted."""
    today = FIRST
    while today <= LAST:
        if today not in MISSED:
            yield today
        today += timedelta(days=1)


def simulate(folder: Path) -> Quarter:
    """Everything, from `auditor init` to the first day after the quarter."""
    config = config_of(FIRST)
    setup = Setup("Example Ltd", "prod", config["targets"], {"controls": ["library"]})
    write_setup(folder, setup, moment(day(6, 1)), Collectors(PLACES))
    ciso = generate_key(folder / "keys" / "ciso.pem", "ecdsa-p256-sha256")
    (folder / "trust" / "ciso.pub").write_text(ciso.public_key, "utf-8")
    (folder / "responses").mkdir()
    for name, response in RESPONSES.items():
        (folder / "responses" / name).write_text(yaml.safe_dump(response), "utf-8")
    quarter = Quarter(folder)
    for today in days():
        quarter.prepare(today, ciso)
        if today == ROTATED:
            _rotate(quarter, today)
        quarter.scan(today)
        if today == MISDATED:
            quarter.scan(today, back=timedelta(days=200), hour=9)
    return quarter


def _rotate(quarter: Quarter, today: date) -> None:
    generate_key(quarter.folder / "keys" / "run-2.pem", "ecdsa-p256-sha256")
    key = open_key("keys/run-2.pem", quarter.folder, {})
    clock = ticking(moment(today, 3))
    rotate(quarter.project(), "run", key, "keys/run-2.pem", clock, reason="yearly rotation",
           despite_open_runs=True)  # fmt: skip
    quarter.made = None


if __name__ == "__main__":
    try:
        simulate(Path(sys.argv[1]))
    except AuditorError as error:
        sys.exit(str(error))
