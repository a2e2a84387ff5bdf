"""Observations read back from evidence and from what is disclosed of it (RFC 9901, 7.1).

A disclosure is believed when its digest stands in the evidence, wherever it comes from: from the
vault of a store, from a bundle that shows some fields only, or from a person. A value that is not
disclosed is unread, with the cause `redacted`, and whatever depends on it is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from auditor.attest.evidence import RunRecord
from auditor.core.canonical import canonical, parse_canonical
from auditor.core.model.disclosure import (
    ALGORITHM,
    SD_ALG,
    Book,
    Disclosure,
    parse_disclosures,
    restore,
)
from auditor.core.model.field_path import Path
from auditor.core.model.observation import WITHHELD, Gap, Observation
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.errors import VerificationError
from auditor.ledger.entries import Collect

_HIDDEN = Gap(Cause.REDACTED, WITHHELD, hint="ask who holds the disclosures of this run")


@dataclass(frozen=True, slots=True)
class Restored:
    """An observation read back.

    Args:
        observation: With every field that is disclosed; the others are unread.
        disclosed, hidden: Names of personal fields of which values were given, and were not.
    """

    observation: Observation
    disclosed: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


def restore_observation(
    data: bytes, disclosures: bytes | None, kind: ResourceType | None
) -> Restored:
    """The observation of an evidence document and of what is disclosed of it.

    Args:
        data: The evidence document, proven.
        disclosures: A vault file or any part of it, not proven: each line must have its digest in
            the document. None where there is none.
        kind: Its type, as the policy of the run has it.

    Raises:
        VerificationError: A disclosure belongs to no digest, or two to one field; or the document
            hides what its type does not allow to hide.
        KeyError, ValueError, TypeError: Not a document of schema `observation-1`.
    """
    document = parse_canonical(data)
    if not isinstance(document, dict):
        raise VerificationError("the observation is not an object")
    given = parse_disclosures(disclosures) if disclosures else ()
    if SD_ALG not in document:
        if given:
            raise VerificationError(f"{len(given)} disclosures are of no field of this evidence")
        return Restored(Observation.from_json(document))
    if document.pop(SD_ALG) != ALGORITHM or kind is None:
        raise VerificationError("values are hidden in a way that is not known here")
    disclosed, hidden = _restore(document, kind, given)
    plain = orjson.loads(canonical(document))  # the order of keys that was judged
    return Restored(Observation.from_json(plain), _names(disclosed), _names(hidden))


def _restore(
    document: dict[str, Any], kind: ResourceType, given: Iterable[Disclosure]
) -> tuple[set[Path], set[Path]]:
    book = Book.of(given)
    disclosed: set[Path] = set()
    hidden: set[Path] = set()
    for resource in document["resources"]:
        here, gone = restore(resource["data"], kind.personal_paths, book)
        disclosed |= here
        hidden |= gone
        for path in gone:
            # Of a field with hidden parts nothing is judged: what is left could be told otherwise.
            resource["data"].pop(path[0], None)
            resource.setdefault("unread", {})[path[0]] = _HIDDEN.to_json()
    if book.unused:
        raise VerificationError(
            f"{len(book.unused)} disclosures belong to no digest of the evidence"
        )
    return disclosed, hidden


def _names(paths: Iterable[Path]) -> frozenset[str]:
    return frozenset(".".join(path) for path in paths)


def check_redacted(entry: Collect, restored: Restored) -> None:
    """The `collect` entry names the fields that its evidence hides.

    Raises:
        VerificationError: It names others.
    """
    said = set(entry.redacted)
    seen = restored.disclosed | restored.hidden
    missing, extra = restored.disclosed - said, said - seen
    if missing or extra or bool(said) != (entry.disclosures is not None):
        told = ", ".join(sorted(said)) or "none"
        found = ", ".join(sorted(seen)) or "none"
        raise VerificationError(
            f"the log says that {told} is redacted; in the evidence it is {found}"
        )


def observations_of(record: RunRecord, policy: Policy) -> Iterator[tuple[Observation, str]]:
    """The observations of a run under verification, with the digests of their documents.

    Raises:
        VerificationError: A disclosure is of no digest, or the log says something else of them.
        KeyError, ValueError, TypeError: Not documents of schema `observation-1`.
    """
    for item in record.collected():
        kind = policy.resource_types.get(item.entry.resource_type)
        try:
            restored = restore_observation(item.data, item.disclosures, kind)
            check_redacted(item.entry, restored)
        except VerificationError as error:
            where = error.where or f"{item.entry.target}/{item.entry.resource_type}"
            raise VerificationError(error.message, hint=error.hint, where=where) from error
        yield restored.observation, item.entry.blob.digest
