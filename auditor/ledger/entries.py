"""The typed entries of the log: what happened, one canonical JSON object each.

An entry names its place (`index`), the entry before it (`prev`, so that a person can follow the
chain with sha256sum and jq), its time, and a body of one of the types below. Whether entries
follow each other rightly is `chain`'s matter. Standard: RFC 8785 for the bytes.

Bodies are checked when they are made: their models take no other types, and every instant is in
UTC. Writing relies on that: orjson writes their fields as they are, and only values of free form
are looked at again. Reading relies on writing: what is read must be what would be written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import orjson
from pydantic import ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from auditor.core.canonical import MAX_INT, canonical, is_plain, keys_are_undisputed
from auditor.core.times import Instant, format_instant, parse_instant
from auditor.errors import LedgerError
from auditor.ledger.blobs import BlobRef, Count, Digest, LogModel
from auditor.ledger.tiles import MAX_ENTRY

VERSION = "log-entry-1"
GENESIS = "0" * 64
"""`prev` of entry 0."""
RunId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
StorePath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,255}$")]
_FIELDS = {"v", "index", "prev", "time", "type", "body"}
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER | orjson.OPT_UTC_Z
# What orjson writes in place of a model within a body. Values of free form are looked at by
# themselves, so nothing else is written this way; a lambda would take twice the time.
_fields_of = attrgetter("__dict__")


class Body(LogModel):
    """What an entry says. `type` is its name in the log; `free` its fields of free form."""

    type: ClassVar[str]
    free: ClassVar[tuple[str, ...]] = ()

    def document(self) -> Mapping[str, object]:
        """The fields as they are: with instants and models in them, not yet JSON."""
        return self.__dict__

    def is_plain(self) -> bool:
        """True when the fields of free form hold nothing but what canonical JSON knows."""
        return all(is_plain(getattr(self, name)) for name in self.free)

    def to_json(self) -> dict[str, object]:
        """The `body` of the entry."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, document: object) -> Self:
        """The inverse of `to_json`.

        Raises:
            LedgerError: A field is missing, unknown or of another type.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            where = "/".join(str(part) for part in first["loc"])
            raise LedgerError(f"{cls.type} entry: {where}: {first['msg']}") from error


class RunStart(Body):
    """A run begins; logged before anything is collected.

    `now` is the instant that everything is judged at; `policy` the blob with controls and
    parameters; `scope` what was resolved to be looked at; `nonce` random text, so that a run cannot
    be prepared beforehand; `slot` the place in the schedule that it fills, or null; `retain_until`
    how long its evidence must be kept at least, null where nothing was promised.
    """

    type: ClassVar[str] = "run.start"
    free: ClassVar[tuple[str, ...]] = ("scope",)
    run: RunId
    now: Instant
    policy: BlobRef
    scope: dict[str, JsonValue]
    nonce: str
    slot: str | None = None
    retain_until: Instant | None = None


class Collect(Body):
    """One resource type of one target was read; `blob` is the observation.

    `redacted` names the fields whose values are not in the observation but in `disclosures`, which
    may be withheld or erased without breaking anything.
    """

    type: ClassVar[str] = "collect"
    # In the order of the canonical bytes: most entries are of this type, and need no sorting.
    blob: BlobRef
    complete: bool
    disclosures: BlobRef | None = None
    identity: str
    items: Count
    pages_complete: bool
    read_at: Instant
    redacted: list[str] = Field(default_factory=list)
    resource_type: str
    run: RunId
    started_at: Instant
    target: str


class Verdicts(Body):
    """The run was judged; `counts` are findings by status, `blob` holds them."""

    type: ClassVar[str] = "verdicts"
    run: RunId
    counts: dict[str, Count]
    blob: BlobRef


class RunEnd(Body):
    """The run is over; `statement` is the digest of the file of the signed statement."""

    type: ClassVar[str] = "run.end"
    run: RunId
    outcome: str
    statement: Digest


class RunAbort(Body):
    """The run was given up, and why."""

    type: ClassVar[str] = "run.abort"
    run: RunId
    reason: str


class Report(Body):
    """A report was made of a run; `file` is its path in the store, null when kept elsewhere."""

    type: ClassVar[str] = "report"
    run: RunId
    format: str
    digest: Digest
    file: StorePath | None = None


class Timestamp(Body):
    """A run's statement was time-stamped after the run: `file` is the token (RFC 3161) kept."""

    type: ClassVar[str] = "timestamp"
    run: RunId
    digest: Digest
    file: StorePath


class KeySignature(LogModel):
    """A signature over a `key` entry's body without its signatures: key id (hex), base64."""

    key_id: str
    signature: str


class KeyRecord(Body):
    """A key came into use, replaced another or was revoked.

    `key` is the key's text: a vkey for the log, PEM for the others; `replaces` the key text of the
    one that it replaces; `since` the time from which that holds. A rotation is signed by both keys,
    a revocation by any key of the same use that is still in force.
    """

    type: ClassVar[str] = "key"
    use: Literal["log", "run"]
    action: Literal["introduce", "rotate", "revoke"]
    key: str
    since: Instant
    replaces: str | None = None
    reason: str = ""
    signatures: list[KeySignature] = Field(default_factory=list)


class HoldRecord(Body):
    """A legal hold on the evidence of runs was set or cleared; `hold` names it."""

    type: ClassVar[str] = "hold"
    hold: RunId
    action: Literal["set", "clear"]
    runs: list[RunId]
    reason: str


