"""`auditor witness`: cosign other people's logs."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import load_signing_key
from auditor.app.witnesses.offline import cosign_offline
from auditor.app.witnesses.server import witness_server
from auditor.app.witnesses.witness import Witness, load_cosigner, new_cosigner, witnessed_logs
from auditor.attest.signing import Algorithm
from auditor.cli.common import guard, note
from auditor.keys.registry import PASSPHRASE
from auditor.render.escape import visible

_KEY = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def witness() -> None:
    """Cosign the logs of others: state that they only append, and never take it back.

    \b
    auditor witness new --name witness.example.org/w1 --key witness.pem
    auditor witness serve --listen 127.0.0.1:8080 --state state --key witness.pem --log VKEY
    auditor witness cosign --state state --key witness.pem --log VKEY ./evidence
    """


def _witness_options(function: Callable[..., object]) -> Callable[..., object]:
    for option in (
        click.option(
            "--log", "logs", multiple=True, required=True, help="vkey of a log; several allowed."
        ),
        click.option(
            "--key",
            "keys",
            multiple=True,
            required=True,
            type=_KEY,
            help="Private key, with its name beside it in a file .vkey; several allowed.",
        ),
        click.option(
            "--state",
            required=True,
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder of the witness's memory. Never delete it.",
        ),
    ):
        function = option(function)
    return function


@witness.command(short_help="Make a key to cosign with, and print its vkey.")
@click.option("--name", required=True, help="URL without its scheme: witness.example.org/w1")
@click.option("--key", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--algorithm",
    type=click.Choice(["ed25519", "ml-dsa-44"]),
    default="ed25519",
    show_default=True,
    help="ed25519 is what most clients know; ml-dsa-44 withstands quantum computers.",
)
@guard
def new(name: str, key: Path, algorithm: Algorithm) -> None:
    """Make a key to cosign with, and print its vkey: give that to whoever verifies.

    AUDITOR_KEY_PASSPHRASE, where it is set, encrypts the key. The key of a log's second signature
    is made so too, under the log's own name.
    """
    passphrase = os.environ.get(PASSPHRASE)
    click.echo(new_cosigner(name, key, algorithm, passphrase.encode() if passphrase else None))
    note(f"wrote {key}, and its name beside it; keep the key to yourself")


@witness.command(short_help="Answer the logs that ask for a cosignature.")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help="HOST:PORT")
@_witness_options
@guard
def serve(listen: str, state: Path, keys: tuple[Path, ...], logs: tuple[str, ...]) -> None:
    """Answer the logs that ask for a cosignature (C2SP tlog-witness), until interrupted."""
    cosigning = _open(state, keys, logs)
    with witness_server(listen, cosigning, lambda line: note(visible(line))) as server:
        host, port = server.server_address[:2]
        note(f"listening on http://{host!s}:{port}/")
        for vkey in cosigning.vkeys:
            note(f"cosigning as {vkey}")
        server.serve_forever()


@witness.command(short_help="Cosign a store or a file, without a network.")
@_witness_options
@click.argument("path", metavar="CHECKPOINT_OR_STORE", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the cosignature here; else it is printed.",
)
@guard
def cosign(
    path: Path,
    state: Path,
    keys: tuple[Path, ...],
    logs: tuple[str, ...],
    output: Path | None,
) -> None:
    """Cosign without a network: a store's folder, or what was written for it.

    The log's owner adds the lines with `auditor ledger witness --add FILE`. Exit 5: the log does
    not continue what was cosigned before.
    """
    lines = cosign_offline(_open(state, keys, logs), path)
    text = "".join(f"{line.line}\n" for line in lines)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        note(f"wrote {output}")


def _open(state: Path, keys: tuple[Path, ...], logs: tuple[str, ...]) -> Witness:
    cosigners = [load_cosigner(key, load_signing_key(key)) for key in keys]
    return Witness(state, cosigners, witnessed_logs(logs), lambda: datetime.now(UTC))
