"""Observations cleaned and concealed: CPU beside making their bytes, which a run pays anyway."""

from __future__ import annotations

import copy
import secrets

import orjson

from auditor.app.evidence.cleaning import clean_document
from auditor.core.canonical import canonical
from auditor.core.model.disclosure import SALT_BYTES, Book, conceal, restore
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.token import tokenise
from auditor.core.scrub import scrub
from bench.judgement import FIELDS, bucket
from bench.measure import cpu_of, peak_mb

COUNT = 10_000
STRINGS = 100_000


def main() -> None:
    """Print the table."""
    fields = parse_field_type({**FIELDS, "mail": "string", "badge": "string"})
    if not isinstance(fields, Record):  # a mapping always gives a record
        raise TypeError(fields)
    kind = ResourceType(
        "bench.bucket", "Bucket", fields, Record({}), personal=("mail",), token=("badge",)
    )
    rows = [
        {"data": {**bucket(n), "mail": f"user{n}@example.org", "badge": f"b-{n}"}}
        for n in range(COUNT)
    ]
    raw = {"resources": rows, "facts": {}, "gaps": [], "calls": [], "identity": "x"}
    bytes_s, data = cpu_of(lambda: canonical(raw))
    load_s, document = cpu_of(lambda: orjson.loads(data))
    base = bytes_s + load_s
    values = [row["data"] for row in document["resources"]]
    token_s, _ = cpu_of(lambda: tokenise(values, kind.token_paths, b"k" * 32))
    clean_s, changed = cpu_of(lambda: clean_document(document, kind))
    full = canonical(document)
    hide_s, (made, _found) = cpu_of(
        lambda: conceal(values, kind.personal_paths, lambda: secrets.token_bytes(SALT_BYTES))
    )
    kept, book = copy.deepcopy(values), Book.of(made)
    back_s, _ = cpu_of(lambda: [restore(value, kind.personal_paths, book) for value in kept])
    texts = [f"arn:aws:s3:::bucket-{n}/a/path with some words {n:x}" for n in range(STRINGS)]
    scrub_s, _ = cpu_of(lambda: [scrub(text) for text in texts])
    print(f"{COUNT} resources, {len(full) / 1e6:.1f} MB of evidence; changed: {changed}")
    for name, seconds in (
        ("canonical bytes, and read again", base),
        ("tokens (1 field)", token_s),
        ("allow-list and secrets", clean_s),
        ("disclosures (1 field)", hide_s),
        ("restoring them", back_s),
    ):
        print(f"{name:34} {seconds:7.3f} s  {seconds / base:6.2f} x")
    print(f"{STRINGS} texts scrubbed one by one        {scrub_s:7.3f} s")
    print(f"peak memory {peak_mb():.0f} MB")


if __name__ == "__main__":
    main()
