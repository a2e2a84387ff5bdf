"""Collecting what a report carries along so that it can be checked by itself."""

from __future__ import annotations

from auditor.app.project import TRUST_FILE, Project, load_trust
from auditor.attest.bundle import Bundle
from auditor.attest.signing import key_id
from auditor.core.model.report_proof import ReportProof
from auditor.errors import ConfigError, UsageError, VerificationError


def make_proof(project: Project, run: str) -> ReportProof:
    """The proof of a run, with the checkpoint that is in force now.

    Raises:
        UsageError: The run has no end, so there is nothing to prove.
        VerificationError: The store is damaged.
        ConfigError: The key that signed the run is known neither to `keys` nor to the trust policy.
    """
    store = project.store
    history = store.history(run)
    if history is None or history.end_entry is None or history.verdicts is None:
        raise UsageError(
            f"run {run} has no end: there is nothing to prove", hint="auditor run list"
        )
    bundle = store.read_statement(run)
    entry = history.end_entry
    proof = ReportProof(
        bundle=bundle,
        end_entry=entry.to_bytes(),
        end_proof=store.prove(entry.index).to_bytes(),
        verdicts=store.get(history.verdicts.blob),
        log_key=project.log_key().note_key(project.origin).vkey,
        run_key=_public_key(project, Bundle.parse(bundle).hint),
    )
    _check_log_key(proof)
    return proof


def _check_log_key(proof: ReportProof) -> None:
    """The checkpoint is by the key that the report will print."""
    name = proof.log_key.partition("+")[0]
    if f"\u2014 {name} ".encode() not in proof.checkpoint:
        raise VerificationError("the checkpoint is not signed by the log's key", where=name)


def _public_key(project: Project, wanted: str) -> str:
    """The run key of that id: today's, or one that the trust policy still names."""
    today = project.run_key().public_key
    if key_id(today) == wanted:
        return today
    if (project.trust_folder / TRUST_FILE).is_file():
        known = load_trust(project.trust_folder).run_key(wanted)
        if known is not None:
            return known.public_key
    raise ConfigError(
        f"the run was signed by the key {wanted[:16]}, whose public half is not known here",
        hint=f"name it in {project.trust_folder / TRUST_FILE}",
    )
