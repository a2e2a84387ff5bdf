"""Which fields name a thing, by the words that their names end in."""

from __future__ import annotations

import re

_NAMING = re.compile(
    r"(^|_)("
    r"account|address|arn|bucket|certificate|cluster|database|device|digest|domain|"
    r"endpoint|entry|file|fingerprint|group|host|id|image|job|key|line|mount_point|"
    r"name|namespace|node|number|package|path|pattern|pod|port|principal|process|"
    r"queue|region|repository|serial|set|source|subject|table|topic|uid|unit|url|user|"
    r"uuid|zone"
    r")$",
    re.ASCII,
)


def names_something(field: str) -> bool:
    """True for `arn`, `job_id`, `mount_point`; false for `size`."""
    return _NAMING.search(field) is not None
