"""What was read: resources, what could not be read, and how it was asked.

An observation is the whole result of reading one resource type from one target. It is made by a
collector, kept as evidence, and judged later, perhaps by somebody else; so it is plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.core.model.status import Cause
from auditor.core.times import format_instant, parse_instant

SCHEMA = "observation-1"
WITHHELD = "its value was withheld or erased after the run"
"""Detail of the gap of a personal field that is not disclosed to the reader."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that should have been read and was not. Judgement turns each into status error.

    Args:
        cause: The class of the reason.
        detail: What the system answered, in a sentence, without secrets and request ids.
        subject: What is affected inside the target: a region, a resource's key; "" means all of it.
        action: Permission or operation that failed, in the system's words (`s3:GetBucketPolicy`).
        hint: What the reader should do next.
    """

    cause: Cause
    detail: str
    subject: str = ""
    action: str = ""
    hint: str = ""

    def to_json(self) -> dict[str, object]:
        """All fields, empty ones left out."""
        document: dict[str, object] = {"cause": self.cause.value, "detail": self.detail}
        extra = {"subject": self.subject, "action": self.action, "hint": self.hint}
        return document | {name: text for name, text in extra.items() if text}

    @classmethod
    def from_json(cls, document: Mapping[str, str]) -> Gap:
        """The inverse of `to_json`."""
        return cls(
            cause=Cause(document["cause"]),
            detail=document["detail"],
            subject=document.get("subject", ""),
            action=document.get("action", ""),
            hint=document.get("hint", ""),
        )


@dataclass(frozen=True, slots=True)
class Resource:
    """One observed thing.

    Args:
        data: JSON value; fields as its resource type declares. A field that the system does not
            have is null; a field that could not be read is absent and stands in `unread`.
        uid: The system's own immutable id, so that a re-created thing is another one; "" if none.
        unread: Field (dotted path from `data`) to the gap that explains why it is absent.
    """

    data: Mapping[str, object]
    uid: str = ""
    unread: Mapping[str, Gap] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """`data`, and `uid` and `unread` where there are any."""
        document: dict[str, object] = {"data": dict(self.data)}
        if self.uid:
            document["uid"] = self.uid
        if self.unread:
            document["unread"] = {path: gap.to_json() for path, gap in self.unread.items()}
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Resource:
        """The inverse of `to_json`."""
        unread: Mapping[str, Mapping[str, str]] = document.get("unread", {})  # type: ignore[assignment]
        return cls(
            data=document["data"],  # type: ignore[arg-type]
            uid=str(document.get("uid", "")),
            unread={path: Gap.from_json(gap) for path, gap in unread.items()},
        )


@dataclass(frozen=True, slots=True)
class Call:
    """Provenance of one request (with all its pages), or of one file or command read.

    Args:
        request: Operation with its parameters, or command, or path; never a secret.
        endpoint: Where it was sent: URL, address, or `local`.
        started_at: Reader's clock when the request was sent.
        server_time: The other side's clock in its answer, where it states one.
        pages: Pages read; 1 where there is no paging.
        items: Items in all pages.
        ok: False when it ended in a gap.
        more: Last page said that there is more, and reading stopped (a gap says why).
    """

    request: str
    endpoint: str
    started_at: datetime
    server_time: datetime | None = None
    pages: int = 1
    items: int = 0
    ok: bool = True
    more: bool = False

    def to_json(self) -> dict[str, object]:
        """All fields; `server_time` is null where the other side states none."""
        return {
            "request": self.request,
            "endpoint": self.endpoint,
            "started_at": format_instant(self.started_at),
            "server_time": format_instant(self.server_time) if self.server_time else None,
            "pages": self.pages,
            "items": self.items,
            "ok": self.ok,
            "more": self.more,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Call:
        """The inverse of `to_json`."""
        server_time = document["server_time"]
        return cls(
            request=str(document["request"]),
            endpoint=str(document["endpoint"]),
            started_at=parse_instant(document["started_at"]),
            server_time=parse_instant(server_time) if server_time else None,
            pages=int(str(document["pages"])),
            items=int(str(document["items"])),
            ok=bool(document["ok"]),
            more=bool(document["more"]),
        )


@dataclass(frozen=True, slots=True)
class Observation:
    """The result of reading one resource type from one target.

    Args:
        target: Name of the target in `auditor.yaml`.
        environment: Environment of the target at that time.
        resource_type: Name in the resource catalogue.
        identity: Who asked, as the system itself names the caller (an ARN, `uid=0 host`).
        started_at, read_at: Reader's clock before the first and after the last request.
        as_of: The moment that the data describes; usually `started_at`, earlier for a report
            that the system had made before.
        resources: What was read, in the order of their system.
        facts: What the collection itself knows: counts, region names, caller.
        gaps: What could not be read.
        calls: Provenance, in order of time.
        collector: Name and version of the code that read, for the record.
        scrubbed: How many secrets were taken out of its texts before it was stored.
        token_key: Id of the key of its keyed tokens; "" where it has none.
        derived_only: What was read, and how, where the stream was too large to keep and only what
            was computed from it is here; "" where the evidence is whole. Every report prints it.
    """

    target: str
    environment: str
    resource_type: str
    identity: str
    started_at: datetime
    read_at: datetime
    as_of: datetime
    resources: tuple[Resource, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    calls: tuple[Call, ...] = ()
    collector: str = ""
    scrubbed: int = 0
    token_key: str = ""
    derived_only: str = ""

    @property
    def complete(self) -> bool:
        """Everything that should have been listed was listed."""
        return not self.gaps

    def to_json(self) -> dict[str, object]:
        """The evidence document, schema `observation-1`; the last three are left out when empty."""
        document: dict[str, object] = {
            "schema": SCHEMA,
            "target": self.target,
            "environment": self.environment,
            "resource_type": self.resource_type,
            "identity": self.identity,
            "started_at": format_instant(self.started_at),
            "read_at": format_instant(self.read_at),
            "as_of": format_instant(self.as_of),
            "resources": [resource.to_json() for resource in self.resources],
            "facts": dict(self.facts),
            "gaps": [gap.to_json() for gap in self.gaps],
            "calls": [call.to_json() for call in self.calls],
            "collector": self.collector,
        }
        extra: dict[str, object] = {
            "scrubbed": self.scrubbed,
            "token_key": self.token_key,
            "derived_only": self.derived_only,
        }
        return document | {name: value for name, value in extra.items() if value}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Observation:
        """The inverse of `to_json`.

        Raises:
            KeyError, ValueError, TypeError: Not a document of schema `observation-1`.
        """
        if document.get("schema") != SCHEMA:
            raise ValueError(f"got schema {document.get('schema')!r}, expected {SCHEMA!r}")
        return cls(
            target=str(document["target"]),
            environment=str(document["environment"]),
            resource_type=str(document["resource_type"]),
            identity=str(document["identity"]),
            started_at=parse_instant(document["started_at"]),
            read_at=parse_instant(document["read_at"]),
            as_of=parse_instant(document["as_of"]),
            resources=tuple(Resource.from_json(item) for item in document["resources"]),  # type: ignore[attr-defined]
            facts=document["facts"],  # type: ignore[arg-type]
            gaps=tuple(Gap.from_json(gap) for gap in document["gaps"]),  # type: ignore[attr-defined]
            calls=tuple(Call.from_json(call) for call in document["calls"]),  # type: ignore[attr-defined]
            collector=str(document["collector"]),
            scrubbed=int(str(document.get("scrubbed", 0))),
            token_key=str(document.get("token_key", "")),
            derived_only=str(document.get("derived_only", "")),
        )
