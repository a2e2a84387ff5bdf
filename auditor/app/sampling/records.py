"""The two `sample` entries of the log: a population was frozen; a sample was drawn of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from auditor.core.model.control import Model
from auditor.core.times import Instant
from auditor.errors import UsageError, VerificationError
from auditor.ledger.blobs import BlobRef, Digest
from auditor.ledger.entries import Entry, SampleRecord
from auditor.store.interface import Store


class FreezeFields(Model):
    """A population was frozen: `blob` is the document, `head_*` the log before this entry."""

    action: Literal["freeze"] = "freeze"
    control: str
    check: str
    since: Instant
    until: Instant
    count: int = Field(ge=1)
    head_size: int = Field(ge=0)
    head_root: str
    blob: BlobRef


class DrawFields(Model):
    """A sample was drawn.

    `freeze` is the index of the population's entry, `root` the log's root right after it, `basis`
    where the size comes from, `first` the index of the first draw that this one replaces.
    """

    action: Literal["draw"] = "draw"
    algorithm: Literal["auditor-sample-1"] = "auditor-sample-1"
    freeze: int = Field(ge=0)
    root: str
    population: Digest
    nonce: str
    size: int = Field(ge=1)
    basis: str
    seed: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    first: int | None = None
    reason: str = ""


FieldsT = TypeVar("FieldsT", FreezeFields, DrawFields)


@dataclass(frozen=True, slots=True)
class Logged:
    """A `sample` entry and what it says."""

    entry: Entry
    freeze: FreezeFields | None = None
    draw: DrawFields | None = None


def to_record(fields: FreezeFields | DrawFields) -> SampleRecord:
    """The body of the entry."""
    return SampleRecord(fields=fields.model_dump(mode="json"))


def from_entry(entry: Entry) -> Logged | None:
    """What a `sample` entry says; None for other entries.

    Raises:
        VerificationError: It is of another form.
    """
    if not isinstance(entry.body, SampleRecord):
        return None
    fields = entry.body.fields
    if fields.get("action") == "freeze":
        return Logged(entry, freeze=_parse(entry, FreezeFields))
    return Logged(entry, draw=_parse(entry, DrawFields))


def _parse(entry: Entry, model: type[FieldsT]) -> FieldsT:
    try:
        return model.model_validate(entry.body.to_json())
    except ValidationError as error:
        first = error.errors()[0]
        said = f"{'/'.join(str(part) for part in first['loc'])}: {first['msg']}"
        where = f"entry {entry.index}"
        raise VerificationError(f"no sample can be read here: {said}", where=where) from error


def sample_entries(store: Store) -> Iterator[Logged]:
    """Every freeze and draw, in the order of the log."""
    for entry in store.entries():
        found = from_entry(entry)
        if found is not None:
            yield found


def sample_entry(store: Store, index: int) -> Logged:
    """The freeze or draw at an index.

    Raises:
        UsageError: There is another entry or none.
    """
    signed = store.checkpoint()
    size = signed.checkpoint.size if signed else 0
    if 0 <= index < size:
        found = from_entry(next(iter(store.entries(index, index + 1))))
        if found is not None:
            return found
    raise UsageError(f"entry {index} of the log is no sample's", hint="auditor sample list")
