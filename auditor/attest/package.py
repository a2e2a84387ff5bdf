"""Bundles for an outside auditor: the manifest, and the names of what lies beside it.

A bundle is a part of a store as one zip file (or the folder that it unpacks to): entries with their
proofs instead of tiles, and under the same names as in a store the blobs, statements and files of
the chosen runs. The manifest lists every member, says what was chosen and what was left out, and is
signed. Schema `bundle-1`, canonical JSON. Who makes it is `app.export`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from auditor.core.canonical import canonical
from auditor.core.times import Instant
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.blobs import Count, Digest, LogModel
from auditor.ledger.encoding import parse_object
from auditor.ledger.entries import RunId
from auditor.ledger.tlog_proof import SUFFIX

SCHEMA: Literal["bundle-1"] = "bundle-1"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
SUMS = "SHA256SUMS"
GUIDE = "VERIFY.md"
OWN = (MANIFEST, SIGNATURE, SUMS)
"""Members that the manifest cannot list: itself and what is made from it."""
ENTRIES = "entries"
PROOFS = "proofs"
CONSISTENCY = "consistency"
REPORTS = "reports"
CONTROLS = "controls"
TRUST = "trust"
VAULT = "vault"
FOLDERS = (
    "blobs", CONSISTENCY, CONTROLS, ENTRIES, "log", PROOFS, REPORTS, "runs", TRUST, VAULT,
)  # fmt: skip
MAX_MANIFEST = 64 * 1024 * 1024
MAX_ENTRIES = 150_000
MemberPath = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$", max_length=255
    ),
]


class Member(LogModel):
    """A file of the bundle: size and digest of its bytes as they lie there."""

    path: MemberPath
    size: Count
    digest: Digest


class LeftOut(LogModel):
    """A file that the chosen runs have, and the bundle has not; `reason` is for people."""

    path: MemberPath
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Span(LogModel):
    """Entries from `first` to `last`, both included, with none left out between."""

    first: Count
    last: Count

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self.first <= index <= self.last


class Chosen(LogModel):
    """Which runs the bundle is about.

    `period`: all runs that judged at a moment of the period, `since` included and `until` not.
    `control`: those of them (of all, without a period) that judged this control. `runs`: these
    alone, by name.
    """

    kind: Literal["runs", "period", "control"]
    since: Instant | None = None
    until: Instant | None = None
    control: Annotated[str, StringConstraints(max_length=200)] | None = None


class Manifest(LogModel):
    """The whole file.

    `size` and `root` (base64) are those of the checkpoint that everything is proven against;
    `span` is the part of the log that is there without a gap; `entries` are the others that are
    there, one by one. `before` are runs before the period that a report of it hangs on: of them
    policy, verdicts and statement are there, and no observations; a bundle without such runs does
    not write the field.
    """

    schema_: Literal["bundle-1"] = Field(SCHEMA, alias="schema")
    origin: str
    size: Annotated[int, Field(ge=1, le=2**53 - 1)]
    root: str
    chosen: Chosen
    runs: list[RunId] = Field(min_length=1)
    before: list[RunId] = Field(default_factory=list)
    span: Span
    entries: list[Count]
    left_out: list[LeftOut]
    members: list[Member]

    def to_bytes(self) -> bytes:
        """The file."""
        without = None if self.before else {"before"}
        return canonical(self.model_dump(mode="json", by_alias=True, exclude=without))

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """Read a manifest strictly.

        Raises:
            VerificationError: Not canonical, a wrong field, or a list that is not in order.
        """
        try:
            manifest = cls.model_validate(parse_object(data, limit=MAX_MANIFEST))
            same = manifest.to_bytes() == data
        except LedgerError as error:
            raise VerificationError(error.message, where=MANIFEST) from error
        except ValidationError as error:
            first = error.errors()[0]
            at = "/".join(str(part) for part in first["loc"])
            raise VerificationError(f"{at}: {first['msg']}", where=MANIFEST) from error
        if not same:
            raise VerificationError("a field is not in its canonical form", where=MANIFEST)
        manifest.check_order()
        return manifest

    def check_order(self) -> None:
        """Every list is in order and without repetition, and the span is within the log.

        Raises:
            VerificationError: One is not.
        """
        lists: dict[str, list[str] | list[int]] = {
            "runs": self.runs,
            "before": self.before,
            "entries": self.entries,
            "left_out": [item.path for item in self.left_out],
            "members": [item.path for item in self.members],
        }
        for name, items in lists.items():
            if items != sorted(set(items)):  # type: ignore[type-var]
                raise VerificationError(f"{name}: not in order, or repeated", where=MANIFEST)
        if not self.span.first <= self.span.last < self.size:
            raise VerificationError("the span is not within the log", where=MANIFEST)
        if self.span.last - self.span.first + len(self.entries) >= MAX_ENTRIES:
            raise VerificationError(f"more than {MAX_ENTRIES} entries", where=MANIFEST)
        if set(self.before) & set(self.runs):
            raise VerificationError("a run is chosen and before the chosen ones", where=MANIFEST)
        if any(index in self.span or index >= self.size for index in self.entries):
            raise VerificationError("entries: not beside the span", where=MANIFEST)

    @property
    def indexes(self) -> list[int]:
        """The entries that are there, in order."""
        return sorted([*self.entries, *range(self.span.first, self.span.last + 1)])

    @property
    def withheld(self) -> Mapping[str, str]:
        """Path of what was left out, to the reason."""
        return {item.path: item.reason for item in self.left_out}


def entry_path(index: int) -> str:
    """Where an entry's bytes are."""
    return f"{ENTRIES}/{index}.json"


def proof_path(index: int) -> str:
    """Where the proof is that an entry is under the checkpoint."""
    return f"{PROOFS}/{index}{SUFFIX}"


def consistency_path(size: int) -> str:
    """Where the proof is that the log continues its state of `size` entries."""
    return f"{CONSISTENCY}/{size}"


def sums_text(digests: Iterable[tuple[str, str]]) -> bytes:
    """The file `SHA256SUMS`, as `sha256sum -c` reads it.

    Args:
        digests: Path and `sha256:...` of every member but this one.
    """
    rows = sorted(digests)
    return "".join(f"{value.removeprefix('sha256:')}  {path}\n" for path, value in rows).encode()


def member(path: str, data: bytes) -> Member:
    """The record of a member with these bytes."""
    return Member(path=path, size=len(data), digest=f"sha256:{hashlib.sha256(data).hexdigest()}")
