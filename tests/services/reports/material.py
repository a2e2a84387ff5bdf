"""A small assessment with a real proof: keys, statement, log and checkpoint are made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.app.assess import verdict_bytes
from auditor.attest.bundle import Bundle
from auditor.attest.dsse import sign_envelope
from auditor.attest.statement import (
    PAYLOAD_TYPE,
    LogPosition,
    Statement,
    Subject,
    SubjectDigest,
    Tool,
)
from auditor.attest.statement import Assessment as Predicate
from auditor.attest.trust import LogKey, NamedKey, TrustPolicy
from auditor.core.canonical import canonical, digest
from auditor.core.evaluate import Judgement
from auditor.core.model.assessment import Assessment, LogHead
from auditor.core.model.finding import Finding
from auditor.core.model.report_proof import ReportProof
from auditor.keys.file import FileKey, generate_key
from auditor.ledger.checkpoint import Checkpoint, sign_checkpoint
from auditor.ledger.encoding import encode_base64
from auditor.ledger.entries import Entry, RunEnd
from auditor.ledger.merkle import hash_leaf
from auditor.ledger.proofs import inclusion_proof, range_root
from auditor.ledger.tlog_proof import TlogProof
from tests.unit.render.sample import sample

ORIGIN = "example-ltd/auditor-log"
SIZE, PLACE = 413, 411
WHEN = datetime(2026, 11, 20, 6, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Material:
    """An assessment, its proof and the keys behind it."""

    assessment: Assessment
    proof: ReportProof
    run_key: FileKey
    log_key: FileKey

    @property
    def trust(self) -> TrustPolicy:
        """The policy of somebody who trusts these keys."""
        begin = WHEN - timedelta(days=30)
        return TrustPolicy(
            origin=ORIGIN,
            log_keys=(LogKey(vkey=self.proof.log_key, not_before=begin),),
            run_keys=(NamedKey(name="run", public_key=self.run_key.public_key, not_before=begin),),
        )


def make_material(folder: Path, findings: Sequence[Finding] | None = None) -> Material:
    """Everything, with new keys in the folder."""
    run_key = generate_key(folder / "run.pem", "ecdsa-p256-sha256")
    log_key = generate_key(folder / "log.pem", "ed25519")
    return seal(sample(findings=findings), run_key, log_key)


def seal(base: Assessment, run_key: FileKey, log_key: FileKey) -> Material:
    """Sign an assessment and put it into a log of 413 entries."""
    verdicts = verdict_bytes(Judgement(base.findings, base.not_tested))
    bundle = _bundle(base, verdicts, run_key)
    note_key = log_key.note_key(ORIGIN)
    body = RunEnd(run=base.run, outcome=base.outcome.value, statement=digest(bundle))
    entry = Entry(PLACE, "ab" * 32, WHEN, body).to_bytes()
    leaves = [hash_leaf(entry if n == PLACE else b"entry %d" % n) for n in range(SIZE)]

    def node(height: int, index: int) -> bytes:
        return _subtree(leaves[index << height : (index + 1) << height])

    checkpoint = Checkpoint(ORIGIN, SIZE, range_root(0, SIZE, node))
    signed = sign_checkpoint(checkpoint, note_key, log_key.sign)
    path = tuple(inclusion_proof(PLACE, SIZE, node))
    proof = ReportProof(
        bundle=bundle,
        end_entry=entry,
        end_proof=TlogProof(PLACE, path, signed).to_bytes(),
        verdicts=verdicts,
        log_key=note_key.vkey,
        run_key=run_key.public_key,
    )
    head = LogHead(
        origin=ORIGIN,
        size=PLACE + 1,
        root=encode_base64(range_root(0, PLACE + 1, node)),
        first=401,
        last=PLACE,
        statement=digest(bundle),
        signer=run_key.key_id,
    )
    assessment = replace(base, verdicts_digest=digest(verdicts), log=head)
    return Material(assessment, proof, run_key, log_key)


def _bundle(base: Assessment, verdicts: bytes, run_key: FileKey) -> bytes:
    readings = [
        _subject(f"observation/{r.target}/{r.resource_type}", r.digest) for r in base.readings
    ]
    statement = Statement(
        subject=[
            _subject("policy", base.policy_digest),
            *readings,
            _subject("verdicts", digest(verdicts)),
        ],
        predicate=Predicate(
            run=base.run,
            now=base.now,
            tool=Tool(name="auditor", version="0.1.0"),
            engine=base.engine,
            counts=dict(base.counts),
            outcome=base.outcome.value,
            log=LogPosition(origin=ORIGIN, index=401),
        ),
    )
    envelope = sign_envelope(statement.to_bytes(), PAYLOAD_TYPE, run_key)
    return Bundle(envelope, run_key.key_id).to_bytes()


def _subject(name: str, value: str) -> Subject:
    return Subject(name=name, digest=SubjectDigest(sha256=value.removeprefix("sha256:")))


def _subtree(leaves: list[bytes]) -> bytes:
    from auditor.ledger.merkle import subtree_root

    return subtree_root(leaves)


def resign(material: Material, **changes: bytes) -> ReportProof:
    """The proof with parts exchanged."""
    return replace(material.proof, **changes)  # type: ignore[arg-type]


__all__ = ["Material", "canonical", "make_material", "resign", "seal"]
