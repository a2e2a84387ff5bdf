"""A report verified by itself, against a trust policy and without the store that it came from.

The same nine steps as for a store; what only the store can tell answers "cannot tell", never ok.
Rendering the report again and comparing is left to who has the store and a renderer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from auditor.attest.bundle import Bundle
from auditor.attest.dsse import verify_envelope
from auditor.attest.noted import NotedUse
from auditor.attest.page_signature import check_payload
from auditor.attest.report_parts import ReportParts, read_report
from auditor.attest.report_rollup import check_summaries
from auditor.attest.report_signature import check_pdf_signature
from auditor.attest.result import Notes, StepResult, StepVerdict, VerificationReport
from auditor.attest.signing import key_id
from auditor.attest.statement import PAYLOAD_TYPE, Statement
from auditor.attest.steps_checkpoint import check_signed
from auditor.attest.timestamps import verify_timestamp
from auditor.attest.trust import NamedKey, TrustPolicy
from auditor.core.canonical import digest
from auditor.core.model.report_proof import ReportProof
from auditor.errors import ConfigError, LedgerError, UndecidableError, VerificationError
from auditor.ledger.encoding import parse_object
from auditor.ledger.entries import Entry, RunEnd
from auditor.ledger.note import NoteKey, verify_note
from auditor.ledger.tlog_proof import TlogProof

NOT_HERE = "not in a report: give --store"
_NO_PROOF = "the report carries no proof"
_WHERE = "report"


@dataclass(slots=True)
class Looked:
    """What the steps have established so far; None where they have no ground for it."""

    data: bytes
    trust: TrustPolicy | None
    now: datetime
    noted: NotedUse | None = None
    parts: ReportParts | None = None
    proof: TlogProof | None = None
    entry: Entry | None = None
    statement: Statement | None = None
    verdicts: Mapping[str, object] | None = None

    @property
    def carried(self) -> ReportProof:
        """The proof.

        Raises:
            UndecidableError: The report has none, or could not be read.
        """
        if self.parts is None or self.parts.proof is None:
            raise UndecidableError(_NO_PROOF if self.parts else "the report could not be read")
        return self.parts.proof

    @property
    def policy(self) -> TrustPolicy:
        """The trust policy.

        Raises:
            UndecidableError: None was given.
        """
        if self.trust is None:
            raise UndecidableError("no trust policy: the signature cannot be checked")
        return self.trust


def verify_report_alone(
    data: bytes, trust: TrustPolicy | None, now: datetime
) -> VerificationReport:
    """Verify a report as far as it goes by itself.

    Args:
        data: The file: PDF, HTML or JSON.
        trust: What the auditor trusts; None makes every signature "cannot tell".
        now: Time of the verification.

    Returns:
        Nine steps; those that need the store say so and answer "cannot tell".
    """
    looked = Looked(data, trust, now)
    return VerificationReport(
        tuple(_take(number, title, step, looked) for number, (title, step) in enumerate(_STEPS))
    )


def check_report(
    data: bytes, trust: TrustPolicy | None, now: datetime, noted: NotedUse | None = None
) -> StepResult:
    """Step 8 alone: what a report's own signature and attachments say, for who has the store.

    Args:
        noted: Where the log has noted the report; its signer must have been in use there.
    """
    looked = Looked(data, trust, now, noted)
    for number, (title, step) in enumerate(_STEPS[:8]):
        _take(number, title, step, looked)  # for what they establish; the store's steps answer
    return _take(8, _STEPS[8][0], _check_itself, looked)


def _take(
    number: int,
    title: str,
    step: Callable[[Looked, Notes], str],
    looked: Looked,
) -> StepResult:
    notes = Notes()
    detail = ""
    try:
        detail = step(looked, notes)
    except (VerificationError, LedgerError) as error:
        notes.bad(error.message, error.where or _WHERE)
    except UndecidableError as error:
        notes.cannot_tell(error.message, error.where)
    return notes.result(number, title, detail)


def _check_trust(looked: Looked, notes: Notes) -> str:
    """(0) A trust policy was given."""
    trust = looked.trust
    if trust is None:
        notes.cannot_tell("no trust policy was given: whose signatures count is not known")
        return ""
    authorities = len(trust.certificate_authorities), len(trust.timestamp_authorities)
    return (
        f"log {trust.origin!r}, {len(trust.log_keys)} log keys, {len(trust.run_keys)} run keys,"
        f" {authorities[0]} certificate and {authorities[1]} time-stamp authorities"
    )


def _read(looked: Looked, notes: Notes) -> str:
    """(1) The report can be read, and carries a proof."""
    looked.parts = read_report(looked.data)
    if not looked.parts.form:
        notes.cannot_tell("neither PDF, HTML nor JSON: it carries nothing that could be checked")
    elif looked.parts.proof is None:
        notes.cannot_tell(_NO_PROOF)
    return f"{looked.parts.form}, with the proof of a run"


def _check_checkpoint(looked: Looked, notes: Notes) -> str:
    """(2) The checkpoint that came along: signature and witnesses."""
    proof = TlogProof.parse(looked.carried.end_proof)
    witnesses = check_signed(proof.signed, looked.trust, looked.now, notes)
    _check_printed_key(looked.carried, proof)
    if notes.verdict is not StepVerdict.BAD:
        looked.proof = proof
        if looked.trust is not None and looked.trust.required.remembered_head:
            notes.cannot_tell("the trust policy requires an earlier checkpoint to compare with")
    by = f", cosigned by {', '.join(sorted(witnesses))}" if witnesses else ""
    head = proof.signed.checkpoint
    return f"{head.size} entries, signed by {head.origin!r}{by}"


def _check_printed_key(carried: ReportProof, proof: TlogProof) -> None:
    """The key that the report shows to readers is one that signed the checkpoint."""
    key = NoteKey.parse(carried.log_key)
    if not any((s.name, s.key_id) == (key.name, key.key_id) for s in proof.signed.note.signatures):
        raise VerificationError("the report shows another log key than signed its checkpoint")
    try:
        verify_note(proof.signed.note, [key])
    except UndecidableError as error:
        raise VerificationError(f"by the log key in the report: {error.message}") from error


def _check_entry(looked: Looked, notes: Notes) -> str:
    """(3) The run's end is in the tree of the checkpoint."""
    del notes
    carried = looked.carried
    if looked.proof is None:
        raise UndecidableError("not reached: the checkpoint does not hold")
    looked.proof.verify(carried.end_entry)
    entry = Entry.parse(carried.end_entry)
    if not isinstance(entry.body, RunEnd) or entry.index != looked.proof.index:
        raise VerificationError("the entry that came along is not the end of a run at that place")
    looked.entry = entry
    return f"entry {entry.index}, the end of run {entry.body.run}; the other entries are not here"


