"""Having the checkpoint cosigned: by the log's second key and by witnesses, after each commit.

Nobody's silence stops us: a witness that does not answer is a warning. One that says that our log
does not continue what it saw is the alarm that witnesses are for, and is told as loudly as can be.
What a witness answers counts only when its cosignature verifies. Standard: C2SP tlog-witness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from auditor.app.log import open_log
from auditor.app.log_proofs import read_checkpoint, request_from, require_log
from auditor.app.project import Project
from auditor.app.witnesses.client import NoAnswerError, Timeouts, post
from auditor.attest.reader import StoreReader
from auditor.attest.witness import cosigner_key
from auditor.catalog.config import WitnessEntry
from auditor.errors import StoreError, UndecidableError, UsageError, VerificationError
from auditor.ledger.add_checkpoint import AddCheckpoint, Status, parse_answer, parse_size
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.cosignature import CosignerKey, cosign, verify_cosignature
from auditor.ledger.note import Note, NoteSignature

Clock = Callable[[], datetime]
_ASKED_AT_ONCE = 8
_TRIES = 4
"""With what we guess, with what it answers, and again for a log that grows meanwhile."""


class Outcome(StrEnum):
    """What came of asking a witness."""

    COSIGNED = "cosigned"
    UNANSWERED = "unanswered"
    REFUSED = "refused"
    INCONSISTENT = "inconsistent"


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What a witness said.

    Args:
        name: Of its key.
        detail: For people.
        signed: The checkpoint that was asked about; None where it was not asked.
        lines: Its cosignatures, verified.
    """

    name: str
    outcome: Outcome
    detail: str
    signed: SignedCheckpoint | None = None
    lines: tuple[NoteSignature, ...] = ()


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def cosign_head(
    project: Project, progress: Callable[[str], None], clock: Clock = utc_now
) -> tuple[WitnessAnswer, ...]:
    """Have the checkpoint in force signed by the second key and by the witnesses.

    Never fails because of a witness, nor because the log is busy: that is told to `progress`.

    Args:
        progress: Told a line for each witness.

    Returns:
        What each witness of `auditor.yaml` said.

    Raises:
        VerificationError: The store itself is damaged.
    """
    witnesses = project.loaded.config.witnesses
    try:
        sign_second(project, clock)
        return ask_witnesses(project, witnesses, progress, clock)
    except StoreError as error:
        progress(f"warning: the checkpoint was not cosigned: {error}")
        return ()


def ask_witnesses(
    project: Project,
    witnesses: Sequence[WitnessEntry],
    progress: Callable[[str], None],
    clock: Clock = utc_now,
    timeouts: Timeouts | None = None,
) -> tuple[WitnessAnswer, ...]:
    """Ask witnesses about the checkpoint in force, and keep what they sign.

    Raises:
        StoreError: The log is busy, or cannot be read or written.
        VerificationError: The store is damaged.
    """
    if not witnesses or project.store.checkpoint() is None:
        return ()
    reader = project.store.reader()
    with ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="witness") as executor:
        answers = tuple(
            executor.map(lambda item: ask(item, reader, timeouts or Timeouts()), witnesses)
        )
    for answer in answers:
        progress(said(answer))
    keep(project, answers, progress, clock)
    return answers


def ask(witness: WitnessEntry, reader: StoreReader, timeouts: Timeouts) -> WitnessAnswer:
    """Ask one witness: first as if it knew nothing, then from the size that it answers.

    Raises:
        VerificationError, StoreError: The store is damaged or cannot be read.
    """
    key = CosignerKey.parse(witness.vkey)
    old, status, body = 0, 0, b""
    for _try in range(_TRIES):
        size = read_checkpoint(reader).checkpoint.size
        if old > size:
            detail = f"it has cosigned {old} entries, and the log has {size}: its end was cut off"
            return WitnessAnswer(key.name, Outcome.INCONSISTENT, detail)
        request = request_from(reader, old)
        try:
            status, body = post(witness.url, request.to_bytes(), timeouts)
            if status == Status.CONFLICT and parse_size(body) != old:
                old = parse_size(body)
                continue
            return _judged(key, request, status, body)
        except (NoAnswerError, VerificationError) as error:
            return WitnessAnswer(key.name, Outcome.UNANSWERED, error.message)
    return WitnessAnswer(key.name, Outcome.UNANSWERED, f"it answered {_TRIES} times {status}")


