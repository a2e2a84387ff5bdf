"""The demonstration: make the company, then init, scan, report and verify, as anybody would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from auditor.app.demo.backups import write_backups
from auditor.app.demo.cloud import ACCOUNT, CREDENTIALS, require_moto, stand_in_cloud
from auditor.app.demo.company import REGIONS, seed
from auditor.app.demo.endpoints import Endpoints, endpoints
from auditor.app.demo.outsider import outside_witness
from auditor.app.demo.restores import STORE, write_restore_record
from auditor.app.demo.story import differences, story
from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras, export
from auditor.app.project import open_project
from auditor.app.registry import Collectors
from auditor.app.reports.outputs import write_outputs
from auditor.app.reports.requests import OutputRequest
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.app.setup import Setup, discover, write_setup
from auditor.app.verifying import find_subject, verify
from auditor.app.waivers import sign_waiver
from auditor.attest.result import VerificationReport
from auditor.core.model.assessment import Assessment
from auditor.core.times import format_instant
from auditor.errors import UsageError
from auditor.keys.file import generate_key, load_key

MARKER = ".auditor-demo"
ORGANISATION = "Larkspur Ltd"
CONSOLE_MFA = "console-mfa/console-users"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demonstration did.

    Args:
        surprises: What was not as the story has it; empty when all went well.
        reports: Files, by format.
        bundle: What an outside auditor gets.
    """

    assessment: Assessment
    verification: VerificationReport
    reports: Mapping[str, Path]
    bundle: Path
    surprises: tuple[str, ...]


@contextmanager
def demonstration(
    folder: Path, clock: Callable[[], datetime], formats: tuple[str, ...], say: Say
) -> Iterator[DemoResult]:
    """Do it all; the stand-in systems run until the block ends.

    Args:
        folder: Is made; an earlier demo in it is replaced, anything else is refused.
        formats: Reports to write.
        say: Told a line at each step.

    Raises:
        UsageError: The folder holds something else.
        DependencyError: The extra `demo` is not installed.
    """
    require_moto()
    _fresh_folder(folder)
    systems = folder / "systems"
    systems.mkdir()
    say("starting a stand-in AWS account and two TLS endpoints on loopback")
    with (
        stand_in_cloud(systems / "cloud.log") as url,
        endpoints(systems / "tls", clock()) as served,
        _credentials(url),
    ):
        say("seeding Larkspur Ltd: people, buckets, databases, logs, backups")
        seed(url)
        _init(folder, url, served, clock())
        _waivers(folder, clock())
        with outside_witness(folder, clock):
            yield _do_the_job(folder, clock, formats, say, served)


def _do_the_job(
    folder: Path,
    clock: Callable[[], datetime],
    formats: tuple[str, ...],
    say: Say,
    served: Endpoints,
) -> DemoResult:
    """Scan, report, export and verify, as anybody would."""
    say("auditor scan")
    project = open_project(folder / "auditor.yaml")
    assessment = Scan(project, clock, ScanOptions(progress=say)).execute(Selection())
    say("auditor report")
    paths = {form: folder / f"report.{form}" for form in formats}
    write_outputs(project, assessment, [OutputRequest(form, path) for form, path in paths.items()])
    say("auditor export")
    bundle = folder / "bundle.zip"
    extras = Extras(reports=tuple(paths.values()), trust=project.trust_folder)
    export(project.store, Wish(runs=(assessment.run,)), extras, project.run_key(), bundle)
    surprises = differences(assessment.findings, story(served))
    say("auditor verify")
    verification = verify(find_subject(folder, None), trust=None, run=None, now=clock())
    if verification.exit_code:
        surprises.append(f"verification ended with exit code {int(verification.exit_code)}")
    say("auditor verify bundle.zip")
    trust = folder / "trust"
    packed = verify(find_subject(bundle, None), trust=trust, run=None, now=clock())
    if packed.exit_code:
        surprises.append(f"the bundle's verification ended with {int(packed.exit_code)}")
    return DemoResult(assessment, verification, paths, bundle, tuple(surprises))


def _fresh_folder(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).is_file():
            raise UsageError(f"{folder} is not empty", hint="auditor demo ANOTHER-FOLDER")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = "Made by `auditor demo`, which may delete and make this folder again.\n"
    (folder / MARKER).write_text(text, "utf-8")


@contextmanager
def _credentials(url: str) -> Iterator[None]:
    """The environment in which boto3's own chain finds the stand-in account and nothing else."""
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")  # a proxy cannot reach us
    chosen = {**CREDENTIALS, "AWS_ENDPOINT_URL": url, **direct}
    hidden = [name for name in os.environ if name.startswith("AWS_") and name not in chosen]
    before = {name: os.environ.get(name) for name in (*chosen, *hidden)}
    for name in hidden:
        del os.environ[name]
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _init(folder: Path, url: str, served: Endpoints, now: datetime) -> None:
    """What `auditor init` does, with what only this company has filled in."""
    collectors = Collectors()
    found = discover(collectors, ["aws", "host"], now, "prod")
    entries = {item.kind: dict(item.entry) for item in found if item.entry}
    # Fixed to the stand-in, so that this folder can never look at a real account.
    entries["aws"] |= {"regions": list(REGIONS), "endpoint_url": url, "account": ACCOUNT}
    systems = folder.resolve() / "systems"
    entries["host"] |= {"backup_sets": [write_backups(systems, now)]}
    entries["host"] |= write_restore_record(systems, now)
    entries["tls"] = {
        "name": "shop",
        "kind": "tls-endpoint",
        "environment": "prod",
        "endpoints": [served.good, served.expired],
        "ca_file": str(served.ca_file.resolve()),
    }
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    ciso = generate_key(folder / "keys" / "ciso.pem", "ecdsa-p256-sha256")
    extra: dict[str, object] = {
        "inventory": {"endpoints": [served.good, served.expired], "stores": [STORE]},
        "owners": {"head-of-platform": {"name": "Olga Larkspur"}},
    }
    approvers = {"ciso": ciso.public_key}
    setup = Setup(ORGANISATION, "prod", list(entries.values()), extra, approvers)
    write_setup(folder, setup, now, collectors)


def _waivers(folder: Path, now: datetime) -> None:
    """A sealed emergency account with a waiver in force, a contractor's that has expired."""
    key = load_key(folder / "keys" / "ciso.pem")
    for name, user, approved, expires in (
        ("W-2026-001", "break-glass", timedelta(days=30), timedelta(days=60)),
        ("W-2026-002", "contractor", timedelta(days=100), timedelta(days=-5)),
    ):
        document = {
            "id": name,
            "check": CONSOLE_MFA,
            "match": f'resource.arn.endsWith(":user/{user}")',
            "environments": ["prod"],
            "reason": f"the account {user} cannot have a second factor for now",
            "risk": "R-007 account takeover",
            "compensating": ["every sign-in raises a page"],
            "requested_by": "head-of-platform-deputy",
            "approved_by": "ciso",
            "approved_at": format_instant(now - approved),
            "expires": format_instant(now + expires),
            "max_items": 1,
        }
        path = folder / "waivers" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        sign_waiver(path, key)
