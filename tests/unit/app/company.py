"""A working folder over the collector in memory, as `auditor init` would have left it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from auditor.app.project import Project
from auditor.app.registry import Collectors
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.app.setup import Setup, write_setup
from auditor.attest.signing import Signer
from auditor.catalog.config import load_config
from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding

PLACES = {"fake": "tests.unit.app.fake_collector:FakeCollector"}
BEGIN = datetime(2026, 3, 31, 12, tzinfo=UTC)
FRAMEWORKS = Path(__file__).parents[3] / "controls" / "frameworks"
CONTROL = "things-in-order"


def ticking(start: datetime = BEGIN) -> Callable[[], datetime]:
    """A clock that goes on by a millisecond at each reading."""
    readings = iter(range(10_000_000))
    return lambda: start + timedelta(milliseconds=next(readings))


def check(name: str, severity: str, **more: object) -> dict[str, Any]:
    """A check of the type `fake.<name>`."""
    return {
        "id": name,
        "title": f"Every {name} is ok",
        "collector": "fake",
        "resource": f"fake.{name}",
        "key": "resource.name",
        "population": {"on_empty": "error"},
        "freshness": "24h",
        "assert": [
            {
                "id": "ok",
                "expr": "resource.ok",
                "severity": severity,
                "message": "{resource.name} is not ok",
            }
        ],
        "remediation": {"text": "make the thing ok again"},
        "verify_by_hand": "look at the thing",
    } | more


LEANS = {"on_empty": "error", "depends_on": ["thing"]}
CHECKS = (check("thing", "high"), check("other", "low", population=LEANS))


def write_library(library: Path, checks: Sequence[Mapping[str, Any]] = CHECKS) -> Path:
    """One control over the things in memory, and the shipped frameworks."""
    document = {
        "id": CONTROL,
        "title": "Things are in order",
        "statement": "Every thing of the company is kept in order, and seen to be.",
        "owner": {"role": "head-of-things"},
        "nature": {"type": "detective", "execution": "automated"},
        "frequency": "continuous",
        "evaluate": {"every": "24h", "gap_tolerance": "6h"},
        "maps": {"soc2": [{"id": "CC6.1", "strength": "supporting"}]},
        "checks": [dict(item) for item in checks],
    }
    path = library / "access" / CONTROL / "control.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    (library / "frameworks").mkdir(exist_ok=True)
    for framework in FRAMEWORKS.glob("*.yaml"):
        (library / "frameworks" / framework.name).write_bytes(framework.read_bytes())
    return path


def target(name: str = "one", **more: object) -> dict[str, object]:
    """An entry of `targets`."""
    return {"name": name, "kind": "fake", "environment": "prod", **more}


@dataclass
class Company:
    """A working folder."""

    folder: Path
    clock: Callable[[], datetime]

    @property
    def config(self) -> Path:
        return self.folder / "auditor.yaml"

    def project(self) -> Project:
        """Loaded anew, as each command does."""
        return Project(load_config(self.config), collectors=Collectors(PLACES))

    def configure(self, **changes: object) -> None:
        """Change fields of auditor.yaml."""
        document = yaml.safe_load(self.config.read_text("utf-8")) | changes
        self.config.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    def scan(
        self,
        selection: Selection | None = None,
        *,
        allow_probes: bool = False,
        progress: Callable[[str], None] = lambda _line: None,
    ) -> Assessment:
        """One run."""
        options = ScanOptions(workers=2, allow_probes=allow_probes, progress=progress)
        return Scan(self.project(), self.clock, options).execute(selection or Selection())

    def write_waiver(self, signer: Signer | None = None, **changes: object) -> Path:
        """A waiver for the thing `a`, signed where a signer is given."""
        from auditor.app.waivers import sign_waiver

        document = waiver_document() | changes
        path = self.folder / "waivers" / f"{document['id']}.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        if signer is not None:
            sign_waiver(path, signer)
        return path


def waiver_document() -> dict[str, object]:
    """A waiver in force at BEGIN, as a file has it."""
    return {
        "id": "W-2026-001",
        "check": f"{CONTROL}/thing",
        "match": 'resource.name == "a"',
        "environments": ["prod"],
        "reason": "the thing is being replaced this month",
        "risk": "R-001",
        "requested_by": "head-of-parts",
        "approved_by": "ciso",
        "approved_at": "2026-03-01T00:00:00Z",
        "expires": "2026-06-01T00:00:00Z",
        "max_items": 1,
    }


def found(folder: Path, *targets: Mapping[str, object], **extra: object) -> Company:
    """Make a company with these targets."""
    setup = Setup("Example Ltd", "prod", list(targets), {"controls": ["library"], **extra})
    write_setup(folder, setup, BEGIN - timedelta(days=1), Collectors(PLACES))
    write_library(folder / "library")
    return Company(folder, ticking())


def by_key(findings: Sequence[Finding], check_id: str = "thing") -> dict[str, Finding]:
    """The findings of a check by key."""
    return {finding.key: finding for finding in findings if finding.check == check_id}