def _judged(key: CosignerKey, request: AddCheckpoint, status: int, body: bytes) -> WitnessAnswer:
    """What an answer means that asks for nothing more.

    Raises:
        VerificationError: It is said to be cosigned, and is not.
    """
    signed = request.signed
    text = body[:200].decode(errors="replace").strip()
    match status:
        case Status.COSIGNED:
            lines = own_lines(key, signed, parse_answer(body))
            return WitnessAnswer(key.name, Outcome.COSIGNED, "", signed, lines)
        case Status.CONFLICT if request.old == signed.checkpoint.size:
            detail = f"it has cosigned another log of {signed.checkpoint.size} entries"
            return WitnessAnswer(key.name, Outcome.INCONSISTENT, detail, signed)
        case Status.INCONSISTENT:
            detail = f"what it has cosigned is no beginning of this log ({text})"
            return WitnessAnswer(key.name, Outcome.INCONSISTENT, detail, signed)
        case _:
            return WitnessAnswer(key.name, Outcome.REFUSED, f"{status} {text}", signed)


def own_lines(
    key: CosignerKey, signed: SignedCheckpoint, lines: Sequence[NoteSignature]
) -> tuple[NoteSignature, ...]:
    """The lines that this key made, verified; those of other keys are left, as the standard asks.

    Raises:
        VerificationError: A line of the key does not verify, or none is of the key.
    """
    own = tuple(line for line in lines if (line.name, line.key_id) == (key.name, key.key_id))
    try:
        verify_cosignature(replace(signed, note=Note(signed.note.text, own)), key)
    except UndecidableError as error:
        raise VerificationError(error.message) from error
    return own


def keep(
    project: Project,
    answers: Sequence[WitnessAnswer],
    progress: Callable[[str], None],
    clock: Clock,
) -> None:
    """Put cosignatures under the checkpoint that they are for.

    Raises:
        StoreError: The log is busy or cannot be written.
    """
    if not any(answer.lines for answer in answers):
        return
    with open_log(project, clock) as log:
        for answer in answers:
            # Somebody may have committed since: a line under another text would be a false one.
            if answer.signed and log.checkpoint and _same_text(answer.signed, log.checkpoint):
                log.cosign(answer.lines)
            elif answer.lines:
                progress(f"warning: the log has grown since {answer.name} cosigned; ask again")


def sign_second(project: Project, clock: Clock = utc_now) -> None:
    """Sign the checkpoint in force with the log's ML-DSA-44 key, where there is one.

    Raises:
        ConfigError: The key cannot be read or is of another kind.
        StoreError: The log is busy or cannot be written.
    """
    second, signed = project.second_log_key(), project.store.checkpoint()
    if second is None or signed is None:
        return
    public = cosigner_key(second.public_key, project.origin)
    if any(
        (line.name, line.key_id) == (public.name, public.key_id) for line in signed.note.signatures
    ):
        return
    line = cosign(signed.checkpoint, public, second.sign, clock())
    answer = WitnessAnswer(project.origin, Outcome.COSIGNED, "", signed, (line,))
    keep(project, [answer], lambda _line: None, clock)


def add_lines(project: Project, data: bytes, clock: Clock = utc_now) -> tuple[WitnessAnswer, ...]:
    """Keep cosignatures that came another way, such as on a USB stick.

    Args:
        data: Signature lines by witnesses of `auditor.yaml` for the checkpoint in force.

    Raises:
        UsageError: There is no log yet, or none of the lines is by a witness of `auditor.yaml`.
        VerificationError: Not signature lines, or not for this checkpoint.
    """
    signed = require_log(project.store)
    lines = parse_answer(data)
    answers: list[WitnessAnswer] = []
    for witness in project.loaded.config.witnesses:
        key = CosignerKey.parse(witness.vkey)
        if any((line.name, line.key_id) == (key.name, key.key_id) for line in lines):
            own = own_lines(key, signed, lines)
            answers.append(WitnessAnswer(key.name, Outcome.COSIGNED, "", signed, own))
    if not answers:
        raise UsageError(
            "none of the lines is by a witness of auditor.yaml",
            hint="name the witness with its vkey in `witnesses:`",
        )
    keep(project, answers, lambda _line: None, clock)
    return tuple(answers)


def said(answer: WitnessAnswer) -> str:
    """The answer in a line for people."""
    match answer.outcome:
        case Outcome.COSIGNED:
            return f"witness {answer.name}: cosigned"
        case Outcome.INCONSISTENT:
            return (
                f"ALARM: witness {answer.name} says that the log was rewritten or cut:"
                f" {answer.detail}. Keep everything as it is and run `auditor verify`."
            )
        case _:
            return f"warning: witness {answer.name} has not cosigned: {answer.detail}"


def _same_text(one: SignedCheckpoint, other: SignedCheckpoint) -> bool:
    return one.note.text == other.note.text
