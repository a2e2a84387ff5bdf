"""Whether an attestation counts: a pure step from the recorded files to facts.

Run again when a run is judged again. It says what is the case (whose signature, which digests);
how long a statement may serve, and what it must say, is for the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from auditor.attest.detached import verify_file
from auditor.attest.trust import NamedKey
from auditor.catalog.source import parse_yaml, validate
from auditor.core.model.attestation import Attestation, period_end
from auditor.core.model.fields import FieldType, Record, Scalar
from auditor.core.times import format_instant, parse_instant
from auditor.errors import AuditorError

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_TOLERANCE = timedelta(minutes=2)
FROM_FILE = (
    "statement",
    "made_by",
    "role",
    "made_at",
    "recorded_at",
    "valid_until",
    "period",
    "period_end",
    "reviewed_by",
    "attachments",
    "facts",
)
"""Fields that come out of the file; of one that does not count they are unread."""


def derive_attestation(facts: Record) -> Callable[[Mapping[str, object]], Mapping[str, object]]:
    """The derive step of a type whose attestations have these particulars."""

    def derive(data: Mapping[str, object]) -> Mapping[str, object]:
        raw: Mapping[str, Any] = data["raw"]  # type: ignore[assignment]
        attestation = validate(parse_yaml(raw["text"], str(data["id"])), Attestation)
        return {**_told(attestation, facts, raw), "problem": problem_of(attestation, raw)}

    return derive


def problem_of(attestation: Attestation, raw: Mapping[str, Any]) -> str:
    """Why it does not count, or "".

    Args:
        raw: `text`, `sidecar`, `review` as in the files; `keys` (approver to PEM); `role`,
            `holders` as wanted; `found` (attachment to SHA-256); `reused` (id to period of earlier
            ones with the same attachments); `ends` (approver to when the key went out of use);
            `logged` (`signature`, `review` to when the log first took note of it); `read_at`.
    """
    return next(iter(_problems(attestation, raw)), "")


def _problems(attestation: Attestation, raw: Mapping[str, Any]) -> Iterator[str]:
    maker, reviewer = attestation.made_by, attestation.reviewer
    yield from _unsigned(raw["text"], raw["sidecar"], maker, raw["keys"], attestation.made_at)
    yield from _after_the_end(attestation, maker, "signature", raw)
    yield from _not_the_role(attestation, raw["role"], raw["holders"])
    if reviewer is not None:
        if _same(reviewer) == _same(maker):
            yield f"its reviewer {reviewer} made it"
        elif _key_id(reviewer, raw["keys"]) in {_key_id(maker, raw["keys"])} - {""}:
            yield f"its reviewer {reviewer} has the key of {maker}, who made it"
        for said in _unsigned(
            raw["text"], raw["review"], reviewer, raw["keys"], attestation.made_at
        ):
            yield f"its review does not count: {said}"
        for said in _after_the_end(attestation, reviewer, "review", raw):
            yield f"its review does not count: {said}"
    yield from _other_attachments(attestation, raw["found"])
    yield from _wrong_times(attestation, parse_instant(raw["read_at"]))
    for other, period in sorted(raw["reused"].items()):
        if period != (attestation.period or ""):
            yield f"its attachments served attestation {other} for {period or 'no period'} already"


def _unsigned(
    text: str, sidecar: str, name: str, keys: Mapping[str, str], at: datetime
) -> Iterator[str]:
    if not sidecar:
        yield f"it is not signed by {name}"
        return
    if name not in keys:
        yield f"{name} is not among the approvers of auditor.yaml"
        return
    try:
        key = NamedKey(name=name, public_key=keys[name], not_before=_EVER)
        verify_file(text.encode(), sidecar, [key], at=at)
    except ValidationError:
        yield f"the key of {name} is not a public key"
    except AuditorError as error:
        yield error.message


def _after_the_end(
    attestation: Attestation, name: str, what: str, raw: Mapping[str, Any]
) -> Iterator[str]:
    """A key that is out of use counts for what the log shows to be older than that.

    The date within the file proves nothing: who holds the key writes any date.
    """
    text = (raw.get("ends") or {}).get(name)
    if text is None:
        return
    end = parse_instant(text)
    logged = (raw.get("logged") or {}).get(what)
    if attestation.made_at >= end:
        yield f"the key of {name} was out of use since {text} when it was made"
    elif logged is None or parse_instant(logged) >= end:
        seen = f"took note of it only at {logged}" if logged else "does not know it"
        yield f"the key of {name} is out of use since {text}, and the log {seen}"


def _key_id(name: str, keys: Mapping[str, str]) -> str:
    """Of the approver's key; "" where there is none that can be read."""
    try:
        return NamedKey(name=name, public_key=keys[name], not_before=_EVER).key_id
    except (KeyError, ValidationError, AuditorError):
        return ""


def _not_the_role(attestation: Attestation, role: str, holders: list[str]) -> Iterator[str]:
    if attestation.role != role:
        yield f"it was made as {attestation.role}, and {role} owns the control"
    elif _same(attestation.made_by) not in {_same(name) for name in holders}:
        yield f"{attestation.made_by} does not fill the role {role} in auditor.yaml"


def _other_attachments(attestation: Attestation, found: Mapping[str, str]) -> Iterator[str]:
    for attachment in attestation.attachments:
        digest = found.get(attachment.name, "")
        if not digest:
            yield f"its attachment {attachment.name} is missing or cannot be read"
        elif digest != attachment.sha256:
            yield f"its attachment {attachment.name} has another digest than was signed"


def _wrong_times(attestation: Attestation, read_at: datetime) -> Iterator[str]:
    made = format_instant(attestation.made_at)
    if attestation.made_at > read_at + _TOLERANCE:
        yield f"it is from the future: made at {made}"
    if attestation.valid_until <= attestation.made_at:
        yield "it ends before it begins"
    end = _period_end(attestation)
    if end is not None and attestation.made_at < end:
        yield f"it was made at {made}, before its period {attestation.period} had ended"


def _period_end(attestation: Attestation) -> datetime | None:
    return None if attestation.period is None else period_end(attestation.period)


def _told(attestation: Attestation, facts: Record, raw: Mapping[str, Any]) -> dict[str, object]:
    end = _period_end(attestation)
    return {
        "check": attestation.check,
        "statement": attestation.statement,
        "made_by": attestation.made_by,
        "role": attestation.role,
        "made_at": format_instant(attestation.made_at),
        "recorded_at": (raw.get("logged") or {}).get("signature"),
        "valid_until": format_instant(attestation.valid_until),
        "period": attestation.period,
        "period_end": None if end is None else format_instant(end),
        "reviewed_by": attestation.reviewer,
        "attachments": len(attestation.attachments),
        "facts": {
            name: _fact(text, facts.fields[name])
            for name, text in attestation.facts.items()
            if name in facts.fields
        },
    }


def _fact(text: str, of: FieldType) -> object:
    """A particular as JSON; what does not have its type stays text, and is an error to judge."""
    if of == Scalar("int") and text.isdecimal() and text.isascii():
        return int(text)
    if of == Scalar("bool"):
        return {"true": True, "false": False}.get(text, text)
    return text


def _same(name: str) -> str:
    return " ".join(name.casefold().split())
