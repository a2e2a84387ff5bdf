"""`auditor keys`."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import open_project
from auditor.app.signing_keys.changes import Use, revoke, rotate
from auditor.app.signing_keys.listing import (
    ALGORITHMS,
    LIFETIME,
    list_keys,
    make_certificate,
    make_request,
    new_key,
)
from auditor.attest.signing import Algorithm
from auditor.cli.common import config_option, echo, guard, note
from auditor.cli.passphrase import new_passphrase
from auditor.core.times import format_instant, parse_instant
from auditor.errors import UsageError
from auditor.keys.registry import open_key, scheme_of

_SECRETS = "Secrets come from AUDITOR_KEY_PASSPHRASE (files) and AUDITOR_HSM_PIN (tokens)."


@click.group()
def keys() -> None:
    """Make, list, rotate and revoke the keys that sign runs and the log.

    \b
    auditor keys list
    auditor keys new keys/run-2027.pem --algorithm run
    auditor keys rotate run --new keys/run-2027.pem
    auditor keys rotate run --new "pkcs11:token=audit;object=run"
    auditor keys rotate run --new awskms:alias/auditor-run
    auditor keys revoke 3f9a12bc --since 2026-11-15T09:00:00Z --reason "laptop stolen"
    auditor keys certificate --csr > run.csr
    """


@keys.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--algorithm",
    type=click.Choice(sorted(ALGORITHMS)),
    required=True,
    help="run: ECDSA P-256; log: Ed25519; log-pq: ML-DSA-44, beside the log's key.",
)
@click.option("--encrypt", is_flag=True, help="Encrypt it (AUDITOR_KEY_PASSPHRASE or a prompt).")
@guard
def new(file: Path, algorithm: str, *, encrypt: bool) -> None:
    """Make a key in a new FILE (PKCS#8 PEM, mode 0600); nothing uses it yet.

    \b
    auditor keys new keys/log-2027.pem --algorithm log --encrypt
    auditor keys new keys/ciso.pem --algorithm run     # an approver's key, too
    """
    key = new_key(file, algorithm, new_passphrase(encrypt=encrypt))
    note(f"wrote {file}: {key.algorithm}, key id {key.key_id}")
    click.echo(key.public_key, nl=False)


@keys.command("list")
@config_option
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@guard
def list_(config: Path, form: str) -> None:
    """List the keys of trust policy and log: use, id, validity, where each is.

    \b
    auditor keys list
    auditor keys list --format json | jq -r '.[] | select(.state == "in use") | .key_id'
    """
    rows, problems = list_keys(open_project(config), datetime.now(UTC))
    for problem in problems:
        note(problem)
    if form == "json":
        echo(json.dumps([row.to_json() for row in rows], indent=2).encode() + b"\n")
        return
    for row in rows:
        ends = [f"until {format_instant(row.validity.not_after)}"] if row.validity.not_after else []
        ends += [f"revoked since {format_instant(row.revoked_at)}"] if row.revoked_at else []
        click.echo(f"{row.use:6}  {row.key_id[:16]}  {row.state}")
        since = f"since {format_instant(row.validity.not_before)}"
        click.echo(f"        {', '.join([since, *ends])}, by the {row.source}")
        click.echo(f"        {row.text}" if row.use != "run" else f"        name {row.text or '-'}")
        if row.place:
            click.echo(f"        {row.place}")


@keys.command("rotate")
@click.argument("use", type=click.Choice(["run", "log"]))
@config_option
@click.option("--new", "place", required=True, metavar="FILE|URI", help="The key that takes over.")
@click.option("--reason", default="", help="Kept in the log.")
@click.option("--despite-open-runs", is_flag=True, help="Also while a run seems to be going on.")
@guard
def rotate_(use: Use, config: Path, place: str, reason: str, *, despite_open_runs: bool) -> None:
    """Let another key sign from now on; old and new key sign the entry in the log.

    Writes the entry, the trust policy and keys.run or keys.log of auditor.yaml. What was cut off is
    completed by the same command once more.

    \b
    auditor keys rotate run --new keys/run-2027.pem --reason "yearly"
    auditor keys rotate log --new "pkcs11:token=audit;object=log?module-path=/usr/lib/libtok.so"
    """
    project = open_project(config)
    algorithm: Algorithm = ALGORITHMS[use]
    key = open_key(place, Path.cwd(), os.environ, algorithm=algorithm)
    change = rotate(
        project,
        use,
        key,
        _named(place, project.loaded.folder),
        lambda: datetime.now(UTC),
        reason=reason,
        despite_open_runs=despite_open_runs,
    )
    for line in change.said:
        click.echo(line)


@keys.command("revoke")
@click.argument("keyid")
@config_option
@click.option(
    "--since", required=True, metavar="TIME", help="RFC 3339, such as 2026-11-15T09:00:00Z."
)
@click.option("--reason", required=True, help="Kept in the log.")
@guard
def revoke_(keyid: str, config: Path, since: str, reason: str) -> None:
    """Say that a key may have been in other hands since TIME.

    What it signed later is bad from now on; what it signed earlier counts only where a trusted
    time-stamp proves that. The key in use is rotated first.

    \b
    auditor keys revoke 3f9a12bc77d0 --since 2026-11-15T09:00:00Z --reason "laptop stolen"
    """
    try:
        time = parse_instant(since)
    except ValueError as error:
        raise UsageError(f"--since: {error}") from error
    change = revoke(open_project(config), keyid, time, reason, lambda: datetime.now(UTC))
    for line in change.said:
        click.echo(line)


@keys.command()
@config_option
@click.option("--csr", is_flag=True, help="Print a signing request for an authority instead.")
@click.option("--name", default="auditor run key", show_default=True, help="Common name.")
@click.option("--days", type=click.IntRange(1, 36500), default=LIFETIME.days, show_default=True)
@click.option("--replace", is_flag=True, help="Put it in the place of the one that is there.")
@guard
def certificate(config: Path, name: str, days: int, *, csr: bool, replace: bool) -> None:
    """Certify the run key (X.509), which signs PDF reports too.

    Self-signed, it is written where keys.certificate says and put into the trust policy.

    \b
    auditor keys certificate --replace --days 730
    auditor keys certificate --csr > run.csr
    """
    project = open_project(config)
    if csr:
        echo(make_request(project, name).encode())
        return
    now = datetime.now(UTC)
    path = make_certificate(project, now, name=name, days=days, replace=replace)
    click.echo(f"wrote {path}, and the trust policy: give it to your auditor anew")


def _named(place: str, folder: Path) -> str:
    """How auditor.yaml names a key: a URI as it is, a path from the file's own folder."""
    if scheme_of(place) is not None:
        return place
    path = Path(place).resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
