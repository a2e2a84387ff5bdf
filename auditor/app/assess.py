"""From what a run recorded to the assessment that reports are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor import __version__
from auditor.app.evidence.loading import NOT_OF_THE_SCHEMA, load_observation, unreadable
from auditor.app.evidence.of_run import RunEvidence
from auditor.attest.bundle import Bundle
from auditor.core.canonical import canonical, parse_canonical
from auditor.core.evaluate import Judgement
from auditor.core.evaluate.plan import NotTested
from auditor.core.model.assessment import Assessment, LogHead
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.status import Outcome
from auditor.core.rollup import count, roll_up_controls, roll_up_requirements
from auditor.errors import UsageError, VerificationError
from auditor.ledger.checkpoint import Checkpoint
from auditor.ledger.encoding import encode_base64
from auditor.ledger.runs import RunHistory
from auditor.store.interface import Store

VERDICTS_SCHEMA = "verdicts-1"
_OPEN = b'{"findings":['
_AT_ONCE = 1000  # findings whose documents are in memory


def verdict_bytes(judgement: Judgement) -> bytes:
    """The canonical bytes of the verdicts, schema `verdicts-1`.

    They hold no time, run id or digest: two scans of unchanged systems give the same bytes, and so
    does judging one recorded run twice.
    """
    return b"".join(verdict_pieces(judgement))


def verdict_pieces(judgement: Judgement) -> Iterator[bytes]:
    """The same bytes part by part: all at once would be the peak of memory of a large run."""
    not_tested = [item.to_json() for item in judgement.not_tested]
    frame = canonical({"schema": VERDICTS_SCHEMA, "findings": [], "not_tested": not_tested})
    yield _OPEN
    for at in range(0, len(judgement.findings), _AT_ONCE):
        part = judgement.findings[at : at + _AT_ONCE]
        yield b"," if at else b""
        yield canonical([finding.to_json() for finding in part])[1:-1]
    yield frame.removeprefix(_OPEN)


def parse_verdicts(data: bytes) -> Judgement:
    """The inverse of `verdict_bytes`.

    Raises:
        VerificationError: Not a document of schema `verdicts-1`.
    """
    document = parse_canonical(data)
    if not isinstance(document, Mapping) or document.get("schema") != VERDICTS_SCHEMA:
        raise VerificationError(f"not a document of schema {VERDICTS_SCHEMA}")
    return Judgement(
        tuple(Finding.from_json(item) for item in document["findings"]),
        tuple(
            NotTested(item["control"], item["check"], item["reason"])
            for item in document["not_tested"]
        ),
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run left in the store.

    Args:
        evidence: The observations and their summaries.
        head: State of the log at the run's end: the same whenever the report is made.
        signer: Key id of the statement's key.
        timestamped: A time-stamp is in the bundle of the statement. A late one changes nothing
            here: a report says the same whenever it is made.
    """

    policy: Policy
    judgement: Judgement
    evidence: RunEvidence
    history: RunHistory
    head: Checkpoint
    signer: str
    timestamped: bool


def assemble(recorded: Recorded) -> Assessment:
    """The assessment of a recorded run.

    Raises:
        UsageError: The run has not come to its end.
    """
    history, policy = recorded.history, recorded.policy
    start, end, end_entry = history.start, history.end, history.end_entry
    if start is None or end is None or end_entry is None or history.verdicts is None:
        raise UsageError(f"run {history.run} has no end: it was interrupted and has no verdicts")
    findings = recorded.judgement.findings
    controls = roll_up_controls(policy.controls, findings, recorded.judgement.not_tested)
    head = recorded.head
    return Assessment(
        run=history.run,
        now=start.now,
        finished_at=end_entry.time,
        organisation=policy.organisation,
        tool=f"auditor {__version__}",
        engine=policy.engine,
        outcome=Outcome(end.outcome),
        counts=count(findings),
        targets=policy.targets,
        frameworks=policy.frameworks,
        controls=controls,
        requirements=roll_up_requirements(policy.frameworks, controls),
        findings=findings,
        not_tested=recorded.judgement.not_tested,
        readings=tuple(
            sorted(recorded.evidence.readings, key=lambda one: (one.target, one.resource_type))
        ),
        waivers=policy.waivers,
        policy_digest=start.policy.digest,
        verdicts_digest=history.verdicts.blob.digest,
        log=LogHead(
            origin=head.origin,
            size=head.size,
            root=encode_base64(head.root),
            first=history.start_index,
            last=end_entry.index,
            statement=end.statement,
            signer=recorded.signer,
            timestamped=recorded.timestamped,
        ),
    )


def recorded(
    store: Store,
    run: str,
    policy: Policy | None = None,
    judgement: Judgement | None = None,
    evidence: RunEvidence | None = None,
) -> Recorded:
    """Everything that a run left in the store; parts that the caller still holds are not re-read.

    Raises:
        UsageError: There is no such run.
        VerificationError: A blob is missing or changed.
    """
    history = store.history(run)
    if history is None:
        raise UsageError(f"there is no run {run}", hint="auditor run list")
    if history.verdicts is None or history.end_entry is None:
        raise UsageError(f"run {run} has no verdicts: it was interrupted", hint="auditor scan")
    known = policy or load_policy(store, history)
    bundle = Bundle.parse(store.read_statement(run))
    return Recorded(
        policy=known,
        judgement=judgement or parse_verdicts(store.get(history.verdicts.blob)),
        evidence=_evidence(store, history, known) if evidence is None else evidence,
        history=history,
        head=store.head(history.end_entry.index + 1),
        signer=bundle.hint,
        timestamped=bool(bundle.timestamps),
    )


def _evidence(store: Store, history: RunHistory, policy: Policy) -> RunEvidence:
    found = RunEvidence(store, history.run, policy)
    for entry in history.collects:
        found.add_logged(entry)
    return found


def load_policy(store: Store, history: RunHistory) -> Policy:
    """The policy of a recorded run.

    Raises:
        VerificationError: Its blob is missing or changed.
    """
    if history.start is None:
        raise UsageError(f"the log has no start of run {history.run}")
    document = parse_canonical(store.get(history.start.policy))
    if not isinstance(document, dict):
        raise VerificationError("the policy is not an object", where=history.start.policy.path)
    try:
        return Policy.from_json(document)
    except NOT_OF_THE_SCHEMA as error:
        raise unreadable("policy", error, history.start.policy.path) from error


def load_observations(
    store: Store, history: RunHistory, policy: Policy | None = None
) -> list[tuple[Observation, str]]:
    """The observations of a recorded run with their digests.

    Values that were erased since are unread in them.

    Args:
        policy: Of the run, where the caller has it.

    Raises:
        VerificationError: A blob is missing or changed.
    """
    known = policy or load_policy(store, history)
    return [(load_observation(store, c, known), c.blob.digest) for c in history.collects]