def _check_statement(looked: Looked, notes: Notes) -> str:
    """(5) The statement is the one that the log names, signed by a trusted key."""
    carried = looked.carried
    if looked.entry is None or not isinstance(looked.entry.body, RunEnd):
        raise UndecidableError("not reached: the run's end is not proven")
    end = looked.entry.body
    if digest(carried.bundle) != end.statement:
        raise VerificationError("the statement has another digest than `run.end` in the log")
    bundle = Bundle.parse(carried.bundle)
    if bundle.envelope.payload_type != PAYLOAD_TYPE:
        raise VerificationError(f"got payload type {bundle.envelope.payload_type!r}")
    statement = Statement.parse(bundle.envelope.payload)
    said = statement.predicate
    origin = looked.proof.signed.checkpoint.origin if looked.proof else ""
    if (said.run, said.outcome, said.log.origin) != (end.run, end.outcome, origin):
        raise VerificationError("the statement is of another run, outcome or log than the entry")
    if _shown_key(carried.run_key) != bundle.hint:
        raise VerificationError("the report shows another run key than signed its statement")
    verdicts = _signed_verdicts(statement, carried.verdicts)
    signer = _trusted(looked, bundle.hint)
    signature = bundle.envelope.signatures[0]
    verify_envelope(bundle.envelope, signature, signer.public_key, signer.algorithm)
    _check_time(looked, bundle, signer, notes)
    looked.statement, looked.verdicts = statement, verdicts
    return f"signed by {signer.name!r}, with the findings that came along"


def _shown_key(pem: str) -> str:
    try:
        return key_id(pem)
    except ConfigError as error:
        raise VerificationError(f"run key in the report: {error.message}") from error


def _signed_verdicts(statement: Statement, data: bytes) -> Mapping[str, object]:
    named = {item.name: item.digest.sha256 for item in statement.subject}
    if f"sha256:{named.get('verdicts')}" != digest(data):
        raise VerificationError("the verdicts have another digest than the statement says")
    return parse_object(data)


def _trusted(looked: Looked, wanted: str) -> NamedKey:
    if looked.noted is not None:
        return looked.noted.named(wanted)
    key = looked.policy.run_key(wanted)
    if key is None:
        raise UndecidableError(f"signed by an unknown key {wanted[:16]!r}")
    return key


def _check_time(looked: Looked, bundle: Bundle, signer: NamedKey, notes: Notes) -> None:
    """When the statement was signed, by the log and by time-stamps."""
    times = [looked.entry.time] if looked.entry else []
    message = bundle.envelope.signatures[0].signature
    authorities = looked.policy.timestamp_authorities
    times += [verify_timestamp(token, message, authorities).time for token in bundle.timestamps]
    if not bundle.timestamps:
        text = "the statement that came along has no time-stamp"
        if looked.policy.required.timestamp:
            notes.cannot_tell(f"{text}; one may have come later: give --store")
        else:
            notes.warn(f"{text}: when it was signed, only the log says")
    for time in times:
        if not signer.covers(time):
            raise VerificationError(f"the key {signer.name!r} was not valid at {time}")


