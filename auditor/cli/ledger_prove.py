"""`auditor ledger prove`, `verify-proof` and `consistency`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.log_proofs import entry_of_run, prove_consistency, read_entry, require_log
from auditor.app.project import load_trust, open_project
from auditor.attest.log_proof import verify_log_proof
from auditor.attest.result import StepVerdict
from auditor.cli.common import config_option, echo, guard, note
from auditor.errors import UsageError, VerificationError
from auditor.ledger.encoding import encode_base64
from auditor.ledger.tiles import MAX_ENTRY
from auditor.ledger.tlog_proof import MAX_PROOF
from auditor.render.escape import visible

_FILE = click.Path(dir_okay=False, path_type=Path)
_MARKS = {
    StepVerdict.OK: "ok",
    StepVerdict.WARNING: "ok, warning",
    StepVerdict.CANNOT_TELL: "cannot tell",
    StepVerdict.BAD: "BAD",
}


@click.command()
@config_option
@click.argument("index", type=click.IntRange(0), required=False)
@click.option("--run", "run_id", help="The entry that ended this run (`latest`, or its id).")
@click.option("--output", "-o", type=_FILE, help="Write the proof here; else it is printed.")
@click.option("--entry", type=_FILE, help="Also write the entry's bytes here.")
@guard
def prove(
    config: Path, index: int | None, run_id: str | None, output: Path | None, entry: Path | None
) -> None:
    """Prove that entry INDEX is under the signed checkpoint: a C2SP tlog-proof.

    Whoever has the entry, the proof and the trust policy checks it offline, without the log.

    \b
    auditor ledger prove 12 -o 12.tlog-proof --entry 12.json
    auditor ledger prove --run latest
    """
    store = open_project(config).store
    if (index is None) == (run_id is None):
        raise UsageError("which entry?", hint="auditor ledger prove 12, or --run latest")
    require_log(store)
    at = entry_of_run(store, run_id) if run_id is not None else int(index or 0)
    proof = store.prove(at).to_bytes()
    if entry is not None:
        entry.write_bytes(read_entry(store, at))
    if output is None:
        echo(proof)
    else:
        output.write_bytes(proof)
        note(f"wrote {output}: entry {at}")


@click.command("verify-proof")
@click.argument("proof", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--entry",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The bytes of the entry.",
)
@click.option(
    "--trust",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the trust policy that you got by another way.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@guard
def verify_proof(proof: Path, entry: Path, trust: Path | None, form: str) -> int:
    """Check that an entry is in a log, from PROOF alone: signature, witnesses, inclusion.

    Exit 0: it is; 3: it cannot be told (unknown signer, no trust policy); 5: it is not.

    \b
    auditor ledger verify-proof 12.tlog-proof --entry 12.json --trust ./trust-from-the-client
    """
    data = _bounded(proof, MAX_PROOF)
    # A line of `ledger show --format json` ends in a newline that the entry does not have.
    body = _bounded(entry, MAX_ENTRY + 1).removesuffix(b"\n")
    policy = load_trust(trust) if trust else None
    report = verify_log_proof(data, body, policy, datetime.now(UTC))
    if form == "json":
        click.echo(json.dumps(report.to_json(), indent=2))
        return report.exit_code
    for step in report.steps:
        click.echo(f"{_MARKS[step.verdict]:11}  {visible(f'{step.title}: {step.detail}')}")
    return report.exit_code


@click.command()
@config_option
@click.argument("old")
@click.argument("new", required=False)
@click.option("--output", "-o", type=_FILE, help="Write what an offline witness needs.")
@guard
def consistency(config: Path, old: str, new: str | None, output: Path | None) -> None:
    """Prove that the log OLD is a beginning of the log NEW: nothing was rewritten or cut.

    OLD and NEW are sizes, or checkpoint files that you kept; NEW is the checkpoint in force when it
    is left out. Prints the proof's hashes (RFC 9162, 2.1.4), from the bottom up. Exit 5: it is not.

    \b
    auditor ledger consistency head.txt
    auditor ledger consistency 100 200
    auditor ledger consistency 0 -o request.txt    for `auditor witness cosign`
    """
    project = open_project(config)
    result = prove_consistency(project.store, old, new, load_trust(project.trust_folder))
    if output is not None:
        if result.request is None:
            raise UsageError("only the checkpoint in force can be cosigned", hint="leave NEW out")
        output.write_bytes(result.request.to_bytes())
    for node in result.proof:
        click.echo(encode_base64(node))
    note(
        f"ok: the log of {result.old.size} entries is a beginning of that of {result.new.size},"
        f" proven by {len(result.proof)} hashes"
    )


def _bounded(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise VerificationError(f"longer than {limit} bytes", where=str(path))
    return data
