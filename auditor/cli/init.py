"""`auditor init`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.registry import Collectors
from auditor.app.setup import CANDIDATES, ON_REQUEST, Setup, discover, write_setup
from auditor.attest.signing import load_public_key
from auditor.cli.common import guard, note
from auditor.cli.passphrase import new_passphrase
from auditor.errors import UsageError
from auditor.keys.registry import PASSPHRASE


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--organisation", default="My organisation", show_default=True)
@click.option("--environment", default="prod", show_default=True)
@click.option(
    "--target",
    "names",
    multiple=True,
    type=click.Choice(sorted((*CANDIDATES, *ON_REQUEST))),
    help="Look only for this; repeatable.",
)
@click.option(
    "--endpoint", "endpoints", multiple=True, help="A TLS endpoint, host:port; repeatable."
)
@click.option(
    "--approver",
    "approvers",
    multiple=True,
    metavar="NAME=FILE",
    help="Whose signature on a waiver counts: a public key (PEM); repeatable.",
)
@click.option("--encrypt-keys", is_flag=True, help=f"Encrypt the keys ({PASSPHRASE} or a prompt).")
@guard
def init(
    folder: Path,
    organisation: str,
    environment: str,
    names: tuple[str, ...],
    endpoints: tuple[str, ...],
    approvers: tuple[str, ...],
    *,
    encrypt_keys: bool,
) -> None:
    """Write auditor.yaml for what can be reached from here, and make the signing keys.

    Looks for AWS credentials (as boto3 does: environment, profile, role, SSO), for a Kubernetes
    cluster (kubeconfig) and at this host. `--target records` adds what people attest and write
    down; databases need an address, which you write into auditor.yaml.

    \b
    auditor init
    auditor init audit --target aws --target records --organisation "Example Ltd"
    auditor init --endpoint shop.example.org:443 --endpoint api.example.org:443
    """
    now = datetime.now(UTC)
    collectors = Collectors()
    found = discover(collectors, names or sorted(CANDIDATES), now, environment)
    for item in found:
        note(f"{item.kind:10} {'found' if item.entry else 'not found'}: {item.said}")
    targets = [dict(item.entry) for item in found if item.entry]
    extra: dict[str, object] = {}
    if endpoints:
        entry = {"name": "endpoints", "kind": "tls-endpoint", "environment": environment}
        targets.append(entry | {"endpoints": list(endpoints)})
        extra["inventory"] = {"endpoints": list(endpoints)}
    if not targets:
        raise UsageError(
            "nothing was found to look at",
            hint="give --endpoint, set AWS_PROFILE, or run it on the host to audit",
        )
    setup = Setup(
        organisation,
        environment,
        targets,
        extra,
        _approvers(approvers),
        new_passphrase(encrypt=encrypt_keys),
    )
    written = write_setup(folder, setup, now, collectors)
    for path in written:
        note(f"wrote {path}")
    note("Give trust/policy.json to your auditor by another way than the evidence.")
    enter = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"Next: {enter}auditor scan --plan && auditor scan")


def _approvers(given: tuple[str, ...]) -> dict[str, str]:
    """Name to the text of the public key."""
    keys = {}
    for text in given:
        name, separator, file = text.partition("=")
        if not separator or not name or not Path(file).is_file():
            raise UsageError(f"got --approver {text!r}, expected NAME=FILE with a public key (PEM)")
        keys[name] = Path(file).read_text("utf-8")
        load_public_key(keys[name])
    return keys
