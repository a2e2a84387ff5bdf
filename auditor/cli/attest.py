"""`auditor attest`: evidence made by people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import load_signing_key, open_project
from auditor.app.records.attesting import Listed, Wish, attest, list_attestations, review
from auditor.app.records.own import ProjectRecords
from auditor.cli.common import config_option, guard
from auditor.core.times import format_instant, parse_duration, parse_instant
from auditor.errors import ExitCode, UsageError

KEY = click.Path(exists=True, dir_okay=False, path_type=Path)


class _ChecksToo(click.Group):
    """A group whose first word may also be a control or check: then it is `make`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, after the word that is left out."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return super().resolve_command(ctx, ["make", *args])
        return super().resolve_command(ctx, args)


@click.group("attest", cls=_ChecksToo)
def attest_group() -> None:
    """State something about a check, sign it, and see what counts.

    \b
    auditor attest list --all
    auditor attest oversight/board --role chief-executive --key keys/ciso.pem --valid-for 365d \\
      --statement "The board reviewed security on 3 March" --file minutes.pdf \\
      --fact reviewed_at=2026-03-03T09:00:00Z
    auditor attest review A-2026-001 --as cto --key keys/cto.pem
    auditor attest verify
    """


@attest_group.command("make")
@click.argument("check")
@click.option("--statement", required=True, help="What you state, in a sentence or more.")
@click.option("--role", required=True, help="In which role: the one that owns the control.")
@click.option("--key", required=True, type=KEY, help="Your private key (PKCS#8 PEM).")
@click.option("--file", "files", multiple=True, type=KEY, help="An attachment; may be repeated.")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help="A particular.")
@click.option("--valid-for", metavar="DURATION", help="How long it serves: 90d.")
@click.option("--valid-until", metavar="TIME", help="Until when, with a zone; exclusive.")
@click.option("--period", help="The period that it is about: 2026, 2026-Q3 or 2026-09.")
@click.option("--reviewer", help="The approver who will review it.")
@config_option
@guard
def make(
    *,
    check: str,
    statement: str,
    role: str,
    key: Path,
    files: tuple[Path, ...],
    facts: tuple[str, ...],
    valid_for: str | None,
    valid_until: str | None,
    period: str | None,
    reviewer: str | None,
    config: Path,
) -> None:
    """State something about CHECK (control/check, or a control) and sign it."""
    now = datetime.now(UTC)
    wish = Wish(
        check=check,
        statement=statement,
        role=role,
        valid_until=_until(now, valid_for, valid_until),
        files=files,
        period=period,
        reviewer=reviewer,
        facts=_facts(facts),
    )
    path = attest(open_project(config), wish, load_signing_key(key), now)
    click.echo(f"wrote {path}")
    if reviewer is not None:
        click.echo(f"next: auditor attest review {path.stem} --as {reviewer} --key ...")


def _until(now: datetime, valid_for: str | None, valid_until: str | None) -> datetime:
    """The end of validity from one of the two options.

    Raises:
        UsageError: Both or neither are given, or it is neither a duration nor a time.
    """
    if (valid_for is None) == (valid_until is None):
        raise UsageError("give one of --valid-for and --valid-until")
    try:
        if valid_for is not None:
            return now.replace(microsecond=0) + parse_duration(valid_for)
        return parse_instant(valid_until)
    except (ValueError, OverflowError) as error:
        raise UsageError(str(error)) from error


def _facts(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name or name in found:
            raise UsageError(f"got --fact {text!r}, expected NAME=VALUE, each name once")
        found[name] = value
    return found


@attest_group.command("list")
@click.option("--all", "every", is_flag=True, help="Also the checks that nobody has attested.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@config_option
@guard
def list_(config: Path, form: str, *, every: bool) -> None:
    """List attestations, with whether they count and until when."""
    now = datetime.now(UTC)
    project = open_project(config)
    found = list_attestations(project, now)
    stated = {one.attestation.check for one in found}
    wanted = ProjectRecords(project, now).wanted if every else ()
    waiting = [(one.check, one.role) for one in wanted if one.check not in stated]
    if form == "json":
        open_ = [{"check": check, "role": role} for check, role in waiting]
        document = {"attestations": [_json(one) for one in found], "waiting": open_}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for one in found:
        click.echo(_line(one))
    for check, role in waiting:
        click.echo(f"-  {check}  waits for {role}")
    if not found and not waiting:
        click.echo("no attestations")


@attest_group.command()
@click.argument("name", required=False)
@config_option
@guard
def verify(name: str | None, config: Path) -> int:
    """Check signatures, roles, periods and attachments; exit 1 where one does not hold."""
    found = list_attestations(open_project(config), datetime.now(UTC))
    chosen = [one for one in found if name in (None, one.attestation.id)]
    if not chosen:
        raise UsageError(f"there is no attestation {name}" if name else "there are no attestations")
    for one in chosen:
        click.echo(_line(one))
    return ExitCode.OK if all(one.holds for one in chosen) else ExitCode.FAILING


@attest_group.command("review")
@click.argument("name")
@click.option("--as", "as_name", required=True, help="Your name among the approvers.")
@click.option("--key", required=True, type=KEY, help="Your private key (PKCS#8 PEM).")
@config_option
@guard
def review_(name: str, as_name: str, key: Path, config: Path) -> None:
    """Sign attestation NAME as the reviewer that it names."""
    now = datetime.now(UTC)
    click.echo(f"wrote {review(open_project(config), name, as_name, load_signing_key(key), now)}")


def _line(one: Listed) -> str:
    made = one.attestation
    until = format_instant(made.valid_until)
    return f"{made.id}  {made.check}  by {made.made_by}  until {until}  {one.state}"


def _json(one: Listed) -> dict[str, object]:
    made = one.attestation.model_dump(mode="json", exclude_none=True)
    return {**made, "state": one.state}
