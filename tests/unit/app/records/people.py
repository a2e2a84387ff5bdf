"""A working folder whose people attest: real keys, the shipped controls over their statements."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from auditor.app.project import Project
from auditor.app.records.attesting import Wish, attest
from auditor.app.registry import Collectors
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.app.setup import Setup, write_setup
from auditor.app.verifying import find_subject, verify
from auditor.attest.result import VerificationReport
from auditor.catalog.config import load_config
from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.keys.file import FileKey, generate_key
from tests.unit.app.company import ticking

SHIPPED = Path(__file__).parents[4] / "controls"
BEGIN = datetime(2026, 10, 5, 9, tzinfo=UTC)
BOARD = "oversight/board"
PLAN = "continuity/failover"
PLACES = {
    "fake": "tests.unit.app.fake_collector:FakeCollector",
    "records": "auditor.collectors.records:RecordsCollector",
}
ORGANISATION = {"name": "us", "kind": "organisation", "environment": "prod"}


@dataclass
class Organisation:
    """A working folder; `ciso` fills the role chief-executive, `cto` fills none."""

    folder: Path
    keys: Mapping[str, FileKey]
    clock: Callable[[], datetime]

    def project(self) -> Project:
        return Project(load_config(self.folder / "auditor.yaml"), collectors=Collectors(PLACES))

    def scan(self, *checks: str) -> Assessment:
        selection = Selection(checks=checks or (BOARD,))
        return Scan(self.project(), self.clock, ScanOptions(workers=2)).execute(selection)

    def found(self, check: str = BOARD) -> Finding:
        (only,) = self.scan(check).findings
        return only

    def record(self, text: str = "minutes of the board", name: str = "minutes.txt") -> Path:
        path = self.folder / "records" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def attest(self, by: str = "ciso", **changes: object) -> Path:
        """The board's review, attested as it must be, with changes."""
        wish: dict[str, object] = {
            "check": BOARD,
            "statement": "The board reviewed security.",
            "role": "chief-executive",
            "valid_until": BEGIN + timedelta(days=300),
            "facts": {"reviewed_at": "2026-10-01T09:00:00Z"},
        }
        if "files" not in changes:
            changes["files"] = (self.record(),)
        made = Wish(**(wish | changes))  # type: ignore[arg-type]
        return attest(self.project(), made, self.keys[by], self.clock())

    def configure(self, **changes: object) -> None:
        config = self.folder / "auditor.yaml"
        document = yaml.safe_load(config.read_text("utf-8")) | changes
        config.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    def verify(self, trust: Path | None = None) -> VerificationReport:
        return verify(find_subject(self.folder), trust=trust, run=None, now=self.clock())


def found(folder: Path, *controls: str) -> Organisation:
    """Make it, over shipped controls (`governance/oversight`)."""
    keys = {}
    for name in ("ciso", "cto", "stranger"):
        keys[name] = generate_key(folder.parent / f"{name}.pem", "ecdsa-p256-sha256")
    approvers = {name: keys[name].public_key for name in ("ciso", "cto")}
    extra = {"controls": ["library"], "owners": {"chief-executive": {"name": "CISO"}}}
    setup = Setup("Example Ltd", "prod", [ORGANISATION], extra, approvers)
    write_setup(folder, setup, BEGIN - timedelta(days=1), Collectors(PLACES))
    library = folder / "library"
    for control in controls or ("governance/oversight",):
        shutil.copytree(SHIPPED / control, library / control)
    shutil.copytree(SHIPPED / "frameworks", library / "frameworks")
    return Organisation(folder, keys, ticking(BEGIN))


def failover(people: Organisation, **changes: object) -> Path:
    """An exercise of the failover, attested with a reviewer."""
    facts = {
        "exercised_at": "2026-10-01T09:00:00Z",
        "measured_recovery": "9m",
        "promised_recovery": "15m",
        "measured_data_loss": "30s",
        "promised_data_loss": "1m",
    }
    wish = {"check": PLAN, "role": "head-of-operations", "facts": facts, "reviewer": "cto"}
    return people.attest("ciso", **(wish | changes))
