"""The statements of this collector by name: which variant fits a server's version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from auditor.catalog.source import parse_yaml, validate
from auditor.collectors.sql.catalogue import Catalogue, QuerySpec, parse_catalogue
from auditor.collectors.sql.failures import failed
from auditor.core.model.status import Cause

_HERE = Path(__file__).parent
_QUERIES = _HERE / "queries.yaml"
_TYPES = _HERE / "catalogue" / "types.yaml"


class Queries(BaseModel):
    """All of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    queries: Mapping[str, tuple[QuerySpec, ...]] = Field(min_length=1)

    def text(self, name: str, version: int) -> str:
        """The first variant that fits.

        Raises:
            QueryFailedError: No variant is for this version.
        """
        for query in self.queries[name]:
            if query.fits(version):
                return query.text
        raise failed(Cause.NOT_SUPPORTED, f"version {version} of the server has no {name}")


def load_queries() -> Queries:
    """The queries of `queries.yaml`."""
    return validate(parse_yaml(_QUERIES.read_text(encoding="utf-8"), _QUERIES.name), Queries)


def load_types(flavour: str) -> Catalogue:
    """The resource types, with the grants in the words of a flavour: `mariadb` or `mysql`."""
    grants = _HERE / "catalogue" / f"grants-{flavour}.yaml"
    return parse_catalogue(
        {
            "grants.yaml": grants.read_text(encoding="utf-8"),
            _TYPES.name: _TYPES.read_text(encoding="utf-8"),
        }
    )
