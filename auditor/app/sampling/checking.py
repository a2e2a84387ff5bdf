"""Deriving a drawn sample again: from the log, or from the JSON file of a sample alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import orjson

from auditor.app.sampling.records import DrawFields, FreezeFields, from_entry, sample_entry
from auditor.core.canonical import canonical, digest, indented
from auditor.core.sampling import SAMPLE_SCHEMA, draw, fingerprints, make_seed, parse_population
from auditor.errors import LedgerError, UsageError, VerificationError
from auditor.ledger.encoding import encode_base64
from auditor.ledger.entries import Entry
from auditor.store.interface import Store

Document = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn sample with what it follows from.

    Args:
        freeze_entry, draw_entry: Entries of the log; their indexes show the order.
        population: The document `population-1`.
        items: The drawn items, in the order of the draw.
    """

    freeze_entry: Entry
    draw_entry: Entry
    freeze: FreezeFields
    draw: DrawFields
    population: Document
    items: tuple[Document, ...]

    @property
    def drawn_at(self) -> datetime:
        """When the draw was logged."""
        return self.draw_entry.time

    def to_bytes(self) -> bytes:
        """The document `sample-1`: everything that deriving it again needs."""
        return indented(
            {
                "schema": SAMPLE_SCHEMA,
                "freeze_entry": self.freeze_entry.to_bytes().decode(),
                "draw_entry": self.draw_entry.to_bytes().decode(),
                "population": self.population,
                "items": [item["fingerprint"] for item in self.items],
            }
        )


def load_sample(store: Store, index: int) -> Sample:
    """The sample that an entry of the log says was drawn, derived again.

    Raises:
        UsageError: The entry is no draw.
        VerificationError: Population, root or seed are not what the entries say.
    """
    found = sample_entry(store, index)
    if found.draw is None:
        raise UsageError(
            f"entry {index} froze a population; nothing is drawn by it", hint="auditor sample list"
        )
    frozen = sample_entry(store, found.draw.freeze)
    if frozen.freeze is None:
        raise VerificationError("the draw is not of a population", where=f"entry {index}")
    sample = derive(frozen.entry, found.entry, store.get(frozen.freeze.blob))
    check_log(sample, store)
    return sample


def derive(freeze_entry: Entry, draw_entry: Entry, population: bytes) -> Sample:
    """The sample, from both entries and the bytes of the population.

    Raises:
        VerificationError: They do not belong together.
    """
    frozen, drawn = from_entry(freeze_entry), from_entry(draw_entry)
    if frozen is None or drawn is None or frozen.freeze is None or drawn.draw is None:
        raise VerificationError("expected the entries of a population and of a draw")
    freeze, fields = frozen.freeze, drawn.draw
    where = f"entry {draw_entry.index}"
    document = parse_population(population)
    names = fingerprints(document)
    seed = make_seed(fields.root, fields.population, fields.nonce)
    holds = {
        "the draw names another population's entry": fields.freeze == freeze_entry.index,
        "the draw was logged before its population": draw_entry.index > freeze_entry.index,
        "the population has another digest than was frozen": digest(population)
        == freeze.blob.digest
        == fields.population,
        "the population has another number of items": len(names) == freeze.count,
        "the seed does not follow from root, population and nonce": seed.hex() == fields.seed,
    }
    wrong = [said for said, is_so in holds.items() if not is_so]
    if wrong:
        raise VerificationError("; ".join(wrong), where=where)
    rows = cast("list[Document]", document["items"])
    by_name = dict(zip(names, rows, strict=True))
    items = tuple(by_name[name] for name in draw(seed, names, fields.size))
    return Sample(freeze_entry, draw_entry, freeze, fields, document, items)


def check_log(sample: Sample, store: Store) -> None:
    """That the log has these very entries, and had this root.

    Raises:
        VerificationError: It has others.
    """
    for entry in (sample.freeze_entry, sample.draw_entry):
        if sample_entry(store, entry.index).entry.to_bytes() != entry.to_bytes():
            raise VerificationError("the log has another entry", where=f"entry {entry.index}")
    before, after = sample.freeze.head_size, sample.freeze_entry.index + 1
    roots = {
        "before the population": (before, sample.freeze.head_root),
        "after the population": (after, sample.draw.root),
    }
    for when, (size, expected) in roots.items():
        if size >= after and when.startswith("before"):
            raise VerificationError("the population's head lies after it", where=f"entry {size}")
        if encode_base64(store.head(size).root) != expected:
            raise VerificationError(f"the log had another root {when}", where=f"entry {size}")


def parse_sample(data: bytes) -> Sample:
    """The sample of a file, derived again from the file alone.

    Raises:
        UsageError: Not a file of a sample.
        VerificationError: The sample is another than the file says.
    """
    try:
        document = orjson.loads(data)
        if document["schema"] != SAMPLE_SCHEMA:
            raise UsageError(f"got schema {document['schema']!r}, expected {SAMPLE_SCHEMA!r}")
        entries = [Entry.parse(document[n].encode()) for n in ("freeze_entry", "draw_entry")]
        sample = derive(entries[0], entries[1], canonical(document["population"]))
        stated = document["items"]
    except (LedgerError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"not the file of a sample: {error}",
            hint="auditor sample --output sample.json writes one; a worksheet is checked by the"
            " number of its entry: auditor sample verify NUMBER",
        ) from error
    if stated != [item["fingerprint"] for item in sample.items]:
        raise VerificationError("the file lists other items than the draw gives")
    return sample
