"""Secrets in every corner of three systems are read over by a real scan, and end up nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.render.registry import format_names
from tests.e2e.program import Done, auditor, aws_target, working_folder
from tests.services.aws.server import moto_server
from tests.services.redaction.planted import KINDS, Planted, everything, leaks, unpacked
from tests.services.redaction.systems import plant_aws, plant_host, tls_endpoint

pytestmark = pytest.mark.service
ENVIRONMENT = {
    "AWS_SECRET_ACCESS_KEY": "process_secret_key",
    "AWS_SESSION_TOKEN": "process_session_token",
    "AUDITOR_KEY_PASSPHRASE": "key_passphrase",
}
TYPES = ("host.cron_job", "host.script", "host.sudo_rule", "aws.s3.bucket", "tls.endpoint")


@dataclass(frozen=True)
class Scanned:
    """A working folder after a scan, with all that was printed."""

    folder: Path
    planted: Planted
    scan: Done
    printed: dict[str, bytes]

    def left(self) -> Iterator[tuple[str, bytes]]:
        """Everything of the working folder and of the terminal, keys aside."""
        for name, data in everything(self.folder):
            if f"{self.folder}/keys/" not in name:
                yield name, data
        for name, data in self.printed.items():
            yield from unpacked(name, data)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    """Scan all three systems once, with all shipped controls, and render everything."""
    base = tmp_path_factory.mktemp("planted")
    planted = Planted.make()
    (base / "tls").mkdir()
    settings = plant_host(base / "root", planted)
    with (
        moto_server(base / "moto.log") as url,
        tls_endpoint(base / "tls", planted) as endpoint,
    ):
        plant_aws(url, planted)
        targets = [
            {"name": "host", "kind": "host", "environment": "prod", **settings},
            aws_target(url),
            {"name": "web", "kind": "tls-endpoint", "environment": "prod", **endpoint},
        ]
        folder = working_folder(base / "work", targets=targets)
        env = {name: planted[kind] for name, kind in ENVIRONMENT.items()}
        files = [f"--output={form}=report.{form}" for form in format_names()]
        done = auditor(folder, "scan", "--allow-probes", *files, env=env)
        printed = {"scan stdout": done.out.encode(), "scan stderr": done.err.encode()}
        commands = [
            ("verify", "."),
            ("report", "--format", "json"),
            ("run", "show"),
            ("ledger", "show", "--format", "json"),
            ("export", "--run", "latest", "--report", "report.pdf", "-o", "bundle.zip"),
            ("export", "--run", "latest", "--redact", "-o", "redacted.zip"),
            *(("collect", name, "--format", "jsonl") for name in TYPES),
        ]
        for command in commands:
            more = auditor(folder, *command, env=env)
            printed[" ".join(command)] = (more.out + more.err).encode()
        yield Scanned(folder, planted, done, printed)


def test_the_systems_were_read(scanned: Scanned) -> None:
    assert scanned.scan.code in (1, 3), scanned.scan.err
    document = json.loads((scanned.folder / "report.json").read_text("utf-8"))
    readings = document["coverage"]["readings"]
    read = {reading["resource_type"]: reading["items"] for reading in readings}
    for name in ("host.cron_job", "host.script", "aws.s3.bucket", "aws.ec2.volume", "tls.endpoint"):
        assert read[name] > 0, read


def test_no_planted_secret_is_anywhere(scanned: Scanned) -> None:
    assert len(scanned.planted.secrets) == len(KINDS) >= 20
    assert leaks(scanned.planted.secrets, scanned.left()) == {}


def test_personal_values_are_in_the_vault_alone(scanned: Scanned) -> None:
    found = leaks(scanned.planted.personal, scanned.left())
    shown = {
        kind: [name for name in names if "vault/" not in name] for kind, names in found.items()
    }
    assert not any(shown.values()), shown


def test_a_bundle_holds_no_secret_and_a_redacted_one_no_personal_value(scanned: Scanned) -> None:
    for name in ("bundle.zip", "redacted.zip"):
        members = list(everything(scanned.folder / name))
        assert len(members) > 20, scanned.printed
        assert leaks(scanned.planted.secrets, iter(members)) == {}
    kept, withheld = (
        sum(len(data) for path, data in everything(scanned.folder / name) if "vault/" in path)
        for name in ("bundle.zip", "redacted.zip")
    )
    assert kept > withheld
    assert leaks(scanned.planted.personal, everything(scanned.folder / "redacted.zip")) == {}


def test_evidence_verifies_after_all_that(scanned: Scanned) -> None:
    report = scanned.printed["verify ."].decode()
    assert "BAD" not in report, report


def test_the_search_finds_what_is_there(scanned: Scanned, tmp_path: Path) -> None:
    """A search that finds nothing anywhere would pass the tests above."""
    (tmp_path / "x").write_text(f"a {scanned.planted['env_file']} b", "utf-8")
    assert list(leaks(scanned.planted.secrets, everything(tmp_path))) == ["env_file"]
    pdf = [data for name, data in everything(scanned.folder / "report.pdf") if "!text" in name]
    assert b"host" in b"".join(pdf)
