"""One check on one resource, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.core.model.ident import SHORT_LENGTH, finding_id, fingerprint
from auditor.core.model.status import Cause, Severity, Status

Truth = Literal["true", "false", "undecided"]


@dataclass(frozen=True, slots=True)
class AssertionResult:
    """What one assertion evaluated to.

    Args:
        truth: `undecided` is everything that is neither true nor false.
        detail: The filled message of a false one; the reason of an undecided one.
    """

    id: str
    truth: Truth
    severity: Severity
    detail: str = ""

    def to_json(self) -> dict[str, object]:
        """All fields; `detail` left out when empty."""
        document: dict[str, object] = {
            "id": self.id,
            "truth": self.truth,
            "severity": self.severity.value,
        }
        return document | ({"detail": self.detail} if self.detail else {})


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict of one check on one resource of one target.

    Args:
        key: Unique and stable within the target; "" when the finding is about the whole target.
        uid: The system's own immutable id of the resource; "" if none.
        severity: Of the worst false assertion for fail; of the worst possible one for error.
        reason: For people: what is wrong, or why it could not be judged. "" for a plain pass.
        cause: Class of the reason; only for error.
        action: Permission or operation that is missing; only where one is.
        hint: The next action.
        pointer: JSON pointer of the resource within the observation; "" if it is about all of it.
        waiver: Id of the waiver that covers it, or that was refused (then `reason` says why).
    """

    control: str
    check: str
    target: str
    key: str
    status: Status
    severity: Severity
    environment: str = ""
    resource_type: str = ""
    uid: str = ""
    reason: str = ""
    cause: Cause | None = None
    action: str = ""
    hint: str = ""
    assertions: tuple[AssertionResult, ...] = ()
    pointer: str = ""
    waiver: str = ""

    @property
    def id(self) -> str:
        """`control/check@target/key`."""
        return finding_id(self.control, self.check, self.target, self.key)

    @property
    def fingerprint(self) -> str:
        """Stable identity, 64 hex digits."""
        return fingerprint(self.control, self.check, self.target, self.key, self.uid)

    @property
    def short(self) -> str:
        """The first 12 digits of the fingerprint, as people type it."""
        return self.fingerprint[:SHORT_LENGTH]

    @property
    def order(self) -> tuple[str, ...]:
        """The order of findings in every document: by id, then uid."""
        return (self.control, self.check, self.target, self.key, self.uid, self.reason)

    def to_json(self) -> dict[str, object]:
        """The finding in `verdicts-1`; optional fields are left out when empty."""
        document: dict[str, object] = {
            "id": self.id,
            "control": self.control,
            "check": self.check,
            "target": self.target,
            "environment": self.environment,
            "resource_type": self.resource_type,
            "resource": self.key,
            "status": self.status.value,
            "severity": self.severity.value,
            "fingerprint": self.fingerprint,
        }
        optional: dict[str, object] = {
            "uid": self.uid,
            "reason": self.reason,
            "cause": self.cause.value if self.cause else "",
            "action": self.action,
            "hint": self.hint,
            "assertions": [result.to_json() for result in self.assertions],
            "pointer": self.pointer,
            "waiver": self.waiver,
        }
        return document | {name: value for name, value in optional.items() if value}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Finding:
        """The inverse of `to_json`."""
        text = {name: str(value) for name, value in document.items() if isinstance(value, str)}
        assertions: list[dict[str, str]] = document.get("assertions", [])  # type: ignore[assignment]
        return cls(
            control=text["control"],
            check=text["check"],
            target=text["target"],
            key=text["resource"],
            status=Status(text["status"]),
            severity=Severity(text["severity"]),
            environment=text["environment"],
            resource_type=text["resource_type"],
            uid=text.get("uid", ""),
            reason=text.get("reason", ""),
            cause=Cause(text["cause"]) if "cause" in text else None,
            action=text.get("action", ""),
            hint=text.get("hint", ""),
            assertions=tuple(
                AssertionResult(
                    id=item["id"],
                    truth=item["truth"],  # type: ignore[arg-type]
                    severity=Severity(item["severity"]),
                    detail=item.get("detail", ""),
                )
                for item in assertions
            ),
            pointer=text.get("pointer", ""),
            waiver=text.get("waiver", ""),
        )
