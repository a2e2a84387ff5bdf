"""Ids: one id everywhere.

A control's id is its folder, its anchor, its test id and its SARIF rule. A finding is
`control/check@target/key`; its fingerprint survives renamed files and reordered lists.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import StringConstraints

from auditor.core.canonical import canonical, digest

ID_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=64, strict=True)]
CATALOGUE_PATTERN = r"^[a-z][a-z0-9]*(\.[a-z0-9][a-z0-9-]*)+$"
CatalogueId = Annotated[str, StringConstraints(pattern=CATALOGUE_PATTERN, strict=True)]
TYPE_PATTERN = r"^[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)+$"
TypeName = Annotated[str, StringConstraints(pattern=TYPE_PATTERN, strict=True)]
SHORT_LENGTH = 12
_FINDING = re.compile(
    r"(?P<control>[^/@]+)/(?P<check>[^/@]+)@(?P<target>[^/]+)(/(?P<key>.*))?", re.DOTALL
)


def finding_id(control: str, check: str, target: str, key: str) -> str:
    """`control/check@target/key`; without a key where the finding is about the whole target."""
    base = f"{control}/{check}@{target}"
    return f"{base}/{key}" if key else base


def is_finding_id(text: str) -> bool:
    """True when the text has the form of a finding's id."""
    return _FINDING.fullmatch(text) is not None


def fingerprint(control: str, check: str, target: str, key: str, uid: str) -> str:
    """SHA-256, in hex, of the canonical list of what makes a finding the same over time.

    `uid` is the system's own immutable id, so that a re-created resource of the same name is
    another one; "" where the system has none.
    """
    return digest(canonical([control, check, target, key, uid])).removeprefix("sha256:")