class PruneRecord(Body):
    """Evidence past its retention is about to be deleted; `blob` lists the digests, and stays."""

    type: ClassVar[str] = "prune"
    before: Instant
    count: Count
    blob: BlobRef


class FreeBody(Body):
    """A body whose fields are not laid down here: they are the object itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    free: ClassVar[tuple[str, ...]] = ("fields",)
    fields: dict[str, JsonValue]

    def document(self) -> Mapping[str, object]:
        """The fields."""
        return self.fields

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return dict(self.fields)

    @classmethod
    def from_json(cls, document: object) -> Self:
        """The inverse of `to_json`."""
        if not isinstance(document, Mapping):
            raise LedgerError(f"{cls.type} entry: body is not an object")
        return cls(fields=dict(document))


class WaiverRecord(FreeBody):
    """A waiver came into force, changed or ended."""

    type: ClassVar[str] = "waiver"


class AttestationRecord(FreeBody):
    """A person gave signed evidence."""

    type: ClassVar[str] = "attestation"


class SampleRecord(FreeBody):
    """A population was frozen, or a sample was drawn of one; `app.sampling` has the fields."""

    type: ClassVar[str] = "sample"


RunBody = RunStart | Collect | Verdicts | RunEnd | RunAbort | Report | Timestamp
LogBody = RunBody | KeyRecord | HoldRecord | PruneRecord | FreeBody
BODIES: Mapping[str, type[LogBody]] = {
    body.type: body
    for body in (
        RunStart,
        Collect,
        Verdicts,
        RunEnd,
        RunAbort,
        Report,
        Timestamp,
        KeyRecord,
        HoldRecord,
        PruneRecord,
        WaiverRecord,
        AttestationRecord,
        SampleRecord,
    )
}


class Entry(NamedTuple):  # made in half the time of a frozen dataclass, once for every entry
    """One entry of the log.

    Args:
        index: Place in the log, from 0.
        prev: SHA-256 (hex) of the bytes of the entry before; 64 zeros for entry 0.
        time: Clock of the writer.
        body: What it says.
    """

    index: int  # type: ignore[assignment] # hides tuple.index, which nobody asks an entry for
    prev: str
    time: datetime
    body: LogBody

    def to_bytes(self) -> bytes:
        """The entry as the log holds it.

        Raises:
            LedgerError: It holds what canonical JSON forbids, or is longer than 65,535 bytes.
        """
        body = self.body
        document = {
            "body": body.document(),
            "index": self.index,
            "prev": self.prev,
            "time": self.time,
            "type": body.type,
            "v": VERSION,
        }
        try:
            data = orjson.dumps(document, _fields_of, _OPTIONS)
        except orjson.JSONEncodeError:
            data = self._carefully_written()
        else:
            if (
                self.time.tzinfo is not UTC
                or not (data.isascii() or keys_are_undisputed(data))
                or (body.free and not body.is_plain())
            ):
                data = self._carefully_written()
        if len(data) > MAX_ENTRY:
            raise LedgerError(
                f"{self.body.type} entry of {len(data)} bytes, expected at most {MAX_ENTRY}",
                hint="put what is long into a blob and log its reference",
            )
        return data

    @classmethod
    def parse(cls, data: bytes) -> Entry:
        """Read the bytes of one entry strictly.

        Raises:
            LedgerError: Not canonical, another version, an unknown type or a wrong body.
        """
        if len(data) > MAX_ENTRY:
            raise LedgerError(f"entry of {len(data)} bytes, expected at most {MAX_ENTRY}")
        try:
            entry = _read(orjson.loads(data))
            # One entry has one spelling: this finds white space, an order of keys, a key given
            # twice, a second form of an instant, a null left out.
            if entry.to_bytes() != data:
                raise LedgerError("the entry is not in its canonical form")
        except orjson.JSONDecodeError as error:
            raise LedgerError(f"not JSON: {error}") from error
        except RecursionError as error:
            raise LedgerError("JSON is nested too deep") from error
        return entry

    def _carefully_written(self) -> bytes:
        """The same, or what is wrong, where the fast way is not sure."""
        return canonical(
            {
                "v": VERSION,
                "index": self.index,
                "prev": self.prev,
                "time": format_instant(self.time),
                "type": self.body.type,
                "body": self.body.to_json(),
            }
        )


def _read(document: object) -> Entry:
    if not isinstance(document, dict) or document.keys() != _FIELDS or document["v"] != VERSION:
        raise LedgerError(f"not an entry of version {VERSION!r}")
    kind, prev = document["type"], document["prev"]
    body = BODIES.get(kind) if isinstance(kind, str) else None
    if body is None:
        raise LedgerError(f"unknown type of entry {kind!r}")
    if not isinstance(prev, str):
        raise LedgerError(f"got `prev` {prev!r}, expected text")
    return Entry(
        index=_index(document["index"]),
        prev=prev,
        time=_time(document["time"]),
        body=body.from_json(document["body"]),
    )


def entry_digest(data: bytes) -> str:
    """What the next entry has as `prev`: SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _index(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_INT:
        raise LedgerError(f"got index {value!r}, expected a number from 0")
    return value


def _time(value: object) -> datetime:
    try:
        return parse_instant(value)
    except ValueError as error:
        raise LedgerError(f"time: {error}") from error