def _elsewhere(looked: Looked, notes: Notes) -> str:
    """(4), (6), (7): runs, evidence and judging again need the store."""
    del looked
    notes.cannot_tell(NOT_HERE)
    return ""


def _check_alone(looked: Looked, notes: Notes) -> str:
    """(8) Signature and content; what the pages show is compared by rendering them again."""
    said = _check_itself(looked, notes)
    if notes.verdict is not StepVerdict.BAD:
        notes.cannot_tell(f"{said}; that its pages show this is {NOT_HERE}")
    return said


def _check_itself(looked: Looked, notes: Notes) -> str:
    if looked.parts is None:
        raise UndecidableError("not reached: the report could not be read")
    if not looked.parts.form:
        raise UndecidableError("neither PDF, HTML nor JSON: nothing in it can be checked")
    if looked.parts.form not in ("pdf", "html"):
        return "a format without a signature"
    if looked.parts.assessment is not None and looked.statement and looked.verdicts:
        check_assessment(looked.parts.assessment, looked.statement, looked.verdicts)
    if not looked.parts.signed:
        notes.cannot_tell("the report itself is not signed: nothing in it tells who wrote it")
        return "not signed"
    if looked.parts.pdf is not None:
        proven = check_pdf_signature(
            looked.parts.pdf, looked.policy, looked.now, notes, looked.noted
        )
        when = f", time-stamped at {proven}" if proven else ""
        return f"signed by a trusted run key{when}, with an assessment that agrees"
    return _check_page(looked)


def _check_page(looked: Looked) -> str:
    page = looked.parts.page if looked.parts else None
    if page is None or page.envelope is None:
        raise UndecidableError("not reached: the page could not be read")
    check_payload(page)
    signature = page.envelope.signatures[0]
    signer = _trusted(looked, signature.key_id)
    verify_envelope(page.envelope, signature, signer.public_key, signer.algorithm)
    if looked.noted is not None:
        looked.noted.check(signature.key_id)
    elif not signer.covers(looked.now):
        raise UndecidableError(
            f"the key {signer.name!r} is not valid now, and nothing tells when it signed the page"
        )
    return f"signed by {signer.name!r}"


def check_assessment(data: bytes, statement: Statement, verdicts: Mapping[str, object]) -> None:
    """Check that an assessment says what was signed: findings, counts, run, evidence, policy.

    Args:
        data: The document `assessment-1`.
        verdicts: The document `verdicts-1`, of the digest in the statement.

    Raises:
        VerificationError: It says something else; the message names what.
    """
    try:
        document = orjson.loads(data)
        findings = [
            {k: v for k, v in f.items() if k != "observation"} for f in document["findings"]
        ]
        readings = {
            f"observation/{item['target']}/{item['resource_type']}": item["digest"]
            for item in document["coverage"]["readings"]
            if item["digest"]
        }
        told = {
            "findings": findings,
            "checks that were not tested": document["coverage"]["not_tested"],
            "run": document["run"],
            "moment": document["now"],
            "outcome": document["outcome"],
            "counts": document["counts"],
            "engine": document["engine"],
            "evidence": readings | {"policy": document["policy"], "verdicts": document["verdicts"]},
        }
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise VerificationError(f"not a document of schema assessment-1: {error}") from error
    said = orjson.loads(statement.to_bytes())["predicate"]
    signed = {
        "findings": verdicts.get("findings"),
        "checks that were not tested": verdicts.get("not_tested"),
        "run": said["run"],
        "moment": said["now"],
        "outcome": said["outcome"],
        "counts": said["counts"],
        "engine": said["engine"],
        "evidence": {item.name: f"sha256:{item.digest.sha256}" for item in statement.subject},
    }
    for name, value in signed.items():
        if told[name] != value:
            raise VerificationError(f"the assessment has another {name} than was signed")
    _check_summaries(data, document, verdicts)


def _check_summaries(data: bytes, document: Mapping[str, Any], verdicts: Mapping[str, Any]) -> None:
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    if orjson.dumps(document, option=options) != data:  # a key twice: readers may take the other
        raise VerificationError("the assessment is not written as assessments are")
    try:
        check_summaries(document, verdicts["findings"], verdicts["not_tested"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VerificationError(f"not a document of schema assessment-1: {error}") from error


_STEPS: tuple[tuple[str, Callable[[Looked, Notes], str]], ...] = (
    ("trust policy and times", _check_trust),
    ("report: what it carries", _read),
    ("checkpoint: signature, witnesses, earlier head", _check_checkpoint),
    ("entries: the run's end in the tree", _check_entry),
    ("runs: order", _elsewhere),
    ("statement: signature and content", _check_statement),
    ("evidence: digests", _elsewhere),
    ("verdicts: judged again", _elsewhere),
    ("report: signature and content", _check_alone),
)
