"""Which signatures of people an entry of the log bears witness to."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.ledger.entries import AttestationRecord, LogBody

_SIGNATURES = ("signature_digest", "review_digest")


def signatures_of(body: LogBody) -> Iterator[tuple[str, str]]:
    """Digest of an attestation's text and of a signature of it, its review's as well.

    They existed when the entry was made: that is what shows a signature to be older than the end of
    its key. A date within the file shows nothing.
    """
    if not isinstance(body, AttestationRecord):
        return
    text = body.fields.get("digest")
    for name in _SIGNATURES:
        signature = body.fields.get(name)
        if isinstance(text, str) and isinstance(signature, str):
            yield text, signature
