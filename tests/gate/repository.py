"""The scripted repository: a company under git, with a signed baseline on its branch `main`.

Two targets, two controls, a waiver and an approver. The run of the baseline was made two hours ago.
Each pull request is a copy of it with a branch, a change by Dana, and a commit.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras, export
from auditor.app.project import Project
from auditor.app.registry import Collectors
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.app.setup import Setup, write_setup
from auditor.app.waivers import sign_waiver
from auditor.catalog.config import load_config
from auditor.core.times import format_instant
from auditor.keys.file import generate_key, load_key
from tests.gate.collector import PLACES

AGE = timedelta(hours=2)
DANA = ("-c", "user.name=Dana", "-c", "user.email=dana@example.org")
FRAMEWORKS = Path(__file__).parents[2] / "controls" / "frameworks"
THINGS: list[dict[str, Any]] = [
    {"name": "a", "level": 5, "region": "north", "uid": "u-a"},
    {"name": "b", "level": 2, "region": "south", "uid": "u-b"},
    {"name": "c", "level": 1, "region": "south", "uid": "u-c"},
]
PARTS: list[dict[str, Any]] = [{"name": "p", "level": 4, "region": "north"}]
WORLD: dict[str, Any] = {"world.thing": THINGS, "world.part": PARTS}
TARGETS: list[dict[str, object]] = [
    {"name": "one", "kind": "world", "environment": "prod", "file": "world/one.json"},
    {"name": "two", "kind": "world", "environment": "prod", "file": "world/two.json"},
]


def check(kind: str, **more: object) -> dict[str, Any]:
    """A check of `world.<kind>`."""
    return {
        "id": kind,
        "title": f"Every {kind} has its level",
        "collector": "world",
        "resource": f"world.{kind}",
        "key": "resource.name",
        "population": {"on_empty": "error"},
        "freshness": "24h",
        "assert": [
            {
                "id": "level",
                "expr": "resource.level >= param.least",
                "severity": "high",
                "message": "{resource.name} is at {resource.level}",
            }
        ],
        "remediation": {"text": "raise the level of it"},
        "verify_by_hand": "look at the level",
    } | more


def control(name: str, kind: str, **more: object) -> dict[str, Any]:
    """A control with one check, which demands level 3."""
    return {
        "id": name,
        "title": f"The {kind}s have their level",
        "statement": "Everything of the company is kept at the level that it needs.",
        "owner": {"role": "head-of-things"},
        "nature": {"type": "detective", "execution": "automated"},
        "frequency": "continuous",
        "evaluate": {"every": "24h", "gap_tolerance": "6h"},
        "maps": {
            "soc2": [
                {"id": "CC6.1", "strength": "supporting"},
                {"id": "CC6.2", "strength": "supporting"},
            ]
        },
        "parameters": {
            "least": {"type": "int", "default": 3, "loosest": 1, "doc": "the level it needs"}
        },
        "checks": [check(kind)],
    } | more


@dataclass
class Repository:
    """A working folder under git."""

    folder: Path
    approver: Path
    """Key of `ciso`, outside the repository."""

    def git(self, *arguments: str) -> str:
        """What git prints."""
        done = subprocess.run(
            ["git", *DANA, *arguments], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout

    def commit(self, message: str = "a change") -> None:
        """Everything that is otherwise, by Dana; a commit also where nothing is."""
        self.git("add", "-A")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)

    def project(self) -> Project:
        """Loaded anew."""
        return Project(load_config(self.folder / "auditor.yaml"), collectors=Collectors(PLACES))

    def edit(self, path: str, change: Callable[[Any], object]) -> None:
        """Change a YAML or JSON file in place."""
        place = self.folder / path
        text = place.read_text("utf-8")
        is_json = place.suffix == ".json"
        document = json.loads(text) if is_json else yaml.safe_load(text)
        change(document)
        made = json.dumps(document) if is_json else yaml.safe_dump(document, sort_keys=False)
        place.write_text(made, "utf-8")

    def world(self, change: Callable[[dict[str, Any]], object], name: str = "one") -> None:
        """Change what is there."""
        self.edit(f"world/{name}.json", change)

    def write_control(self, document: dict[str, Any], file: str | None = None) -> None:
        """Write a control's file."""
        path = self.folder / (file or f"library/access/{document['id']}/control.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    def waive(self, key: Path | None = None, **changes: object) -> None:
        """Write a waiver, signed where a key is given."""
        now = datetime.now(UTC).replace(microsecond=0)
        document = {
            "id": "W-2026-001",
            "check": "things-level/thing",
            "match": 'resource.name == "c"',
            "environments": ["prod"],
            "reason": "the thing is being replaced this month",
            "risk": "R-001",
            "requested_by": "head-of-parts",
            "approved_by": "ciso",
            "approved_at": format_instant(now - timedelta(days=9)),
            "expires": format_instant(now + timedelta(days=60)),
            "max_items": 2,
        } | changes
        path = self.folder / "waivers" / f"{document['id']}.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        if key is not None:
            sign_waiver(path, load_key(key))

    def scan(self, at: datetime) -> str:
        """A run at a moment."""
        options = ScanOptions(workers=2)
        ticks = iter(range(10_000_000))
        clock = lambda: at + timedelta(milliseconds=next(ticks))  # noqa: E731 - a clock that goes on
        with chdir(self.folder):  # where the targets' files are
            return Scan(self.project(), clock, options).execute(Selection()).run

    def export(self, run: str, path: str = "baseline.zip") -> None:
        """A signed bundle of one run."""
        project = self.project()
        wish, extras = Wish(runs=(run,)), Extras(trust=project.trust_folder)
        export(project.store, wish, extras, project.run_key(), self.folder / path)


def found(folder: Path) -> Repository:
    """The repository at its branch `main`, with the baseline."""
    keys = folder.parent / f"{folder.name}-keys"
    keys.mkdir(parents=True)
    approver = generate_key(keys / "ciso.pem", "ecdsa-p256-sha256")
    now = datetime.now(UTC)
    extra = {
        "controls": ["library"],
        "frameworks": ["soc2"],
        "owners": {"head-of-things": {"name": "Olga", "email": "olga@example.org"}},
    }
    setup = Setup("Example Ltd", "prod", TARGETS, extra, approvers={"ciso": approver.public_key})
    write_setup(folder, setup, now - timedelta(days=30), Collectors(PLACES))
    repository = Repository(folder, keys / "ciso.pem")
    repository.write_control(control("things-level", "thing"))
    repository.write_control(control("parts-level", "part"))
    (folder / "library" / "frameworks").mkdir()
    shutil.copy(FRAMEWORKS / "soc2.yaml", folder / "library" / "frameworks")
    (folder / "world").mkdir()
    for name in ("one", "two"):
        (folder / "world" / f"{name}.json").write_text(json.dumps(WORLD), "utf-8")
    (folder / ".gitignore").write_text("evidence/\n*.md\n*.out\n", "utf-8")
    repository.waive(repository.approver)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.export(repository.scan(now - AGE))
    repository.commit("the base")
    return repository


def branch(base: Repository, folder: Path) -> Repository:
    """A copy with a branch checked out."""
    shutil.copytree(base.folder, folder)
    made = Repository(folder, base.approver)
    made.git("checkout", "--quiet", "-b", "change")
    return made
