"""Analyses in code, where declaring is not enough: one pure step and one reader for each.

`DERIVATIONS` is the table of names that the catalogue may use in `deep.reader`; it needs no SDK.
`readers` holds the functions that talk to AWS, under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditor.collectors.aws.deep.digest_facts import derive_digest_chain
from auditor.core.model.resource_type import Derive

__all__ = ["DERIVATIONS"]

DERIVATIONS: Mapping[str, Derive] = MappingProxyType({"digest_chains": derive_digest_chain})
