"""`auditor waivers`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import load_signing_key, open_project
from auditor.app.waivers import sign_waiver
from auditor.app.waiving.approving import approve
from auditor.app.waiving.audit import audit
from auditor.app.waiving.requesting import requests, waivers_folder
from auditor.cli.common import config_option, guard
from auditor.core.model.waiver import SignedWaiver
from auditor.core.times import format_instant
from auditor.errors import ExitCode

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_format = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")


@click.group()
def waivers() -> None:
    """List, approve and audit exceptions; `auditor waive` asks for one.

    \b
    auditor waivers list
    auditor waivers approve waivers/requested/W-2026-003.yaml --as ciso --key keys/ciso.pem
    auditor waivers audit --format json
    auditor waivers sign waivers/W-2026-003.yaml --key keys/ciso.pem
    """


@waivers.command("list")
@_format
@config_option
@guard
def list_(config: Path, form: str) -> None:
    """List every waiver, with whether its signature counts and until when."""
    now = datetime.now(UTC)
    project = open_project(config)
    found = project.waivers
    folder = project.loaded.config.waivers
    waiting = requests(waivers_folder(project)) if folder is not None else []
    if form == "json":
        asked = [path.stem for path in waiting]
        document = {"waivers": [_json(signed, now) for signed in found], "requested": asked}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for signed in found:
        waiver = signed.waiver
        until = format_instant(waiver.expires)
        click.echo(f"{waiver.id}  {waiver.check}  until {until}  {_state(signed, now)}")
    for path in waiting:
        click.echo(f"{path.stem}  waits for approval: {path}")
    if not found and not waiting:
        click.echo("no waivers")


def _state(signed: SignedWaiver, now: datetime) -> str:
    if signed.signature != "valid":
        return f"does not count: {signed.signature}"
    return "expired" if now >= signed.waiver.expires else "in force"


def _json(signed: SignedWaiver, now: datetime) -> dict[str, object]:
    return {**signed.waiver.model_dump(mode="json"), "state": _state(signed, now)}


@waivers.command("approve")
@click.argument("file", type=FILE)
@click.option("--as", "name", required=True, help="Your name among the approvers.")
@click.option("--key", required=True, type=FILE, help="Your private key (PKCS#8 PEM).")
@config_option
@guard
def approve_(file: Path, name: str, key: Path, config: Path) -> None:
    """Approve a request as another person than its requester and the control's owner."""
    now = datetime.now(UTC)
    path = approve(open_project(config), file, name, load_signing_key(key), now)
    click.echo(f"wrote {path} and its signature")


@waivers.command("audit")
@_format
@config_option
@guard
def audit_(config: Path, form: str) -> int:
    """Say which waivers do not hold, soon will not, or hold too much; exit 1 where one does."""
    found = audit(open_project(config), datetime.now(UTC))
    if form == "json":
        document = {"objections": [one.to_json() for one in found]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{one.waiver}  {one.kind.replace('_', ' ')}: {one.detail}")
        if not found:
            click.echo("nothing to object to")
    return ExitCode.FAILING if found else ExitCode.OK


@waivers.command()
@click.argument("file", type=FILE)
@click.option("--key", required=True, type=FILE, help="The approver's private key (PKCS#8 PEM).")
@guard
def sign(file: Path, key: Path) -> None:
    """Sign a waiver file that you wrote by hand as its approver; writes the signature beside it."""
    click.echo(f"wrote {sign_waiver(file, load_signing_key(key))}")
