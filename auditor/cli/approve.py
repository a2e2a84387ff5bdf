"""`auditor approve`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from auditor.app.gating.approvals import LIFETIME, ends_at, write_approval
from auditor.app.project import load_signing_key, open_project
from auditor.cli.common import config_option, guard
from auditor.core.model.approval import Approval
from auditor.core.times import format_instant
from auditor.errors import UsageError

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("digest")
@click.option("--part", required=True, help="Of the policy, as the gate names it.")
@click.option("--reason", required=True, help="Why the weaker policy is right.")
@click.option("--requested-by", required=True, help="Who asks for it.")
@click.option("--as", "name", required=True, help="Your name among the approvers.")
@click.option("--key", required=True, type=_FILE, help="Your private key (PKCS#8 PEM).")
@click.option("--id", "approval_id", help="Of the approval.  [default: from the digest]")
@config_option
@guard
def approve_(
    *,
    digest: str,
    part: str,
    reason: str,
    requested_by: str,
    name: str,
    key: Path,
    approval_id: str | None,
    config: Path,
) -> None:
    """Approve one weaker part of the policy, by the DIGEST that `auditor gate` prints.

    It is of exactly that change, and counts for 30 days. Somebody else than its author has to
    approve it, with a key that the trust policy of the base commit knows.

    \b
    auditor approve sha256:4f0c... --part 'control console-mfa' --requested-by dana \\
        --reason 'service accounts move to federation in May' --as ciso --key ciso.pem
    """
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        approval = Approval(
            id=approval_id or f"P-{digest.removeprefix('sha256:')[:12]}",
            part=part,
            change=digest,
            reason=reason,
            requested_by=requested_by,
            approved_by=name,
            approved_at=now,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]}: {first['msg']}") from error
    path = write_approval(open_project(config), approval, load_signing_key(key))
    until = format_instant(ends_at(approval))
    click.echo(f"wrote {path} and its signature; it counts for {LIFETIME.days} days, until {until}")
