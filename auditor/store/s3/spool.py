"""Bytes that come in pieces, as the body of one request: in memory while small, else on disk."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from auditor.store.s3.objects import Body

IN_MEMORY = 8 << 20
"""Bytes; more goes to a temporary file."""


@contextmanager
def spooled(pieces: Iterable[bytes]) -> Iterator[Body]:
    """The pieces as a body of known size and digest, while the block runs."""
    seen, size = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        for piece in pieces:
            seen.update(piece)
            size += len(piece)
            file.write(piece)
        file.seek(0)
        yield Body(file, size, seen.digest())
